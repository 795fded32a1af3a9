"""Persistence pairs of one 2D image, from its critical pixels alone.

Pixels are ordered by (value, raster index). One byte a pixel says which of its eight
neighbours come earlier. Most pixels are regular: their earlier neighbours form one
group. Only the others matter. A pixel with ``c`` groups of earlier neighbours is a
saddle, and each of its ``c - 1`` excess groups either joins two components (a death in
dimension 0) or closes a loop (a birth in dimension 1). Joins are found by a union-find
over the minima, on saddles in ascending order; loops by the same union-find on the
complement, over the maxima and the outside, in descending order. With a periodic border
there is no outside: an excess group that does neither closes a path around the torus.
"""

import numpy as np

from morphokeras.topology._sorting import sort_key, sorted_pixels
from morphokeras.utils.compile import jit

# Ring positions in circular order: NW, N, NE, E, SE, S, SW, W. Odd ones share an edge.
_RING = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))
_OUTSIDE = 1  # a pixel of the padding that stands for all of it
_ROUGH_SHIFT = 5  # an image is rough with more saddles than one in 32 pixels


def component_tables(connectivity: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what each ring byte means: groups below, groups above, their excess.

    Parameters
    ----------
    connectivity : {"full", "face"}
        Whether earlier pixels that share only a corner are connected. Later pixels
        are connected the other way.

    Returns
    -------
    lower, upper : ndarray of shape (256,), uint16
        One ring position for each group of earlier (later) neighbours, four bits
        each, the first group in the lowest bits; 0xFFFF where there is no group.
    excess : ndarray of shape (256,), uint8
        Number of groups beyond the first: 0 for every pixel that is not a saddle.
    """
    other = "face" if connectivity == "full" else "full"
    lower = [_groups(byte, connectivity) for byte in range(256)]
    upper = [_groups(255 - byte, other) for byte in range(256)]
    excess = [
        max(min(len(a), len(b)) - 1, 0) for a, b in zip(lower, upper, strict=True)
    ]
    return (
        np.array([_packed(groups) for groups in lower], np.uint16),
        np.array([_packed(groups) for groups in upper], np.uint16),
        np.array(excess, np.uint8),
    )


def _groups(byte: int, connectivity: str) -> list[int]:
    """Return one ring position for each connected group of the bits that are set."""
    unseen = {k for k in range(8) if byte >> k & 1}
    positions = []
    while unseen:
        stack = [min(unseen)]
        group = set(stack)
        while stack:
            k = stack.pop()
            near = {(k - 1) % 8, (k + 1) % 8}
            if connectivity == "full" and k % 2:
                near |= {(k - 2) % 8, (k + 2) % 8}
            stack.extend(near & unseen - group)
            group |= near & unseen
        unseen -= group
        touching = group if connectivity == "full" else {k for k in group if k % 2}
        if touching:
            positions.append(max(touching, key=lambda k: (k % 2, k)))
    return positions


def _packed(positions: list[int]) -> int:
    if not positions:
        return 0xFFFF
    return sum(position << (4 * i) for i, position in enumerate(positions))


@jit
def sublevel_pairs(padded, is_periodic, lower, upper, excess, min_persistence):
    """Return the pairs of one image as indices of its unpadded, flattened pixels.

    Parameters
    ----------
    padded : ndarray of shape (height + 2, width + 2), float32, C order
        The image inside a frame of infinity, or of the pixels that follow around the
        border. All pixels finite, no negative zero.
    is_periodic : bool
        Whether pixels are compared around the border.
    lower, upper, excess : ndarray of shape (256,)
        The tables of `component_tables`.
    min_persistence : float
        Only pairs whose values differ by more are returned.

    Returns
    -------
    components, holes : ndarray of shape (num_pairs, 2), int32
        Birth and death pixels in dimension 0 and 1. The death of an essential class is
        -1: of the first component and, if periodic, of the last two holes.
    """
    width = padded.shape[1]
    values = padded.ravel()
    offsets = np.array(
        [-width - 1, -width, 1 - width, 1, width + 1, width, width - 1, -1], np.int32
    )
    ring = _ring_bytes(padded)
    if is_periodic:
        _compare_around_border(padded, ring.reshape(padded.shape))
    parent = np.empty(ring.size, np.uint32)
    saddles, total = _sorted_saddles(values, ring, excess, parent)
    components = np.empty((total + 1, 2), np.int32)
    holes = np.empty((total + 1, 2), np.int32)
    marked = np.empty(saddles.size, np.uint32)
    num_loops = np.empty(saddles.size, np.uint8)

    is_rough = saddles.size > ring.size >> _ROUGH_SHIFT
    _first_steps(parent, ring, lower, offsets)
    _lead_frame(parent, padded.shape, is_periodic)
    if is_rough:
        _shorten_ways(parent)
    num_components, num_marked = 1, 0
    for saddle in saddles:
        code = lower[ring[saddle]]
        root = _root(parent, np.uint32(saddle + offsets[code & 15]))
        loops = 0
        for _ in range(excess[ring[saddle]]):
            code >>= 4
            other = _root(parent, np.uint32(saddle + offsets[code & 15]))
            if other == root:
                loops += 1
                continue
            root, other = _in_order(values, root, other)
            parent[other] = root
            components[num_components, 0] = other
            components[num_components, 1] = saddle
            num_components += values[saddle] - values[other] > min_persistence
        marked[num_marked] = saddle
        num_loops[num_marked] = loops
        num_marked += loops > 0
    components[0] = _root(parent, np.uint32(width + 1))

    _first_steps(parent, ring, upper, offsets)
    _lead_frame(parent, padded.shape, is_periodic)
    if is_rough:
        _shorten_ways(parent)
    num_holes, num_around = 0, 0
    around = np.empty(2, np.uint32)
    for i in range(num_marked - 1, -1, -1):
        saddle, num_left = marked[i], np.int64(num_loops[i])
        code = upper[ring[saddle]]
        root = _root(parent, np.uint32(saddle + offsets[code & 15]))
        for _ in range(excess[ring[saddle]]):
            code >>= 4
            other = _root(parent, np.uint32(saddle + offsets[code & 15]))
            if other == root:
                continue
            other, root = _in_order(values, root, other)
            parent[other] = root
            holes[num_holes, 0] = saddle
            holes[num_holes, 1] = other
            num_holes += values[other] - values[saddle] > min_persistence
            num_left -= 1
        if is_periodic:
            for _ in range(num_left):
                around[num_around] = saddle
                num_around += 1
    for saddle in around[:num_around]:
        holes[num_holes] = saddle
        num_holes += 1
    components, holes = components[:num_components], holes[:num_holes]
    _unpad(components, width)
    _unpad(holes, width)
    components[0, 1] = -1
    holes[num_holes - num_around :, 1] = -1
    return components, holes


@jit
def _ring_bytes(padded):
    """Return a byte a pixel, bit k set where ring neighbour k comes earlier."""
    height, width = padded.shape
    ring = np.zeros((height, width), np.uint8)
    for row in range(1, height - 1):
        above, here, below = padded[row - 1], padded[row], padded[row + 1]
        for i in range(width - 2):
            value = here[i + 1]
            # Equal pixels are ordered by raster index, hence <= before and < after.
            byte = (above[i] <= value) | (above[i + 1] <= value) << 1
            byte |= (above[i + 2] <= value) << 2 | (here[i + 2] < value) << 3
            byte |= (below[i + 2] < value) << 4 | (below[i + 1] < value) << 5
            byte |= (below[i] < value) << 6 | (here[i] <= value) << 7
            ring[row, i + 1] = byte
    return ring.ravel()


@jit
def _compare_around_border(padded, ring):
    """Compare anew where raster indices are not ordered as those of the padding."""
    height, width = padded.shape
    for y in range(1, height - 1):
        for x in range(1, width - 1, width - 3 if 1 < y < height - 2 else 1):
            byte = 0
            for k, (down, right) in enumerate(_RING):
                other = _home(y + down, height), _home(x + right, width)
                byte |= ((padded[other], other) < (padded[y, x], (y, x))) << k
            ring[y, x] = byte


@jit
def _home(place, size):
    """Return the place along an axis that a place in the frame repeats."""
    if place == 0:
        return size - 2
    return 1 if place == size - 1 else place


@jit
def _sorted_saddles(values, ring, excess, found):
    """Return the saddles in ascending order, and the sum of their excess.

    `found` is room for as many pixels as the image has.
    """
    count, total = 0, 0
    for pixel in range(values.size):
        found[count] = pixel
        count += excess[ring[pixel]] > 0
        total += excess[ring[pixel]]
    keyed = np.empty(count, np.uint64)
    bits = values.view(np.uint32)
    for i in range(count):
        keyed[i] = sort_key(bits[found[i]], found[i])
    return sorted_pixels(keyed), total


@jit
def _first_steps(parent, ring, table, offsets):
    """Let each pixel lead to a neighbour on the way to an extremum, or to itself."""
    steps = np.zeros(256, np.int32)
    for byte in range(256):
        if table[byte] != 0xFFFF:
            steps[byte] = offsets[table[byte] & 15]
    for pixel in range(ring.size):
        parent[pixel] = pixel + steps[ring[pixel]]


@jit
def _shorten_ways(parent):
    """Let each pixel lead further, which pays where many ways are gone.

    The processor foresees the end of a way best where all are short.
    """
    for _ in range(2):
        for pixel in range(parent.size):
            parent[pixel] = parent[parent[pixel]]


@jit
def _root(parent, pixel):
    """Return the extremum whose component holds the pixel, halving the way."""
    while True:
        step = parent[pixel]
        next_step = parent[step]
        if step == next_step:
            return step
        parent[pixel] = next_step
        pixel = next_step


@jit
def _in_order(values, a, b):
    """Return the two pixels, the earlier one first, without a branch to mispredict."""
    is_ordered = (values[a] < values[b]) | ((values[a] == values[b]) & (a < b))
    return (a if is_ordered else b), (b if is_ordered else a)


@jit
def _lead_frame(parent, shape, is_periodic):
    """Let each pixel of the frame lead to the one it repeats, or to the outside."""
    height, width = shape
    for y in range(height):
        for x in range(0, width, width - 1 if 0 < y < height - 1 else 1):
            home = _home(y, height) * width + _home(x, width)
            parent[y * width + x] = home if is_periodic else _OUTSIDE


@jit
def _unpad(pixels, width):
    """Turn indices of the padded image into indices of the image."""
    flat = pixels.ravel()
    for i in range(flat.size):
        # A product in place of a slow division; the half keeps it off whole numbers.
        row = np.int32((flat[i] + 0.5) * (1.0 / width))
        flat[i] -= width + 1 + 2 * (row - 1)

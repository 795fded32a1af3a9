"""Persistence pairs of one 2D image, from its critical pixels alone.

Pixels are ordered by (value, raster index). One byte a pixel says which of its eight
neighbours come earlier. Most pixels are regular: their earlier neighbours form one
group. Only the others matter. A pixel without earlier neighbours is a minimum, one
without later ones a maximum, and one with several groups of each a saddle. A saddle has
a link less than groups: each joins two groups of earlier pixels and parts two of later
ones. From every group a way leads down to a minimum, or up to a maximum.

A link either joins two components (a death in dimension 0) or closes a loop (a birth in
dimension 1). Joins are found by a union-find over the minima, on links in ascending
order; loops by the same union-find on the complement, over the maxima and the outside,
in descending order. With a periodic border there is no outside: a link that does
neither closes a path around the torus.

On a rough image the processor waits for what it cannot foresee. Therefore most ways are
gone in the same number of steps, in raster order; extrema have numbers, so that the
union-find is small; and what can be chosen without a branch is.
"""

import numpy as np

from morphokeras.topology._ring_tables import RING
from morphokeras.topology._sorting import sort_key, sorted_pixels
from morphokeras.utils.compile import jit

_REGULAR = 2  # a ring byte: only the pixel above is earlier
_FACES = 0xAA  # the neighbours that share an edge
_DESCENDING = np.uint64(0xFFFFFFFFFFFFFFFF)
_ROUGH_SHIFT = 5  # an image is rough with more saddles than one in 32 pixels


@jit
def plane_pairs(image, is_superlevel, is_periodic, tables, min_persistence):
    """Return the pairs of one image as indices of its flattened pixels.

    Parameters
    ----------
    image : ndarray of shape (height, width), float32, C order, writable
        The image. All pixels finite.
    is_superlevel : bool
        Whether high pixels come before low ones.
    is_periodic : bool
        Whether pixels are compared around the border.
    tables : tuple of ndarray
        Those of `RingTables`.
    min_persistence : float
        Only pairs whose values differ by more are returned.

    Returns
    -------
    components, holes : ndarray of shape (num_pairs, 2), int32
        Birth and death pixels in dimension 0 and 1. The death of an essential class is
        -1: of the first component and, if periodic, of the first two holes.
    """
    num_links, kind, step, arms = tables
    padded = _framed(image, is_superlevel, is_periodic)
    shape, values = padded.shape, padded.ravel()
    ring = _ring_bytes(padded)
    if is_periodic:
        _compare_around_border(padded, ring[: padded.size].reshape(shape))
    # In an open image, the first pixel of the infinite frame is the highest maximum.
    minima, maxima, saddles = _critical_pixels(ring, kind, is_periodic)
    is_rough = saddles.size > ring.size >> _ROUGH_SHIFT
    links, entries = _links(saddles, ring, num_links)
    order = sorted_pixels(_keys(values, links, np.uint64(0)))

    way = _ways(ring, shape, step[0], minima, is_periodic, is_rough)
    ends = _taken(_ends(way, shape, links, entries, arms[0]), order)
    joins, loops, oldest = _sweep(ends, order, _keys(values, minima, np.uint64(0)))
    essential = minima[oldest : oldest + 1]
    components = _lasting_pairs(
        essential, joins, minima, links, values, 0, min_persistence
    )

    order = loops[::-1].copy()
    way = _ways(ring, shape, step[1], maxima, is_periodic, is_rough)
    ends = _taken(_ends(way, shape, links, entries, arms[1]), order)
    joins, around, _ = _sweep(ends, order, _keys(values, maxima, _DESCENDING))
    essential = np.empty(around.size, np.uint32)
    for i in range(around.size):
        essential[i] = links[around[i]]
    holes = _lasting_pairs(essential, joins, maxima, links, values, 1, min_persistence)
    _unpad(components, shape[1])
    _unpad(holes, shape[1])
    return components, holes


@jit
def _framed(image, is_superlevel, is_periodic):
    """Return the image, or its negative, in a frame of infinity or of what follows."""
    height, width = image.shape
    padded = np.empty((height + 2, width + 2), np.float32)
    sign = np.float32(-1 if is_superlevel else 1)
    for y in range(height):
        for x in range(width):
            # A sum is never a negative zero, whose bits sort below those of zero.
            padded[y + 1, x + 1] = np.float32(0) + sign * image[y, x]
    for y in range(height + 2):
        for x in range(0, width + 2, width + 1 if 0 < y < height + 1 else 1):
            home = _home(y, height + 2), _home(x, width + 2)
            padded[y, x] = padded[home] if is_periodic else np.inf
    return padded


@jit
def _ring_bytes(padded):
    """Return a byte a pixel, bit k set where ring neighbour k comes earlier.

    The frame has that of a regular pixel, and so have some bytes at the end, so that
    they can be read eight at once.
    """
    height, width = padded.shape
    ring = np.empty((padded.size + 7) // 8 * 8, np.uint8)
    for i in range(ring.size):
        ring[i] = _REGULAR
    for row in range(1, height - 1):
        above, here, below = padded[row - 1], padded[row], padded[row + 1]
        own = ring[row * width + 1 : (row + 1) * width - 1]
        for i in range(width - 2):
            value = here[i + 1]
            # Equal pixels are ordered by raster index, hence <= before and < after.
            byte = (above[i] <= value) | (above[i + 1] <= value) << 1
            byte |= (above[i + 2] <= value) << 2 | (here[i + 2] < value) << 3
            byte |= (below[i + 2] < value) << 4 | (below[i + 1] < value) << 5
            byte |= (below[i] < value) << 6 | (here[i] <= value) << 7
            own[i] = byte
    return ring


@jit
def _compare_around_border(padded, ring):
    """Compare anew where raster indices are not ordered as those of the padding."""
    height, width = padded.shape
    for y in range(1, height - 1):
        for x in range(1, width - 1, width - 3 if 1 < y < height - 2 else 1):
            byte = 0
            for k, (down, right) in enumerate(RING):
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
def _critical_pixels(ring, kind, is_periodic):
    """Return the minima, the maxima and the saddles in raster order.

    The first maximum of an open image is pixel 0, which stands for all of the frame.
    """
    minima, maxima, saddles = np.empty((3, ring.size), np.uint32)
    maxima[0] = 0
    i, j, k = np.uint64(0), np.uint64(not is_periodic), np.uint64(0)
    eight = _may_be_critical(ring).view(np.uint64)
    for start in range(eight.size):
        if eight[start] == 0:
            continue
        for pixel in range(8 * start, 8 * start + 8):
            own = np.uint64(kind[ring[pixel]])
            minima[i], maxima[j], saddles[k] = pixel, pixel, pixel
            i += own & np.uint64(1)
            j += own >> np.uint64(1) & np.uint64(1)
            k += own >> np.uint64(2)
    return minima[:i], maxima[:j], saddles[:k]


@jit
def _may_be_critical(ring):
    """Return 0 where earlier and later neighbours each form one run along the ring."""
    one, faces = np.uint8(1), np.uint8(_FACES)
    may_be = np.empty(ring.size, np.bool_)
    for i in range(ring.size):  # all in bytes, of which many fit in a register
        byte = ring[i]
        turned = np.uint8(np.uint8(byte << one) | np.uint8(byte >> np.uint8(7)))
        ends = np.uint8(byte ^ turned)
        more = np.uint8(ends & np.uint8(ends - one))
        more = np.uint8(more & np.uint8(more - one))
        edges = np.uint8(byte & faces)
        may_be[i] = (more != 0) | (edges == 0) | (edges == faces)
    return may_be


@jit
def _links(saddles, ring, num_links):
    """Return the saddle of each link, in raster order, and its entry in the tables."""
    most = 3
    links = np.empty(most * saddles.size + most, np.uint32)
    entries = np.empty(links.size, np.uint16)
    count = np.uint64(0)
    for i in range(saddles.size):
        byte = ring[saddles[i]]
        for turn in range(most):
            links[count], entries[count] = saddles[i], turn << 8 | byte
            count += np.uint64(num_links[byte] > turn)
    return links[:count], entries[:count]


@jit
def _keys(values, pixels, flip):
    """Return whole numbers that order pixels by value and by their place in the list.

    With all bits in `flip`, in descending order.
    """
    bits = values.view(np.uint32)
    keys = np.empty(pixels.size, np.uint64)
    for i in range(pixels.size):
        keys[i] = sort_key(bits[pixels[i]], i) ^ flip
    return keys


@jit
def _ways(ring, shape, step, extrema, is_periodic, is_rough):
    """Return where each pixel leads, on the way to an extremum and its number.

    The extremum with number i is item ``height * width + i``, which leads to itself.
    """
    height, width = shape
    size = height * width
    way = np.empty(size + extrema.size, np.uint32)
    offsets = _offsets(step, width)
    for pixel in range(size):
        way[pixel] = pixel + offsets[ring[pixel]]
    for number in range(extrema.size):
        way[extrema[number]] = size + number
        way[size + number] = size + number
    _lead_frame(way, shape, is_periodic)
    if is_rough:  # which pays where many ways are gone
        for pixel in range(size):
            way[pixel] = way[way[pixel]]
    return way


@jit
def _offsets(positions, width):
    """Return what leads to ring positions, added to an index modulo 2**32."""
    by_position = np.zeros(len(RING) + 1, np.int64)
    for k, (down, right) in enumerate(RING):
        by_position[k] = down * width + right
    offsets = np.empty(positions.size, np.uint32)
    for i in range(positions.size):
        offsets[i] = by_position[positions[i]]
    return offsets


@jit
def _lead_frame(way, shape, is_periodic):
    """Let each pixel of the frame lead to the one it repeats, or to number 0."""
    height, width = shape
    for y in range(height):
        for x in range(0, width, width - 1 if 0 < y < height - 1 else 1):
            home = _home(y, height) * width + _home(x, width)
            way[y * width + x] = home if is_periodic else height * width


@jit
def _ends(way, shape, links, entries, positions):
    """Return the numbers of the two extrema to which the groups of each link lead."""
    size = np.uint32(shape[0] * shape[1])
    one = _offsets(positions[:, :, 0].ravel(), shape[1])
    two = _offsets(positions[:, :, 1].ravel(), shape[1])
    ends = np.empty((links.size, 2), np.uint32)
    for i in range(links.size):
        saddle, entry = links[i], entries[i]
        ends[i, 0] = _end(way, np.uint32(saddle + one[entry]), size) - size
        ends[i, 1] = _end(way, np.uint32(saddle + two[entry]), size) - size
    return ends


@jit
def _end(way, pixel, size):
    """Return the end of a way. Those of three steps, which are most, need no branch."""
    end = way[way[way[pixel]]]
    while end < size:
        way[pixel] = end
        pixel = end
        end = way[way[pixel]]
    return end


@jit
def _taken(ends, order):
    """Return the ends in order, so that a sweep reads them one after the other."""
    taken = np.empty((order.size, 2), np.uint32)
    for i in range(order.size):
        taken[i, 0], taken[i, 1] = ends[order[i], 0], ends[order[i], 1]
    return taken


@jit
def _sweep(ends, order, keys):
    """Join extrema by links in order.

    Parameters
    ----------
    ends : ndarray of shape (num_links, 2), uint32
        The two extrema that each link may join, in order.
    order : ndarray of shape (num_links,), uint32
        The links.
    keys : ndarray of shape (num_extrema,), uint64
        Of two extrema, that with the smaller key lives on.

    Returns
    -------
    joins : ndarray of shape (num_joins, 2), uint32
        The extremum that each join ends, and its link.
    loops : ndarray of shape (num_links - num_joins,), uint32
        The links between extrema that are joined already.
    oldest : int
        The extremum that the first one is joined with in the end.
    """
    parent = np.empty(keys.size, np.uint32)
    for i in range(keys.size):
        parent[i] = i
    joins, loops = np.empty((order.size, 2), np.uint32), np.empty_like(order)
    num_joins, num_loops = np.uint64(0), np.uint64(0)
    for i in range(order.size):
        one, two = ends[i, 0], ends[i, 1]
        root, other = _root(parent, one), _root(parent, two)
        if root == other:
            loops[num_loops] = order[i]
            num_loops += np.uint64(1)
        else:
            swap = (root ^ other) * np.uint32(keys[other] < keys[root])
            root, other = np.uint32(root ^ swap), np.uint32(other ^ swap)
            parent[other] = root
            joins[num_joins, 0], joins[num_joins, 1] = other, order[i]
            num_joins += np.uint64(1)
        parent[one], parent[two] = root, root
    return joins[:num_joins], loops[:num_loops], _root(parent, np.uint32(0))


@jit
def _root(parent, item):
    """Return the root. Those within three steps, which are most, need no branch."""
    root = parent[parent[parent[item]]]
    while parent[root] != root:
        parent[item] = root
        item = root
        root = parent[parent[root]]
    return root


@jit
def _lasting_pairs(essential, joins, extrema, links, values, place, min_persistence):
    """Return essential classes, and the pairs of joins whose values differ by more.

    The extremum comes at `place`, 0 or 1, and the link at the other.
    """
    pairs = np.empty((essential.size + len(joins), 2), np.int32)
    for i in range(essential.size):
        pairs[i, 0], pairs[i, 1] = essential[i], -1
    count = np.uint64(essential.size)
    for i in range(len(joins)):
        extremum, saddle = extrema[joins[i, 0]], links[joins[i, 1]]
        pairs[count, place], pairs[count, 1 - place] = extremum, saddle
        length = abs(values[extremum] - values[saddle])
        count += np.uint64(length > min_persistence)
    return pairs[:count]


@jit
def _unpad(pixels, width):
    """Turn indices of the padded image into indices of the image, and leave -1."""
    flat = pixels.ravel()
    for i in range(flat.size):
        # A product in place of a slow division; the half keeps it off whole numbers.
        row = np.int32((flat[i] + 0.5) * (1.0 / width))
        flat[i] -= (width + 1 + 2 * (row - 1)) * (flat[i] >= 0)

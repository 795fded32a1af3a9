"""Pairs of dimensions 0 and 2 of one volume, from its critical voxels alone.

The scheme is that of `_kernel`, with 26 neighbours: voxels are ordered by (value,
raster index), a mask a voxel says which neighbours come earlier, and `_voxel_tables`
how many groups they form. A voxel with several groups of earlier neighbours may join
components: a union-find over the minima, in ascending order, gives dimension 0. One
with several groups of later neighbours may close a cavity: the same union-find over the
maxima and the outside, in descending order, gives dimension 2.

Of these two sweeps one is wide (26-connected) and the other narrow (6-connected). Masks
hold the neighbours that the wide sweep meets before the voxel.
"""

import numpy as np

from morphokeras.topology._sorting import sort_key, sorted_pixels
from morphokeras.utils.compile import jit

_OUTSIDE = 1  # a voxel of the frame that stands for all of it
_ALL, _SHARED, _FACES = 0x3FFFFFF, 0x3FFFF, 0x3F  # masks of 26, 18 and 6 neighbours
_WIDE_SADDLE, _NARROW_SADDLE = 26, 27  # flags beside the bits of a mask
_ROUGH_SHIFT = 5  # a volume is rough with more saddles than one in 32 voxels


@jit
def voxel_masks(padded, wide_is_ascending, is_periodic, tables):
    """Return the mask of each padded voxel, and how many are critical.

    Parameters
    ----------
    padded : ndarray of shape (depth + 2, height + 2, width + 2), float32, C order
        The volume inside a frame of infinity, or of the voxels that follow around the
        border. All voxels finite, no negative zero.
    wide_is_ascending : bool
        Whether earlier voxels that share only an edge or a corner are connected. Later
        voxels are connected the other way.
    is_periodic : bool
        Whether voxels are compared around the border.
    tables : tuple of ndarray
        Those of `voxel_tables`.

    Returns
    -------
    masks : ndarray of shape (padded voxels,), uint32
        Bits of `NEIGHBOURS` and flags of saddles; 0 in the frame.
    counts : ndarray of shape (2, 2), int64
        Saddles and extrema of the wide sweep, then of the narrow one.
    """
    groups, _, _, num_set, _, neighbours = tables
    masks = _earlier_neighbours(padded)
    if is_periodic:
        _compare_around_border(padded, masks, neighbours)
    flip = np.uint32(0 if wide_is_ascending else _ALL)
    depth, height, width = padded.shape
    counts = np.zeros((2, 2), np.int64)
    for z in range(1, depth - 1):
        for y in range(1, height - 1):
            row = masks[z, y, 1 : width - 1]
            for x in range(row.size):
                mask = row[x] ^ flip
                entry = groups[mask & np.uint32(_SHARED)]
                lone_corners = (entry >> 8) & (mask >> np.uint32(18))
                num_wide = (entry >> 3 & 7) + num_set[lone_corners]
                num_narrow = entry & 7
                row[x] = (
                    mask
                    | np.uint32(num_wide > 1) << _WIDE_SADDLE
                    | np.uint32(num_narrow > 1) << _NARROW_SADDLE
                )
                counts[0, 0] += num_wide > 1
                counts[0, 1] += num_wide == 0
                counts[1, 0] += num_narrow > 1
                counts[1, 1] += num_narrow == 0
    return masks.ravel(), counts


@jit
def _earlier_neighbours(padded):
    """Return the masks of the neighbours that come earlier, 0 in the frame."""
    depth, height, width = padded.shape
    masks = np.zeros(padded.shape, np.uint32)
    for z in range(1, depth - 1):
        for y in range(1, height - 1):
            a, b, c = padded[z - 1, y - 1], padded[z - 1, y], padded[z - 1, y + 1]
            d, e, f = padded[z, y - 1], padded[z, y], padded[z, y + 1]
            g, h, k = padded[z + 1, y - 1], padded[z + 1, y], padded[z + 1, y + 1]
            row = masks[z, y]
            for i in range(width - 2):
                j, r = i + 1, i + 2
                v = e[j]
                # Equal voxels are ordered by raster index: <= before and < after.
                row[j] = (
                    # They share a face,
                    np.uint32(b[j] <= v)
                    | np.uint32(d[j] <= v) << 1
                    | np.uint32(e[i] <= v) << 2
                    | np.uint32(e[r] < v) << 3
                    | np.uint32(f[j] < v) << 4
                    | np.uint32(h[j] < v) << 5
                    # an edge,
                    | np.uint32(a[j] <= v) << 6
                    | np.uint32(b[i] <= v) << 7
                    | np.uint32(b[r] <= v) << 8
                    | np.uint32(c[j] <= v) << 9
                    | np.uint32(d[i] <= v) << 10
                    | np.uint32(d[r] <= v) << 11
                    | np.uint32(f[i] < v) << 12
                    | np.uint32(f[r] < v) << 13
                    | np.uint32(g[j] < v) << 14
                    | np.uint32(h[i] < v) << 15
                    | np.uint32(h[r] < v) << 16
                    | np.uint32(k[j] < v) << 17
                    # a corner.
                    | np.uint32(a[i] <= v) << 18
                    | np.uint32(a[r] <= v) << 19
                    | np.uint32(c[i] <= v) << 20
                    | np.uint32(c[r] <= v) << 21
                    | np.uint32(g[i] < v) << 22
                    | np.uint32(g[r] < v) << 23
                    | np.uint32(k[i] < v) << 24
                    | np.uint32(k[r] < v) << 25
                )
    return masks


@jit
def _compare_around_border(padded, masks, neighbours):
    """Compare anew where raster indices are not ordered as those of the padding."""
    depth, height, width = padded.shape
    for z in range(1, depth - 1):
        for y in range(1, height - 1):
            is_inner_row = 1 < z < depth - 2 and 1 < y < height - 2
            for x in range(1, width - 1, width - 3 if is_inner_row else 1):
                mask = 0
                for k in range(26):
                    other = (
                        _home(z + neighbours[k, 0], depth),
                        _home(y + neighbours[k, 1], height),
                        _home(x + neighbours[k, 2], width),
                    )
                    if (padded[other], other) < (padded[z, y, x], (z, y, x)):
                        mask |= 1 << k
                masks[z, y, x] = mask


@jit
def _home(place, size):
    """Return the place along an axis that a place in the frame repeats."""
    if place == 0:
        return size - 2
    return 1 if place == size - 1 else place


@jit
def sweep_pairs(
    padded, masks, counts, is_wide, is_descending, is_periodic, tables, min_persistence
):
    """Return the pairs of components (ascending) or of cavities (descending).

    Parameters
    ----------
    padded, is_periodic, tables
        As in `voxel_masks`.
    masks, counts : ndarray
        What `voxel_masks` returned.
    is_wide, is_descending : bool
        Whether the sweep is 26-connected, and whether it goes from the highest value
        down.
    min_persistence : float
        Only pairs whose values differ by more are returned.

    Returns
    -------
    ndarray of shape (num_pairs, 2), int32
        Birth and death voxels, as indices of the unpadded, flattened volume. A death of
        -1 marks an essential class: the first component or, with a periodic border, a
        sheet that closes in itself around it.
    """
    values = padded.ravel()
    steps = _steps(padded.shape, tables[-1])
    num_saddles, num_extrema = counts[0 if is_wide else 1]
    saddles = _sorted_saddles(values, masks, num_saddles, is_wide)
    if is_descending:
        saddles = saddles[::-1]
    parent = _first_steps(masks, is_wide, steps)
    _lead_frame(parent, padded.shape, is_periodic)
    if num_saddles > masks.size >> _ROUGH_SHIFT:
        _shorten_ways(parent)
    pairs = np.empty((num_extrema + 3, 2), np.int32)
    num_pairs = 0
    for saddle in saddles:
        groups = _groups(masks[saddle], is_wide, tables)
        root = _root(parent, np.uint32(saddle + steps[groups & 31]))
        while groups > 31:
            groups >>= 5
            other = _root(parent, np.uint32(saddle + steps[groups & 31]))
            if other == root:
                continue
            root, other = _in_order(values, root, other)
            if is_descending:
                root, other = other, root
            parent[other] = root
            pairs[num_pairs, 0] = saddle if is_descending else other
            pairs[num_pairs, 1] = other if is_descending else saddle
            num_pairs += abs(values[saddle] - values[other]) > min_persistence
    if not is_descending:
        first = padded.shape[2] * (padded.shape[1] + 1) + 1
        pairs[num_pairs] = _root(parent, np.uint32(first))
        num_pairs += 1
    elif is_periodic:
        for saddle in _closing_saddles(padded.shape, masks, saddles, is_wide, tables):
            pairs[num_pairs] = saddle
            num_pairs += 1
    pairs = pairs[:num_pairs]
    _unpad(pairs, padded.shape)
    return pairs


@jit
def _sorted_saddles(values, masks, num_saddles, is_wide):
    """Return the saddles of a sweep in ascending order."""
    flag = np.uint32(_WIDE_SADDLE if is_wide else _NARROW_SADDLE)
    keyed = np.empty(num_saddles + 1, np.uint64)
    bits = values.view(np.uint32)
    count = 0
    for voxel in range(masks.size):
        keyed[count] = sort_key(bits[voxel], voxel)
        count += masks[voxel] >> flag & np.uint32(1)
    return sorted_pixels(keyed[:count])


@jit
def _steps(shape, neighbours):
    """Return the step to each neighbour, by its number plus one."""
    steps = np.zeros(27, np.int64)
    for k in range(26):
        z, y, x = neighbours[k]
        steps[k + 1] = (z * shape[1] + y) * shape[2] + x
    return steps


@jit
def _first_steps(masks, is_wide, steps):
    """Return for each voxel a neighbour on the way to an extremum, or the voxel."""
    by_bit = np.empty(32, np.int64)
    for k in range(26):
        by_bit[_place(1 << k)] = steps[k + 1]
    parent = np.empty(masks.size, np.uint32)
    for voxel in range(masks.size):
        mask = np.int64(masks[voxel])
        mask = mask & _ALL if is_wide else ~mask & _FACES
        parent[voxel] = voxel + (by_bit[_place(mask & -mask)] if mask else 0)
    return parent


@jit
def _shorten_ways(parent):
    """Let each voxel lead further, which pays where many ways are gone."""
    for _ in range(2):
        for voxel in range(parent.size):
            parent[voxel] = parent[parent[voxel]]


@jit
def _place(power):
    """Return another number from 0 to 31 for each power of two, by a de Bruijn word."""
    return (power * 0x077CB531 >> 27) & 31


@jit
def _groups(mask, is_wide, tables):
    """Return the list of one neighbour in each group that a sweep has passed."""
    counts, inside, outside, num_set, corners, _ = tables
    shared = mask & np.uint32(_SHARED)
    if not is_wide:
        return np.int64(outside[shared])
    lone = (counts[shared] >> 8) & (mask >> np.uint32(18)) & np.uint32(255)
    return np.int64(corners[lone]) | np.int64(inside[shared]) << 5 * num_set[lone]


@jit
def _root(parent, voxel):
    """Return the extremum whose component holds the voxel, halving the way."""
    while True:
        step = parent[voxel]
        next_step = parent[step]
        if step == next_step:
            return step
        parent[voxel] = next_step
        voxel = next_step


@jit
def _in_order(values, a, b):
    """Return the two voxels, the earlier one first, without a branch to mispredict."""
    is_ordered = (values[a] < values[b]) | ((values[a] == values[b]) & (a < b))
    return (a if is_ordered else b), (b if is_ordered else a)


@jit
def _lead_frame(parent, shape, is_periodic):
    """Let each voxel of the frame lead to the one it repeats, or to the outside."""
    depth, height, width = shape
    for z in range(depth):
        for y in range(height):
            is_inner_row = 0 < z < depth - 1 and 0 < y < height - 1
            for x in range(0, width, width - 1 if is_inner_row else 1):
                home = _OUTSIDE
                if is_periodic:
                    home = (_home(z, depth) * height + _home(y, height)) * width
                    home += _home(x, width)
                parent[(z * height + y) * width + x] = home


@jit
def _closing_saddles(shape, masks, saddles, is_wide, tables):
    """Return the saddles, at most 3, that first close a path around the border.

    Paths of the voxels that the sweep has passed are told apart by how often they
    cross the border along each axis, modulo 2. By duality, where the paths of a
    descending sweep reach a new class of the torus, a sheet of the earlier voxels does.
    """
    steps = _steps(shape, tables[-1])
    parent = _first_steps(masks, is_wide, steps)
    _lead_frame(parent, shape, True)
    crossed = _frame_crossings(shape)
    closing = np.empty(3, np.uint32)
    num_closing, is_reached = 0, np.arange(8) == 0
    for saddle in saddles:
        groups = _groups(masks[saddle], is_wide, tables)
        first = np.uint32(saddle + steps[groups & 31])
        root, way = _root_and_way(parent, crossed, first)
        while groups > 31 and num_closing < 3:
            groups >>= 5
            other = np.uint32(saddle + steps[groups & 31])
            other, loop = _root_and_way(parent, crossed, other)
            loop ^= way
            if other != root:
                parent[other], crossed[other] = root, loop
            elif not is_reached[loop]:
                for k in range(8):
                    if is_reached[k] and not is_reached[k ^ loop]:
                        is_reached[k ^ loop] = True
                closing[num_closing] = saddle
                num_closing += 1
        if num_closing == 3:
            break
    return closing[:num_closing]


@jit
def _frame_crossings(shape):
    """Return along which axes each voxel is in the frame, as bits."""
    crossed = np.zeros(shape, np.uint8)
    for z in range(shape[0]):
        for y in range(shape[1]):
            row = crossed[z, y]
            bits = (z % (shape[0] - 1) == 0) << 2 | (y % (shape[1] - 1) == 0) << 1
            for x in range(row.size):
                row[x] = bits | (x % (row.size - 1) == 0)
    return crossed.ravel()


@jit
def _root_and_way(parent, crossed, voxel):
    """Return a root as `_root` does, and the crossings on the way to it."""
    way = np.uint8(0)
    while True:
        step = parent[voxel]
        if step == parent[step]:
            return step, way ^ crossed[voxel]
        crossed[voxel] ^= crossed[step]
        parent[voxel] = parent[step]
        way ^= crossed[voxel]
        voxel = parent[voxel]


@jit
def _unpad(pairs, shape):
    """Turn indices of the padded volume into indices of the volume.

    An essential class, which has its birth in place of a death, gets the death -1.
    """
    _, height, width = shape
    for i in range(len(pairs)):
        is_essential = pairs[i, 0] == pairs[i, 1]
        for k in range(2):
            row, x = divmod(pairs[i, k], width)
            z, y = divmod(row, height)
            pairs[i, k] = ((z - 1) * (height - 2) + y - 1) * (width - 2) + x - 1
        if is_essential:
            pairs[i, 1] = -1

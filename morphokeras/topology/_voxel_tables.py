"""What the 26 neighbours of a voxel mean for its topology, in tables.

A mask of 26 bits says which neighbours are in a set. Bits 0 to 5 are the neighbours
that share a face with the voxel, 6 to 17 those that share an edge, 18 to 25 those that
share a corner; each of the three kinds is in raster order.
"""

import functools
import itertools

import numpy as np

from morphokeras.utils.compile import jit

NEIGHBOURS = np.array(
    sorted(
        (step for step in itertools.product((-1, 0, 1), repeat=3) if any(step)),
        key=lambda step: sum(map(abs, step)),
    ),
    np.int64,
)
_NUM_SHARED = 18  # share a face or an edge
# A cube is a mask in raster order: a step in space is a shift of bits. These may share
# a face with the voxel, or step to a higher or lower x or y.
_FACES = 0o020_252_020
_BELOW_X, _ABOVE_X = 0o333_333_333, 0o666_666_666
_BELOW_Y, _ABOVE_Y = 0o077_077_077, 0o770_770_770


@functools.cache
def voxel_tables() -> tuple[np.ndarray, ...]:
    """Return which groups the neighbours in a set, and those outside it, form.

    Neighbours in the set are grouped by 26-connectivity. Neighbours outside are grouped
    by 6-connectivity among the 18 that share a face or an edge, and only groups that
    hold a face count: others do not touch the voxel. A list of neighbours holds five
    bits for each, its number plus one, the first in the lowest bits.

    Returns
    -------
    counts : ndarray of shape (2**18,), uint16
        For the lower 18 bits of a mask: bits 0 to 2 the groups outside, bits 3 to 5 the
        groups of these 18 in the set, bits 8 to 15 the corners that none of them
        touches. There a corner in the set is a group of its own.
    inside, outside : ndarray of shape (2**18,), uint32
        The list of one neighbour of each group that is counted.
    num_set : ndarray of shape (256,), uint8
        The number of bits that are set.
    corners : ndarray of shape (256,), uint64
        The list of the corners whose bits are set.
    neighbours : ndarray of shape (26, 3), int64
        `NEIGHBOURS`: the step to each neighbour along z, y and x.
    """
    places = (NEIGHBOURS + 1) @ np.array([9, 3, 1])
    numbers = np.zeros(27, np.int64)
    numbers[places] = np.arange(26)
    num_set = np.array([byte.bit_count() for byte in range(256)], np.uint8)
    corners = np.zeros(256, np.uint64)
    for byte in range(1, 256):
        last = byte.bit_length() - 1
        lower = byte - (1 << last)
        number = (_NUM_SHARED + last + 1) << 5 * lower.bit_count()
        corners[byte] = int(corners[lower]) | number
    tables = (*_group_tables(places, numbers), num_set, corners, NEIGHBOURS)
    for table in tables:
        table.flags.writeable = True  # numba compiles anew for what is read-only
    return tables


@jit
def _group_tables(places, numbers):
    size = 1 << _NUM_SHARED
    counts = np.zeros(size, np.uint16)
    inside, outside = np.zeros(size, np.uint32), np.zeros(size, np.uint32)
    for mask in range(size):
        chosen, others = 0, 0
        for bit in range(_NUM_SHARED):
            here = mask >> bit & 1
            chosen |= here << places[bit]
            others |= (1 - here) << places[bit]
        count, entries = _listed_groups(chosen, chosen, True, numbers)
        inside[mask] = entries
        counts[mask] = count << 3
        count, entries = _listed_groups(others, others & _FACES, False, numbers)
        outside[mask] = entries
        counts[mask] |= count
        for bit in range(_NUM_SHARED, 26):
            if not _spread(1 << places[bit], True) & chosen:
                counts[mask] |= 1 << (8 + bit - _NUM_SHARED)
    return counts, inside, outside


@jit
def _listed_groups(cube, seeds, is_wide, numbers):
    """Return the number of groups of a cube that hold a seed, and a list of seeds."""
    count, entries = 0, 0
    for place in range(27):
        if not seeds >> place & 1:
            continue
        group, grown = 0, 1 << place
        while grown != group:
            group = grown
            grown = _spread(group, is_wide) & cube
        seeds &= ~group
        entries |= (numbers[place] + 1) << 5 * count
        count += 1
    return count, entries


@jit
def _spread(group, is_wide):
    """Return a set of a cube's voxels and all that are connected to one of them."""
    along_x = group | (group & _BELOW_X) << 1 | (group & _ABOVE_X) >> 1
    before_y = along_x if is_wide else group
    along_y = before_y | (before_y & _BELOW_Y) << 3 | (before_y & _ABOVE_Y) >> 3
    before_z = along_y if is_wide else group
    return along_x | along_y | before_z << 9 | before_z >> 9

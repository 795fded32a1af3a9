"""Loops of a volume that slide down to the voxels of their births.

The loop under way is kept twice: as bits on the grid of voxels, six for the edges at
each, and as a heap of the voxels that it has met, the last of them on top.
"""

from typing import NamedTuple

import numpy as np

from morphokeras.utils.compile import jit

FRAME, QUEUED, EDGE_BITS = 128, 64, 63  # two flags and six bits of `Space.chain`
VOXEL = 0xFFFFFFFF


class Space(NamedTuple):
    """A volume in its frame, all arrays flattened, with room to work.

    Attributes
    ----------
    levels : ndarray of shape (n,), int32
        Integers in the order of the values.
    home : ndarray of shape (n,), int32
        For each voxel of the frame, the voxel that it stands for: the one at the
        opposite face, or voxel 0 for all of the outside.
    chain : ndarray of shape (n,), uint8
        Bit d is set where the loop under way takes the edge in direction d.
    edges : ndarray of shape (n,), uint16
        From `earlier_links`.
    steps : ndarray of shape (6,), int64
        From a voxel to its neighbours, in the order of `_link_tables`.
    """

    levels: np.ndarray
    home: np.ndarray
    chain: np.ndarray
    edges: np.ndarray
    steps: np.ndarray


class Births(NamedTuple):
    """Where loops were born: a list for each voxel, the youngest first.

    Attributes
    ----------
    youngest : ndarray of shape (n,), int32
        For each voxel the loop that was last found to be born there, or -1.
    older : ndarray of shape (num_loops,), int32
        For each loop the one found before it at the same voxel, or -1.
    corner : ndarray of shape (num_loops,), uint8
        For each loop the last group of the voxel's neighbours that it meets oddly.
    """

    youngest: np.ndarray
    older: np.ndarray
    corner: np.ndarray


@jit
def slide_all(space, fillers, marks, num_loops, tables):
    """Return where loops are born that die.

    Parameters
    ----------
    space : Space
        The volume. Its `chain` is empty before and after.
    fillers : ndarray of shape (num_fillers,), int64
        The voxels at which loops die, in ascending order, in the lower 32 bits.
    marks : ndarray of shape (n,), uint8
        For each filler a bit for each region of its octahedron whose border dies.
    num_loops : int
        Number of these bits.
    tables : LinkTables
        From `link_tables`.

    Returns
    -------
    pairs : ndarray of shape (num_pairs, 2), int32
        Birth and death voxel of each loop.
    around : ndarray of shape (num_around,), int32
        The fillers whose border slides to nothing: they close a shell around the torus.
    num_born : ndarray of shape (n,), uint8
        How many of the loops are born at each voxel.
    """
    pairs = np.empty((num_loops, 2), np.int32)
    around = np.empty(3, np.int32)
    num_born = np.zeros(space.levels.size, np.uint8)
    births = Births(
        np.full(space.levels.size, -1, np.int32),
        np.empty(num_loops, np.int32),
        np.empty(num_loops, np.uint8),
    )
    # Loop i, stuck at its birth, is kept from starts[i] to starts[i + 1].
    starts = np.zeros(num_loops + 1, np.int64)
    voxels, bits = np.empty(1024, np.int32), np.empty(1024, np.uint8)
    heap = np.empty(space.levels.size, np.int64)  # costs only what is used of it
    n, num_around = 0, 0
    for key in fillers:
        v = key & VOXEL
        for region in range(8):
            if not marks[v] >> region & 1:
                continue
            border = _border(space, tables, v, region)
            size = _add_squares(space, tables, v, border, heap, 0)
            size, corner = _slide(
                space, tables, heap, size, births, starts, voxels, bits
            )
            if size == 0:
                around[num_around] = v
                num_around += 1
                continue
            u = heap[0] & VOXEL
            pairs[n, 0], pairs[n, 1] = u, v
            births.corner[n], births.older[n] = corner, births.youngest[u]
            births.youngest[u] = n
            num_born[u] += 1
            if starts[n] + size > voxels.size:
                voxels = _grown(voxels, starts[n] + size)
                bits = _grown(bits, starts[n] + size)
            starts[n + 1] = _store(space, heap, size, voxels, bits, starts[n])
            n += 1
    return pairs[:n], around[:num_around], num_born


@jit
def _border(space, tables, v, region):
    """Return the edges between a region of the sphere around v and all others."""
    border = 0
    for t in range(8):
        if tables.regions[space.edges[v], t] == region:
            border ^= tables.borders[t]
    return border


@jit
def _slide(space, tables, heap, size, births, starts, voxels, bits):
    """Push the loop down until it is stuck at the voxel of its birth, the heap's top.

    Returns how many voxels it has, and the last corner that leads to a group of the
    top's earlier neighbours which it meets oddly. None are left of a shell's border.
    """
    while size > 0:
        u = heap[0] & VOXEL
        word = _path_word(space, tables, u)
        while word >> 12:
            corner = _highest_bit(word >> 12)
            loop = births.youngest[u]
            while loop >= 0 and births.corner[loop] != corner:
                loop = births.older[loop]
            if loop < 0:
                return size, corner
            for k in range(starts[loop], starts[loop + 1]):
                size = _flip(space, heap, size, np.int64(voxels[k]), bits[k])
            word = _path_word(space, tables, u)
        _cut_edges(space, tables, u)
        size = _pop(heap, size)
        size = _add_squares(space, tables, u, word & 4095, heap, size)
    return size, 0


@jit
def _path_word(space, tables, u):
    """Return the sum of the rows of `LinkTables.paths` for the loop's edges at u."""
    word = np.uint32(0)
    paths = tables.paths[space.edges[u]]
    for d in range(6):
        word ^= paths[d] * np.uint32(space.chain[u] >> d & 1)
    return np.int64(word)


@jit
def _highest_bit(bits):
    place = 0
    while bits > 1:
        bits >>= 1
        place += 1
    return place


@jit
def _cut_edges(space, tables, u):
    """Take the edges at u out of the loop."""
    corners = tables.lists[space.chain[u] & EDGE_BITS]
    while corners:
        d = np.int64(corners & np.uint64(15)) - 1
        corners >>= np.uint64(4)
        w = u + space.steps[d]
        if space.chain[w] & FRAME:
            w = np.int64(space.home[w])
        space.chain[w] ^= 32 >> d
    space.chain[u] = 0


@jit
def _add_squares(space, tables, v, squares, heap, size):
    """Add to the loop the two edges opposite to v of each square at v."""
    edges = tables.lists[squares]
    while edges:
        e = np.int64(edges & np.uint64(15)) - 1
        edges >>= np.uint64(4)
        a, b = tables.edge_corners[e, 0], tables.edge_corners[e, 1]
        to_a, to_b = space.steps[a], space.steps[b]
        size = _flip(space, heap, size, v + to_a, 1 << b)
        size = _flip(space, heap, size, v + to_b, 1 << a)
        size = _flip(space, heap, size, v + to_a + to_b, 32 >> a | 32 >> b)
    return size


@jit
def _flip(space, heap, size, w, bits):
    """Add edges at a voxel to the loop (mod 2), and the voxel to the heap if new."""
    flags = space.chain[w]
    if flags & FRAME:
        w = np.int64(space.home[w])
        flags = space.chain[w]
    space.chain[w] = (flags ^ bits) | QUEUED
    if flags & QUEUED:
        return size
    return _push(heap, size, np.int64(space.levels[w]) << 32 | w)


@jit
def _push(heap, size, key):
    place = size
    while place > 0:
        above = (place - 1) >> 1
        if heap[above] >= key:
            break
        heap[place] = heap[above]
        place = above
    heap[place] = key
    return size + 1


@jit
def _pop(heap, size):
    size -= 1
    key = heap[size]
    place, below = 0, 1
    while below < size:
        below += below + 1 < size and heap[below + 1] > heap[below]
        if heap[below] <= key:
            break
        heap[place] = heap[below]
        place, below = below, 2 * below + 1
    heap[place] = key
    return size


@jit
def _grown(array, least):
    larger = np.empty(max(least, 2 * array.size), array.dtype)
    larger[: array.size] = array
    return larger


@jit
def _store(space, heap, size, voxels, bits, start):
    """Move the loop under way to the kept ones and return the end of its place."""
    for k in range(size):
        w = heap[k] & VOXEL
        voxels[start], bits[start] = w, space.chain[w] & EDGE_BITS
        start += bits[start] > 0
        space.chain[w] = 0
    return start

"""Pairs of loops (dimension 1) of one volume, by loops that slide down.

Voxels enter in ascending order of (value, raster index), connected through their faces.
A voxel's earlier neighbours cover a part of the sphere around it, some edges and
triangles of an octahedron (`_link_tables`). Where they leave several regions open, the
voxel fills loops or closes shells. Each region belongs to a component of the later
voxels, which a union-find follows from the last voxel down; each region beyond the
first of the same component stands for a loop that dies.

That loop, drawn around the region, is pushed down, always at its last voxel. Where its
edges at this voxel lead to connected earlier neighbours, it slides over the squares
between them. Where they lead to several groups, an odd number to some, it was born at
this voxel, unless a loop that died earlier has this very birth; then that loop is added
(mod 2) and the sum slides on. This is the reduction of the boundary matrix without its
regular cells. On the torus the loops that slide to nothing close a shell around it.

Connected through faces, edges and corners, loops are those of the complement, that is,
of the later voxels and the outside, with births and deaths exchanged (Alexander).
"""

from typing import NamedTuple

import numpy as np

from morphokeras.topology._link_tables import LinkTables, link_tables
from morphokeras.topology._voxel_links import (
    earlier_links,
    first_neighbours,
    framed_levels,
    last_neighbours,
    wrap_frame,
)
from morphokeras.utils.compile import jit

_FRAME, _QUEUED, _EDGES = 128, 64, 63  # two flags and six bits of `Space.chain`
_VOXEL = 0xFFFFFFFF


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


def loop_pairs(
    volume: np.ndarray, connectivity: str, periodic: bool, min_persistence: float
) -> np.ndarray:
    """Return birth and death voxels of the loops of a volume's sublevel sets.

    Parameters
    ----------
    volume : ndarray of shape (depth, height, width), float32, C order
        Finite values. At least three voxels along each axis if periodic.
    connectivity : {"full", "face"}
        26 neighbours (voxels as top cells) or 6 (voxels as vertices).
    periodic : bool
        Whether opposite faces touch.
    min_persistence : float
        Only pairs whose values differ by more are returned.

    Returns
    -------
    ndarray of shape (n_pairs, 2), int32
        Flat indices of the birth and the death voxel. If periodic, three rows with
        death -1 stand for the loops around the torus.
    """
    is_complement = connectivity == "full"
    tables = link_tables()
    levels = framed_levels(volume, is_complement, periodic)
    edges, triangles = earlier_links(levels, periodic)
    space = _space(levels, edges, periodic)
    fillers = _fillers(space.edges, triangles.ravel(), tables)
    keys = _sorted_keys(space.levels, fillers)
    later = last_neighbours(levels, periodic)
    _frame_home(later, space.home)
    num_loops = _mark_loops(space, keys, triangles.ravel(), later.ravel(), tables)
    pairs, around, num_born = _slide_all(
        space, keys, triangles.ravel(), num_loops, tables
    )
    if periodic and not is_complement:
        around = _births_around(space, levels, num_born, tables)
    return _selected(volume, pairs, around, is_complement, min_persistence)


def _space(levels: np.ndarray, edges: np.ndarray, is_periodic: bool) -> Space:
    chain = np.full(levels.shape, _FRAME | _QUEUED, np.uint8)
    chain[1:-1, 1:-1, 1:-1] = 0
    home = np.zeros(levels.shape, np.int32)
    if is_periodic:
        home = np.arange(levels.size, dtype=np.int32).reshape(levels.shape)
        wrap_frame(home)
    _, height, width = levels.shape
    plane = height * width
    steps = np.array([-plane, -width, -1, 1, width, plane])
    return Space(levels.ravel(), home.ravel(), chain.ravel(), edges.ravel(), steps)


def _frame_home(parent: np.ndarray, home: np.ndarray) -> None:
    """Let each voxel of the frame have as parent the voxel that it stands for."""
    home = home.reshape(parent.shape)
    for axis in range(3):
        for side in (0, -1):
            np.moveaxis(parent, axis, 0)[side] = np.moveaxis(home, axis, 0)[side]


def _sorted_keys(levels: np.ndarray, voxels: np.ndarray) -> np.ndarray:
    """Return sorted numbers whose lower 32 bits are the voxels."""
    keys = levels[voxels].astype(np.int64) << 32 | voxels
    keys.sort()
    return keys


def _births_around(
    space: Space, levels: np.ndarray, num_born: np.ndarray, tables: LinkTables
) -> np.ndarray:
    """Return where the loops around the torus are born: what no join explains."""
    earlier, num_earlier = first_neighbours(levels, space.home[0] != 0)
    _frame_home(earlier, space.home)
    groups = num_earlier.ravel() - tables.rank[space.edges].astype(np.int8)
    excess = groups - 1 - num_born.astype(np.int8)
    keys = _sorted_keys(space.levels, np.flatnonzero(excess > 0))
    return _unjoined(space, keys, excess, earlier.ravel())


def _selected(
    volume: np.ndarray,
    pairs: np.ndarray,
    around: np.ndarray,
    is_complement: bool,
    min_persistence: float,
) -> np.ndarray:
    """Return pairs of the unframed volume that last, and those that last forever."""
    pairs = _unframed(pairs, volume.shape)
    if is_complement:
        pairs = pairs[:, ::-1]
    births, deaths = volume.ravel()[pairs.T]
    forever = np.full((len(around), 2), -1, np.int32)
    forever[:, 0] = _unframed(around, volume.shape)
    return np.concatenate([pairs[deaths - births > min_persistence], forever])


def _unframed(voxels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    z, y, x = np.unravel_index(voxels, [size + 2 for size in shape])
    return (((z - 1) * shape[1] + y - 1) * shape[2] + x - 1).astype(np.int32)


@jit
def _fillers(edges, triangles, tables):
    """Return the voxels whose earlier neighbours leave several regions open."""
    num_filled = np.zeros(256, np.uint8)
    for byte in range(256):
        num_filled[byte] = num_filled[byte >> 1] + (byte & 1)
    num_filled[255] = 7  # the last of the eight triangles closes the sphere
    found = np.empty(edges.size, np.int32)
    count = 0
    for v in range(edges.size):
        found[count] = v
        count += tables.num_cycles[edges[v]] > num_filled[triangles[v]]
    return found[:count].copy()


@jit
def _mark_loops(space, fillers, triangles, later, tables):
    """Mark regions whose border is a loop that dies, and return how many.

    The bit of a region's first triangle is set in `triangles`, all others are cleared.
    """
    octants = _octants(space.steps, tables)
    roots = np.empty(8, np.int64)
    num_loops = 0
    for i in range(fillers.size - 1, -1, -1):
        v = fillers[i] & _VOXEL
        num_roots, marks = 0, 0
        for t in range(8):
            if triangles[v] >> t & 1 or tables.regions[space.edges[v], t] != t:
                continue
            root = _root(later, _first_later(space, octants[t], v))
            is_known = False
            for k in range(num_roots):
                is_known |= roots[k] == root
            marks |= is_known << t
            num_loops += is_known
            roots[num_roots] = root
            num_roots += not is_known
        later[v] = roots[0]
        for k in range(1, num_roots):
            later[roots[k]] = roots[0]
        triangles[v] = marks
    return num_loops


@jit
def _octants(steps, tables):
    """Return the way from a voxel to the seven neighbours beside each triangle."""
    octants = np.zeros((8, 7), np.int64)
    for t in range(8):
        for subset in range(1, 8):
            for k in range(3):
                step = steps[tables.triangle_corners[t, k]]
                octants[t, subset - 1] += step * (subset >> k & 1)
    return octants


@jit
def _first_later(space, octant, v):
    """Return the first of the neighbours in an octant that comes after v."""
    for step in octant:
        w = v + step
        if not _is_earlier(space, w, v):
            return w
    return v


@jit
def _is_earlier(space, w, v):
    """Whether a neighbour w comes before v."""
    if space.levels[w] != space.levels[v]:
        return space.levels[w] < space.levels[v]
    return _at_home(space, w) < v


@jit
def _at_home(space, w):
    return np.int64(space.home[w]) if space.chain[w] & _FRAME else w


@jit
def _root(parent, v):
    """Return the voxel that leads the component of v, halving the way."""
    while True:
        step = np.int64(parent[v])
        next_step = np.int64(parent[step])
        if step == next_step:
            return step
        parent[v] = next_step
        v = next_step


@jit
def _slide_all(space, fillers, marks, num_loops, tables):
    """Return birth and death of all marked loops, and the fillers of those without.

    Also returned is how many loops are born at each voxel.
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
        v = key & _VOXEL
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
            u = heap[0] & _VOXEL
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
        u = heap[0] & _VOXEL
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
    corners = tables.lists[space.chain[u] & _EDGES]
    while corners:
        d = np.int64(corners & np.uint64(15)) - 1
        corners >>= np.uint64(4)
        space.chain[_at_home(space, u + space.steps[d])] ^= 32 >> d
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
    if flags & _FRAME:
        w = np.int64(space.home[w])
        flags = space.chain[w]
    space.chain[w] = (flags ^ bits) | _QUEUED
    if flags & _QUEUED:
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
        w = heap[k] & _VOXEL
        voxels[start], bits[start] = w, space.chain[w] & _EDGES
        start += bits[start] > 0
        space.chain[w] = 0
    return start


@jit
def _unjoined(space, keys, excess, earlier):
    """Return the voxels that join fewer components than `excess`, once for each."""
    found = np.empty(3, np.int32)
    n = 0
    for key in keys:
        v = key & _VOXEL
        left, leader = excess[v] + 1, v
        for step in space.steps:
            if _is_earlier(space, v + step, v):
                root = _root(earlier, _at_home(space, v + step))
                left -= root != leader
                earlier[leader] = root
                leader = root
        earlier[v] = leader
        for _ in range(left):
            found[n] = v
            n += 1
        if n == 3:
            break
    return found[:n]

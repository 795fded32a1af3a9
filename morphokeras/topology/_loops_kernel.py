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

import numpy as np

from morphokeras.topology._link_tables import LinkTables, link_tables
from morphokeras.topology._loop_slides import FRAME, QUEUED, VOXEL, Space, slide_all
from morphokeras.topology._voxel_links import (
    earlier_links,
    first_neighbours,
    framed_levels,
    last_neighbours,
    wrap_frame,
)
from morphokeras.utils.compile import jit


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
    pairs, around, num_born = slide_all(
        space, keys, triangles.ravel(), num_loops, tables
    )
    if periodic and not is_complement:
        around = _births_around(space, levels, num_born, tables)
    return _selected(volume, pairs, around, is_complement, min_persistence)


def _space(levels: np.ndarray, edges: np.ndarray, is_periodic: bool) -> Space:
    chain = np.full(levels.shape, FRAME | QUEUED, np.uint8)
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
    earlier, num_earlier = first_neighbours(levels, True)
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
        v = fillers[i] & VOXEL
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
    return np.int64(space.home[w]) if space.chain[w] & FRAME else w


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
def _unjoined(space, keys, excess, earlier):
    """Return the voxels that join fewer components than `excess`, once for each."""
    found = np.empty(3, np.int32)
    n = 0
    for key in keys:
        v = key & VOXEL
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

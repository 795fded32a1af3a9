"""Pairs of loops (dimension 1) of one volume, by loops that slide down.

Voxels are ordered by (value, raster index) and enter one by one, connected through
their faces. A voxel's earlier neighbours cover a part of the sphere around it: some
edges and triangles of an octahedron (`_link_tables`). Where this part has holes, the
voxel fills loops or closes shells: the regions outside of it lie in components of the
later voxels, which a union-find follows from the last voxel down, and each region
beyond the first in one component stands for a loop that dies. That loop, drawn around
the region, is then pushed down, always at its last voxel: where its edges at this voxel
lead to connected earlier neighbours, it slides over the squares between them. Where
they lead to several groups, two of which have an odd number of its edges, the loop was
born at this voxel, unless a loop that died earlier has this birth; then that loop is
added (mod 2) and the sum slides on. This is the reduction of the boundary matrix,
with all regular cells left out.

Connected through faces, edges and corners, loops are those of the later voxels with the
outside added, of the complement: births and deaths change places (Alexander duality).
"""

from typing import NamedTuple

import numpy as np

from morphokeras.topology._link_tables import LinkTables, link_tables
from morphokeras.utils.compile import jit

_FRAME, _QUEUED = 128, 64  # flags beside the six bits of `Space.chain`
_OUTSIDE = 0  # a voxel of the frame that stands for all of it
_LOW_BITS = 0xFFFFFFFF


class Space(NamedTuple):
    """A volume in a frame one voxel wide, flattened, with room to work.

    Attributes
    ----------
    levels : ndarray of shape (n,), int32
        Integers in the order of the values.
    home : ndarray of shape (n,), uint32
        For each voxel of the frame the voxel that it stands for.
    chain : ndarray of shape (n,), uint8
        Bit d is set where the current loop takes the edge in direction d.
    steps : ndarray of shape (6,), int64
        From a voxel to its neighbours, in the order of `_link_tables`.
    """

    levels: np.ndarray
    home: np.ndarray
    chain: np.ndarray
    steps: np.ndarray


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
    return _sublevel_loops(
        np.ascontiguousarray(volume, np.float32),
        bool(is_complement),
        bool(periodic),
        np.float32(min_persistence),
        link_tables(),
    )


@jit
def _sublevel_loops(volume, is_complement, is_periodic, min_persistence, tables):
    shape = (volume.shape[0] + 2, volume.shape[1] + 2, volume.shape[2] + 2)
    space = _framed(volume, shape, is_complement, is_periodic)
    edges, triangles = _links(space.levels.reshape(shape))
    if is_periodic:
        _mend_border(space, shape, edges, triangles, tables)
    fillers = _fillers(space, shape, edges, triangles, tables)
    # From here on, `triangles` holds the first triangles of the regions to be filled.
    _mark_loops(space, fillers, edges, triangles, tables)
    pairs, shells, num_born = _slide_all(space, fillers, edges, triangles, tables)
    if is_periodic and not is_complement:
        shells = _loops_around(space, shape, edges, num_born, tables)
    _unframe(pairs, shape)
    _unframe(shells, shape)
    return _selected(volume, pairs, shells, is_complement, min_persistence)


@jit
def _framed(volume, shape, is_complement, is_periodic):
    depth, height, width = shape
    levels = np.empty(shape, np.int32)
    outside = np.int32(-(2**31)) if is_complement else np.int32(2**31 - 1)
    turn = np.int32(-1) if is_complement else np.int32(0)
    levels[0] = levels[-1] = outside
    bits = volume.view(np.int32)
    for z in range(1, depth - 1):
        levels[z, 0] = levels[z, -1] = outside
        for y in range(1, height - 1):
            row = levels[z, y]
            row[0] = row[-1] = outside
            source = bits[z - 1, y - 1]
            for x in range(width - 2):
                level = source[x]
                # Negative floats run backwards as integers; negative zero is zero.
                level ^= (level >> 31) & np.int32(0x7FFFFFFF)
                row[x + 1] = (level + (level == -1)) ^ turn
    chain = np.zeros(shape, np.uint8)
    _fill_frame(chain, np.uint8(_FRAME | _QUEUED))
    home = np.zeros(shape, np.uint32)
    if is_periodic:
        _wrap(levels, home)
    steps = np.array([-height * width, -width, -1, 1, width, height * width])
    return Space(levels.ravel(), home.ravel(), chain.ravel(), steps)


@jit
def _fill_frame(array, value):
    array[0] = value
    array[-1] = value
    array[:, 0] = value
    array[:, -1] = value
    array[:, :, 0] = value
    array[:, :, -1] = value


@jit
def _wrap(levels, home):
    """Let the frame stand for the voxels on the other side."""
    depth, height, width = levels.shape
    for z in range(depth):
        from_z = (z - 1) % (depth - 2) + 1
        for y in range(height):
            from_y = (y - 1) % (height - 2) + 1
            is_inner = 0 < z < depth - 1 and 0 < y < height - 1
            for x in range(0, width, width - 1 if is_inner else 1):
                from_x = (x - 1) % (width - 2) + 1
                home[z, y, x] = (from_z * height + from_y) * width + from_x
                levels[z, y, x] = levels[from_z, from_y, from_x]


@jit
def _links(levels):
    """Return which edges and triangles of its octahedron are earlier than a voxel.

    Equal voxels are ordered by raster index, hence <= before and < after. An edge or
    triangle counts with all that bounds it.
    """
    depth, height, width = levels.shape
    edges = np.zeros(levels.shape, np.uint16)
    triangles = np.zeros(levels.shape, np.uint8)
    for z in range(1, depth - 1):
        for y in range(1, height - 1):
            # The nine rows around, named by z and y: a(bove), o(n), b(elow).
            aa, ao, ab = levels[z - 1, y - 1], levels[z - 1, y], levels[z - 1, y + 1]
            oa, oo, ob = levels[z, y - 1], levels[z, y], levels[z, y + 1]
            ba, bo, bb = levels[z + 1, y - 1], levels[z + 1, y], levels[z + 1, y + 1]
            edge_row, triangle_row = edges[z, y], triangles[z, y]
            for i in range(width - 2):
                v = oo[i + 1]
                c0, c1, c2 = ao[i + 1] <= v, oa[i + 1] <= v, oo[i] <= v
                c3, c4, c5 = oo[i + 2] < v, ob[i + 1] < v, bo[i + 1] < v
                e01, e04 = c0 & c1 & (aa[i + 1] <= v), c0 & c4 & (ab[i + 1] <= v)
                e02, e03 = c0 & c2 & (ao[i] <= v), c0 & c3 & (ao[i + 2] <= v)
                e12, e13 = c1 & c2 & (oa[i] <= v), c1 & c3 & (oa[i + 2] <= v)
                e24, e34 = c2 & c4 & (ob[i] < v), c3 & c4 & (ob[i + 2] < v)
                e25, e35 = c2 & c5 & (bo[i] < v), c3 & c5 & (bo[i + 2] < v)
                e15, e45 = c1 & c5 & (ba[i + 1] < v), c4 & c5 & (bb[i + 1] < v)
                word = e01 | e02 << 1 | e03 << 2 | e04 << 3 | e12 << 4 | e13 << 5
                word |= e15 << 6 | e24 << 7 | e25 << 8 | e34 << 9 | e35 << 10
                edge_row[i + 1] = word | e45 << 11
                byte = e01 & e02 & e12 & (aa[i] <= v)
                byte |= (e01 & e03 & e13 & (aa[i + 2] <= v)) << 1
                byte |= (e04 & e02 & e24 & (ab[i] <= v)) << 2
                byte |= (e04 & e03 & e34 & (ab[i + 2] <= v)) << 3
                byte |= (e15 & e25 & e12 & (ba[i] < v)) << 4
                byte |= (e15 & e35 & e13 & (ba[i + 2] < v)) << 5
                byte |= (e45 & e25 & e24 & (bb[i] < v)) << 6
                byte |= (e45 & e35 & e34 & (bb[i + 2] < v)) << 7
                triangle_row[i + 1] = byte
    return edges.ravel(), triangles.ravel()


@jit
def _mend_border(space, shape, edges, triangles, tables):
    """Compare voxels at the faces of the box again: their raster order is another."""
    depth, height, width = shape
    for z in range(1, depth - 1):
        for y in range(1, height - 1):
            is_inner = 1 < z < depth - 2 and 1 < y < height - 2
            for x in range(1, width - 1, width - 3 if is_inner else 1):
                v = (z * height + y) * width + x
                edges[v] = _earlier_bits(space, v, tables.edge_corners)
                triangles[v] = _earlier_bits(space, v, tables.triangle_corners)


@jit
def _earlier_bits(space, v, cells):
    """Return which cells of the octahedron are earlier, with all that bounds them."""
    bits = 0
    for i in range(cells.shape[0]):
        is_earlier = True
        for subset in range(1, 1 << cells.shape[1]):
            w = v
            for k in range(cells.shape[1]):
                w += space.steps[cells[i, k]] * (subset >> k & 1)
            is_earlier = is_earlier and _is_earlier(space, w, v)
        bits |= is_earlier << i
    return bits


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
def _fillers(space, shape, edges, triangles, tables):
    """Return the keys of the voxels whose earlier neighbours leave several regions."""
    depth, height, width = shape
    num_filled = np.zeros(256, np.uint8)
    for byte in range(256):
        num_filled[byte] = num_filled[byte >> 1] + (byte & 1)
    num_filled[255] = 7  # the last of the eight triangles closes the sphere
    found = np.empty(edges.size, np.uint32)
    count = 0
    for z in range(1, depth - 1):
        for y in range(1, height - 1):
            start = (z * height + y) * width
            for v in range(start + 1, start + width - 1):
                found[count] = v
                count += tables.num_cycles[edges[v]] > num_filled[triangles[v]]
    return _sorted_keys(space.levels, found[:count])


@jit
def _sorted_keys(levels, voxels):
    keys = np.empty(voxels.size, np.int64)
    for i in range(voxels.size):
        keys[i] = _key(levels, np.int64(voxels[i]))
    keys.sort()
    return keys


@jit
def _key(levels, v):
    """Return a number in the order of the voxels; its lower half is the voxel."""
    return np.int64(levels[v]) << 32 | v


@jit
def _mark_loops(space, fillers, edges, triangles, tables):
    """Leave in `triangles` one bit for each region whose border is a loop that dies."""
    around, octants = _offsets(space.steps, tables)
    parent = _no_parents(space)
    roots = np.empty(8, np.int64)
    for i in range(fillers.size - 1, -1, -1):
        v = fillers[i] & _LOW_BITS
        num_roots, marks = 0, 0
        for t in range(8):
            if triangles[v] >> t & 1 or tables.regions[edges[v], t] != t:
                continue
            root = _last_root(space, parent, around, _first_later(space, octants[t], v))
            is_known = False
            for k in range(num_roots):
                is_known |= roots[k] == root
            marks |= is_known << t
            roots[num_roots] = root
            num_roots += not is_known
        parent[v] = roots[0]
        for k in range(1, num_roots):
            parent[roots[k]] = roots[0]
        triangles[v] = marks


@jit
def _offsets(steps, tables):
    """Return the way to all 26 neighbours, and to the 7 beside each triangle."""
    octants = np.zeros((8, 7), np.int64)
    for t in range(8):
        for subset in range(1, 8):
            for k in range(3):
                step = steps[tables.triangle_corners[t, k]]
                octants[t, subset - 1] += step * (subset >> k & 1)
    return np.unique(octants), octants


@jit
def _no_parents(space):
    """Return a union-find forest in which only voxels of the frame have a parent."""
    parent = np.full(space.levels.size, -1, np.int32)
    for v in range(parent.size):
        if space.chain[v] & _FRAME:
            parent[v] = space.home[v]
    return parent


@jit
def _first_later(space, offsets, v):
    """Return a neighbour that comes after v, or v if there is none."""
    level = space.levels[v]
    for offset in offsets:
        w = v + offset
        if space.levels[w] >= level:
            home = _at_home(space, w)
            if space.levels[w] > level or home > v:
                return home
    return v


@jit
def _last_root(space, parent, around, v):
    """Return the last voxel of the component of v, halving the way."""
    while True:
        step = _parent_of(space, parent, around, v)
        next_step = _parent_of(space, parent, around, step)
        if step == next_step:
            return step
        parent[v] = next_step
        v = next_step


@jit
def _parent_of(space, parent, around, v):
    if parent[v] < 0:
        parent[v] = _first_later(space, around, v)
    return np.int64(parent[v])


@jit
def _slide_all(space, fillers, edges, triangles, tables):
    num_loops = 0
    for key in fillers:
        byte = np.int64(triangles[key & _LOW_BITS])
        while byte:
            byte &= byte - 1
            num_loops += 1
    pairs = np.empty((num_loops, 2), np.int32)
    shells = np.empty(3, np.int32)
    born_corner = np.empty(num_loops, np.uint8)
    next_born = np.empty(num_loops, np.int32)
    last_born = np.full(space.levels.size, -1, np.int32)
    start = np.zeros(num_loops + 1, np.int64)
    loop_voxels = np.empty(1024, np.uint32)
    loop_bits = np.empty(1024, np.uint8)
    heap = np.empty(space.levels.size, np.int64)
    levels, chain, steps = space.levels, space.chain, space.steps

    num_born = np.zeros(space.levels.size, np.uint8)
    n, num_shells = 0, 0
    for key in fillers:
        v = key & _LOW_BITS
        marks = triangles[v]
        for region in range(8):
            if not marks >> region & 1:
                continue
            border = 0
            for t in range(8):
                if tables.regions[edges[v], t] == region:
                    border ^= tables.borders[t]
            size = _add_squares(space, tables, v, border, heap, 0)
            is_born = False
            while size > 0:
                u = heap[0] & _LOW_BITS
                bits = np.int64(chain[u] & 63)
                chain[u] = 0
                word = _path_word(tables.paths[edges[u]], bits)
                while word >> 12:
                    corner = _highest_bit(word >> 12)
                    loop = last_born[u]
                    while loop >= 0 and born_corner[loop] != corner:
                        loop = next_born[loop]
                    if loop < 0:
                        is_born = True
                        break
                    bits ^= loop_bits[start[loop]]
                    for k in range(start[loop] + 1, start[loop + 1]):
                        size = _flip(
                            space, heap, size, np.int64(loop_voxels[k]), loop_bits[k]
                        )
                    word = _path_word(tables.paths[edges[u]], bits)
                if is_born:
                    break
                corners = tables.lists[bits]
                while corners:
                    d = np.int64(corners & np.uint64(15)) - 1
                    chain[_at_home(space, u + steps[d])] ^= 1 << (5 - d)
                    corners >>= np.uint64(4)
                size = _pop(heap, size)
                size = _add_squares(space, tables, u, word & 4095, heap, size)
            if not is_born:
                shells[num_shells] = v
                num_shells += 1
                continue
            k = start[n]
            if k + size > loop_voxels.size:
                loop_voxels = _grown(loop_voxels, k + size)
                loop_bits = _grown(loop_bits, k + size)
            loop_voxels[k] = u
            loop_bits[k] = bits
            k += 1
            for j in range(1, size):
                w = heap[j] & _LOW_BITS
                b = chain[w] & 63
                chain[w] = 0
                loop_voxels[k] = w
                loop_bits[k] = b
                k += b > 0
            born_corner[n] = corner
            next_born[n] = last_born[u]
            last_born[u] = n
            num_born[u] += 1
            pairs[n, 0] = u
            pairs[n, 1] = v
            n += 1
            start[n] = k
    return pairs[:n], shells[:num_shells], num_born


@jit
def _path_word(paths, bits):
    word = np.uint32(0)
    for d in range(6):
        word ^= paths[d] * np.uint32(bits >> d & 1)
    return np.int64(word)


@jit
def _highest_bit(bits):
    k = 0
    while bits > 1:
        bits >>= 1
        k += 1
    return k


@jit
def _add_squares(space, tables, v, squares, heap, size):
    steps = space.steps
    edges = tables.lists[squares]
    while edges:
        e = np.int64(edges & np.uint64(15)) - 1
        edges >>= np.uint64(4)
        a, b = tables.edge_corners[e, 0], tables.edge_corners[e, 1]
        size = _flip(space, heap, size, v + steps[a], 1 << b)
        size = _flip(space, heap, size, v + steps[b], 1 << a)
        size = _flip(space, heap, size, v + steps[a] + steps[b], 32 >> a | 32 >> b)
    return size


@jit
def _flip(space, heap, size, w, bits):
    flags = space.chain[w]
    if flags & _FRAME:
        w = np.int64(space.home[w])
        flags = space.chain[w]
    space.chain[w] = (flags ^ bits) | _QUEUED
    if flags & _QUEUED:
        return size
    return _push(heap, size, _key(space.levels, w))


@jit
def _push(heap, size, key):
    i = size
    while i > 0:
        up = (i - 1) >> 1
        if heap[up] >= key:
            break
        heap[i] = heap[up]
        i = up
    heap[i] = key
    return size + 1


@jit
def _pop(heap, size):
    size -= 1
    key = heap[size]
    i = 0
    child = 1
    while child < size:
        child += child + 1 < size and heap[child + 1] > heap[child]
        if heap[child] <= key:
            break
        heap[i] = heap[child]
        i = child
        child = 2 * i + 1
    heap[i] = key
    return size


@jit
def _grown(array, least):
    larger = np.empty(max(least, 2 * array.size), array.dtype)
    larger[: array.size] = array
    return larger


@jit
def _loops_around(space, shape, edges, num_born, tables):
    depth, height, width = shape
    found = np.empty(edges.size, np.uint32)
    excess = np.zeros(edges.size, np.uint8)
    count = 0
    for z in range(1, depth - 1):
        for y in range(1, height - 1):
            start = (z * height + y) * width
            for v in range(start + 1, start + width - 1):
                groups = -np.int64(tables.rank[edges[v]])
                for step in space.steps:
                    groups += _is_earlier(space, v + step, v)
                found[count] = v
                excess[v] = max(groups - 1 - num_born[v], 0)
                count += excess[v] > 0
    parent = _no_parents(space)
    shells = np.empty(3, np.int32)
    n = 0
    for key in _sorted_keys(space.levels, found[:count]):
        v = key & _LOW_BITS
        left = excess[v] + 1
        parent[v] = v
        for step in space.steps:
            if _is_earlier(space, v + step, v):
                root = _first_root(space, parent, _at_home(space, v + step))
                if parent[root] != parent[v]:
                    left -= 1
                    parent[parent[v]] = root
                    parent[v] = root
        for _ in range(left):
            shells[n] = v
            n += 1
    return shells[:n]


@jit
def _first_root(space, parent, v):
    while True:
        step = _down(space, parent, v)
        next_step = _down(space, parent, step)
        if step == next_step:
            return step
        parent[v] = next_step
        v = next_step


@jit
def _down(space, parent, v):
    if parent[v] < 0:
        parent[v] = v
        for step in space.steps:
            if _is_earlier(space, v + step, v):
                parent[v] = _at_home(space, v + step)
                break
    return np.int64(parent[v])


@jit
def _unframe(voxels, shape):
    _, height, width = shape
    flat = voxels.ravel()
    for i in range(flat.size):
        z, rest = divmod(flat[i], height * width)
        y, x = divmod(rest, width)
        flat[i] = ((z - 1) * (height - 2) + y - 1) * (width - 2) + x - 1


@jit
def _selected(volume, pairs, shells, is_complement, min_persistence):
    values = volume.ravel()
    out = np.empty((pairs.shape[0] + shells.size, 2), np.int32)
    n = 0
    for i in range(pairs.shape[0]):
        out[n] = pairs[i]
        if is_complement:
            out[n] = pairs[i, ::-1]
        n += values[out[n, 1]] - values[out[n, 0]] > min_persistence
    for shell in shells:
        out[n, 0] = shell
        out[n, 1] = -1
        n += 1
    return out[:n]

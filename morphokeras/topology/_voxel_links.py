"""Volumes in a frame, and each voxel compared with the neighbours around it.

Voxels are ordered by (value, raster index). The three sweeps are single loops over
rows that the compiler turns into vector instructions; on the torus they know for each
row on which side of the voxels it lies in raster order.
"""

import numpy as np

from morphokeras.utils.compile import jit

# Levels of a frame before or after all finite values, with room for one more.
_FIRST, _LAST = -(2**31), 2**31 - 2


def framed_levels(
    volume: np.ndarray, is_reversed: bool, is_periodic: bool
) -> np.ndarray:
    """Return a volume as integers of the same order, in a frame one voxel wide.

    Parameters
    ----------
    volume : ndarray of shape (depth, height, width), float32
        Finite values.
    is_reversed : bool
        Whether the order is turned around. Equal voxels stay in raster order.
    is_periodic : bool
        Whether the frame repeats the opposite faces. Otherwise it comes after all
        voxels, or before them if the order is reversed.

    Returns
    -------
    ndarray of shape (depth + 2, height + 2, width + 2), int32
    """
    outside = _FIRST if is_reversed else _LAST
    levels = np.full([size + 2 for size in volume.shape], outside, np.int32)
    bits = (volume + np.float32(0)).view(np.int32)  # adding 0 leaves no negative zero
    bits ^= (bits >> 31) & np.int32(0x7FFFFFFF)  # negative floats run backwards
    levels[1:-1, 1:-1, 1:-1] = ~bits if is_reversed else bits
    if is_periodic:
        wrap_frame(levels)
    return levels


def wrap_frame(framed: np.ndarray) -> None:
    """Let the frame of an array repeat what lies inside at the opposite faces."""
    for axis in range(3):
        moved = np.moveaxis(framed, axis, 0)
        moved[0], moved[-1] = moved[-2], moved[1]


@jit
def earlier_links(levels, is_periodic):
    """Return which edges and triangles of its octahedron come before a voxel.

    Parameters
    ----------
    levels : ndarray of shape (depth + 2, height + 2, width + 2), int32
        The voxels in their frame.
    is_periodic : bool
        Whether the frame repeats the opposite faces.

    Returns
    -------
    edges, triangles : ndarray of the same shape, uint16 and uint8
        Bit k is set where edge (triangle) k of `_link_tables` and all that bounds it
        are made of earlier voxels; 0 in the frame.
    """
    depth, height, width = levels.shape
    edges = np.zeros(levels.shape, np.uint16)
    triangles = np.zeros(levels.shape, np.uint8)
    is_left, is_right = _raster_sides(width, is_periodic)
    for z in range(1, depth - 1):
        is_above, is_below = _raster_side(z, depth, is_periodic)
        for y in range(1, height - 1):
            is_behind, is_ahead = _raster_side(y, height, is_periodic)
            # The nine rows around, named by z and y: m(inus), o, p(lus).
            mm, mo, mp = levels[z - 1, y - 1], levels[z - 1, y], levels[z - 1, y + 1]
            om, oo, op = levels[z, y - 1], levels[z, y], levels[z, y + 1]
            pm, po, pp = levels[z + 1, y - 1], levels[z + 1, y], levels[z + 1, y + 1]
            edge_row, triangle_row = edges[z, y], triangles[z, y]
            for i in range(width - 2):
                v = oo[i + 1]
                # Equal neighbours are earlier if they lie before v in raster order.
                m, p = np.int32(v + is_above), np.int32(v + is_below)
                om_v, op_v = np.int32(v + is_behind), np.int32(v + is_ahead)
                c0, c5 = mo[i + 1] < m, po[i + 1] < p
                c1, c4 = om[i + 1] < om_v, op[i + 1] < op_v
                c2 = oo[i] < np.int32(v + is_left[i])
                c3 = oo[i + 2] < np.int32(v + is_right[i])
                e01, e04 = c0 & c1 & (mm[i + 1] < m), c0 & c4 & (mp[i + 1] < m)
                e02, e03 = c0 & c2 & (mo[i] < m), c0 & c3 & (mo[i + 2] < m)
                e12, e13 = c1 & c2 & (om[i] < om_v), c1 & c3 & (om[i + 2] < om_v)
                e24, e34 = c2 & c4 & (op[i] < op_v), c3 & c4 & (op[i + 2] < op_v)
                e25, e35 = c2 & c5 & (po[i] < p), c3 & c5 & (po[i + 2] < p)
                e15, e45 = c1 & c5 & (pm[i + 1] < p), c4 & c5 & (pp[i + 1] < p)
                word = e01 | e02 << 1 | e03 << 2 | e04 << 3 | e12 << 4 | e13 << 5
                word |= e15 << 6 | e24 << 7 | e25 << 8 | e34 << 9 | e35 << 10
                edge_row[i + 1] = word | e45 << 11
                byte = e01 & e02 & e12 & (mm[i] < m)
                byte |= (e01 & e03 & e13 & (mm[i + 2] < m)) << 1
                byte |= (e04 & e02 & e24 & (mp[i] < m)) << 2
                byte |= (e04 & e03 & e34 & (mp[i + 2] < m)) << 3
                byte |= (e15 & e25 & e12 & (pm[i] < p)) << 4
                byte |= (e15 & e35 & e13 & (pm[i + 2] < p)) << 5
                byte |= (e45 & e25 & e24 & (pp[i] < p)) << 6
                byte |= (e45 & e35 & e34 & (pp[i + 2] < p)) << 7
                triangle_row[i + 1] = byte
    return edges, triangles


@jit
def last_neighbours(levels, is_periodic):
    """Return one of the last among the 26 neighbours after each voxel, or the voxel.

    Parameters
    ----------
    levels, is_periodic
        As in `earlier_links`.

    Returns
    -------
    ndarray of the same shape, int32
        Flat indices in the frame; 0 in the frame.
    """
    depth, height, width = levels.shape
    chosen = np.zeros(levels.shape, np.int32)
    plane = height * width
    is_left, is_right = _raster_sides(width, is_periodic)
    for z in range(1, depth - 1):
        is_above, is_below = _raster_side(z, depth, is_periodic)
        for y in range(1, height - 1):
            is_behind, is_ahead = _raster_side(y, height, is_periodic)
            mm, mo, mp = levels[z - 1, y - 1], levels[z - 1, y], levels[z - 1, y + 1]
            om, oo, op = levels[z, y - 1], levels[z, y], levels[z, y + 1]
            pm, po, pp = levels[z + 1, y - 1], levels[z + 1, y], levels[z + 1, y + 1]
            row, start = chosen[z, y], np.int32((z * height + y) * width + 1)
            for i in range(width - 2):
                best, step = _later_of_three(
                    mm, i, is_above, oo[i + 1], 0, -plane - width
                )
                best, step = _later_of_three(mo, i, is_above, best, step, -plane)
                best, step = _later_of_three(mp, i, is_above, best, step, width - plane)
                best, step = _later_of_three(om, i, is_behind, best, step, -width)
                best, step = _later(oo[i], is_left[i], best, step, -1)
                best, step = _later(oo[i + 2], is_right[i], best, step, 1)
                best, step = _later_of_three(op, i, is_ahead, best, step, width)
                best, step = _later_of_three(pm, i, is_below, best, step, plane - width)
                best, step = _later_of_three(po, i, is_below, best, step, plane)
                best, step = _later_of_three(pp, i, is_below, best, step, plane + width)
                row[i + 1] = start + np.int32(i) + step
    return chosen


@jit
def first_neighbours(levels, is_periodic):
    """Return one of the six neighbours before each voxel, or the voxel, and how many.

    Parameters
    ----------
    levels, is_periodic
        As in `earlier_links`.

    Returns
    -------
    chosen, num_earlier : ndarray of the same shape, int32 and uint8
        Flat indices in the frame, and the number of earlier neighbours; 0 in the frame.
    """
    depth, height, width = levels.shape
    chosen = np.zeros(levels.shape, np.int32)
    num_earlier = np.zeros(levels.shape, np.uint8)
    plane = height * width
    is_left, is_right = _raster_sides(width, is_periodic)
    for z in range(1, depth - 1):
        is_above, is_below = _raster_side(z, depth, is_periodic)
        for y in range(1, height - 1):
            is_behind, is_ahead = _raster_side(y, height, is_periodic)
            mo, om, oo = levels[z - 1, y], levels[z, y - 1], levels[z, y]
            op, po = levels[z, y + 1], levels[z + 1, y]
            row, counts = chosen[z, y], num_earlier[z, y]
            start = np.int32((z * height + y) * width + 1)
            for i in range(width - 2):
                v = oo[i + 1]
                c0, c5 = (
                    mo[i + 1] < np.int32(v + is_above),
                    po[i + 1] < np.int32(v + is_below),
                )
                c1, c4 = (
                    om[i + 1] < np.int32(v + is_behind),
                    op[i + 1] < np.int32(v + is_ahead),
                )
                c2 = oo[i] < np.int32(v + is_left[i])
                c3 = oo[i + 2] < np.int32(v + is_right[i])
                step = np.int32(-plane if c0 else (plane if c5 else 0))
                step = np.int32(-width if c1 else (width if c4 else step))
                step = np.int32(-1 if c2 else (1 if c3 else step))
                row[i + 1] = start + np.int32(i) + step
                counts[i + 1] = np.uint8(c0) + c1 + c2 + c3 + c4 + c5
    return chosen, num_earlier


@jit
def _raster_side(index, size, is_periodic):
    """Return whether the next smaller and next larger index come before this one."""
    return (
        np.int32(not (is_periodic and index == 1)),
        np.int32(is_periodic and index == size - 2),
    )


@jit
def _raster_sides(size, is_periodic):
    smaller, larger = np.empty(size - 2, np.int32), np.empty(size - 2, np.int32)
    for i in range(size - 2):
        smaller[i], larger[i] = _raster_side(i + 1, size, is_periodic)
    return smaller, larger


@jit
def _later(level, is_before, best, step, new_step):
    """Choose a neighbour, if not before the best in raster order also an equal one."""
    is_chosen = level >= np.int32(best + is_before)
    return (level if is_chosen else best), np.int32(new_step if is_chosen else step)


@jit
def _later_of_three(row, i, is_before, best, step, new_step):
    for k in range(3):
        best, step = _later(row[i + k], is_before, best, step, new_step + k - 1)
    return best, step

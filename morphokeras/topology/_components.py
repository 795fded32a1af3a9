"""Connected components of a mask, counted by runs of pixels.

A run is a row of neighbouring pixels of the phase along the last axis, as long as can
be. Runs of neighbouring rows that touch are joined by a union-find over the runs, so
that each pixel is looked at once. A periodic box is counted as an open one first, then
joined across its faces: each component remembers by how many boxes it is shifted
against its root, and one that meets itself with another shift goes around the torus.
"""

import numpy as np

from morphokeras.utils.compile import jit


def count_components(mask, with_corners, around):
    """Count the components of a mask.

    Parameters
    ----------
    mask : ndarray of shape (depth, height, width), bool, C order
        The pixels that count. An image is a volume of depth 1.
    with_corners : bool
        Whether pixels that share only an edge or a corner are connected.
    around : ndarray of shape (3,), bool
        Which axes are periodic. These must have at least three pixels.

    Returns
    -------
    components : int
        Number of components.
    enclosed : int
        Number of components that touch no border pixel of the box.
    rank : int
        Number of independent directions in which paths within the phase go around the
        periodic axes and come back to where they began: 0 to 3.
    """
    runs, first = _runs(mask)
    parent, joins = _join_rows(mask.shape, runs, first, with_corners)
    components, rank = len(runs) - joins, 0
    enclosed = components - _count_at_border(mask.shape, runs, first, parent)
    if around.any():  # compiled where it is first needed
        joins, rank = _join_faces(mask, runs, first, parent, with_corners, around)
        components -= joins
    return components, enclosed, rank


@jit
def _runs(mask):
    """Return first pixel and end of each run, and the first run of each row."""
    depth, height, width = mask.shape
    rows = mask.reshape(depth * height, width)
    first = np.zeros(len(rows) + 1, np.int64)
    for i in range(len(rows)):
        row = rows[i]
        count = np.int64(row[0])
        for x in range(1, width):
            count += row[x] & (not row[x - 1])
        first[i + 1] = first[i] + count
    runs = np.empty((first[-1], 2), np.int32)
    for i in range(len(rows)):
        row = rows[i]
        run, before = first[i], False
        for x in range(width):
            here = row[x]
            if here != before:
                runs[run, 1 - here] = x
                run += not here
                before = here
        if before:
            runs[run, 1] = width
    return runs, first


@jit
def _join_rows(shape, runs, first, with_corners):
    """Join runs of neighbouring rows; return their roots and the number of joins."""
    depth, height, _ = shape
    parent = np.arange(len(runs), dtype=np.int32)
    reach = 1 if with_corners else 0
    joins = 0
    for z in range(depth):
        for y in range(height):
            here = z * height + y
            for dz in range(-1 if z else 0, 1):
                for dy in range(-1, 2 if dz else 0):
                    if not 0 <= y + dy < height or (dz * dy and not with_corners):
                        continue
                    there = here + dz * height + dy
                    i, j = first[here], first[there]
                    while i < first[here + 1] and j < first[there + 1]:
                        end_i, end_j = runs[i, 1], runs[j, 1]
                        if runs[i, 0] < end_j + reach and runs[j, 0] < end_i + reach:
                            a, b = _root(parent, i), _root(parent, j)
                            joins += a != b
                            parent[max(a, b)] = min(a, b)
                        if end_i <= end_j:
                            i += 1
                        else:
                            j += 1
    for run in range(len(runs)):  # a parent comes before its children
        parent[run] = parent[parent[run]]
    return parent, joins


@jit
def _root(parent, run):
    while parent[run] != run:
        parent[run] = parent[parent[run]]
        run = parent[run]
    return run


@jit
def _count_at_border(shape, runs, first, parent):
    """Return how many components touch the border. Parents are roots."""
    depth, height, width = shape
    touches = np.zeros(len(runs), np.bool_)
    for z in range(depth):
        for y in range(height):
            row = z * height + y
            at_border = z in (0, depth - 1) or y in (0, height - 1)
            for run in range(first[row], first[row + 1]):
                if at_border or runs[run, 0] == 0 or runs[run, 1] == width:
                    touches[parent[run]] = True
    return touches.sum()


@jit
def _join_faces(mask, runs, first, parent, with_corners, around):
    """Join runs across the periodic faces; return joins and rank of closed paths.

    Every step across a face leaves a pixel with coordinate 0 on some axis downward.
    """
    shape = np.array(mask.shape)
    shift = np.zeros((len(runs), 3), np.int64)
    paths = np.zeros((3, 3), np.int64)
    joins, rank = 0, 0
    side = 1 if with_corners else 0
    here, there, boxes = np.zeros((3, 3), np.int64)
    for axis in range(3):
        if not around[axis]:
            continue
        second, third = (axis + 1) % 3, (axis + 2) % 3
        for flat in range(shape[second] * shape[third]):
            here[axis] = 0
            here[second], here[third] = flat // shape[third], flat % shape[third]
            if not mask[here[0], here[1], here[2]]:
                continue
            start = _run_at(here, shape, runs, first)
            for step in range(9 if with_corners else 1):
                there[axis] = -1
                there[second] = here[second] + (step // 3 - 1) * side
                there[third] = here[third] + (step % 3 - 1) * side
                if not _wrap(there, boxes, shape, around):
                    continue
                if not mask[there[0], there[1], there[2]]:
                    continue
                end = _run_at(there, shape, runs, first)
                joined = _join_shifted(parent, shift, start, end, boxes)
                joins += joined
                if not joined and rank < 3:
                    rank += _adds_path(paths, rank, boxes)
    return joins, rank


@jit
def _wrap(pixel, boxes, shape, around):
    """Bring a pixel back into the box, or return False where that cannot be."""
    for axis in range(3):
        boxes[axis] = pixel[axis] // shape[axis]
        if boxes[axis] != 0 and not around[axis]:
            return False
        pixel[axis] -= boxes[axis] * shape[axis]
    return True


@jit
def _run_at(pixel, shape, runs, first):
    """Return the number of the run that holds a pixel of the phase."""
    row = pixel[0] * shape[1] + pixel[1]
    low, high = first[row], first[row + 1] - 1
    while low < high:
        middle = (low + high + 1) // 2
        if runs[middle, 0] <= pixel[2]:
            low = middle
        else:
            high = middle - 1
    return low


@jit
def _join_shifted(parent, shift, start, end, boxes):
    """Join two runs, the second one `boxes` away, and return True.

    If they are joined already, return False, with the path around the torus that is
    closed now in `boxes`.
    """
    start, end = _shifted_root(parent, shift, start), _shifted_root(parent, shift, end)
    boxes += shift[start] - shift[end]
    start, end = parent[start], parent[end]
    if start == end:
        return False
    parent[end] = start
    shift[end] = boxes
    return True


@jit
def _shifted_root(parent, shift, run):
    """Let a run hang on its root directly, with its shift against it."""
    while parent[parent[run]] != parent[run]:
        shift[run] += shift[parent[run]]
        parent[run] = parent[parent[run]]
    return run


@jit
def _adds_path(paths, rank, path):
    """Keep a path if it is independent of those before, and return whether it is."""
    first, other = paths[0], paths[1] if rank == 2 else path
    normal = np.empty(3, np.int64)
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        normal[i] = first[j] * other[k] - first[k] * other[j]
    if rank == 0:
        is_new = path.any()
    elif rank == 1:
        is_new = normal.any()
    else:
        is_new = (normal * path).sum() != 0
    if is_new:
        paths[rank] = path
    return is_new

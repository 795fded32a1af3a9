"""Levels at which pixels enter, and the cells that enter with them."""

import numpy as np

from morphokeras.utils.compile import jit

_FEW_LEVELS = 128
_BLOCK = 1 << 12  # values that stay in the nearest cache


@jit
def count_below(values, levels, or_equal):
    """Return how many levels lie below each value, as `numpy.searchsorted` does.

    Neighbouring pixels are not sorted, so that a search would take a wrong branch at
    most steps. Here few levels are compared with all values, several at once, and many
    are searched without a branch.

    Parameters
    ----------
    values : ndarray of shape (n_values,), float32 or float64
        Values in any order.
    levels : ndarray of shape (n_levels,), of the same dtype
        Levels in ascending order, at least one.
    or_equal : bool
        Whether a level equal to a value counts as below it.

    Returns
    -------
    ndarray of shape (n_values,), int32
        The number of levels below each value.
    """
    counts = np.zeros(values.size, np.int32)
    if levels.size > _FEW_LEVELS:
        for i in range(values.size):
            counts[i] = _search(values[i], levels, or_equal)
        return counts
    for start in range(0, values.size, _BLOCK):
        some, own = values[start : start + _BLOCK], counts[start : start + _BLOCK]
        for level in levels:
            if or_equal:
                for i in range(some.size):
                    own[i] += level <= some[i]
            else:
                for i in range(some.size):
                    own[i] += level < some[i]
    return counts


@jit
def _search(value, levels, or_equal):
    first, size = 0, levels.size
    while size > 1:
        half = size >> 1
        level = levels[first + half - 1]
        first += half * ((level < value) | (or_equal & (level == value)))
        size -= half
    return first + ((levels[first] < value) | (or_equal & (levels[first] == value)))


@jit
def count_alive(entries, pairs, num_levels):
    """Return how many pairs are alive at each level.

    Parameters
    ----------
    entries : ndarray of shape (n_pixels,), int32
        The level at which each pixel enters: 0 to `num_levels`, the last for never.
    pairs : ndarray of shape (n_pairs, 2), int32
        Birth and death pixel of each pair, -1 for a death that never comes.
    num_levels : int
        Number of levels.

    Returns
    -------
    ndarray of shape (num_levels,), int64
        Number of pairs by level.
    """
    steps = np.zeros(num_levels + 1, np.int64)
    for i in range(len(pairs)):
        steps[entries[pairs[i, 0]]] += 1
        if pairs[i, 1] >= 0:
            steps[entries[pairs[i, 1]]] -= 1
    return np.cumsum(steps[:num_levels])


@jit
def count_cells(entries, num_levels):
    """Return the signed number of cells that enter at each level.

    A cell is a block of one or two pixels along each axis; it enters with the last of
    its pixels, and counts -1 for each axis along which it has two.

    Parameters
    ----------
    entries : ndarray of shape (depth, height, width), int32, C order
        The level at which each pixel enters: 0 to `num_levels`, the last for never.
        The last plane, row and column begin no cell. An image has depth 1.
    num_levels : int
        Number of levels.

    Returns
    -------
    ndarray of shape (num_levels + 1,), int64
        Signed number of cells by the level at which they enter.
    """
    counts = np.zeros(num_levels + 1, np.int64)
    for z in range(max(len(entries) - 1, 1)):
        _count_plane(entries[z], entries[z], 1, counts)
        if len(entries) > 1:
            _count_plane(entries[z], entries[z + 1], -1, counts)
    return counts


@jit
def _count_plane(plane, behind, sign, counts):
    """Count the cells that begin in a plane and have the one behind as their second."""
    height, width = plane.shape
    for y in range(height - 1):
        here = max(plane[y, 0], behind[y, 0])
        down = max(here, plane[y + 1, 0], behind[y + 1, 0])
        for x in range(1, width):
            next_here = max(plane[y, x], behind[y, x])
            next_down = max(next_here, plane[y + 1, x], behind[y + 1, x])
            if next_here != here or down != here or next_down != here:
                counts[here] += sign
                counts[down] -= sign
                counts[max(here, next_here)] -= sign
                counts[max(down, next_down)] += sign
            here, down = next_here, next_down

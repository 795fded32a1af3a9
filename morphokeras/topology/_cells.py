"""Cells of all level sets of an image, counted in one pass."""

import numpy as np

from morphokeras.utils.compile import jit


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

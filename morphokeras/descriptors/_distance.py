"""Exact Euclidean distances on grids, open or periodic, with pixels of any size."""

import numpy as np

from morphokeras.utils.compile import jit


def squared_distances(
    phase: np.ndarray, spacing: tuple[float, ...], boundary: str
) -> np.ndarray:
    """Return the squared distance of each pixel to the nearest one outside a phase.

    Parameters
    ----------
    phase : ndarray of bool of shape (*shape)
        Where the phase is.
    spacing : tuple of float
        Size of a pixel along each axis.
    boundary : {'open', 'periodic'}
        Whether the field ends at the border (which counts as no distance to anything)
        or goes on at the other side.

    Returns
    -------
    ndarray of shape (*shape), float64
        Squared distances between centres, 0 outside of the phase; infinity everywhere
        if the phase is all there is.

    Notes
    -----
    One pass an axis over the lower envelopes of parabolas: P. Felzenszwalb and D.
    Huttenlocher, "Distance transforms of sampled functions", Theory of Computing 8,
    2012. Unlike SciPy's transform it closes periodic fields without copies of them.
    """
    squares = np.where(phase, np.inf, 0.0)
    for axis, size in enumerate(spacing):
        lines = np.moveaxis(squares, axis, -1)
        rows = np.ascontiguousarray(lines).reshape(-1, lines.shape[-1])
        _lower_envelopes(rows, size * size, boundary == "periodic")
        squares = np.moveaxis(rows.reshape(lines.shape), -1, axis)
    return np.ascontiguousarray(squares)


@jit
def _lower_envelopes(rows, weight, periodic):
    """Replace f by ``min over q of f(q) + weight (p - q)^2``, row by row."""
    size = rows.shape[1]
    # A periodic row is followed through three periods, and the middle one is kept.
    first, last = (-size, 2 * size) if periodic else (0, size)
    places = np.empty(last - first, np.int64)
    heights = np.empty(last - first, np.float64)
    begins = np.empty(last - first + 1, np.float64)
    for row in rows:
        top = -1
        for place in range(first, last):
            height = row[place % size]
            if height == np.inf:
                continue
            begin = -np.inf
            while top >= 0:
                between = place - places[top]
                begin = (height - heights[top]) / (2 * weight * between)
                begin += (place + places[top]) / 2
                if begin > begins[top]:
                    break
                top -= 1
            if top < 0:
                begin = -np.inf
            top += 1
            places[top], heights[top], begins[top] = place, height, begin
        if top < 0:
            continue
        begins[top + 1] = np.inf
        parabola = 0
        for place in range(size):
            while begins[parabola + 1] < place:
                parabola += 1
            row[place] = heights[parabola] + weight * (place - places[parabola]) ** 2

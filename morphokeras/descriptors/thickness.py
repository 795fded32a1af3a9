"""Local thickness: the widest ball that fits into a phase at each place."""

import numpy as np

from morphokeras.descriptors._distance import squared_distances
from morphokeras.descriptors._fields import (
    check_boundary,
    check_indicators,
    check_spacing,
)
from morphokeras.utils.compile import jit


def local_thickness(
    fields: np.ndarray,
    *,
    phase: int = 1,
    boundary: str = "open",
    mask: np.ndarray | None = None,
    spacing=1.0,
    spatial_dims: int = 2,
) -> np.ndarray:
    r"""Compute the diameter of the largest ball in a phase that covers each pixel.

    It measures the size of a phase that is one connected piece, where components have
    no size to speak of.

    Parameters
    ----------
    fields : ndarray of shape (n_samples, height, width)
        Booleans or labels of phases; (n_samples, depth, height, width) with
        ``spatial_dims=3``.
    phase : int, default=1
        The label of the phase; 1 is True and 0 False.
    boundary : {'open', 'periodic'}, default='open'
        ``"open"`` takes the border for no boundary of the phase: balls may reach over
        it. ``"periodic"`` goes on at the other side.
    mask : ndarray of bool of shape (\*shape) or (n_samples, \*shape), default=None
        True where a pixel is known. Missing pixels are no boundary of the phase.
    spacing : float or sequence of float, default=1.0
        Size of a pixel, or its sizes along the axes, in any unit of length.
    spatial_dims : {2, 3}, default=2
        The number of spatial axes.

    Returns
    -------
    ndarray of shape (n_samples, \*shape), float64
        Diameters, in the unit of `spacing`; 0 outside of the phase, NaN at missing
        pixels, infinity if nothing but the phase is known.

    Raises
    ------
    TypeError
        If `fields` does not hold real numbers.
    ValueError
        If an argument is not as described.

    Notes
    -----
    The definition of [1]_: balls around centres of pixels, whose radius is the exact
    distance to the nearest centre outside of the phase. A stripe of w pixels is thus w
    thick if w is even, and w + 1 if it is odd; PoreSpy's `local_thickness` has the
    same, as radii in whole pixels. Balls inside of a neighbour's are left out; the rest
    is drawn one by one. A volume of 256^3 pixels takes seconds to a minute, by the
    width of the phase, and 20 bytes a pixel beside the result.

    References
    ----------
    .. [1] T. Hildebrand, P. Ruegsegger, "A new method for the model-independent
       assessment of thickness in three-dimensional images", Journal of Microscopy 185,
       1997.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.descriptors import local_thickness
    >>> stripes = np.tile(np.repeat([0, 1], [2, 4]), (1, 3, 2))
    >>> local_thickness(stripes, boundary="periodic", spacing=0.5)[0, 0].tolist()[:6]
    [0.0, 0.0, 2.0, 2.0, 2.0, 2.0]
    """
    check_boundary(boundary)
    indicators, known = check_indicators(fields, phase, mask, spatial_dims=spatial_dims)
    sizes = check_spacing(spacing, spatial_dims)
    result = np.empty(indicators.shape)
    for i, indicator in enumerate(indicators):
        free = indicator if known is None else indicator | ~known[i]
        result[i] = _thickness(free, indicator, sizes, boundary)
        if known is not None:
            result[i][~known[i]] = np.nan
    return result


def _thickness(
    free: np.ndarray, phase: np.ndarray, sizes: tuple[float, ...], boundary: str
) -> np.ndarray:
    """Return the diameters in one field; balls fit into `free`, around the phase."""
    squares = squared_distances(free, sizes, boundary)
    if np.isinf(squares).any():
        return np.where(phase, np.inf, 0.0)
    # An image is a volume of one layer; its neighbours in the depth are left out.
    layers = squares.reshape((1,) * (3 - free.ndim) + free.shape)
    centres = phase.reshape(layers.shape)
    depths = np.array((1.0,) * (3 - free.ndim) + sizes)
    covered = np.zeros_like(layers)
    _draw_balls(layers, centres, depths, boundary == "periodic", covered)
    return np.where(phase, 2 * np.sqrt(covered.reshape(free.shape)), 0.0)


@jit
def _draw_balls(squares, centres, sizes, periodic, covered):
    """Raise each pixel of `covered` to the largest squared radius of a ball over it."""
    depth, height, width = squares.shape
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                square = squares[z, y, x]
                if not centres[z, y, x] or square == 0:
                    continue
                if not _is_inside_another(squares, sizes, periodic, z, y, x):
                    _draw_ball(covered, sizes, periodic, z, y, x, square)


@jit
def _is_inside_another(squares, sizes, periodic, z, y, x):
    """Tell whether the ball of a pixel lies inside the ball of a neighbour."""
    depth, height, width = squares.shape
    radius = np.sqrt(squares[z, y, x])
    for dz in range(-1 if depth > 1 else 0, 2 if depth > 1 else 1):
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                if dz == 0 and dy == 0 and dx == 0:
                    continue
                k, j, i = z + dz, y + dy, x + dx
                if periodic:
                    k, j, i = k % depth, j % height, i % width
                elif not (0 <= k < depth and 0 <= j < height and 0 <= i < width):
                    continue
                apart = (dz * sizes[0]) ** 2 + (dy * sizes[1]) ** 2
                apart = np.sqrt(apart + (dx * sizes[2]) ** 2)
                if np.sqrt(squares[k, j, i]) >= radius + apart - 1e-9 * radius:
                    return True
    return False


@jit
def _draw_ball(covered, sizes, periodic, z, y, x, square):
    """Draw an open ball row by row: its rim touches what is outside of the phase."""
    depth, height, width = covered.shape
    rim = square * (1 - 1e-9)
    far_z = _reach(rim, sizes[0]) if depth > 1 else 0
    for dz in range(-far_z, far_z + 1):
        k = z + dz
        if periodic:
            k %= depth
        elif not 0 <= k < depth:
            continue
        left_z = rim - (dz * sizes[0]) ** 2
        far_y = _reach(left_z, sizes[1])
        for dy in range(-far_y, far_y + 1):
            j = y + dy
            if periodic:
                j %= height
            elif not 0 <= j < height:
                continue
            far_x = _reach(left_z - (dy * sizes[1]) ** 2, sizes[2])
            if periodic:
                for i in range(x - far_x, x + far_x + 1):
                    place = i % width
                    covered[k, j, place] = max(covered[k, j, place], square)
            else:
                for i in range(max(x - far_x, 0), min(x + far_x + 1, width)):
                    covered[k, j, i] = max(covered[k, j, i], square)


@jit
def _reach(square, size):
    """Return the most pixels n with ``(n size)^2 < square``, -1 if there are none."""
    if square <= 0:
        return -1
    reach = int(np.sqrt(square) / size)
    while (reach * size) ** 2 >= square:
        reach -= 1
    return reach

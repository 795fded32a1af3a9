"""Grain sizes of label maps, as the standards of ASTM define them."""

import numpy as np

from morphokeras.descriptors._fields import (
    check_axis,
    check_boundary,
    check_fields,
    check_spacing,
)
from morphokeras.descriptors._intercepts import boundary_hits


def mean_intercept_length(
    labels: np.ndarray,
    *,
    axis: int | None = None,
    boundary: str = "open",
    mask: np.ndarray | None = None,
    spacing=1.0,
    spatial_dims: int = 2,
) -> np.ndarray:
    r"""Measure how far lines go from one grain boundary to the next.

    Parameters
    ----------
    labels : ndarray of int of shape (n_samples, height, width)
        Numbers of grains, positive; 0 where a boundary is drawn. (n_samples, depth,
        height, width) with ``spatial_dims=3``.
    axis : int, default=None
        The spatial axis of the lines: 0 is the first after the samples, -1 the last
        (x). None: all axes, with equal weight.
    boundary : {'open', 'periodic'}, default='open'
        Whether lines end at the border, or go on at the other side.
    mask : ndarray of bool of shape (\*shape) or (n_samples, \*shape), default=None
        True where a pixel is known. Lines are interrupted where one is not.
    spacing : float or sequence of float, default=1.0
        Size of a pixel, or its sizes along the axes, in any unit of length.
    spatial_dims : {2, 3}, default=2
        The number of spatial axes.

    Returns
    -------
    ndarray of shape (n_samples,)
        Length of all lines over the number of boundaries that they cross, in the unit
        of `spacing`; infinity where they cross none.

    Raises
    ------
    TypeError
        If `labels` does not hold real numbers.
    ValueError
        If `labels` are no whole numbers or negative, or if another argument is not as
        described.

    Notes
    -----
    Every line of pixels is a test line. From grain to grain is one boundary. A drawn
    boundary, a run of 0, is one, even where a line only grazes a grain; it counts 1.5
    where it touches three grains, and 0.5 at the end of a line, as in ASTM E112. In a
    Poisson-Voronoi tessellation with d grains an area the length is
    ``pi / (4 sqrt(d))``.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.descriptors import mean_intercept_length
    >>> bricks = np.arange(1, 13).reshape(3, 4).repeat(5, axis=0).repeat(8, axis=1)
    >>> for axis in (0, 1):
    ...     mean_intercept_length(
    ...         bricks[np.newaxis], axis=axis, boundary="periodic", spacing=0.5
    ...     )
    array([2.5])
    array([4.])
    """
    check_boundary(boundary)
    grains, known = _check_labels(labels, mask, spatial_dims)
    sizes = check_spacing(spacing, spatial_dims)
    axes = range(spatial_dims) if axis is None else [check_axis(axis, spatial_dims)]
    rates = np.zeros(len(grains))
    for i, grain in enumerate(grains):
        for one_axis in axes:
            hits, steps = boundary_hits(
                grain, None if known is None else known[i], one_axis, boundary
            )
            with np.errstate(invalid="ignore"):
                rates[i] += np.divide(hits, steps * sizes[one_axis]) / len(axes)
    with np.errstate(divide="ignore"):
        return 1 / rates


def intercept_grain_size(
    labels: np.ndarray,
    *,
    axis: int | None = None,
    boundary: str = "open",
    mask: np.ndarray | None = None,
    spacing=1.0,
    spatial_dims: int = 2,
) -> np.ndarray:
    r"""Compute ASTM grain size numbers by the intercept method.

    Parameters
    ----------
    labels, axis, boundary, mask, spatial_dims
        As in :func:`mean_intercept_length`.
    spacing : float or sequence of float, default=1.0
        Size of a pixel, or its sizes along the axes, in micrometres.

    Returns
    -------
    ndarray of shape (n_samples,)
        Grain size numbers G: one more for grains of half the area. Minus infinity where
        no boundary is crossed.

    Raises
    ------
    TypeError, ValueError
        As :func:`mean_intercept_length`.

    Notes
    -----
    ``G = -3.2877 - 6.6439 log10(l)``, with the mean intercept l in millimetres [1]_. On
    Poisson-Voronoi tessellations it is by its definition about 0.35 above the
    planimetric number.

    References
    ----------
    .. [1] ASTM E112, "Standard Test Methods for Determining Average Grain Size".

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.descriptors import intercept_grain_size
    >>> bricks = np.arange(1, 17).reshape(1, 4, 4).repeat(8, axis=1).repeat(8, axis=2)
    >>> intercept_grain_size(bricks, boundary="periodic", spacing=4.0).round(2)
    array([6.64])
    """
    lengths = mean_intercept_length(
        labels,
        axis=axis,
        boundary=boundary,
        mask=mask,
        spacing=spacing,
        spatial_dims=spatial_dims,
    )
    return -3.2877 - 6.6439 * np.log10(lengths / 1000)


def planimetric_grain_size(
    labels: np.ndarray, *, boundary: str = "open", spacing=1.0
) -> np.ndarray:
    """Compute ASTM grain size numbers by counting the grains of an area.

    Parameters
    ----------
    labels : ndarray of int of shape (n_samples, height, width)
        One positive number for each grain; 0 where a boundary is drawn.
    boundary : {'open', 'periodic'}, default='open'
        Whether grains are cut by the border, or go on at the other side.
    spacing : float or (float, float), default=1.0
        Size of a pixel, or its sizes along the axes, in micrometres.

    Returns
    -------
    ndarray of shape (n_samples,)
        Grain size numbers G: one more for grains of half the area.

    Raises
    ------
    TypeError
        If `labels` does not hold real numbers.
    ValueError
        If `labels` are no whole numbers or negative, or if another argument is not as
        described.

    Notes
    -----
    ``G = 3.3219 log10(N) - 2.954``, with N grains a square millimetre [1]_. In a
    rectangle with an open border, the grains inside count 1 and those cut by a side
    1/2; those over a corner count 1/4 each, which makes 1 in all. So counted, N is
    unbiased.

    References
    ----------
    .. [1] ASTM E112, "Standard Test Methods for Determining Average Grain Size".

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.descriptors import planimetric_grain_size
    >>> bricks = np.arange(1, 17).reshape(1, 4, 4).repeat(8, axis=1).repeat(8, axis=2)
    >>> planimetric_grain_size(bricks, boundary="periodic", spacing=4.0).round(2)
    array([6.98])
    """
    check_boundary(boundary)
    grains, _ = _check_labels(labels, None, 2)
    sizes = np.array(check_spacing(spacing, 2)) / 1000
    area = np.prod(sizes) * grains[0].size
    numbers = np.array([_count_grains(grain, boundary) for grain in grains])
    with np.errstate(divide="ignore"):
        return 3.3219 * np.log10(numbers / area) - 2.954


def ebsd_grain_size(
    labels: np.ndarray,
    *,
    min_pixels: int = 100,
    boundary: str = "open",
    spacing=1.0,
) -> np.ndarray:
    """Compute ASTM grain size numbers from the areas of grains in orientation maps.

    Parameters
    ----------
    labels : ndarray of int of shape (n_samples, height, width)
        One positive number for each grain, as :func:`morphokeras.ebsd.grain_labels`
        gives them; 0 where there is none.
    min_pixels : int, default=100
        Grains of fewer points are left out, as the standard asks.
    boundary : {'open', 'periodic'}, default='open'
        Whether grains at the border are cut, and so left out, or go on at the other
        side.
    spacing : float or (float, float), default=1.0
        Size of a pixel, or its sizes along the axes, in micrometres.

    Returns
    -------
    ndarray of shape (n_samples,)
        Grain size numbers G: one more for grains of half the area. NaN where no grain
        is left.

    Raises
    ------
    TypeError
        If `labels` does not hold real numbers.
    ValueError
        If `labels` are no whole numbers or negative, or if another argument is not as
        described.

    Notes
    -----
    ``G = -3.3223 log10(A) - 2.955``, with the mean area A of the grains that are left,
    in square millimetres [1]_. As large grains meet the border more often than small
    ones, A is too small where a map holds few grains.

    References
    ----------
    .. [1] ASTM E2627, "Standard Practice for Determining Average Grain Size Using
       Electron Backscatter Diffraction (EBSD) in Fully Recrystallized Polycrystalline
       Materials".

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.descriptors import ebsd_grain_size
    >>> bricks = np.arange(1, 17).reshape(1, 4, 4).repeat(16, axis=1).repeat(16, axis=2)
    >>> ebsd_grain_size(bricks, spacing=2.0).round(2)
    array([6.98])
    """
    check_boundary(boundary)
    if not min_pixels >= 1:
        raise ValueError(
            f"`min_pixels` must be at least 1. Received: min_pixels={min_pixels!r}."
        )
    grains, _ = _check_labels(labels, None, 2)
    pixel = np.prod(check_spacing(spacing, 2)) / 1000**2
    result = np.full(len(grains), np.nan)
    for i, grain in enumerate(grains):
        numbers, counts = np.unique(grain, return_counts=True)
        kept = (numbers > 0) & (counts >= min_pixels)
        if boundary == "open":
            kept &= ~np.isin(numbers, np.concatenate(_sides(grain)))
        if kept.any():
            result[i] = -3.3223 * np.log10(pixel * counts[kept].mean()) - 2.955
    return result


def _check_labels(
    labels: np.ndarray, mask: np.ndarray | None, spatial_dims: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return labels as integers, and their masks."""
    labels, known = check_fields(labels, mask, spatial_dims=spatial_dims, name="labels")
    values = labels if known is None else np.where(known, labels, 0)
    if labels.dtype.kind == "b" or (values < 0).any() or (values % 1 != 0).any():
        raise ValueError(
            "`labels` must be whole numbers of grains, 0 for none. Received dtype "
            f"{labels.dtype} with values from {values.min()} to {values.max()}. Number "
            "the grains of an image with `label_components`."
        )
    return values.astype(np.int64), known


def _count_grains(grains: np.ndarray, boundary: str) -> float:
    """Return the number of grains of a map, those that are cut only in part."""
    numbers = np.unique(grains)
    numbers = numbers[numbers > 0]
    if boundary == "periodic":
        return len(numbers)
    corners = grains[[0, 0, -1, -1], [0, -1, 0, -1]]
    at_border = np.isin(numbers, np.concatenate(_sides(grains)))
    at_corner = np.isin(numbers, corners)
    return np.sum(~at_border) + np.sum(at_border & ~at_corner) / 2 + 1


def _sides(grains: np.ndarray) -> list[np.ndarray]:
    return [grains[0], grains[-1], grains[:, 0], grains[:, -1]]

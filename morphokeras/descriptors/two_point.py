"""Two-point correlation functions of fields, and their profiles."""

import numpy as np

from morphokeras.descriptors._correlation import lagged_pairs, lagged_products
from morphokeras.descriptors._fields import (
    check_axis,
    check_boundary,
    check_fields,
    check_indicators,
    check_spacing,
)


def two_point_correlation(
    fields: np.ndarray,
    *,
    phase: int | None = None,
    boundary: str = "open",
    mask: np.ndarray | None = None,
    spatial_dims: int = 2,
) -> np.ndarray:
    r"""Compute the two-point autocorrelation of each field at every lag.

    For the indicator of a phase this is the probability that both ends of a vector,
    thrown at random, lie in the phase. Grey fields are correlated as they are.

    Parameters
    ----------
    fields : ndarray of shape (n_samples, height, width)
        Indicators (0 or 1), labels of phases, or grey values; (n_samples, depth,
        height, width) with ``spatial_dims=3``.
    phase : int, default=None
        Correlate the indicator of the pixels with this label, instead of the values.
    boundary : {'open', 'periodic'}, default='open'
        ``"periodic"`` wraps around. ``"open"`` counts only pairs inside the field and
        divides by their number, so that nothing is assumed beyond the border: use it
        for micrographs.
    mask : ndarray of bool of shape (\*shape) or (n_samples, \*shape), default=None
        True where a pixel is known. Only pairs of known pixels count.
    spatial_dims : {1, 2, 3}, default=2
        The number of spatial axes.

    Returns
    -------
    ndarray of shape (n_samples, \*shape), float64
        Correlation at each lag, in the order of :func:`numpy.fft.fftfreq`: the lag 0
        comes first, then 1, 2, ... pixels, and negative lags at the end. Lags reach
        half the size along each axis. NaN at lags that no two known pixels have.

    Raises
    ------
    TypeError
        If `fields` does not hold real numbers.
    ValueError
        If `fields` has other axes, is empty or is not finite where it is known, or if
        another argument is not as described.

    See Also
    --------
    radial_average : The correlation against the distance.
    axis_profile : The correlation along one axis.

    Notes
    -----
    ``S2(r) = mean over x of I(x) I(x + r)``, computed as ``IFFT(|FFT(I)|^2) / N``
    [1]_; open fields are padded with zeros and divided by the overlap, masked ones by
    the autocorrelation of the mask. Time is O(N log N) a field of N pixels; memory is
    that of the result and, for an open volume, about 60 bytes a pixel of one field.
    ``S2(0)`` is the volume fraction of an indicator, and without long-range order
    ``S2(r)`` tends to its square.

    References
    ----------
    .. [1] S. Torquato, "Random Heterogeneous Materials", Springer, 2002, chapter 2.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.descriptors.two_point import two_point_correlation
    >>> stripes = np.tile([1.0, 1.0, 0.0, 0.0], (1, 4, 2))
    >>> two_point_correlation(stripes, boundary="periodic")[0, 0].round(6) + 0.0
    array([0.5 , 0.25, 0.  , 0.25, 0.5 , 0.25, 0.  , 0.25])
    """
    check_boundary(boundary)
    fields, known = _values(fields, phase, mask, spatial_dims, "fields")
    return _correlations(fields, None, known, boundary)


def two_point_cross_correlation(
    first: np.ndarray,
    second: np.ndarray,
    *,
    boundary: str = "open",
    mask: np.ndarray | None = None,
    spatial_dims: int = 2,
) -> np.ndarray:
    r"""Compute the two-point correlation between two fields of each sample.

    For the indicators of two phases this is the probability that a vector, thrown at
    random, begins in the first and ends in the second.

    Parameters
    ----------
    first, second : ndarray of shape (n_samples, \*shape)
        Indicators, such as ``labels == 1`` and ``labels == 2``, or grey values.
    boundary, mask, spatial_dims
        As in :func:`two_point_correlation`.

    Returns
    -------
    ndarray of shape (n_samples, \*shape), float64
        Mean over x of ``first(x) second(x + r)`` at each lag r, in the order of
        :func:`numpy.fft.fftfreq`. NaN at lags that no two known pixels have.

    Raises
    ------
    TypeError, ValueError
        As :func:`two_point_correlation`; also if the shapes differ.

    Notes
    -----
    The sum over all pairs of phases is 1 at every lag. Opposite lags exchange the
    fields; a radial average takes both.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.descriptors.two_point import two_point_cross_correlation
    >>> labels = np.tile([0, 1, 2, 2], (1, 4, 1))
    >>> phases = labels == 1, labels == 2
    >>> found = two_point_cross_correlation(*phases, boundary="periodic")
    >>> found[0, 0].round(6) + 0.0
    array([0.  , 0.25, 0.25, 0.  ])
    """
    check_boundary(boundary)
    first, known = _values(first, None, mask, spatial_dims, "first")
    second, _ = _values(second, None, mask, spatial_dims, "second")
    if first.shape != second.shape:
        raise ValueError(
            "`first` and `second` must have the same shape. Received: shapes "
            f"{first.shape} and {second.shape}."
        )
    return _correlations(first, second, known, boundary)


def radial_average(maps: np.ndarray, *, spacing=1) -> tuple[np.ndarray, np.ndarray]:
    r"""Average maps over direction, for each whole distance.

    Parameters
    ----------
    maps : ndarray of shape (n_samples, \*shape)
        Values at each lag, in the order of :func:`two_point_correlation`. NaN is left
        out.
    spacing : float or sequence of float, default=1
        Size of a pixel, or its sizes along the axes, in any unit of length.

    Returns
    -------
    radii : ndarray of shape (n_radii,)
        0, 1, ... times the smallest pixel size, up to half the smallest size of the
        field; in pixels, or in the unit of `spacing`.
    profiles : ndarray of shape (n_samples, n_radii)
        Mean of each map over the lags whose length rounds to the radius.

    Raises
    ------
    ValueError
        If `maps` has not two to four axes, is empty or holds infinity, or if
        `spacing` is not as described.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.descriptors.two_point import radial_average
    >>> radii, profiles = radial_average(np.ones((2, 8, 6)))
    >>> radii
    array([0, 1, 2, 3])
    >>> profiles.shape
    (2, 4)
    """
    maps = _check_maps(maps)
    shape = maps.shape[1:]
    pixel = check_spacing(spacing, len(shape))
    step = np.min(spacing)
    sizes = np.array(pixel) / step
    lags = np.meshgrid(
        *[
            size * np.fft.fftfreq(n, 1 / n)
            for n, size in zip(shape, sizes, strict=True)
        ],
        indexing="ij",
        sparse=True,
    )
    distance = np.rint(np.sqrt(sum(lag**2 for lag in lags))).astype(np.intp).ravel()
    # A hair more than half, or rounding may lose the last radius.
    reach = int(min(np.array(shape) * sizes) / 2 + 1e-9)
    inside = np.flatnonzero(distance <= reach)
    distance = distance[inside]
    profiles = [_mean_by(distance, row.ravel()[inside], reach + 1) for row in maps]
    return np.arange(reach + 1) * step, np.array(profiles)


def axis_profile(
    maps: np.ndarray, axis: int = -1, *, spacing=1
) -> tuple[np.ndarray, np.ndarray]:
    r"""Read maps along one axis, where directions matter.

    Parameters
    ----------
    maps : ndarray of shape (n_samples, \*shape)
        Values at each lag, in the order of :func:`two_point_correlation`.
    axis : int, default=-1
        The spatial axis: 0 is the first after the samples, -1 the last (x).
    spacing : float or sequence of float, default=1
        Size of a pixel, or its sizes along the axes, in any unit of length.

    Returns
    -------
    lags : ndarray of shape (n_lags,)
        0, 1, ... pixels up to half the size of the axis, times the pixel size.
    profiles : ndarray of shape (n_samples, n_lags)
        Mean of each map over the lag and its opposite, the other lags being 0.

    Raises
    ------
    ValueError
        If `maps` has not two to four axes or is empty, or if another argument is not
        as described.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.descriptors import axis_profile, two_point_correlation
    >>> stripes = np.tile([1, 1, 0, 0], (1, 4, 2))
    >>> maps = two_point_correlation(stripes, boundary="periodic")
    >>> lags, profiles = axis_profile(maps, spacing=0.5)
    >>> lags.tolist(), profiles[0].round(6).tolist()
    ([0.0, 0.5, 1.0, 1.5, 2.0], [0.5, 0.25, 0.0, 0.25, 0.5])
    """
    maps = _check_maps(maps)
    check_spacing(spacing, maps.ndim - 1)
    axis = check_axis(axis, maps.ndim - 1)
    size = np.broadcast_to(spacing, maps.ndim - 1)[axis]
    line = np.moveaxis(maps, axis + 1, 1).reshape(
        *maps.shape[:1], maps.shape[axis + 1], -1
    )
    line = line[:, :, 0]
    lags = np.arange(line.shape[1] // 2 + 1)
    return lags * size, (line[:, lags] + line[:, -lags]) / 2


def _values(
    fields: np.ndarray,
    phase: int | None,
    mask: np.ndarray | None,
    spatial_dims: int,
    name: str,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return fields that are 0 where they are not known, and their masks."""
    if phase is not None:
        return check_indicators(fields, phase, mask, spatial_dims=spatial_dims)
    fields, known = check_fields(fields, mask, spatial_dims=spatial_dims, name=name)
    return (fields if known is None else np.where(known, fields, 0)), known


def _correlations(
    first: np.ndarray,
    second: np.ndarray | None,
    known: np.ndarray | None,
    boundary: str,
) -> np.ndarray:
    """Return sums of products over numbers of pairs, sample by sample."""
    result = np.empty(first.shape)
    pairs = None
    for i, field in enumerate(first):
        other = None if second is None else second[i]
        result[i] = lagged_products(field, other, boundary)
        if known is None:
            _divide_by_all_pairs(result[i], boundary)
            continue
        # One mask for all samples has no stride from one to the next.
        if pairs is None or known.strides[0] != 0:
            pairs = np.rint(lagged_products(known[i], None, boundary))
        with np.errstate(invalid="ignore", divide="ignore"):
            result[i] = np.where(pairs > 0, result[i] / pairs, np.nan)
    return result


def _divide_by_all_pairs(sums: np.ndarray, boundary: str) -> None:
    if boundary == "periodic":
        sums /= sums.size
        return
    for pairs in lagged_pairs(sums.shape):
        sums /= pairs


def _check_maps(maps: np.ndarray) -> np.ndarray:
    """Return maps as float64; NaN is allowed, infinity is not."""
    maps = np.asarray(maps, dtype=np.float64)
    check_fields(np.where(np.isnan(maps), 0, maps), spatial_dims=None, name="maps")
    return maps


def _mean_by(numbers: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Return the mean of the values with each number; NaN if there is none."""
    known = ~np.isnan(values)
    if not known.all():
        numbers, values = numbers[known], values[known]
    sums = np.bincount(numbers, values, count)
    with np.errstate(invalid="ignore"):
        return sums / np.bincount(numbers, minlength=count)

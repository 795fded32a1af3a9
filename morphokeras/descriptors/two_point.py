"""Two-point correlation functions of fields, and their radial average."""

import numpy as np
import scipy.fft

BOUNDARIES = ("periodic", "open")


def two_point_correlation(
    fields: np.ndarray, *, boundary: str = "periodic"
) -> np.ndarray:
    r"""Compute the two-point autocorrelation of each field at every lag.

    For the indicator of a phase this is the probability that both ends of a vector,
    thrown at random, lie in the phase. Grey fields are correlated as they are.

    Parameters
    ----------
    fields : ndarray of shape (n_samples, \*shape)
        Fields of one, two or three axes, such as indicators (0 or 1) of a phase.
    boundary : {'periodic', 'open'}, default='periodic'
        ``"periodic"`` wraps around. ``"open"`` counts only pairs inside the field and
        divides by their number, so that nothing is assumed beyond the border.

    Returns
    -------
    ndarray of shape (n_samples, \*shape), float64
        Correlation at each lag, in the order of :func:`numpy.fft.fftfreq`: the lag 0
        comes first, then 1, 2, ... pixels, and negative lags at the end. Lags reach
        half the size along each axis.

    Raises
    ------
    ValueError
        If `fields` has not two to four axes, is empty or is not finite, or if
        `boundary` is unknown.

    Notes
    -----
    ``S2(r) = mean over x of I(x) I(x + r)``, computed as ``IFFT(|FFT(I)|^2) / N``
    [1]_; open fields are padded with zeros and divided by the overlap. Time is
    O(N log N) a field of N pixels. ``S2(0)`` is the volume fraction of an indicator,
    and without long-range order ``S2(r)`` tends to its square.

    References
    ----------
    .. [1] S. Torquato, "Random Heterogeneous Materials", Springer, 2002, chapter 2.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.descriptors.two_point import two_point_correlation
    >>> stripes = np.tile([1.0, 1.0, 0.0, 0.0], (1, 4, 2))
    >>> two_point_correlation(stripes)[0, 0].round(6) + 0.0
    array([0.5 , 0.25, 0.  , 0.25, 0.5 , 0.25, 0.  , 0.25])
    """
    fields = _check_fields(fields)
    if boundary not in BOUNDARIES:
        raise ValueError(
            f"`boundary` must be one of {BOUNDARIES}. Received: boundary={boundary!r}."
        )
    shape, axes = fields.shape[1:], tuple(range(1, fields.ndim))
    if boundary == "periodic":
        return _autocorrelation(fields, shape) / np.prod(shape)
    # Twice the size keeps a field from meeting its own copy at any lag.
    padded = tuple(scipy.fft.next_fast_len(2 * size, real=True) for size in shape)
    lags = [np.fft.fftfreq(size, 1 / size).round().astype(int) for size in shape]
    total = _autocorrelation(fields, padded)[np.ix_(np.arange(len(fields)), *lags)]
    for axis, lag, size in zip(axes, lags, shape, strict=True):
        overlap = size - np.abs(lag)
        total /= overlap.reshape([-1 if i == axis else 1 for i in range(fields.ndim)])
    return total


def radial_average(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Average maps over direction, for each whole distance in pixels.

    Parameters
    ----------
    maps : ndarray of shape (n_samples, \*shape)
        Values at each lag, in the order of :func:`two_point_correlation`.

    Returns
    -------
    radii : ndarray of shape (n_radii,)
        0, 1, ... up to half the smallest size, pixels.
    profiles : ndarray of shape (n_samples, n_radii)
        Mean of each map over the lags whose length rounds to the radius.

    Raises
    ------
    ValueError
        If `maps` has not two to four axes, is empty or is not finite.

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
    maps = _check_fields(maps)
    shape = maps.shape[1:]
    lags = np.meshgrid(
        *[np.fft.fftfreq(size, 1 / size) for size in shape], indexing="ij"
    )
    distance = np.rint(np.sqrt(sum(lag**2 for lag in lags))).astype(int).ravel()
    radii = np.arange(min(shape) // 2 + 1)
    inside = distance <= radii[-1]
    distance, values = distance[inside], maps.reshape(len(maps), -1)[:, inside]
    sums = [np.bincount(distance, row, len(radii)) for row in values]
    return radii, np.array(sums) / np.bincount(distance, minlength=len(radii))


def _check_fields(fields: np.ndarray) -> np.ndarray:
    """Return finite fields of one to three axes as float64."""
    fields = np.asarray(fields)
    if fields.ndim not in (2, 3, 4) or fields.size == 0:
        raise ValueError(
            "Fields must have the shape (n_samples, *shape) with one to three axes in "
            f"`shape`, none empty. Received: shape={fields.shape}."
        )
    fields = fields.astype(np.float64)
    if not np.isfinite(fields).all():
        raise ValueError(
            "Fields must be finite. Received: "
            f"{int((~np.isfinite(fields)).sum())} values that are not."
        )
    return fields


def _autocorrelation(fields: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return sums of products at each lag, on a grid of `shape`."""
    axes = tuple(range(1, fields.ndim))
    spectrum = scipy.fft.rfftn(fields, shape, axes=axes)
    return scipy.fft.irfftn(np.abs(spectrum) ** 2, shape, axes=axes)

"""Structural distances between two sets of fields."""

import numpy as np

from morphokeras.descriptors.two_point import radial_average, two_point_correlation


def two_point_error(
    real: np.ndarray,
    generated: np.ndarray,
    *,
    boundary: str = "periodic",
    threshold: float | None = None,
) -> float:
    r"""Compare the mean two-point correlation of two sets of fields.

    0 means that both sets have the same mean correlation at every distance; that does
    not make the sets equal. The value between two halves of the real set tells what a
    perfect generator would reach.

    Parameters
    ----------
    real, generated : ndarray of shape (n_samples, \*shape)
        Fields with values in [0, 1]. The sets may differ in number and in size.
    boundary : {'periodic', 'open'}, default='periodic'
        Use ``"open"`` for fields that are not periodic, such as micrographs.
    threshold : float, default=None
        Compare the indicators of values above it, instead of the values.

    Returns
    -------
    float
        Mean over whole distances r, ``0 < r <= W / 2`` with W the smallest size of
        any axis, of ``|S2_generated(r) - S2_real(r)|``; dimensionless, 0 is best.

    Raises
    ------
    ValueError
        If the sets have not the same number of axes, are empty or are not finite, or
        if `boundary` is unknown.

    See Also
    --------
    morphokeras.descriptors.two_point.two_point_correlation : What is compared.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.metrics.structure import two_point_error
    >>> stripes = np.tile([1.0, 1.0, 0.0, 0.0], (3, 16, 4))
    >>> two_point_error(stripes, np.roll(stripes, 1, axis=-1))
    0.0
    >>> two_point_error(stripes, 1.0 - 0.5 * stripes) > 0.1
    True
    """
    real, generated = np.asarray(real), np.asarray(generated)
    if real.ndim != generated.ndim:
        raise ValueError(
            "`real` and `generated` must have the same number of axes. Received: "
            f"shapes {real.shape} and {generated.shape}."
        )
    first = _mean_profile(real, boundary, threshold)
    second = _mean_profile(generated, boundary, threshold)
    reach = min(len(first), len(second))
    if reach < 2:
        raise ValueError(
            "Fields must be at least 2 pixels wide along each axis. Received: shapes "
            f"{real.shape} and {generated.shape}."
        )
    return float(np.mean(np.abs(first[1:reach] - second[1:reach])))


def _mean_profile(
    fields: np.ndarray, boundary: str, threshold: float | None
) -> np.ndarray:
    """Return the radial two-point correlation, averaged over a set."""
    if threshold is not None:
        fields = fields > threshold
    _, profiles = radial_average(two_point_correlation(fields, boundary=boundary))
    return profiles.mean(axis=0)

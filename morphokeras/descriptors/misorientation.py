"""The distribution of misorientation angles."""

import numpy as np

# Between two cubic crystals, in degrees: 2 arctan of the root of 23 - 16 sqrt(2).
LARGEST_CUBIC_ANGLE = float(np.rad2deg(2 * np.arctan(np.sqrt(23 - 16 * np.sqrt(2)))))


def misorientation_histogram(
    angles: np.ndarray,
    *,
    bins: int = 36,
    largest_angle: float = LARGEST_CUBIC_ANGLE,
    weights: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the distribution of misorientation angles.

    Boundaries between cubic grains without texture have the distribution of
    :func:`morphokeras.ebsd.mackenzie_density`; twins and texture show as departures
    from it.

    Parameters
    ----------
    angles : ndarray of any shape
        Misorientation angles, the smallest under the crystal symmetry, in degrees, as
        :func:`morphokeras.ebsd.misorientation_angle` gives them. NaN is left out, and
        so is infinity, which stands for a boundary between two phases.
    bins : int, default=36
        Number of bins of equal width between 0 and `largest_angle`.
    largest_angle : float, default=62.799
        End of the last bin in degrees, by default the largest angle between cubic
        crystals. For hexagonal ones it is 93.84.
    weights : ndarray of the shape of `angles`, default=None
        Weights, such as lengths of boundaries.

    Returns
    -------
    edges : ndarray of shape (bins + 1,)
        Ends of the bins in degrees.
    density : ndarray of shape (bins,)
        Probability density per degree: its sum times the width of a bin is 1.

    Raises
    ------
    ValueError
        If there is no angle, or one beyond the bins, or if another argument is not as
        described.

    Examples
    --------
    Half of the boundaries are twins:

    >>> import numpy as np
    >>> from morphokeras.descriptors import misorientation_histogram
    >>> edges, density = misorientation_histogram(
    ...     [60, 60, 60, 31, 47, 12, np.nan], bins=3, largest_angle=63
    ... )
    >>> edges.tolist(), (21 * density).round(3).tolist()
    ([0.0, 21.0, 42.0, 63.0], [0.167, 0.167, 0.667])
    """
    angles = np.asarray(angles, dtype="float64").ravel()
    known = np.isfinite(angles)
    _check_range(angles[known], largest_angle)
    if weights is not None:
        weights = np.asarray(weights, dtype="float64").ravel()
        if weights.shape != angles.shape or not (weights[known] >= 0).all():
            raise ValueError(
                "`weights` must not be negative and have the shape of `angles`. "
                f"Received {weights.size} weights for {angles.size} angles."
            )
        weights = weights[known]
    density, edges = np.histogram(
        np.minimum(angles[known], largest_angle),
        bins,
        (0, largest_angle),
        density=True,
        weights=weights,
    )
    return edges, density


def _check_range(angles: np.ndarray, largest_angle: float) -> None:
    if not angles.size:
        raise ValueError(
            "`angles` must hold at least one finite angle. Received none: are there "
            "boundaries between indexed points of one phase?"
        )
    # Rounding takes angles a hair beyond the end.
    if angles.min() < 0 or angles.max() > largest_angle + 1e-3:
        raise ValueError(
            f"`angles` must lie in [0, {largest_angle:.2f}] degrees. Received angles "
            f"from {angles.min():.2f} to {angles.max():.2f}: take the smallest angle "
            "under the crystal symmetry, or give another `largest_angle`."
        )

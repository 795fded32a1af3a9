"""The lineal path function: how far a phase goes on in a straight line."""

import numpy as np

from morphokeras.descriptors._fields import check_boundary, check_indicators
from morphokeras.descriptors._runs import run_axes, run_counts


def lineal_path(
    fields: np.ndarray,
    *,
    phase: int = 1,
    axis: int | None = None,
    boundary: str = "open",
    mask: np.ndarray | None = None,
    spacing=1,
    spatial_dims: int = 2,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Compute the probability that a segment lies in a phase from end to end.

    Unlike the two-point correlation it looks at all of the segment, and so tells
    connected phases from broken ones.

    Parameters
    ----------
    fields : ndarray of shape (n_samples, height, width)
        Booleans or labels of phases; (n_samples, depth, height, width) with
        ``spatial_dims=3``.
    phase : int, default=1
        The label of the phase; 1 is True and 0 False.
    axis : int, default=None
        The spatial axis of the segments: 0 is the first after the samples, -1 the last
        (x). None: segments along all axes.
    boundary : {'open', 'periodic'}, default='open'
        Whether segments must lie inside the field, or go on at the other side.
    mask : ndarray of bool of shape (\*shape) or (n_samples, \*shape), default=None
        True where a pixel is known. Only segments of known pixels count.
    spacing : float or sequence of float, default=1
        Size of a pixel, or its sizes along the axes, in any unit of length.
    spatial_dims : {2, 3}, default=2
        The number of spatial axes.

    Returns
    -------
    lags : ndarray of shape (n_lags,)
        Length of the segment between the centres of its end pixels: 0, 1, ... pixels,
        one less than the size of the shortest axis, times the pixel size.
    probabilities : ndarray of shape (n_samples, n_lags)
        Share of the segments that lie in the phase. NaN where there is none.

    Raises
    ------
    TypeError
        If `fields` does not hold real numbers.
    ValueError
        If an argument is not as described, or if `axis` is None and the pixels are not
        square.

    Notes
    -----
    A run of l pixels holds l - k + 1 segments of k pixels; their sum is divided by the
    number of segments of the field, so that no border biases it. At lag 0 it is the
    volume fraction. Outside of Boolean models of discs of radius R, d of them an area,
    it is ``exp(-d (pi R^2 + 2 R r))`` [1]_.

    References
    ----------
    .. [1] B. Lu, S. Torquato, "Lineal-path function for random heterogeneous
       materials", Physical Review A 45, 1992.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.descriptors import lineal_path
    >>> stripes = np.tile([1, 1, 0, 0], (1, 4, 1))
    >>> lags, across = lineal_path(stripes, axis=-1, boundary="periodic")
    >>> lags.tolist(), across[0].tolist()
    ([0, 1, 2, 3], [0.5, 0.25, 0.0, 0.0])
    >>> lineal_path(stripes, axis=0)[1][0].tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    check_boundary(boundary)
    indicators, known = check_indicators(fields, phase, mask, spatial_dims=spatial_dims)
    axes, size = run_axes(axis, spacing, spatial_dims)
    num_lags = min(indicators.shape[axis + 1] for axis in axes)
    inside = np.zeros((len(indicators), num_lags))
    total = np.zeros_like(inside)
    for axis in axes:
        inside += _segments(indicators, known, axis, boundary)[:, :num_lags]
        total += _all_segments(indicators, known, axis, boundary)[:, :num_lags]
    with np.errstate(invalid="ignore"):
        return np.arange(num_lags) * size, inside / total


def _segments(
    indicators: np.ndarray, known: np.ndarray | None, axis: int, boundary: str
) -> np.ndarray:
    """Return how many segments of 1, 2, ... pixels lie in the phase."""
    counts, endless = run_counts(indicators, known, axis, boundary=boundary)
    # Summed from the longest twice: first the runs that are long enough, then the
    # places in them.
    at_least = np.cumsum(counts[:, :0:-1], axis=1)
    segments = np.cumsum(at_least, axis=1)[:, ::-1]
    # A closed line has as many places for long segments as for short ones.
    return segments + endless[:, np.newaxis] * np.arange(segments.shape[1])


def _all_segments(
    indicators: np.ndarray, known: np.ndarray | None, axis: int, boundary: str
) -> np.ndarray:
    """Return how many segments of 1, 2, ... known pixels there are."""
    if known is not None:
        return _segments(known, None, axis, boundary)
    size = indicators.shape[axis + 1]
    num_lines = indicators[0].size // size
    places = np.arange(size, 0, -1) if boundary == "open" else np.full(size, size)
    return num_lines * places[np.newaxis]

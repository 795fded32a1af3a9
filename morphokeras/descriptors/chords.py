"""The lengths of chords: lines cut by the border of a phase."""

import numpy as np

from morphokeras.descriptors._fields import check_boundary, check_cut, check_indicators
from morphokeras.descriptors._runs import run_axes, run_counts


def chord_length_distribution(
    fields: np.ndarray,
    *,
    phase: int = 1,
    axis: int | None = None,
    boundary: str = "open",
    cut: str = "keep",
    mask: np.ndarray | None = None,
    spacing=1,
    spatial_dims: int = 2,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Count the chords of a phase by their length.

    A chord is a maximal run of pixels of the phase along an axis. Chords measure how
    wide a phase is, without deciding what its parts are.

    Parameters
    ----------
    fields : ndarray of shape (n_samples, height, width)
        Booleans or labels of phases; (n_samples, depth, height, width) with
        ``spatial_dims=3``.
    phase : int, default=1
        The label of the phase; 1 is True and 0 False.
    axis : int, default=None
        The spatial axis of the chords: 0 is the first after the samples, -1 the last
        (x). None: those of all axes are counted together.
    boundary : {'open', 'periodic'}, default='open'
        Whether chords end at the border, or go on at the other side. A periodic line
        that never leaves the phase is a chord of its full length.
    cut : {'keep', 'drop'}, default='keep'
        What becomes of chords that are cut off by an open border or by a missing
        pixel. Kept, they are too short; dropped, long ones are missed more often than
        short ones.
    mask : ndarray of bool of shape (\*shape) or (n_samples, \*shape), default=None
        True where a pixel is known.
    spacing : float or sequence of float, default=1
        Size of a pixel, or its sizes along the axes, in any unit of length.
    spatial_dims : {2, 3}, default=2
        The number of spatial axes.

    Returns
    -------
    lengths : ndarray of shape (n_lengths,)
        1, 2, ... pixels up to the size of the longest axis, times the pixel size.
    counts : ndarray of shape (n_samples, n_lengths), int64
        Number of chords of each length: divided by their sum, the number-weighted
        distribution.

    Raises
    ------
    TypeError
        If `fields` does not hold real numbers.
    ValueError
        If an argument is not as described, or if `axis` is None and the pixels are not
        square.

    Notes
    -----
    Every line of pixels is used, and each by itself. PoreSpy's `apply_chords` with
    ``spacing=0`` instead makes one chord of those that touch in neighbouring lines
    (version 3.2).

    Outside of Boolean models of discs of radius R, with d of them an area, the lengths
    are exponential with mean 1 / (2 R d); for balls it is 1 / (pi R^2 d) [1]_.

    References
    ----------
    .. [1] S. Torquato, "Random Heterogeneous Materials", Springer, 2002, chapter 5.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.descriptors import chord_length_distribution
    >>> stripes = np.tile([1, 1, 0, 0], (1, 5, 3))
    >>> lengths, counts = chord_length_distribution(stripes, axis=-1, spacing=0.5)
    >>> lengths[:3].tolist(), counts[0, :3].tolist()
    ([0.5, 1.0, 1.5], [0, 15, 0])
    >>> (counts @ lengths / counts.sum(axis=1)).tolist()
    [1.0]
    """
    check_boundary(boundary)
    check_cut(cut)
    indicators, known = check_indicators(fields, phase, mask, spatial_dims=spatial_dims)
    axes, size = run_axes(axis, spacing, spatial_dims)
    longest = max(indicators.shape[axis + 1] for axis in axes)
    total = np.zeros((len(indicators), longest + 1), np.int64)
    for axis in axes:
        counts, _ = run_counts(
            indicators, known, axis, boundary=boundary, keep_cut=cut == "keep"
        )
        total[:, : counts.shape[1]] += counts
    return np.arange(1, longest + 1) * size, total[:, 1:]

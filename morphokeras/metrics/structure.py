"""Structural distances between two sets of fields, each by itself."""

import numbers
from typing import Any

import numpy as np

from morphokeras.descriptors._fields import as_one_array
from morphokeras.metrics._statistics import STATISTICS, Conventions


def two_point_error(
    real: np.ndarray,
    generated: np.ndarray,
    *,
    boundary: str = "open",
    threshold: float | None = None,
    phase: int | None = None,
    lags: str = "radial",
    spatial_dims: int = 2,
) -> float:
    r"""Compare the mean two-point correlation of two sets of fields.

    0 means that both sets have the same mean correlation at every distance; that does
    not make the sets equal. The value between two halves of the real set tells what a
    perfect generator would reach.

    Parameters
    ----------
    real, generated : ndarray of shape (n_samples, \*shape)
        Fields with values in [0, 1], booleans, or with `phase` labels. The sets may
        differ in number and in size.
    boundary : {'open', 'periodic'}, default='open'
        Use ``"open"`` for fields that are not periodic, such as micrographs.
    threshold : float, default=None
        Compare the indicators of values above it, instead of the values.
    phase : int, default=None
        Compare the indicators of this label of label maps.
    lags : {'radial', 'axes', 'all'}, default='radial'
        What is compared: the average over directions, which does not see directions
        change places; the correlations along each axis, one beside the other; or those
        at all lags, for structures that are oriented.
    spatial_dims : {2, 3}, default=2
        Number of axes of a field.

    Returns
    -------
    float
        Mean over whole distances r (or over lags), ``0 < r <= W / 2`` with W the
        smallest size of any axis, of ``|S2_generated(r) - S2_real(r)|``; dimensionless,
        0 is best.

    Raises
    ------
    TypeError
        If the fields are not numbers.
    ValueError
        If the sets have not the same number of axes, are empty or are not finite, or
        if an option is unknown.

    See Also
    --------
    compare : All metrics in a table, with intervals.
    morphokeras.descriptors.two_point_correlation : What is compared.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.metrics import two_point_error
    >>> stripes = np.tile([1.0, 1.0, 0.0, 0.0], (3, 16, 4))
    >>> two_point_error(stripes, np.roll(stripes, 1, axis=-1), boundary="periodic")
    0.0
    >>> two_point_error(stripes, 1.0 - 0.5 * stripes) > 0.1
    True
    """
    sets = checked_sets(real, generated, phase, spatial_dims)
    if threshold is not None:
        sets = [(fields > threshold).astype("float32") for fields in sets]
    return _distance(
        "two_point", sets, lags=lags, spatial_dims=spatial_dims, boundary=boundary
    )


def chord_divergence(
    real: np.ndarray,
    generated: np.ndarray,
    *,
    threshold: float = 0.5,
    phase: int | None = None,
    axis: int | None = None,
    boundary: str = "open",
    cut: str = "keep",
    bin_width: int = 2,
    smoothing: float = 0.5,
    divergence: str = "kl",
    spatial_dims: int = 2,
) -> float:
    r"""Compare the distributions of chord lengths of two sets of fields.

    Parameters
    ----------
    real, generated : ndarray of shape (n_samples, \*shape)
        Fields with values in [0, 1], booleans, or with `phase` labels.
    threshold : float, default=0.5
        Values above it are the phase whose chords are measured.
    phase : int, default=None
        Measure this label of label maps instead.
    axis : int, default=None
        Along which spatial axis chords are measured, 0 being the first; None: along all
        of them together, which does not see axes change places.
    boundary : {'open', 'periodic'}, default='open'
        Whether chords end at the border, or go on at the other side.
    cut : {'keep', 'drop'}, default='keep'
        What becomes of chords that an open border cuts off.
    bin_width : int, default=2
        Width of a bin in pixels. Bins reach to half the smallest width of any field;
        longer chords share one more bin.
    smoothing : float, default=0.5
        Added to the count of every bin, so that no bin is empty.
    divergence : {'kl', 'js'}, default='kl'
        The Kullback-Leibler divergence of the generated from the real distribution,
        or the Jensen-Shannon divergence, which is symmetric.
    spatial_dims : {2, 3}, default=2
        Number of axes of a field.

    Returns
    -------
    float
        The divergence in nats (natural logarithm); 0 is best.

    Raises
    ------
    TypeError, ValueError
        As `two_point_error`.

    See Also
    --------
    morphokeras.descriptors.chord_length_distribution : What is compared.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.metrics import chord_divergence
    >>> fine = np.tile([1, 1, 0, 0], (3, 16, 4)).astype(bool)
    >>> coarse = np.tile([1, 1, 1, 1, 0, 0, 0, 0], (3, 16, 2)).astype(bool)
    >>> chord_divergence(fine, fine[:1], smoothing=0.0)
    0.0
    >>> chord_divergence(fine, coarse) > 1.0
    True
    """
    return _distance(
        "chords",
        checked_sets(real, generated, phase, spatial_dims),
        threshold=threshold,
        axis=axis,
        boundary=boundary,
        cut=cut,
        bin_width=bin_width,
        smoothing=smoothing,
        divergence=divergence,
        spatial_dims=spatial_dims,
    )


def phase_size_error(
    real: np.ndarray,
    generated: np.ndarray,
    *,
    threshold: float = 0.5,
    phase: int | None = None,
    connectivity: str = "full",
    boundary: str = "open",
    cut: str = "keep",
    spatial_dims: int = 2,
) -> float:
    r"""Compare how much the sizes of a phase's parts vary in two sets of fields.

    Parameters
    ----------
    real, generated : ndarray of shape (n_samples, \*shape)
        Fields with values in [0, 1], booleans, or with `phase` labels.
    threshold, phase, boundary, cut, spatial_dims
        As in `chord_divergence`.
    connectivity : {'full', 'face'}, default='full'
        Whether pixels that share only a corner (or an edge) are connected.

    Returns
    -------
    float
        ``|Var_generated - Var_real| / Var_real`` of equivalent diameters, in units of
        the width. NaN where the real fields have not two parts, or all of one size:
        compare `morphokeras.descriptors.local_thickness` instead.

    Raises
    ------
    TypeError, ValueError
        As `two_point_error`.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.metrics import phase_size_error
    >>> sizes = np.zeros((2, 8, 8), bool)
    >>> sizes[:, 1, 1] = sizes[:, 3:7, 3:7] = True
    >>> round(phase_size_error(sizes, sizes[:, ::-1]), 6)
    0.0
    """
    return _distance(
        "phase_size",
        checked_sets(real, generated, phase, spatial_dims),
        threshold=threshold,
        connectivity=connectivity,
        boundary=boundary,
        cut=cut,
        spatial_dims=spatial_dims,
    )


def persistence_distance(
    real: np.ndarray,
    generated: np.ndarray,
    *,
    aggregate: str = "energy",
    min_persistence: float = 0.01,
    connectivity: str = "full",
    boundary: str = "open",
    phase: int | None = None,
    spatial_dims: int = 2,
) -> float:
    r"""Compare the persistence diagrams of two sets of fields.

    Parameters
    ----------
    real, generated : ndarray of shape (n_samples, \*shape)
        Fields with values in [0, 1], booleans, or with `phase` labels.
    aggregate : {'energy', 'mean'}, default='energy'
        The energy distance between the sets, which is 0 for sets of one distribution;
        or the article's mean over pairs of a real and a generated field, which a
        generator of nothing but average fields makes smallest. Choose no model by the
        mean.
    min_persistence : float, default=0.01
        Shorter features are left out as noise.
    connectivity, phase, boundary, spatial_dims
        As in `phase_size_error`.

    Returns
    -------
    float
        The distance in the units of the values. An energy distance may come out
        slightly below 0, as its estimate has no bias.

    Raises
    ------
    TypeError, ValueError
        As `two_point_error`.

    Notes
    -----
    With W the Wasserstein distance of order 1 between superlevel diagrams, summed over
    dimensions, and means over different fields::

        energy = 2 E W(g, r) - E W(g, g') - E W(r, r')

    Every pair of fields is compared: 64 + 64 fields of 64 x 64 pixels take seconds,
    and time grows with the square of their number.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.metrics import persistence_distance
    >>> rng = np.random.default_rng(0)
    >>> a, b, c = rng.random((3, 8, 12, 12))
    >>> abs(persistence_distance(a, b)) < persistence_distance(a, c > 0.5)
    True
    """
    return _distance(
        "persistence",
        checked_sets(real, generated, phase, spatial_dims),
        aggregate=aggregate,
        min_persistence=min_persistence,
        connectivity=connectivity,
        boundary=boundary,
        spatial_dims=spatial_dims,
    )


def euler_number_error(
    real: np.ndarray,
    generated: np.ndarray,
    *,
    threshold: float = 0.5,
    phase: int | None = None,
    connectivity: str = "full",
    boundary: str = "open",
    per_area: bool = False,
    spatial_dims: int = 2,
) -> float:
    r"""Compare the mean Euler number of two sets of fields.

    Parameters
    ----------
    real, generated : ndarray of shape (n_samples, \*shape)
        Fields with values in [0, 1], booleans, or with `phase` labels.
    threshold, phase, connectivity, boundary, spatial_dims
        As in `phase_size_error`.
    per_area : bool, default=False
        Whether to divide Euler numbers by the number of pixels, so that fields of
        different sizes can be compared.

    Returns
    -------
    float
        ``|mean chi_generated - mean chi_real|``.

    Raises
    ------
    TypeError, ValueError
        As `two_point_error`; also if sizes differ without `per_area`.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.metrics import euler_number_error
    >>> ring = np.ones((1, 5, 5), bool)
    >>> ring[0, 2, 2] = False
    >>> euler_number_error(ring, np.ones((1, 5, 5), bool))
    1.0
    """
    return _distance(
        "euler",
        checked_sets(real, generated, phase, spatial_dims),
        threshold=threshold,
        connectivity=connectivity,
        boundary=boundary,
        per_area=per_area,
        spatial_dims=spatial_dims,
    )


def checked_sets(
    real: Any, generated: Any, phase: int | None, spatial_dims: int
) -> list[np.ndarray]:
    """Return both sets as floats, or raise."""
    sets = [as_one_array(real, "real"), as_one_array(generated, "generated")]
    if sets[0].ndim != sets[1].ndim:
        raise ValueError(
            "`real` and `generated` must have the same number of axes. Received: "
            f"shapes {sets[0].shape} and {sets[1].shape}."
        )
    checked = [
        _checked_fields(fields, name, phase, spatial_dims)
        for fields, name in zip(sets, ("real", "generated"), strict=True)
    ]
    _check_phase(phase, sets, checked)
    return checked


def checked_set(
    fields: Any, name: str, phase: int | None, spatial_dims: int
) -> np.ndarray:
    """Return one set as floats, or raise."""
    array = as_one_array(fields, name)
    checked = _checked_fields(array, name, phase, spatial_dims)
    _check_phase(phase, [array], [checked])
    return checked


def _check_phase(phase, sets, indicators):
    """Refuse a label that is nowhere, of which all sets would be alike."""
    if phase is None or any(fields.any() for fields in indicators):
        return
    labels = np.unique(np.concatenate([np.unique(fields) for fields in sets]))
    raise ValueError(
        f"`phase` must be a label that occurs. Received: phase={phase!r}, where the "
        f"labels are {labels[:10].tolist()}."
    )


def _checked_fields(fields, name, phase, spatial_dims):
    if fields.dtype.kind not in "biuf":
        raise TypeError(
            f"`{name}` must hold real numbers. Received: dtype {fields.dtype}."
        )
    if fields.ndim != spatial_dims + 1 or fields.size == 0:
        raise ValueError(
            f"`{name}` must have the shape (n_samples, *shape) with {spatial_dims} "
            f"axes in shape, and hold at least one field. Received: shape "
            f"{fields.shape}. Pass `spatial_dims=3` for volumes, and images without "
            "an axis for channels."
        )
    if phase is not None:
        return (fields == phase).astype("float32")
    if fields.dtype.kind in "iu" and fields.max(initial=0) > 1:
        raise ValueError(
            f"`{name}` must hold values in [0, 1] or booleans. Received: whole numbers "
            f"up to {fields.max()}. Pass `phase`, the label to compare, or divide grey "
            "values by their range, for example by 255."
        )
    if fields.dtype != np.float64:
        fields = fields.astype("float32")
    finite = np.isfinite(fields).all(axis=tuple(range(1, fields.ndim)))
    if not finite.all():
        raise ValueError(
            f"`{name}` must hold finite values. Received NaN or infinity in field "
            f"number {np.argmin(finite)} (counted from 0)."
        )
    _check_range(fields, name)
    return fields


def _check_range(fields: np.ndarray, name: str) -> None:
    """Refuse other scales; phase fields may overshoot a little."""
    low, high = float(fields.min()), float(fields.max())
    if low < -0.5 or high > 1.5:
        raise ValueError(
            f"`{name}` must hold values in [0, 1] or booleans. Received: values from "
            f"{low:g} to {high:g}. Divide grey values by their range, for example by "
            "255."
        )


def check_conventions(conventions: Conventions) -> None:
    """Raise where an option is unknown that no descriptor checks."""
    options = {
        "divergence": ("kl", "js"),
        "aggregate": ("energy", "mean"),
        "lags": ("radial", "axes", "all"),
    }
    for name, known in options.items():
        if getattr(conventions, name) not in known:
            raise ValueError(
                f"`{name}` must be one of {known}. Received: "
                f"{name}={getattr(conventions, name)!r}."
            )
    width = conventions.bin_width
    if not isinstance(width, numbers.Integral) or width < 1:
        raise ValueError(
            "`bin_width` must be a positive whole number of pixels. Received: "
            f"bin_width={width!r}."
        )
    if not conventions.smoothing >= 0:
        raise ValueError(
            "`smoothing` must be at least 0. Received: "
            f"smoothing={conventions.smoothing!r}."
        )


def _distance(name: str, sets: list[np.ndarray], **conventions: Any) -> float:
    own = Conventions(**conventions)
    check_conventions(own)
    statistic = STATISTICS[name](sets, own)
    first = np.repeat([1.0, 0.0], [len(fields) for fields in sets])
    return statistic.distance(first, 1.0 - first)

"""Summaries of persistence: how many features there are and how long they last."""

import numpy as np
import scipy.ndimage

from morphokeras.descriptors._distance import squared_distances
from morphokeras.descriptors._fields import (
    check_boundary,
    check_fields,
    check_indicators,
    check_spacing,
)
from morphokeras.topology import persistence_pairs

STATISTICS = (
    "count",
    "total",
    "mean",
    "largest",
    "entropy",
    "birth_mean",
    "death_mean",
)


def persistence_statistics(
    fields: np.ndarray,
    *,
    phase: int | None = None,
    filtration: str = "superlevel",
    connectivity: str = "full",
    boundary: str = "open",
    min_persistence: float = 0.0,
    mask: np.ndarray | None = None,
    spacing=1.0,
    spatial_dims: int = 2,
) -> dict[str, np.ndarray]:
    r"""Sum up the persistence diagrams of grey values, or of distances in a phase.

    Parameters
    ----------
    fields : ndarray of shape (n_samples, height, width)
        Grey values, or labels of phases; (n_samples, depth, height, width) with
        ``spatial_dims=3``.
    phase : int, default=None
        Follow the distance to the interface of the phase with this label, positive
        inside and negative outside, instead of the values: parts of a phase are born
        at the radius of their widest disc and die at that of the neck to a wider one.
    filtration : {'superlevel', 'sublevel'}, default='superlevel'
        Whether the threshold falls from the highest value or rises from the lowest.
    connectivity : {'full', 'face'}, default='full'
        Whether pixels that share only a corner or an edge are connected.
    boundary : {'open', 'periodic'}, default='open'
        Whether the field ends at the border, or goes on at the other side.
    min_persistence : float, default=0.0
        Only features that last longer count, in the units of the values.
    mask : ndarray of bool of shape (\*shape) or (n_samples, \*shape), default=None
        True where a pixel is known. Missing pixels take the value of the nearest known
        one, which adds no long-lived features of their own.
    spacing : float or sequence of float, default=1.0
        Size of a pixel, or its sizes along the axes, in which distances are measured.
        Grey values have no length, so that it counts with `phase` or `mask` only.
    spatial_dims : {2, 3}, default=2
        The number of spatial axes.

    Returns
    -------
    dict of str to ndarray of shape (n_samples, spatial_dims)
        For each field and each homology dimension (0 parts, 1 holes or loops, 2
        cavities): ``"count"`` of features; ``"total"``, ``"mean"`` and ``"largest"`` of
        their persistences; ``"entropy"`` of the shares of the total, natural
        logarithm; ``"birth_mean"`` and ``"death_mean"``. 0 without features, but the
        means of births and deaths, which are then NaN.

    Raises
    ------
    TypeError
        If `fields` does not hold real numbers.
    ValueError
        If an argument is not as described.

    Notes
    -----
    What never dies is said to die at the last value of its field. Distances are those
    between centres of pixels, less half of the smallest pixel size.

    References
    ----------
    .. [1] V. Robins, M. Saadatfar, O. Delgado-Friedrichs, A. Sheppard, "Percolating
       length scales from topological persistence analysis of micro-CT images of porous
       materials", Water Resources Research 52, 2016.

    Examples
    --------
    Two discs, 9 and 5 pixels wide, that touch in a neck of one pixel:

    >>> import numpy as np
    >>> from morphokeras.descriptors import persistence_statistics
    >>> y, x = np.indices((11, 19))
    >>> wide = (y - 5) ** 2 + (x - 5) ** 2 < 21
    >>> narrow = (y - 5) ** 2 + (x - 12) ** 2 < 7
    >>> found = persistence_statistics((wide | narrow)[np.newaxis], phase=1)
    >>> found["count"].tolist(), found["birth_mean"].round(1).tolist()
    ([[2.0, 0.0]], [[3.4, nan]])
    """
    check_boundary(boundary)
    sizes = check_spacing(spacing, spatial_dims)
    fields, known = check_fields(fields, mask, spatial_dims=spatial_dims)
    if known is not None:
        pairs_of = zip(fields, known, strict=True)
        fields = np.stack([_filled(one, own, sizes, boundary) for one, own in pairs_of])
    if phase is not None:
        fields = _signed_distances(fields, phase, sizes, boundary)
    pairs = persistence_pairs(
        fields,
        filtration=filtration,
        connectivity=connectivity,
        boundary=boundary,
        spatial_dims=spatial_dims,
        min_persistence=min_persistence,
    )
    rows = [
        [_statistics(field.ravel(), one, filtration) for one in own]
        for field, own in zip(fields, pairs, strict=True)
    ]
    table = np.array(rows, dtype="float64")
    return {name: table[..., i] for i, name in enumerate(STATISTICS)}


def _filled(
    field: np.ndarray, known: np.ndarray, sizes: tuple[float, ...], boundary: str
) -> np.ndarray:
    """Return a field whose missing pixels have the value of the nearest known one."""
    reach = [n // 2 if boundary == "periodic" else 0 for n in field.shape]
    missing = np.pad(~known, [(r, r) for r in reach], mode="wrap")
    nearest = scipy.ndimage.distance_transform_edt(
        missing, sampling=sizes, return_distances=False, return_indices=True
    )
    own = tuple(slice(r, r + n) for r, n in zip(reach, field.shape, strict=True))
    places = zip(nearest, reach, field.shape, strict=True)
    return field[tuple((place[own] - r) % n for place, r, n in places)]


def _signed_distances(
    fields: np.ndarray, phase: int, sizes: tuple[float, ...], boundary: str
) -> np.ndarray:
    """Return distances to the interface; 0 everywhere if there is none."""
    indicators, _ = check_indicators(fields, phase, spatial_dims=len(sizes))
    signed = np.zeros(indicators.shape)
    for field, indicator in zip(signed, indicators, strict=True):
        if indicator.any() and not indicator.all():
            inside = np.sqrt(squared_distances(indicator, sizes, boundary))
            outside = np.sqrt(squared_distances(~indicator, sizes, boundary))
            half = np.where(indicator, -0.5, 0.5) * min(sizes)
            field[...] = inside - outside + half
    return signed


def _statistics(
    values: np.ndarray, pairs: np.ndarray, filtration: str
) -> tuple[float, ...]:
    if not len(pairs):
        return 0.0, 0.0, 0.0, 0.0, 0.0, np.nan, np.nan
    values = values.astype("float64")
    last = values.min() if filtration == "superlevel" else values.max()
    births = values[pairs[:, 0]]
    deaths = np.where(pairs[:, 1] < 0, last, values[pairs[:, 1]])
    lives = np.abs(births - deaths)
    total = lives.sum()
    shares = lives[lives > 0] / total if total else np.ones(1)
    entropy = -np.sum(shares * np.log(shares))
    return (
        *(len(pairs), total, lives.mean(), lives.max(), entropy),
        *(births.mean(), deaths.mean()),
    )

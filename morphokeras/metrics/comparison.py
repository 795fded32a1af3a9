"""All structural metrics of two sets of fields, with intervals, in one table."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import check_random_state

from morphokeras.metrics._statistics import STATISTICS, Conventions, Statistic
from morphokeras.metrics.structure import check_conventions, checked_sets

if TYPE_CHECKING:
    import pandas

_LEAST_GROUPS = 4


def compare(
    real: np.ndarray,
    generated: np.ndarray,
    *,
    metrics: Sequence[str] | None = None,
    groups: Sequence | None = None,
    generated_groups: Sequence | None = None,
    threshold: float = 0.5,
    phase: int | None = None,
    lags: str = "radial",
    axis: int | None = None,
    connectivity: str = "full",
    boundary: str = "open",
    cut: str = "keep",
    bin_width: int = 2,
    smoothing: float = 0.5,
    divergence: str = "kl",
    aggregate: str = "energy",
    min_persistence: float = 0.01,
    per_area: bool = False,
    max_pairwise: int = 64,
    n_bootstrap: int = 400,
    confidence: float = 0.95,
    spatial_dims: int = 2,
    random_state: int | np.random.RandomState | None = None,
) -> pandas.DataFrame:
    r"""Tell in how far two sets of microstructures are alike, in one table.

    Use it for generated against real fields, for one alloy against another, for before
    against after.

    Parameters
    ----------
    real, generated : ndarray of shape (n_samples, \*shape)
        Fields with values in [0, 1], booleans, or with `phase` labels.
    metrics : sequence of str, default=None
        Which of ``"two_point"``, ``"chords"``, ``"phase_size"``, ``"persistence"`` and
        ``"euler"``. By default all.
    groups, generated_groups : sequence of length n_samples, default=None
        What each field comes from, such as a specimen. Intervals resample groups, not
        fields, since fields of one specimen are alike. By default each field is a
        group.
    threshold, phase, connectivity, boundary, cut, bin_width, smoothing
        Conventions of the metrics, see each by itself. Two-point correlations and
        persistence are of the values, whatever the threshold.
    lags : {'radial', 'axes', 'all'}, default='radial'
        Lags of the two-point correlation: for oriented structures ``"axes"`` or
        ``"all"``.
    axis : int, default=None
        The spatial axis of the chords; None takes all together.
    divergence, aggregate, min_persistence, per_area, spatial_dims
        More of them.
    max_pairwise : int, default=64
        Most fields of each set that ``"persistence"`` compares, drawn at random: every
        pair of fields is compared, so that time grows with the square of the number.
    n_bootstrap : int, default=400
        Number of resampled sets, and of splits of the real set.
    confidence : float, default=0.95
        Coverage of the intervals, in (0, 1).
    random_state : int, RandomState or None, default=None
        Source of the resampling.

    Returns
    -------
    pandas.DataFrame
        One row a metric, with the columns

        - ``value``: the distance of the sets;
        - ``low``, ``high``: its bootstrap interval;
        - ``floor``, ``floor_high``: the mean distance between two random halves of the
          real set, and its upper quantile. A value below `floor_high` cannot be told
          from that of another set of real fields. Halves have half the fields, so
          that this is on the safe side for a set as large as the real one;
        - ``convention``: how fields are measured and compared.

    Raises
    ------
    TypeError
        If the fields are not numbers.
    ValueError
        If sets, groups or an option are not as described.

    Notes
    -----
    The interval holds the middle of the bootstrap distribution, shifted so that its
    mean lies on the value: resampled sets repeat fields, which makes distances between
    them larger. Its lower end is cut at 0, except for an energy distance, whose
    estimate may be negative. Intervals and floors are NaN where a set has fewer than
    four groups, too few to resample.

    References
    ----------
    Efron, Tibshirani (1993). An introduction to the bootstrap. Chapman & Hall.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.metrics import compare
    >>> rng = np.random.default_rng(0)
    >>> table = compare(
    ...     rng.random((12, 16, 16)) < 0.3,
    ...     rng.random((12, 16, 16)) < 0.6,
    ...     metrics=["two_point", "euler"],
    ...     n_bootstrap=50,
    ...     random_state=0,
    ... )
    >>> table.index.tolist()
    ['two_point', 'euler']
    >>> (table.low > table.floor_high).tolist()  # they differ, beyond doubt
    [True, True]
    """
    import pandas

    conventions = Conventions(
        spatial_dims=spatial_dims,
        boundary=boundary,
        threshold=threshold,
        phase=phase,
        lags=lags,
        axis=axis,
        connectivity=connectivity,
        cut=cut,
        bin_width=bin_width,
        smoothing=smoothing,
        divergence=divergence,
        aggregate=aggregate,
        min_persistence=min_persistence,
        per_area=per_area,
    )
    check_conventions(conventions)
    _check_numbers(max_pairwise, n_bootstrap, confidence)
    names = _checked_names(metrics)
    sets = checked_sets(real, generated, phase, spatial_dims)
    labels = [
        checked_groups(groups, len(sets[0]), "groups"),
        checked_groups(generated_groups, len(sets[1]), "generated_groups"),
    ]
    source = check_random_state(random_state)
    rows = {}
    for name in names:
        chosen, own_labels = sets, labels
        if name == "persistence":
            chosen, own_labels = _drawn(sets, labels, max_pairwise, source)
        statistic = STATISTICS[name](chosen, conventions)
        resampling = _Resampling(own_labels, source)
        rows[name] = _row(statistic, resampling, n_bootstrap, confidence)
    return pandas.DataFrame.from_dict(rows, orient="index")


class _Resampling:
    """Sets of fields drawn anew, group by group, as weights over all fields."""

    def __init__(self, labels: list[np.ndarray], random_state: np.random.RandomState):
        self.labels = labels
        self.random_state = random_state
        self.numbers = [len(each) for each in labels]
        self.num_groups = [len(np.unique(each)) for each in labels]

    def original(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the two sets as they are."""
        return self._over_all(np.ones(self.numbers[0]), np.ones(self.numbers[1]))

    def repeated(self) -> tuple[np.ndarray, np.ndarray]:
        """Return both sets with as many groups, drawn with repetition."""
        counts = [
            self.random_state.multinomial(number, np.full(number, 1 / number))
            for number in self.num_groups
        ]
        return self._over_all(
            *(count[label] for count, label in zip(counts, self.labels, strict=True))
        )

    def halves(self) -> tuple[np.ndarray, np.ndarray]:
        """Return two sets that share out the groups of the first set."""
        order = self.random_state.permutation(self.num_groups[0])
        is_first = order[self.labels[0]] < self.num_groups[0] // 2
        none = np.zeros(self.numbers[1])
        return np.concatenate([is_first, none]), np.concatenate([~is_first, none])

    def _over_all(self, first, second):
        return (
            np.concatenate([first, np.zeros(self.numbers[1])]),
            np.concatenate([np.zeros(self.numbers[0]), second]),
        )


def _row(
    statistic: Statistic, resampling: _Resampling, n_bootstrap: int, confidence: float
) -> dict[str, Any]:
    """Return one row of the table."""
    value = statistic.distance(*resampling.original())
    low = high = floor = floor_high = np.nan
    if min(resampling.num_groups) >= _LEAST_GROUPS:
        found = _distances(statistic, resampling.repeated, n_bootstrap)
        tail = (1 - confidence) / 2
        low, high = np.quantile(found, [tail, 1 - tail]) + value - found.mean()
        low = low if statistic.may_be_negative else np.maximum(low, 0.0)
    if resampling.num_groups[0] >= _LEAST_GROUPS:
        found = _distances(statistic, resampling.halves, n_bootstrap)
        floor, floor_high = found.mean(), np.quantile(found, confidence)
    return {
        "value": value,
        "low": low,
        "high": high,
        "floor": floor,
        "floor_high": floor_high,
        "convention": statistic.convention,
    }


def _distances(statistic, draw, number):
    """Return the distances of sets drawn anew, those that exist; NaN if none does."""
    found = np.array([statistic.distance(*draw()) for _ in range(number)])
    known = found[np.isfinite(found)]
    return known if known.size else np.array([np.nan])


def _drawn(sets, labels, most, random_state):
    """Return at most so many fields of each set, with their groups."""
    chosen = [np.sort(random_state.permutation(len(fields))[:most]) for fields in sets]
    fields = [each[numbers] for each, numbers in zip(sets, chosen, strict=True)]
    groups = [each[numbers] for each, numbers in zip(labels, chosen, strict=True)]
    return fields, [np.unique(each, return_inverse=True)[1] for each in groups]


def _checked_names(metrics):
    names = list(STATISTICS) if metrics is None else list(metrics)
    unknown = [name for name in names if name not in STATISTICS]
    if unknown or not names or isinstance(metrics, str):
        raise ValueError(
            f"`metrics` must be a list of some of {tuple(STATISTICS)}. Received: "
            f"metrics={metrics!r}."
        )
    return names


def checked_groups(groups, number, name):
    """Return the number of each field's group, counted from 0."""
    if groups is None:
        return np.arange(number)
    groups = np.asarray(groups)
    if groups.shape != (number,):
        raise ValueError(
            f"`{name}` must name the group of each of the {number} fields. Received: "
            f"shape {groups.shape}."
        )
    return np.unique(groups, return_inverse=True)[1]


def _check_numbers(max_pairwise, n_bootstrap, confidence):
    for name, value, least in (
        ("max_pairwise", max_pairwise, 2),
        ("n_bootstrap", n_bootstrap, 1),
    ):
        if not isinstance(value, numbers.Integral) or value < least:
            raise ValueError(
                f"`{name}` must be a whole number of at least {least}. Received: "
                f"{name}={value!r}."
            )
    if not 0 < confidence < 1:
        raise ValueError(
            "`confidence` must lie between 0 and 1. Received: "
            f"confidence={confidence!r}."
        )

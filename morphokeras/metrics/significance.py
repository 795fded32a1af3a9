"""Intervals of means, and tests between methods run side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from morphokeras.metrics._runs import check_scores, score_names

if TYPE_CHECKING:
    import pandas

STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
LEAST_RUNS = 3


def mean_interval(
    values: Sequence[float] | np.ndarray, *, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Return a mean and its interval by Student's t.

    Parameters
    ----------
    values : array-like of shape (n_runs,)
        One number a run.
    confidence : float, default=0.95
        Of the interval, in (0, 1).

    Returns
    -------
    mean, low, high : float
        The ends are NaN with fewer than three runs.

    Raises
    ------
    ValueError
        If there is no number, or `confidence` is not in (0, 1).

    Examples
    --------
    >>> from morphokeras.metrics import mean_interval
    >>> [round(end, 3) for end in mean_interval([0.91, 0.92, 0.93])]
    [0.92, 0.895, 0.945]
    """
    from scipy import stats

    numbers = np.asarray(values, dtype=float)
    if numbers.ndim != 1 or not numbers.size:
        raise ValueError(
            "`values` must hold one number a run. Received an array of shape "
            f"{numbers.shape}."
        )
    if not 0 < confidence < 1:
        raise ValueError(
            f"`confidence` must lie in (0, 1). Received: confidence={confidence!r}."
        )
    mean = float(numbers.mean())
    if len(numbers) < LEAST_RUNS:
        return mean, np.nan, np.nan
    half = stats.t.ppf((1 + confidence) / 2, len(numbers) - 1) * stats.sem(numbers)
    return mean, float(mean - half), float(mean + half)


def paired_tests(
    scores: pandas.DataFrame | Mapping,
    *,
    reference: str | None = None,
    adjust: str | None = None,
    confidence: float = 0.95,
) -> pandas.DataFrame:
    """Test the differences between methods by paired two-sided t-tests.

    Parameters
    ----------
    scores : pandas.DataFrame or Bunch
        As for :func:`classification_report`: run i of one method is paired with run i
        of the other.
    reference : str, default=None
        Test the others against this method only. By default all pairs are tested.
    adjust : {None, 'holm'}, default=None
        Whether the p-values of a score account for the number of tests, by Holm's
        method.
    confidence : float, default=0.95
        Of the interval of the difference, in (0, 1).

    Returns
    -------
    pandas.DataFrame
        One row a score and pair, with the columns `metric`, `first`, `second`,
        `difference` (mean of second minus first), `low`, `high`, `n_runs`, `p_value`
        and `stars`: ``*``, ``**``, ``***`` for p below 0.05, 0.01, 0.001. The p-value
        is NaN with fewer than three runs, and where all runs differ by the same
        number: they then say nothing about chance.

    Raises
    ------
    ValueError
        If the methods have not the same runs, or an option is unknown.

    Notes
    -----
    Runs are taken as independent. Repeats of a cross-validation share their images, so
    that p-values from them are too small, if anything; what three repeats barely tell
    apart is not told apart.

    Examples
    --------
    >>> import pandas as pd
    >>> from morphokeras.metrics import paired_tests
    >>> scores = pd.DataFrame({
    ...     "method": ["ours"] * 3 + ["plain"] * 3,
    ...     "run": [0, 1, 2] * 2,
    ...     "top_1": [0.91, 0.92, 0.93, 0.80, 0.82, 0.82],
    ... })
    >>> tests = paired_tests(scores)
    >>> tests[["first", "second", "stars"]].values.tolist()
    [['ours', 'plain', '***']]
    >>> float(tests["p_value"][0].round(5))
    0.00098
    """
    import pandas

    table = check_scores(scores)
    methods = list(dict.fromkeys(table["method"]))
    _check_options(methods, reference, adjust)
    pairs = list(combinations(methods, 2))
    if reference is not None:
        pairs = [(reference, method) for method in methods if method != reference]
    rows = []
    for metric in score_names(table):
        wide = _side_by_side(table, methods, metric)
        block = [
            {"metric": metric, "first": a, "second": b}
            | _compare(wide[a].to_numpy(float), wide[b].to_numpy(float), confidence)
            for a, b in pairs
        ]
        if adjust == "holm":
            adjusted = _holm(np.array([row["p_value"] for row in block]))
            for row, p_value in zip(block, adjusted, strict=True):
                row["p_value"] = p_value
        rows += [row | {"stars": stars(row["p_value"])} for row in block]
    return pandas.DataFrame(rows)


def stars(p_value: float) -> str:
    """Return the stars of a p-value: below 0.05, 0.01 and 0.001.

    Parameters
    ----------
    p_value : float
        Or NaN, which has none.

    Returns
    -------
    str

    Examples
    --------
    >>> from morphokeras.metrics.significance import stars
    >>> [stars(p) for p in (0.2, 0.04, 0.002, 1e-5)]
    ['', '*', '**', '***']
    """
    return next((mark for level, mark in STARS if p_value < level), "")


def _check_options(
    methods: list[str], reference: str | None, adjust: str | None
) -> None:
    if len(methods) < 2:
        raise ValueError(f"Tests need at least two methods. Received {methods}.")
    if reference is not None and reference not in methods:
        raise ValueError(
            f"`reference` must be one of the methods {methods}. Received: "
            f"reference={reference!r}."
        )
    if adjust not in (None, "holm"):
        raise ValueError(f"`adjust` must be None or 'holm'. Received: {adjust!r}.")


def _side_by_side(
    table: pandas.DataFrame, methods: list[str], metric: str
) -> pandas.DataFrame:
    """Return one row a run and one column a method."""
    wide = table.pivot(index="run", columns="method", values=metric)[methods]
    present = table.pivot(index="run", columns="method", values="run")[methods].notna()
    lacking = present.columns[~present.all()]
    if len(lacking):
        method = lacking[0]
        runs = present.index[~present[method]].tolist()
        raise ValueError(
            "All methods must have the same runs, to be tested in pairs. "
            f"{method!r} lacks run {runs[0]!r} ({len(runs)} in all)."
        )
    return wide


def _compare(
    first: np.ndarray, second: np.ndarray, confidence: float
) -> dict[str, Any]:
    """Return the mean difference, its interval and its p-value."""
    from scipy import stats

    difference = second - first
    mean, low, high = mean_interval(difference, confidence=confidence)
    p_value = np.nan
    # Rounding makes equal differences differ in the last bits.
    if len(difference) >= LEAST_RUNS and np.ptp(difference) > 1e-12:
        p_value = float(stats.ttest_rel(second, first).pvalue)
    return {
        "difference": mean,
        "low": low,
        "high": high,
        "n_runs": len(difference),
        "p_value": p_value,
    }


def _holm(p_values: np.ndarray) -> np.ndarray:
    """Return Holm's step-down adjustment; NaN stays and does not count."""
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known])]
    factors = np.arange(len(order), 0, -1)
    adjusted = p_values.copy()
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p_values[order] * factors))
    return adjusted

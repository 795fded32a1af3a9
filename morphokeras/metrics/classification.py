"""How well classifiers do, over several runs, as one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from morphokeras.metrics._runs import check_scores, score_names
from morphokeras.metrics.significance import mean_interval, paired_tests
from morphokeras.utils.entries import check_labels

if TYPE_CHECKING:
    import pandas

CLASSIFICATION_METRICS = (
    "top_1",
    "top_5",
    "mean_per_class_accuracy",
    "macro_f1",
    "macro_auc",
)


def classification_scores(
    y_true: Sequence, y_pred: Any, *, classes: Sequence | None = None
) -> dict[str, float]:
    """Score the predictions of one run.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        The labels.
    y_pred : array-like of shape (n_samples, n_classes) or (n_samples,)
        Probabilities, or other numbers that are the greater the likelier a class is;
        or predicted labels, of which neither `top_5` nor `macro_auc` is known.
    classes : array-like of shape (n_classes,), default=None
        The class of each column: a fitted classifier's `classes_`. By default the
        labels in `y_true`, sorted.

    Returns
    -------
    dict of float
        All in [0, 1], 1 is best.

        - `top_1`: share of images whose label comes first (accuracy);
        - `top_5`: share whose label is among the first five; NaN with five classes or
          fewer, where it would be 1;
        - `mean_per_class_accuracy`: mean over the classes in `y_true` of the share of
          their images that is classified right;
        - `macro_f1`: mean F1 over the classes that occur, in `y_true` or predicted;
        - `macro_auc`: mean over the classes in `y_true` of the area under the curve of
          this class against the rest; NaN if there is one class only.

    Raises
    ------
    ValueError
        If lengths or columns do not fit, numbers are missing, or a label is not among
        the classes.

    See Also
    --------
    score_runs : The same for several runs and methods.
    sklearn.metrics.balanced_accuracy_score, sklearn.metrics.roc_auc_score

    Examples
    --------
    >>> from morphokeras.metrics import classification_scores
    >>> y_true = ["network", "network", "pearlite", "pearlite"]
    >>> probabilities = [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]]
    >>> scores = classification_scores(y_true, probabilities)
    >>> {name: round(score, 3) for name, score in scores.items()}  # doctest: +ELLIPSIS
    {'top_1': 0.75, 'top_5': nan, ..., 'macro_f1': 0.733, 'macro_auc': 1.0}
    """
    from sklearn.metrics import accuracy_score, f1_score, recall_score

    labels = check_labels(y_true, len(y_true))
    predicted = np.asarray(y_pred)
    if predicted.ndim == 1:
        first, top_5, auc = check_labels(y_pred, len(labels)), np.nan, np.nan
    else:
        columns = np.unique(labels) if classes is None else np.asarray(classes)
        _check_columns(predicted, labels, columns)
        first = columns[predicted.argmax(axis=1)]
        top_5 = _top_5(labels, predicted, columns)
        auc = _macro_auc(labels, predicted, columns)
    present = np.unique(labels)
    return {
        "top_1": float(accuracy_score(labels, first)),
        "top_5": top_5,
        "mean_per_class_accuracy": float(
            recall_score(labels, first, labels=present, average="macro")
        ),
        "macro_f1": float(f1_score(labels, first, average="macro", zero_division=0)),
        "macro_auc": auc,
    }


def score_runs(
    y_true: Sequence,
    runs: Mapping[str, Sequence],
    *,
    classes: Sequence | None = None,
) -> pandas.DataFrame:
    """Score several runs of one or several methods on the same images.

    Runs are trainings with other seeds. Run i of every method belongs together: give
    them the same seed and the same training images, and paired tests gain from it.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        The labels of the test images.
    runs : dict of lists
        For the name of each method the predictions of its runs, each as the `y_pred` of
        :func:`classification_scores`.
    classes : array-like of shape (n_classes,), default=None
        The class of each column of probabilities.

    Returns
    -------
    pandas.DataFrame
        One row a method and run, with the columns `method`, `run` (from 0) and the
        scores: what :func:`classification_report` takes.

    Raises
    ------
    ValueError
        As :func:`classification_scores`, or if there is no run.

    Examples
    --------
    >>> from morphokeras.metrics import score_runs
    >>> y_true = ["a", "a", "b", "b"]
    >>> scores = score_runs(y_true, {"lazy": [["a"] * 4], "good": [y_true]})
    >>> scores[["method", "run", "top_1"]].values.tolist()
    [['lazy', 0, 0.5], ['good', 0, 1.0]]
    """
    import pandas

    rows = [
        {
            "method": str(method),
            "run": run,
            **classification_scores(y_true, y_pred, classes=classes),
        }
        for method, predictions in runs.items()
        for run, y_pred in enumerate(predictions)
    ]
    if not rows:
        raise ValueError(
            "`runs` must hold at least one method with at least one run, such as "
            f"{{'ours': [probabilities]}}. Received: {runs!r}."
        )
    return pandas.DataFrame(rows)


def classification_report(
    scores: pandas.DataFrame | Mapping,
    *,
    confidence: float = 0.95,
    reference: str | None = None,
    adjust: str | None = None,
) -> pandas.DataFrame:
    """Sum up runs: means, intervals, and tests against one method.

    Parameters
    ----------
    scores : pandas.DataFrame or Bunch
        One row a method and run, with the columns `method`, `run` and any scores, from
        :func:`score_runs`; or the result of :func:`cross_validate_groups`.
    confidence : float, default=0.95
        Of the intervals, in (0, 1).
    reference : str, default=None
        The method that the others are tested against. By default the first one.
    adjust : {None, 'holm'}, default=None
        Whether the p-values of a score account for the number of methods tested.

    Returns
    -------
    pandas.DataFrame
        Indexed by `method` and `metric`, with the columns `mean`; `low` and `high`, the
        ends of Student's t interval of the mean (NaN with fewer than three runs);
        `n_runs`; `p_value` of the paired two-sided t-test against the reference; and
        `stars`: ``*``, ``**``, ``***`` for p below 0.05, 0.01, 0.001. Scores that no
        run knows are left out.

    Raises
    ------
    ValueError
        If columns are missing, a method has a run twice, the methods have not the same
        runs, or an option is unknown.

    See Also
    --------
    format_report : The table as one reads it.
    paired_tests : Tests between all methods.

    Notes
    -----
    The interval says how far the mean of these runs may lie from that of endless runs
    *on these images*. It does not say what other specimens would give: with few
    specimens that is less certain by far.

    Examples
    --------
    >>> import pandas as pd
    >>> from morphokeras.metrics import classification_report, format_report
    >>> scores = pd.DataFrame({
    ...     "method": ["ours"] * 3 + ["plain"] * 3,
    ...     "run": [0, 1, 2] * 2,
    ...     "top_1": [0.91, 0.92, 0.93, 0.80, 0.82, 0.82],
    ... })
    >>> report = classification_report(scores)
    >>> report.loc[("ours", "top_1"), ["low", "high"]].astype(float).round(3).tolist()
    [0.895, 0.945]
    >>> format_report(report)["top_1"].tolist()
    ['92.0 ± 2.5', '81.3 ± 2.9 ***']
    """
    import pandas

    table = check_scores(scores)
    methods = list(dict.fromkeys(table["method"]))
    first = methods[0] if reference is None else reference
    if first not in methods:
        raise ValueError(
            f"`reference` must be one of the methods {methods}. Received: "
            f"reference={reference!r}."
        )
    tests = {}
    if len(methods) > 1:
        found = paired_tests(table, reference=first, adjust=adjust)
        tests = {(row["second"], row["metric"]): row for _, row in found.iterrows()}
    rows = {}
    for method in methods:
        for metric in score_names(table):
            values = table.loc[table["method"] == method, metric].to_numpy(float)
            if np.isnan(values).all():
                continue
            rows[method, metric] = _summary(values, confidence)
            if (method, metric) in tests:
                row = tests[method, metric]
                rows[method, metric] |= {k: row[k] for k in ("p_value", "stars")}
    columns = ["mean", "low", "high", "n_runs", "p_value", "stars"]
    report = pandas.DataFrame.from_dict(rows, orient="index", columns=columns)
    report.index = pandas.MultiIndex.from_tuples(rows, names=["method", "metric"])
    return report.fillna({"stars": ""})


def format_report(
    report: pandas.DataFrame, *, percent: bool = True, decimals: int | None = None
) -> pandas.DataFrame:
    """Return a report as text: a row a method, a column a score.

    Parameters
    ----------
    report : pandas.DataFrame
        From :func:`classification_report`.
    percent : bool, default=True
        Whether to write 0.872 as 87.2.
    decimals : int, default=None
        Digits after the point: by default 1 in per cent, else 3.

    Returns
    -------
    pandas.DataFrame
        Of strings, such as ``'87.2 ± 1.3 **'``; ``to_latex`` and ``to_markdown`` make
        tables of it.

    Examples
    --------
    See :func:`classification_report`.
    """
    scale = 100 if percent else 1
    digits = decimals if decimals is not None else (1 if percent else 3)

    def text(row) -> str:
        words = [f"{scale * row['mean']:.{digits}f}"]
        if np.isfinite(row["high"]):
            words += ["±", f"{scale * (row['high'] - row['mean']):.{digits}f}"]
        return " ".join([*words, row["stars"]]).strip()

    order = report.index.unique("metric")
    return (
        report.apply(text, axis=1)
        .unstack("metric")
        .reindex(index=report.index.unique("method"), columns=order)
    )


def _summary(values: np.ndarray, confidence: float) -> dict[str, Any]:
    mean, low, high = mean_interval(values, confidence=confidence)
    return {"mean": mean, "low": low, "high": high, "n_runs": len(values)}


def _check_columns(scores: np.ndarray, labels: np.ndarray, columns: np.ndarray) -> None:
    """Refuse scores that are not one finite number an image and class."""
    if scores.shape != (len(labels), len(columns)):
        raise ValueError(
            f"`y_pred` must have shape {(len(labels), len(columns))}, one row an image "
            f"and one column a class. Received shape {scores.shape}. Give `classes` if "
            "not all of them occur in `y_true`."
        )
    if scores.dtype.kind not in "biuf" or not np.isfinite(scores).all():
        raise ValueError("`y_pred` must hold finite numbers. Received others.")
    strange = np.setdiff1d(labels, columns)
    if strange.size:
        raise ValueError(
            f"Each label must be one of `classes`, {columns.tolist()}. Received "
            f"{strange.tolist()} as well."
        )


def _top_5(labels: np.ndarray, scores: np.ndarray, columns: np.ndarray) -> float:
    from sklearn.metrics import top_k_accuracy_score

    if len(columns) <= 5:
        return np.nan
    order = np.argsort(columns)
    return float(
        top_k_accuracy_score(labels, scores[:, order], k=5, labels=columns[order])
    )


def _macro_auc(labels: np.ndarray, scores: np.ndarray, columns: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    present = np.unique(labels)
    if len(present) < 2:
        return np.nan
    # scikit-learn's own average refuses classes without an image, and scores that do
    # not sum to one.
    column = {name: i for i, name in enumerate(columns.tolist())}
    areas = [
        roc_auc_score(labels == name, scores[:, column[name]])
        for name in present.tolist()
    ]
    return float(np.mean(areas))

"""How far a classification gets without looking at the structure."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, SplineTransformer
from sklearn.utils import Bunch

from morphokeras.metrics.classification import classification_report
from morphokeras.metrics.cross_validation import cross_validate_groups
from morphokeras.utils.entries import check_labels, check_pixel_size

if TYPE_CHECKING:
    import pandas

HISTOGRAM_BINS = 16
MAJORITY = "majority class"
TOGETHER = "all of these"


class ConfounderWarning(UserWarning):
    """A few numbers beside the structure classify nearly as well as the classifier."""


def probe_confounders(
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    pixel_size: Any = None,
    attributes: pandas.DataFrame | Mapping[str, Sequence] | None = None,
    results: Bunch | None = None,
    cv: Any = 5,
    n_repeats: int = 3,
    near: float = 0.5,
    random_state: int | None = 0,
    n_jobs: int | None = None,
) -> Bunch:
    """Classify by scale, brightness, size or attributes alone, beside the classifier.

    What a microscopist chose, or a microscope did, may give a class away: then a
    classifier learns that instead of the structure. Every confounder is put to the same
    folds as the classifier; what it reaches alone, the classifier may owe to it.

    Parameters
    ----------
    X : array-like of shape (n_samples, height, width[, channels]) or list of images
        The images. A list may hold sizes that differ; then size is a confounder too.
    y : array-like of shape (n_samples,)
        Class labels.
    groups : array-like of shape (n_samples,), default=None
        The specimen of each image.
    pixel_size : float or array-like of shape (n_samples,), default=None
        Micrometres per pixel.
    attributes : DataFrame or dict of array-like, default=None
        What else is known of each file, such as the detector or the date; numbers or
        names. Each is a confounder.
    results : Bunch, default=None
        From :func:`cross_validate_groups` on the same images: its folds are used, and
        its methods stand in the table.
    cv, n_repeats, random_state, n_jobs
        As in :func:`cross_validate_groups`, for the folds if there are no `results`.
    near : float, default=0.5
        A confounder is warned of if it has at least this share of what the best method
        in `results` gains over the majority class; in (0, 1].

    Returns
    -------
    Bunch
        - `table`: DataFrame indexed by name, best first, with the columns `kind`
          (majority, confounder or method), `accuracy` with `low` and `high` (95 % over
          repeats), `mean_per_class_accuracy`, `share` (of the best method's gain over
          the majority class; NaN without `results`) and `model`, which of the two did
          better;
        - `findings`: one sentence a confounder that comes near.

    Raises
    ------
    ValueError
        If lengths do not fit or `near` is out of range.

    Warns
    -----
    ConfounderWarning
        One for each finding.

    Notes
    -----
    Confounders are: the pixel size; brightness and contrast (mean and standard
    deviation of the grey values); their histogram (16 bins over the range of all
    images); width and height, if they differ; each attribute; and all of these
    together. Each is classified by logistic regression (on splines of ranks) and by
    gradient boosting, and the better counts. This leans a little to the confounder's
    side: the probe is to warn early.

    A confounder that comes near proves no fault. The class may well show in the grey
    level; whether that is structure is for you to judge.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.metrics import probe_confounders
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["coarse", "fine"], 40)
    >>> X = rng.random((80, 8, 8))
    >>> pixel_size = np.where(y == "fine", 0.1, 0.2) * rng.uniform(0.8, 1.2, 80)
    >>> probe = probe_confounders(X, y, pixel_size=pixel_size, n_repeats=1)
    >>> probe.table.loc[["pixel size", "majority class"], "accuracy"].round(1).tolist()
    [1.0, 0.5]
    """
    if not 0 < near <= 1:
        raise ValueError(f"`near` must lie in (0, 1]. Received: near={near!r}.")
    images = [np.asarray(image) for image in X]
    labels = check_labels(y, len(images))
    folds = None if results is None else _tested_on(results, labels)
    numbers = {MAJORITY: np.zeros((len(images), 1))}
    numbers |= _confounders(images, pixel_size, attributes)
    rows = {}
    for name, columns in numbers.items():
        found = cross_validate_groups(
            _models(name, len(images)),
            columns,
            labels,
            groups=groups if folds is None else None,
            cv=cv if folds is None else _Repeats(folds),
            n_repeats=n_repeats if folds is None else len(folds),
            check_leaks=False,
            random_state=random_state,
            n_jobs=n_jobs,
        )
        kind = "majority" if name == MAJORITY else "confounder"
        rows[name] = _best(found, kind)
    if results is not None:
        for method in results.scores["method"].unique():
            own = results.scores[results.scores["method"] == method]
            rows[method] = _best({"scores": own}, "method")
    table = _ranked(rows)
    findings = _findings(table, near)
    for finding in findings:
        warnings.warn(finding, ConfounderWarning, stacklevel=2)
    return Bunch(table=table, findings=findings)


def grey_statistics(images: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation, and the histogram, of each image's grey values.

    Parameters
    ----------
    images : list of ndarray
        Of any sizes.

    Returns
    -------
    moments : ndarray of shape (n_samples, 2)
        Mean and standard deviation.
    histograms : ndarray of shape (n_samples, 16)
        Share of the pixels in each of the bins between the least and the greatest value
        of all images.
    """
    low = min(float(image.min()) for image in images)
    high = max(float(image.max()) for image in images)
    edges = np.linspace(low, high if high > low else low + 1, HISTOGRAM_BINS + 1)
    moments = np.array([[image.mean(), image.std()] for image in images])
    histograms = np.array(
        [np.histogram(image, edges)[0] / image.size for image in images]
    )
    return moments, histograms


class _Repeats:
    """A splitter that gives folds known before, those of the next repeat each time."""

    def __init__(self, repeats: list):
        self.repeats = iter(repeats)

    def split(self, X, y=None, groups=None):
        return next(self.repeats)


def _tested_on(results: Bunch, labels: np.ndarray) -> list:
    """Return the folds of results, if they are of these images."""
    known = results.predictions
    first = known[(known["method"] == known["method"].iloc[0]) & (known["run"] == 0)]
    if (
        len(first) != len(labels)
        or (first["label"].to_numpy() != labels[first["image"]]).any()
    ):
        raise ValueError(
            "`results` must come from the same images and labels, in the same order. "
            f"Received results of {len(first)} images, and {len(labels)} labels."
        )
    return results.folds


def _confounders(
    images: list[np.ndarray], pixel_size: Any, attributes: Any
) -> dict[str, np.ndarray]:
    """Return a small table of numbers for each confounder."""
    tables = {}
    if pixel_size is not None:
        tables["pixel size"] = check_pixel_size(pixel_size, len(images))[:, None]
    moments, histograms = grey_statistics(images)
    tables["brightness, contrast"] = moments
    tables["grey histogram"] = histograms
    sizes = np.array([image.shape[:2] for image in images], dtype=float)
    if np.ptp(sizes, axis=0).any():
        tables["image size"] = sizes
    for name, values in _columns(attributes, len(images)).items():
        tables[name] = values
    if len(tables) > 1:
        tables[TOGETHER] = np.concatenate(list(tables.values()), axis=1)
    return tables


def _columns(attributes: Any, n_samples: int) -> dict[str, np.ndarray]:
    """Return attributes as numbers: names as one column a name."""
    import pandas

    if attributes is None:
        return {}
    frame = pandas.DataFrame(attributes)
    if len(frame) != n_samples:
        raise ValueError(
            f"`attributes` must have one row an image: {n_samples}. Received "
            f"{len(frame)} rows."
        )
    columns = {}
    for name in frame.columns:
        values: Any = frame[name]
        if not pandas.api.types.is_numeric_dtype(values) or values.isna().any():
            values = pandas.get_dummies(values.astype(str))
        columns[str(name)] = values.to_numpy(dtype=float).reshape(n_samples, -1)
    return columns


def _models(name: str, n_samples: int) -> dict[str, Any]:
    """Return the classifiers of a confounder."""
    if name == MAJORITY:
        return {"constant": DummyClassifier()}
    smooth = make_pipeline(
        # Ranks make one model do for numbers of any scale.
        QuantileTransformer(n_quantiles=max(2, min(50, n_samples // 2))),
        SplineTransformer(n_knots=5),
        LogisticRegression(max_iter=1000),
    )
    trees = HistGradientBoostingClassifier(max_iter=40, min_samples_leaf=5)
    return {"logistic regression": smooth, "gradient boosting": trees}


def _best(found: Mapping, kind: str) -> dict[str, Any]:
    """Return the accuracies of the better model."""
    report: Any = classification_report(found)
    means = report["mean"].unstack("metric")
    model = means["top_1"].idxmax()
    accuracy = report.loc[(model, "top_1")]
    return {
        "kind": kind,
        "accuracy": accuracy["mean"],
        "low": accuracy["low"],
        "high": accuracy["high"],
        "mean_per_class_accuracy": means.loc[model, "mean_per_class_accuracy"],
        "model": model,
    }


def _ranked(rows: dict[str, dict]) -> Any:
    """Return the rows, best first, with the share of the best method's gain."""
    import pandas

    table: Any = pandas.DataFrame.from_dict(rows, orient="index")
    majority = table.loc[MAJORITY, "accuracy"]
    methods = table.loc[table["kind"] == "method", "accuracy"]
    gain = methods.max() - majority if len(methods) else np.nan
    share = (table["accuracy"] - majority) / (gain if gain > 0 else np.nan)
    table.insert(5, "share", share)
    return table.sort_values("accuracy", ascending=False, kind="stable")


def _findings(table: Any, near: float) -> list[str]:
    """Return a sentence for each confounder that comes near the best method."""
    methods = table[table["kind"] == "method"]
    if not len(methods):
        return []
    best, majority = methods.iloc[0], table.loc[MAJORITY, "accuracy"]
    close = table[(table["kind"] == "confounder") & (table["share"] >= near)]
    return [
        f"From {name} alone {100 * row['accuracy']:.1f} % are classified right, by "
        f"{methods.index[0]} {100 * best['accuracy']:.1f} %, by the majority class "
        f"{100 * majority:.1f} %. That is {100 * row['share']:.0f} % of the gain, "
        f"which may come from there. {_advice(str(name))}"
        for name, row in close.iterrows()
    ]


def _advice(name: str) -> str:
    if name == "pixel size":
        return (
            "Bring images to one scale (`load_images(um_per_px=...)`), or report "
            "scores with and without it."
        )
    if name == TOGETHER:
        return "The single ones tell where it comes from."
    if name in ("brightness, contrast", "grey histogram"):
        return "Standardise each image and see what remains."
    return "Balance it between the classes, or test within one value of it."

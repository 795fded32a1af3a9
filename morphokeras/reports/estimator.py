"""A report on a fitted estimator: what it is, how it learned, what it can do."""

import os
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from morphokeras.metrics import classification_scores
from morphokeras.plots import (
    AttentionDisplay,
    LatentTraversalDisplay,
    SampleGridDisplay,
    TrainingHistoryDisplay,
)
from morphokeras.plots._style import import_pyplot
from morphokeras.reports._page import Page
from morphokeras.reports.structure import add_comparison

WORDS = {
    "top_1": "Accuracy",
    "top_5": "Label among the first five",
    "mean_per_class_accuracy": "Mean accuracy of the classes",
    "macro_f1": "Macro F1",
    "macro_auc": "Macro area under the curve",
}


def estimator_report(
    estimator: Any,
    path: str | os.PathLike,
    X: np.ndarray | None = None,
    y: np.ndarray | None = None,
    *,
    pixel_size: np.ndarray | None = None,
    title: str | None = None,
    random_state: int = 0,
) -> None:
    """Write one HTML file about a fitted estimator.

    It holds the parameters that differ from their defaults, the network's size, the
    training history and the versions. With images that were not trained on it also
    holds, of a classifier, the scores, the confusion matrix and attention maps; of a
    generator, the comparison of samples with the images, and what its latent variables
    do.

    Parameters
    ----------
    estimator : MicrostructureClassifier, MicrostructureGenerator or a baseline
        Fitted estimator; its own `report` calls this function.
    path : str or path-like
        The file to write. An older one is replaced when the new one is complete.
    X : ndarray of shape (n_samples, height, width), optional
        Images that were not trained on.
    y : array-like of shape (n_samples,), optional
        Their labels; needed for the scores of a classifier.
    pixel_size : array-like of shape (n_samples,), optional
        Micrometres per pixel, if the classifier was trained with them.
    title : str, optional
        The heading. By default the name of the class.
    random_state : int, default=0
        Seed of a generator's samples and of the intervals.

    Raises
    ------
    NotFittedError
        If the estimator was not fitted.
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        As the estimator's methods, if the images do not fit it.
    OSError
        If the file cannot be written; an older one is then left as it was.
    """
    check_is_fitted(estimator)
    import_pyplot()
    name = type(estimator).__name__
    page = Page(name if title is None else title, _summary(estimator))
    if X is not None and is_classifier(estimator):
        _add_classification(page, estimator, np.asarray(X), y, pixel_size)
    elif hasattr(estimator, "sample"):
        _add_samples(page, estimator, X, y, random_state)
    if getattr(estimator, "history_", None):
        page.heading("Training")
        page.figure(
            TrainingHistoryDisplay.from_estimator(estimator).figure_,
            "Every term of the objective, by epoch.",
        )
    page.heading("Parameters that are not the default")
    page.rows(_changed_parameters(estimator) or [("none", "")], "parameters")
    page.write(path)


def _summary(estimator: Any) -> str:
    height_width = " × ".join(str(size) for size in estimator.image_shape_)
    parts = [f"Images of {height_width}"]
    if hasattr(estimator, "classes_"):
        parts.append(f"{len(estimator.classes_)} classes")
    if hasattr(estimator.model_, "count_params"):
        parts.append(f"{estimator.model_.count_params():,} weights")
    history = getattr(estimator, "history_", None) or {}
    epochs = max((len(values) for values in history.values()), default=0)
    if epochs:
        parts.append(f"trained for {epochs} epochs")
    return ", ".join(parts) + "."


def _changed_parameters(estimator: Any) -> list[tuple[str, str]]:
    defaults = type(estimator)().get_params(deep=False)
    own = estimator.get_params(deep=False)
    return [
        (name, repr(value))
        for name, value in own.items()
        if repr(value) != repr(defaults[name])
    ]


def _add_classification(page, estimator, X, y, pixel_size):
    """Add scores and the confusion matrix, if labels are known, and attention."""
    sizes = {} if pixel_size is None else {"pixel_size": pixel_size}
    if y is not None:
        y = np.asarray(y)
        probabilities = estimator.predict_proba(X, **sizes)
        page.heading("Scores on these images")
        page.table(_scores(estimator, y, probabilities))
        page.heading("Confusion")
        page.figure(
            _confusion(estimator, y, probabilities),
            "Number of images of each true class (rows) that were given each class.",
        )
    if hasattr(estimator, "attention_maps"):
        page.heading("Where it looks")
        page.figure(
            _attention(estimator, X[:6]),
            "Attention on the first images: the brighter, the more it counts.",
        )


def _scores(estimator, y, probabilities):
    import pandas

    scores = classification_scores(y, probabilities, classes=estimator.classes_)
    known = {WORDS[name]: score for name, score in scores.items() if score == score}
    return pandas.DataFrame({"value": known})


def _confusion(estimator, y, probabilities):
    from sklearn.metrics import ConfusionMatrixDisplay

    plt = import_pyplot()
    number = len(estimator.classes_)
    size = 2.6 + 0.55 * number
    figure, ax = plt.subplots(figsize=(size, 0.85 * size), layout="constrained")
    predicted = estimator.classes_[probabilities.argmax(axis=1)]
    ConfusionMatrixDisplay.from_predictions(
        y,
        predicted,
        labels=estimator.classes_,
        cmap="Blues",
        colorbar=False,
        xticks_rotation=45 if number > 3 else "horizontal",
        ax=ax,
    )
    return figure


def _attention(estimator, X):
    plt = import_pyplot()
    figure, axes = plt.subplots(
        1, len(X), figsize=(2.1 * len(X), 2.2), layout="constrained", squeeze=False
    )
    for image, ax in zip(X, axes[0], strict=True):
        AttentionDisplay.from_estimator(estimator, image, ax=ax)
    return figure


def _add_samples(page, estimator, X, y, random_state):
    """Add samples, beside the images if there are any."""
    options = {"random_state": random_state}
    if y is not None and hasattr(estimator, "classes_"):
        options["y"] = np.asarray(y)
    number = 16 if X is None else len(X)
    samples = estimator.sample(number, **options)
    if X is None:
        page.heading("Samples")
        rows = {"Samples": samples[:8], " ": samples[8:]}
        page.figure(SampleGridDisplay.from_fields(rows).figure_, "Drawn at random.")
        return
    X = np.asarray(X)
    real = X / np.iinfo(X.dtype).max if X.dtype.kind in "iu" else X
    add_comparison(
        page,
        {"Images": _without_channel(real), "Samples": _without_channel(samples)},
        um_per_px=None,
        n_columns=8,
        boundary="periodic" if estimator.boundary == "periodic" else "open",
        threshold=0.5,
        phase=None,
        spatial_dims=estimator.spatial_dims,
        random_state=random_state,
    )
    if hasattr(estimator, "inverse_transform") and len(X) > 1:
        page.heading("What the latent variables do")
        page.figure(
            LatentTraversalDisplay.from_estimator(estimator, X).figure_,
            "One image, while one variable moves by two standard deviations each way.",
        )


def _without_channel(fields):
    fields = np.asarray(fields)
    return fields[..., 0] if fields.shape[-1] == 1 else fields

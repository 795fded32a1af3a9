"""Labels to class indices; -1 for an image without label."""

import warnings
from numbers import Number, Real
from typing import Any

import numpy as np
from sklearn.utils.multiclass import type_of_target

from morphokeras.estimators._data import Examples
from morphokeras.utils.entries import check_labels, check_names

NO_LABEL = -1


def is_labelled(labels: np.ndarray, unlabeled: Any) -> np.ndarray:
    """Return which entries are labels: all, unless a value says otherwise."""
    if unlabeled is None:
        return np.ones(len(labels), bool)
    kind = str if labels.dtype.kind in "UO" else Number | np.bool_
    if not isinstance(unlabeled, kind):
        raise ValueError(
            "`unlabeled` must be of the type of the labels. Received: "
            f"unlabeled={unlabeled!r}, with labels such as {labels[:1].tolist()[0]!r}."
        )
    return labels != unlabeled


def is_measured(y: Any, n_samples: int) -> bool:
    """Return whether targets are real numbers and no classes."""
    try:
        values = np.asarray(y)
    except ValueError:  # of several lengths, which is said where labels are read
        return False
    if values.dtype.kind != "f":
        return False
    if values.ndim == 1:
        check_names(values, n_samples, "y")
    return type_of_target(values).startswith("continuous")


def encode(
    y: Any, n_samples: int, unlabeled: Any, least: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted classes and the class index of each image.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels.
    n_samples : int
        Number of images.
    unlabeled : label or None
        The value that marks an image without label.
    least : int, default=2
        The number of classes that there must be.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
    indices : ndarray of shape (n_samples,) and dtype int32
        -1 where there is no label.

    Raises
    ------
    ValueError
        If there are fewer classes than that.
    """
    labels = check_labels(y, n_samples)
    known = is_labelled(labels, unlabeled)
    classes, inverse = np.unique(labels[known], return_inverse=True)
    if len(classes) < least:
        raise ValueError(
            f"The labels must name at least {least} classes. Received only "
            f"{len(classes)} class: {classes.tolist()}. Add images of others."
        )
    indices = np.full(n_samples, NO_LABEL, "int32")
    indices[known] = inverse
    return classes, indices


def encode_known(
    y: Any, n_samples: int, classes: np.ndarray, unlabeled: Any
) -> np.ndarray:
    """Return the index of each label among classes that are known already.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels.
    n_samples : int
        Number of images.
    classes : ndarray of shape (n_classes,)
        The sorted classes.
    unlabeled : label or None
        The value that marks an image without label.

    Returns
    -------
    ndarray of shape (n_samples,) and dtype int32
        Class indices, -1 where there is no label.

    Raises
    ------
    ValueError
        If a label is not among the classes.
    """
    labels = check_labels(y, n_samples)
    known = is_labelled(labels, unlabeled)
    unknown = sorted(set(labels[known].tolist()) - set(classes.tolist()))
    if unknown:
        raise ValueError(
            f"Labels that the estimator was not fitted to: {unknown}. Known are "
            f"{classes.tolist()}. Leave these images out, or fit again with them."
        )
    indices = np.full(n_samples, NO_LABEL, "int32")
    indices[known] = np.searchsorted(classes, labels[known])
    return indices


def warn_of_unknown(labels: np.ndarray, classes: np.ndarray) -> None:
    """Say which of the true labels cannot be predicted; refuse if none can.

    Some are a warning only: a fold of a cross-validation may lack a rare class.
    """
    unknown = sorted(set(labels.tolist()) - set(classes.tolist()))
    if not unknown:
        return
    known = f"The classifier was fitted to {classes.tolist()}."
    if not np.isin(labels, unknown).all():
        warnings.warn(
            f"`y` names classes that cannot be predicted: {unknown}. {known} Their "
            "images count as wrong.",
            UserWarning,
            stacklevel=3,
        )
        return
    raise ValueError(
        f"`y` must hold classes that can be predicted. Received {unknown} only. "
        f"{known} Give the labels in the same form."
    )


def check_class_weight(class_weight: Any, classes: np.ndarray) -> None:
    """Refuse weights of classes that are no weights, or whose names are misspelt."""
    if not isinstance(class_weight, dict):
        return
    names = classes.tolist()
    for name, weight in class_weight.items():
        if not isinstance(weight, Real) or not 0 <= float(weight) < np.inf:
            raise ValueError(
                "`class_weight` must hold finite numbers that are not negative. "
                f"Received {weight!r} for class {name!r}."
            )
    unknown = [name for name in class_weight if name not in names]
    missing = [name for name in names if name not in class_weight]
    # Either alone is usual: a fold without a class, a class of weight 1.
    if unknown and missing:
        raise ValueError(
            f"`class_weight` names {unknown}, which `y` does not hold, and has no "
            f"weight for {missing}. Name the classes as `y` does."
        )


def check_weighted(
    labels: np.ndarray, weights: np.ndarray, classes: np.ndarray
) -> None:
    """Refuse weights that leave less than two of several classes."""
    present = np.unique(labels[labels >= 0])
    left = np.unique(labels[(labels >= 0) & (weights > 0)])
    if len(left) < min(2, len(present)):
        raise ValueError(
            "Images of at least two classes must have a positive weight. Received "
            f"only {classes[left].tolist()} of the classes "
            f"{classes[present].tolist()}. Change `sample_weight` or `class_weight`."
        )


def check_split(
    whole: Examples, training: Examples, validation: Examples, classes: np.ndarray
) -> None:
    """Refuse a training part without a class; warn of a validation part without one."""
    if whole.labels is None or training.labels is None or validation.labels is None:
        return
    present = np.unique(whole.labels[whole.labels >= 0])
    lost = classes[np.setdiff1d(present, training.labels)].tolist()
    advice = (
        "Give more groups of them, `validation_data`, another `validation_fraction`, "
        "or `early_stopping=False`."
    )
    if lost:
        raise ValueError(
            "The inner validation split takes every image of the classes "
            f"{lost} from the training. {advice}"
        )
    unseen = classes[np.setdiff1d(present, validation.labels)].tolist()
    if unseen:
        warnings.warn(
            f"The inner validation split holds no image of the classes {unseen}: its "
            f"loss says nothing of them. {advice}",
            UserWarning,
            stacklevel=2,
        )

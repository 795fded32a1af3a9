"""Labels to class indices; -1 for an image without label."""

from typing import Any

import numpy as np

from morphokeras.utils.validation import check_labels

NO_LABEL = -1


def is_labelled(labels: np.ndarray, unlabeled: Any) -> np.ndarray:
    """Return which entries are labels: all, unless a value says otherwise."""
    if unlabeled is None:
        return np.ones(len(labels), bool)
    return labels != unlabeled


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
            f"{len(classes)} class: {classes.tolist()}."
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
            f"{classes.tolist()}."
        )
    indices = np.full(n_samples, NO_LABEL, "int32")
    indices[known] = np.searchsorted(classes, labels[known])
    return indices

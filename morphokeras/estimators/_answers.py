"""Classes and accuracy, as every classifier of images that knows probabilities."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score

from morphokeras.estimators import _labels
from morphokeras.utils.entries import check_labels, check_weights


class ClassAnswers(ClassifierMixin):
    """`predict` and `score` of a classifier with `predict_proba`."""

    classes_: np.ndarray

    def predict(self, X, *, pixel_size=None):
        """Return the most probable class of each image.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of the size of the training images.
        pixel_size : float or array-like of shape (n_samples,), optional
            Edge length of a pixel in micrometres, if `fit` was given it.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        probability = self.predict_proba(X, pixel_size=pixel_size)
        return self.classes_[probability.argmax(axis=1)]

    def score(self, X, y, sample_weight=None, *, pixel_size=None):
        """Return the share of labelled images whose class is predicted right.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of the size of the training images.
        y : array-like of shape (n_samples,)
            True labels; images without label (`unlabeled`) are left out.
        sample_weight : array-like of shape (n_samples,), optional
            Weights.
        pixel_size : float or array-like of shape (n_samples,), optional
            Edge length of a pixel in micrometres, if `fit` was given it.

        Returns
        -------
        float
            Accuracy in [0, 1].

        Raises
        ------
        ValueError, TypeError
            If the labels or the weights do not fit, or if no label is known.

        Warns
        -----
        UserWarning
            If some labels are not known: they count as wrong.
        """
        predicted = self.predict(X, pixel_size=pixel_size)
        labels = check_labels(y, len(predicted))
        labelled = _labels.is_labelled(labels, self.unlabeled)
        if not labelled.any():
            raise ValueError("Every entry of `y` is without label: nothing to score.")
        _labels.warn_of_unknown(labels[labelled], self.classes_)
        weights = None
        if sample_weight is not None:
            weights = check_weights(sample_weight, len(labels))[labelled]
        return accuracy_score(
            labels[labelled], predicted[labelled], sample_weight=weights
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags

    def _more_tags(self):
        return {"X_types": ["3darray"]}


def check_pixel_size_known(used: bool, pixel_size) -> None:
    """Refuse a pixel size that `fit` did not see, or the lack of one that it saw."""
    if used == (pixel_size is not None):
        return
    raise ValueError(
        "The classifier was fitted with `pixel_size`: give it here as well."
        if used
        else "The classifier was fitted without `pixel_size`: leave it out, or fit "
        "again with it."
    )

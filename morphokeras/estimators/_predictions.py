"""What a fitted classifier is asked for."""

import numpy as np
from sklearn.base import ClassifierMixin

from morphokeras.estimators import _labels
from morphokeras.estimators._base import BaseMicrostructureEstimator
from morphokeras.estimators._views import symmetric_views
from morphokeras.models.classifier import ClassifierNetwork
from morphokeras.utils.entries import check_labels, check_weights


class Predictions(ClassifierMixin, BaseMicrostructureEstimator):
    """What a classifier does once it is trained."""

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

    def predict_proba(self, X, *, pixel_size=None):
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of the size of the training images.
        pixel_size : float or array-like of shape (n_samples,), optional
            Edge length of a pixel in micrometres, if `fit` was given it.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`; each row sums to 1.
        """
        examples = self._validate(X, pixel_size)
        self._check_pixel_size_known(pixel_size)
        return self._ask(examples, self._mean_probability)

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
        from sklearn.metrics import accuracy_score

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

    def transform(self, X, *, pixel_size=None):
        """Return the features that the classification rests on.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of the size of the training images.
        pixel_size : float or array-like of shape (n_samples,), optional
            Not used by the features; accepted as by `predict`.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Normalised means and deviations of the last feature map.
        """
        return self._ask(self._validate(X, pixel_size), self._embed)

    @property
    def _n_features_out(self) -> int:
        return self._network().head.norm.gamma.shape[0]

    def _network(self) -> ClassifierNetwork:
        """Return the classifying network, alone or within the autoencoder."""
        if isinstance(self.model_, ClassifierNetwork):
            return self.model_
        return self.model_.classifier

    def _mean_probability(self, network, batch):
        views = symmetric_views(batch["image"], self.augment, self.spatial_dims)
        # Few images go through the network once, with all their views.
        at_once = len(views) if len(views) * len(views[0]) <= self.batch_size else 1
        logits = [
            _logits(network, batch, views[start : start + at_once])
            for start in range(0, len(views), at_once)
        ]
        probability = _softmax(np.concatenate(logits).astype("float64"))
        return probability.reshape(len(views), len(views[0]), -1).mean(axis=0)

    def _embed(self, network, batch):
        return self._features(network, batch)["embedding"]

    def _features(self, network, batch):
        # Features come before the pixel size: it may stay unknown.
        unknown = np.full(len(batch["image"]), np.nan, "float32")
        return network.predict_on_batch({"log_pixel_size": unknown, **batch})

    def _check_pixel_size_known(self, pixel_size) -> None:
        used = self._network().head.use_pixel_size
        if used == (pixel_size is not None):
            return
        raise ValueError(
            "The classifier was fitted with `pixel_size`: give it here as well."
            if used
            else "The classifier was fitted without `pixel_size`: leave it out, or fit "
            "again with it."
        )


def _logits(network, batch, views: list[np.ndarray]) -> np.ndarray:
    """Return the logits of all views of a batch, one view after the other."""
    repeated = {k: np.concatenate([v] * len(views)) for k, v in batch.items()}
    inputs = {**repeated, "image": np.concatenate(views)}
    # Not `predict`, whose set-up takes far longer than one batch.
    return np.asarray(network.predict_on_batch(inputs)["logits_class"])


def _softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)

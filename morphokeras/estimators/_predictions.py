"""What a fitted classifier is asked for."""

import numpy as np
from scipy.special import softmax

from morphokeras.estimators._answers import ClassAnswers, check_pixel_size_known
from morphokeras.estimators._base import BaseMicrostructureEstimator
from morphokeras.estimators._views import symmetric_views
from morphokeras.models.classifier import ClassifierNetwork


class Predictions(ClassAnswers, BaseMicrostructureEstimator):
    """What a classifier does once it is trained."""

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
        return self._ask(self._measured(examples), self._mean_probability)

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
            Normalised means and deviations of the last feature map, then features of
            the descriptors, if the network reads any.
        """
        examples = self._measured(self._validate(X, pixel_size))
        return self._ask(examples, self._embed)

    @property
    def _n_features_out(self) -> int:
        return self._network().head.num_embedded

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
        probability = softmax(np.concatenate(logits).astype("float64"), axis=1)
        return probability.reshape(len(views), len(views[0]), -1).mean(axis=0)

    def _embed(self, network, batch):
        return self._features(network, batch)["embedding"]

    def _features(self, network, batch):
        # Features come before the pixel size: it may stay unknown.
        unknown = np.full(len(batch["image"]), np.nan, "float32")
        return network.predict_on_batch({"log_pixel_size": unknown, **batch})

    def _check_pixel_size_known(self, pixel_size) -> None:
        check_pixel_size_known(self._network().head.use_pixel_size, pixel_size)


def _logits(network, batch, views: list[np.ndarray]) -> np.ndarray:
    """Return the logits of all views of a batch, one view after the other."""
    repeated = {k: np.concatenate([v] * len(views)) for k, v in batch.items()}
    inputs = {**repeated, "image": np.concatenate(views)}
    # Not `predict`, whose set-up takes far longer than one batch.
    return np.asarray(network.predict_on_batch(inputs)["logits_class"])

"""What the classifiers share: labels, weights of classes, changes of images."""

import dataclasses
import math
from typing import Any

import keras
import numpy as np
from sklearn.utils.class_weight import compute_sample_weight

from morphokeras.estimators import _labels
from morphokeras.estimators._augment import Augmentation
from morphokeras.estimators._data import Examples
from morphokeras.estimators._partial_fit import PartialFit
from morphokeras.estimators._predictions import Predictions
from morphokeras.models.classifier import ClassifierNetwork

# Pixels of the window of an image that is trained on, by default.
WINDOW = 128 * 128


class BaseClassifier(PartialFit, Predictions):
    """A classifier of images, but for its parameters and its network."""

    classes_: np.ndarray
    _least_steps = 1500

    def _encode_labels(self, y, n_samples: int) -> np.ndarray:
        classes, labels = _labels.encode(y, n_samples, self.unlabeled)
        if self.warm_start and hasattr(self, "model_"):
            return _labels.encode_known(y, n_samples, self.classes_, self.unlabeled)
        self.classes_ = classes
        return labels

    def _known_labels(self, y, n_samples: int) -> np.ndarray:
        return _labels.encode_known(y, n_samples, self.classes_, self.unlabeled)

    def _weights(self, sample_weight, labels, images) -> np.ndarray | None:
        weights = super()._weights(sample_weight, labels, images)
        if self.class_weight is not None:
            by_class = self._class_weights(labels)
            weights = by_class if weights is None else by_class * weights
        if weights is not None:
            _labels.check_weighted(labels, weights, self.classes_)
        return weights

    def _class_weights(self, labels: np.ndarray) -> np.ndarray:
        """Return the weight of the class of each image, 1 without a label."""
        _labels.check_class_weight(self.class_weight, self.classes_)
        labelled = labels >= 0
        by_class = np.ones(len(labels), "float32")
        by_class[labelled] = compute_sample_weight(
            self.class_weight, self.classes_[labels[labelled]]
        )
        return by_class

    def _augmentation(self) -> Augmentation:
        return dataclasses.replace(
            super()._augmentation(),
            zoom=self.zoom,
            crop=self._window_share(),
            grey_jitter=self.grey_jitter,
            noise=self.noise,
            erasing=self.erasing,
        )

    def _window_share(self) -> float:
        """Return the side of the window that is trained on, as a share."""
        if self.crop != "auto":
            return self.crop
        if self.spatial_dims == 3:
            return 1.0
        return min(1.0, math.sqrt(WINDOW / math.prod(self.image_shape_[:-1])))

    def _make_network(self, training: Examples, **options) -> keras.Model:
        """Return a network that classifies and does nothing else."""
        network = ClassifierNetwork(
            backbone=self.backbone,
            name="classifier",
            **self._head_options(training),
            **options,
        )
        network.build((None, *self.image_shape_))
        self._adapt_head(network, training)
        self._load_backbone_weights(network.encoder)
        return network

    def _adapt_head(self, network: Any, training: Examples) -> None:
        if training.descriptors is not None:
            network.head.adapt(training.descriptors)

    def _head_options(self, training: Examples) -> dict:
        return {
            "num_classes": len(self.classes_),
            "dropout": self.dropout,
            "label_smoothing": self.label_smoothing,
            "num_descriptors": _number(training.descriptors),
            **_pixel_size_options(training),
        }


def _number(descriptors: np.ndarray | None) -> int:
    return 0 if descriptors is None else descriptors.shape[1]


def _pixel_size_options(training: Examples) -> dict:
    """Return whether the head sees the pixel size, and between which sizes."""
    if training.log_pixel_size is None:
        return {"use_pixel_size": False}
    sizes = np.exp(training.log_pixel_size)
    return {
        "use_pixel_size": True,
        "pixel_size_range": (float(sizes.min()), float(sizes.max())),
    }

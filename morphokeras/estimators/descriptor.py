"""Classifiers of hand-made descriptors, to compare networks with and to vote."""

import math
from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from morphokeras.estimators import _labels, _options
from morphokeras.estimators._answers import ClassAnswers, check_pixel_size_known
from morphokeras.estimators._files import SavesValues
from morphokeras.estimators._machine import CalibratedMachine
from morphokeras.features import (
    PersistenceFeatures,
    ScatteringFeatures,
    TextureFeatures,
)
from morphokeras.utils.entries import check_pixel_size, check_weights
from morphokeras.utils.validation import check_images


class DescriptorClassifier(SavesValues, ClassAnswers, BaseEstimator):
    """Classify images by persistence, texture and scattering, and by the pixel size.

    It is `make_descriptor_classifier` with the face of the networks: pixel sizes,
    images without label, few images of a class. It trains in seconds;
    `MicrostructureClassifier` reads the same descriptors beside what it learns.

    Parameters
    ----------
    C : float, default=0.03
        Inverse strength of the regularisation of the linear support vector machine.
    pixel_size_weight : float, default=10.0
        What the standardised logarithm of the pixel size is multiplied by: as one
        column among some eight hundred it would hardly count.
    class_weight : dict, 'balanced' or None, default='balanced'
        Weights of the classes.
    intensity : {None, 'minmax', 'percentile'} or (float, float), default=None
        The grey values that become 0 and 1. None: the range of an integer dtype;
        floats must then lie in [0, 1].
    unlabeled : label or None, default=None
        The value of `y` that marks an image without label. Such images are left out.
    n_jobs : int or None, default=None
        Number of threads that measure images.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    features_ : Pipeline
        What turns images into standardised features.
    machine_ : classifier
        What classifies the features; its `machine_` is the `sklearn.svm.SVC`.
    measured_ : dict of ndarray
        What was learned from: of each labelled image its ``"descriptors"``, ``"label"``
        and ``"weight"``, and ``"log_pixel_size"`` if pixel sizes were given.
    image_shape_ : tuple of int
        Shape of a training image, channels last.
    intensity_range_ : (float, float)
        The grey values that became 0 and 1.
    n_features_in_ : int
        Number of values of an image.

    See Also
    --------
    make_descriptor_classifier : The same as a pipeline, without pixel sizes.

    Notes
    -----
    `save` writes what was measured, not the machine: `morphokeras.load` trains it anew,
    in a second, under whatever version of scikit-learn is there.

    Probabilities are the softmax of the machine's decisions times one factor, which is
    found by cross-validation on the training images, or 1 with a single image of some
    class. So the most probable class is the machine's, however few images there are.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.estimators import DescriptorClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.random((20, 16, 16))
    >>> X[10:] = np.sort(X[10:], axis=1)
    >>> y = ["noise"] * 10 + ["gradient"] * 10
    >>> clf = DescriptorClassifier().fit(X[::2], y[::2], pixel_size=0.5)
    >>> clf.score(X[1::2], y[1::2], pixel_size=0.5)
    1.0
    """

    _parameter_constraints: dict[str, list] = {
        "C": [_options.POSITIVE],
        "pixel_size_weight": [_options.WEIGHT],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "intensity": _options.TRAINING_OPTIONS["intensity"],
        "unlabeled": [object],
        "n_jobs": [Integral, None],
    }
    _parts_of = ("features_", "machine_", "_size_scaler", "classes_")
    _required = ("measured_", "image_shape_", "intensity_range_", "n_features_in_")

    def __init__(
        self,
        *,
        C=0.03,
        pixel_size_weight=10.0,
        class_weight="balanced",
        intensity=None,
        unlabeled=None,
        n_jobs=None,
    ):
        self.C = C
        self.pixel_size_weight = pixel_size_weight
        self.class_weight = class_weight
        self.intensity = intensity
        self.unlabeled = unlabeled
        self.n_jobs = n_jobs

    def fit(self, X, y, *, sample_weight=None, groups=None, pixel_size=None):
        """Measure the images and train the support vector machine.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of one size.
        y : array-like of shape (n_samples,)
            Class labels, strings or integers.
        sample_weight : array-like of shape (n_samples,), optional
            Weights that are not negative.
        groups : ignored
            Accepted as by the networks.
        pixel_size : float or array-like of shape (n_samples,), optional
            Edge length of a pixel in micrometres. If given here, it must be given to
            `predict` as well.

        Returns
        -------
        self
            The fitted classifier.

        Raises
        ------
        ValueError, TypeError
            If the images, the labels or a parameter are not as described.
        """
        self._validate_params()
        images = check_images(X)
        classes, labels = _labels.encode(y, len(images), self.unlabeled)
        _labels.check_class_weight(self.class_weight, classes)
        weights = np.ones(len(images))
        if sample_weight is not None:
            weights = check_weights(sample_weight, len(images))
        log_size = _log(pixel_size, len(images))
        known = (labels >= 0) & (weights > 0)
        _labels.check_weighted(labels, weights, classes)

        features = self._make_features()
        measured = {
            "descriptors": features[0].fit_transform(images[known]),
            "label": classes[labels[known]],
            "weight": weights[known],
        }
        if log_size is not None:
            measured["log_pixel_size"] = log_size[known]
        self._train(features, measured)
        _, first = features[0].transformer_list[0]
        self.intensity_range_ = first.intensity_range_
        self.image_shape_ = images.shape[1:]
        self.n_features_in_ = math.prod(self.image_shape_)
        return self

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
        check_is_fitted(self, "machine_")
        check_pixel_size_known(self._size_scaler is not None, pixel_size)
        table = self.features_.transform(X)
        log_size = _log(pixel_size, len(table))
        table = self._join(table, log_size, self._size_scaler)
        return self.machine_.predict_proba(table)

    def _train(self, features: Pipeline, measured: dict[str, np.ndarray]) -> None:
        """Learn from what was measured; the first step of `features` is fitted."""
        table = features[1:].fit_transform(measured["descriptors"])
        log_size, scaler = measured.get("log_pixel_size"), None
        if log_size is not None:
            scaler = StandardScaler().fit(log_size)
        table = self._join(table, log_size, scaler)
        machine = CalibratedMachine(self.C, class_weight=self.class_weight)
        machine.fit(table, measured["label"], sample_weight=measured["weight"])
        self.machine_, self.features_, self._size_scaler = machine, features, scaler
        self.classes_, self.measured_ = machine.classes_, measured

    def _read_parts(
        self, parts: Mapping[str, bytes], classes: Mapping[str, type]
    ) -> None:
        features = self._make_features()
        try:
            for _, step in features[0].transformer_list:
                step._learn(tuple(self.image_shape_), tuple(self.intensity_range_))
            names = features[0].get_feature_names_out()
            if np.shape(self.measured_["descriptors"])[1:] != names.shape:
                raise ValueError(f"there must be {len(names)} descriptors")
            self._train(features, self.measured_)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"what was measured cannot be learned from ({error})."
            ) from error

    def _make_features(self) -> Pipeline:
        features = make_descriptor_features(self.intensity, self.n_jobs)
        # Arrays, whatever scikit-learn is set to: they are kept and stacked.
        return features.set_output(transform="default")

    def _join(
        self, table: np.ndarray, log_size: np.ndarray | None, scaler: Any
    ) -> np.ndarray:
        if log_size is None:
            return table
        return np.hstack([table, self.pixel_size_weight * scaler.transform(log_size)])


def make_descriptor_features(
    intensity: str | tuple[float, float] | None = None, n_jobs: int | None = None
) -> Pipeline:
    """Make the pipeline that turns images into standardised descriptors.

    Parameters
    ----------
    intensity, n_jobs
        See `make_descriptor_classifier`.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Unfitted; it takes images of shape (n_samples, height, width[, channels]).

    Notes
    -----
    The inverse hyperbolic sine brings counts, which range over decades, to a
    logarithmic scale and leaves small numbers as they are.
    """
    return make_pipeline(
        make_union(
            PersistenceFeatures(intensity=intensity, n_jobs=n_jobs),
            TextureFeatures(intensity=intensity, n_jobs=n_jobs),
            ScatteringFeatures(intensity=intensity, n_jobs=n_jobs),
        ),
        FunctionTransformer(np.arcsinh, feature_names_out="one-to-one"),
        StandardScaler(),
    )


def make_descriptor_classifier(
    *,
    C: float = 0.03,
    kernel: str = "linear",
    class_weight: dict | str | None = "balanced",
    probability: bool = True,
    intensity: str | tuple[float, float] | None = None,
    n_jobs: int | None = None,
) -> Pipeline:
    """Make a pipeline of descriptors of images and a support vector machine.

    Use it as the yardstick of a network, or beside one: it trains in seconds.

    Parameters
    ----------
    C : float, default=0.03
        Inverse strength of the regularisation.
    kernel : {'linear', 'rbf'} or another of `sklearn.svm.SVC`, default='linear'
        Kernel of the support vector machine. With ``'rbf'`` a greater `C`, such as 10,
        does better.
    class_weight : dict, 'balanced' or None, default='balanced'
        Weights of the classes.
    probability : bool, default=True
        Whether there is a `predict_proba`, as of `DescriptorClassifier`. Without it the
        last step is scikit-learn's own `SVC`.
    intensity : {None, 'minmax', 'percentile'} or (float, float), default=None
        The grey values that become 0 and 1. None: the range of an integer dtype;
        floats must then lie in [0, 1].
    n_jobs : int or None, default=None
        Number of threads that measure images.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Unfitted; it takes images of shape (n_samples, height, width[, channels]) and
        labels.

    See Also
    --------
    morphokeras.features.PersistenceFeatures, morphokeras.features.TextureFeatures, \
morphokeras.features.ScatteringFeatures

    Notes
    -----
    On real micrographs the defaults name more right than a network that learns from the
    images alone, above all where few are labelled: see the page of benchmarks in the
    documentation. An image of 256 x 256 pixels takes about a fifth of a second, the fit
    itself little.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.estimators import make_descriptor_classifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.random((20, 16, 16))
    >>> X[10:] = np.sort(X[10:], axis=1)
    >>> y = ["noise"] * 10 + ["gradient"] * 10
    >>> clf = make_descriptor_classifier().fit(X[::2], y[::2])
    >>> clf.score(X[1::2], y[1::2])
    1.0
    """
    steps = make_descriptor_features(intensity, n_jobs).steps
    make = CalibratedMachine if probability else SVC
    last = make(C=C, kernel=kernel, class_weight=class_weight)
    return Pipeline([*steps, (type(last).__name__.lower(), last)])


def _log(pixel_size, n_samples: int) -> np.ndarray | None:
    if pixel_size is None:
        return None
    return np.log(check_pixel_size(pixel_size, n_samples))[:, np.newaxis]

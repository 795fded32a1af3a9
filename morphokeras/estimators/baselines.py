"""Classifiers of ordinary networks, to compare with."""

import keras

from morphokeras.estimators import _options
from morphokeras.estimators._attention import AttentionMaps
from morphokeras.estimators._classification import BaseClassifier
from morphokeras.estimators._data import Examples
from morphokeras.models.baselines import PlainCNN


class PlainCNNClassifier(BaseClassifier):
    """Classify images with an ordinary convolutional network, as a yardstick.

    Three times a convolution, ReLU and pooling, then the mean over the image and one
    dense layer. Labels, changes of the images, training and predictions are those of
    `MicrostructureClassifier`, so that with ``descriptors=False`` there, and as many
    epochs, scores differ by the networks alone.

    Parameters
    ----------
    num_parameters : int or None, default=None
        Size of the network to come nearest to, such as that of another network,
        ``clf.model_.count_params()``. None: 32 filters in the first layer, doubled in
        each of the next.
    spatial_dims : {2, 3}, default=2
        Images or volumes.
    intensity : {None, 'minmax', 'percentile'} or (float, float), default=None
        The grey values that become 0 and 1. None: the range of an integer dtype;
        floats must then lie in [0, 1].
    unlabeled : label or None, default=None
        The value of `y` that marks an image without label. Such images are not learned
        from.
    augment : {'flips', 'dihedral', 'rotation'} or None, default='flips'
        Symmetries under which the class of an image does not change.
    zoom, crop, grey_jitter, noise, erasing : float, default=0.4, 'auto', 0.25, \
0.1, 0.0
        Random changes of the training images, as in `MicrostructureClassifier`.
    label_smoothing : float, default=0.1
        Share of a target's probability that is spread over all classes.
    epochs : int or 'auto', default='auto'
        Passes over the images. ``'auto'``: enough for 1500 steps.
    batch_size : int, default=32
        Images a step; capped at their number.
    learning_rate, weight_decay, warmup : float, default=3e-3, 0.05, 0.1
        AdamW's, with a linear warm-up over this share of the steps and a cosine decay.
    class_weight : dict, 'balanced' or None, default=None
        Weights of the classes.
    early_stopping : bool, default=False
        Whether to hold out `validation_fraction` of the images (of the groups, if
        given) and stop when their loss has not fallen for `n_iter_no_change` epochs.
    validation_fraction, n_iter_no_change : float and int, default=0.1, 10
        See `early_stopping`.
    mixed_precision : {None, 'float16', 'bfloat16'}, default=None
        Precision of the arithmetic; weights stay in float32.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the previous call.
    callbacks : list or None, default=None
        Keras callbacks (copied for each training) or functions that make one.
    random_state : int, RandomState or None, default=None
        Same seed, same result on one backend and device.
    verbose : int, default=0
        0 silent, 1 a progress bar, 2 a line an epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    model_ : PlainCNN
        The trained network.
    history_ : dict of lists
        Every term of the objective by epoch.
    image_shape_ : tuple of int
        Shape of a training image, channels last.
    intensity_range_ : (float, float)
        The grey values that became 0 and 1.
    n_features_in_ : int
        Number of values of an image.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.estimators import PlainCNNClassifier
    >>> X = np.random.default_rng(0).random((8, 16, 16))
    >>> y = ["fine", "coarse"] * 4
    >>> clf = PlainCNNClassifier(num_parameters=1000, epochs=1, random_state=0)
    >>> clf.fit(X, y).predict_proba(X).shape
    (8, 2)
    """

    # What lies beyond the edges, here of its convolutions, is no parameter.
    boundary = "zero"
    _parameter_constraints = {
        **_options.MODEL_OPTIONS,
        **_options.TRAINING_OPTIONS,
        **_options.CLASSIFIER_OPTIONS,
        "num_parameters": [_options.POSITIVE_INT, None],
    }

    def __init__(
        self,
        num_parameters=None,
        *,
        spatial_dims=2,
        intensity=None,
        unlabeled=None,
        augment="flips",
        zoom=0.4,
        crop="auto",
        grey_jitter=0.25,
        noise=0.1,
        erasing=0.0,
        label_smoothing=0.1,
        epochs="auto",
        batch_size=32,
        learning_rate=3e-3,
        weight_decay=0.05,
        warmup=0.1,
        class_weight=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        mixed_precision=None,
        warm_start=False,
        callbacks=None,
        random_state=None,
        verbose=0,
    ):
        self.num_parameters = num_parameters
        self.spatial_dims = spatial_dims
        self.intensity = intensity
        self.unlabeled = unlabeled
        self.augment = augment
        self.zoom = zoom
        self.crop = crop
        self.grey_jitter = grey_jitter
        self.noise = noise
        self.erasing = erasing
        self.label_smoothing = label_smoothing
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.warmup = warmup
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.mixed_precision = mixed_precision
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self,
        X,
        y,
        *,
        sample_weight=None,
        groups=None,
        validation_data=None,
    ):
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of one size; volumes with `spatial_dims=3`.
        y : array-like of shape (n_samples,)
            Class labels, strings or integers.
        sample_weight : array-like of shape (n_samples,), optional
            Weights that are not negative; an image of weight zero is left out.
        groups : array-like of shape (n_samples,), optional
            The specimen of each image: an inner validation split keeps them together.
        validation_data : (X, y), optional
            Images whose loss is recorded (and, with `early_stopping`, watched).

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If the images, the labels or a parameter are not as described.
        """
        return self._fit(X, y, sample_weight, groups, None, validation_data)

    @property
    def _n_features_out(self) -> int:
        return self._network().network.output["embedding"].shape[-1]

    def _network(self) -> PlainCNN:
        return self.model_

    def _make_model(self, training: Examples) -> keras.Model:
        return PlainCNN(
            self.image_shape_,
            len(self.classes_),
            num_parameters=self.num_parameters,
            label_smoothing=self.label_smoothing,
            name="plain_cnn",
        )

    def _log_pixel_size(self, pixel_size, n_samples: int) -> None:
        if pixel_size is not None:
            raise ValueError(
                "A plain CNN takes no `pixel_size`: leave it out, or use "
                "MicrostructureClassifier."
            )

    def _check_pixel_size_known(self, pixel_size) -> None:
        """Pass: `_log_pixel_size` has refused it."""


class ResNet50Classifier(AttentionMaps, BaseClassifier):
    """Classify images with a ResNet-50, as a yardstick.

    The backbone of many a publication, under the head and the training of
    `MicrostructureClassifier`. It has 23.6 million parameters: without pre-trained
    weights it wants many images, and without a GPU patience.

    Parameters
    ----------
    backbone_weights : str, path-like or None, default=None
        File of pre-trained weights without the top, to start from; nothing is ever
        downloaded.
    intensity : {None, 'minmax', 'percentile'} or (float, float), default=None
        The grey values that become 0 and 1. None: the range of an integer dtype;
        floats must then lie in [0, 1].
    unlabeled : label or None, default=None
        The value of `y` that marks an image without label. Such images are not learned
        from.
    augment : {'flips', 'dihedral', 'rotation'} or None, default='flips'
        Symmetries under which the class of an image does not change.
    zoom, crop, grey_jitter, noise, erasing : float, default=0.4, 'auto', 0.25, \
0.1, 0.0
        Random changes of the training images, as in `MicrostructureClassifier`.
    dropout, label_smoothing : float, default=0.3, 0.1
        Share of the pooled features dropped in training; share of a target's
        probability that is spread over all classes.
    epochs : int or 'auto', default='auto'
        Passes over the images. ``'auto'``: enough for 1500 steps.
    batch_size : int, default=32
        Images a step; capped at their number.
    learning_rate, weight_decay, warmup : float, default=3e-4, 0.05, 0.1
        AdamW's, with a linear warm-up over this share of the steps and a cosine decay.
    class_weight : dict, 'balanced' or None, default=None
        Weights of the classes.
    early_stopping : bool, default=False
        Whether to hold out `validation_fraction` of the images (of the groups, if
        given) and stop when their loss has not fallen for `n_iter_no_change` epochs.
    validation_fraction, n_iter_no_change : float and int, default=0.1, 10
        See `early_stopping`.
    mixed_precision : {None, 'float16', 'bfloat16'}, default=None
        Precision of the arithmetic; weights stay in float32.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the previous call.
    callbacks : list or None, default=None
        Keras callbacks (copied for each training) or functions that make one.
    random_state : int, RandomState or None, default=None
        Same seed, same result on one backend and device.
    verbose : int, default=0
        0 silent, 1 a progress bar, 2 a line an epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    model_ : ClassifierNetwork
        The trained network.
    history_ : dict of lists
        Every term of the objective by epoch.
    image_shape_ : tuple of int
        Shape of a training image, channels last.
    intensity_range_ : (float, float)
        The grey values that became 0 and 1.
    n_features_in_ : int
        Number of values of an image.

    Notes
    -----
    The learning rate is a tenth of `MicrostructureClassifier`'s, as in the article:
    pre-trained weights would be forgotten.

    Examples
    --------
    >>> from morphokeras.estimators import ResNet50Classifier
    >>> clf = ResNet50Classifier(epochs=10, mixed_precision="float16")
    >>> clf.get_params()["learning_rate"]
    0.0003
    """

    backbone = "resnet50"
    boundary = "zero"
    spatial_dims = 2
    _parameter_constraints = {
        **_options.MODEL_OPTIONS,
        **_options.TRAINING_OPTIONS,
        **_options.CLASSIFIER_OPTIONS,
    }

    def __init__(
        self,
        backbone_weights=None,
        *,
        intensity=None,
        unlabeled=None,
        augment="flips",
        zoom=0.4,
        crop="auto",
        grey_jitter=0.25,
        noise=0.1,
        erasing=0.0,
        dropout=0.3,
        label_smoothing=0.1,
        epochs="auto",
        batch_size=32,
        learning_rate=3e-4,
        weight_decay=0.05,
        warmup=0.1,
        class_weight=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        mixed_precision=None,
        warm_start=False,
        callbacks=None,
        random_state=None,
        verbose=0,
    ):
        self.backbone_weights = backbone_weights
        self.intensity = intensity
        self.unlabeled = unlabeled
        self.augment = augment
        self.zoom = zoom
        self.crop = crop
        self.grey_jitter = grey_jitter
        self.noise = noise
        self.erasing = erasing
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.warmup = warmup
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.mixed_precision = mixed_precision
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self,
        X,
        y,
        *,
        sample_weight=None,
        groups=None,
        pixel_size=None,
        validation_data=None,
    ):
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of one size, of one or three channels.
        y : array-like of shape (n_samples,)
            Class labels, strings or integers.
        sample_weight : array-like of shape (n_samples,), optional
            Weights that are not negative; an image of weight zero is left out.
        groups : array-like of shape (n_samples,), optional
            The specimen of each image: an inner validation split keeps them together.
        pixel_size : float or array-like of shape (n_samples,), optional
            Edge length of a pixel in micrometres. If given here, it must be given to
            `predict` as well.
        validation_data : (X, y) or (X, y, pixel_size), optional
            Images whose loss is recorded (and, with `early_stopping`, watched).

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If the images, the labels or a parameter are not as described.
        """
        return self._fit(X, y, sample_weight, groups, pixel_size, validation_data)

    def _make_model(self, training: Examples) -> keras.Model:
        return self._make_network(training)

"""A classifier of micrographs."""

import dataclasses

import keras
from sklearn.utils._param_validation import StrOptions

from morphokeras.estimators import _options
from morphokeras.estimators._attention import AttentionMaps
from morphokeras.estimators._augment import Augmentation
from morphokeras.estimators._classification import BaseClassifier
from morphokeras.estimators._data import Examples
from morphokeras.estimators._descriptors import ReadsDescriptors

# By default; without descriptors twice as many.
STEPS_BESIDE_DESCRIPTORS = 750


class MicrostructureClassifier(AttentionMaps, ReadsDescriptors, BaseClassifier):
    """Classify micrographs, phase fields or maps.

    A residual network of steerable filters with a readable attention map is trained
    from scratch on a CPU or a GPU; beside the features that it learns it reads
    hand-made descriptors of the images. With a positive weight of a generative term, a
    `MorphoTensorVAE` that shares the encoder is trained beside it.

    Parameters
    ----------
    lambda_topo : float, default=0.0
        Weight of the topology term: soft Betti numbers of reconstructions against
        those of the images, and of fresh samples against the training set.
    lambda_class : float, default=1.0
        Weight of the cross-entropy.
    lambda_rec, lambda_kl : float or 'auto', default='auto'
        Weights of the reconstruction and of the Kullback-Leibler divergence. ``'auto'``
        is 1 if any other generative weight is positive, else 0: no generator is built
        and the classifier is a plain network.
    lambda_mi, lambda_warp, lambda_det, lambda_patch, lambda_s2, lambda_smooth, \
lambda_curv : float, default=0.0
        Weights of the mutual information, of the warp's deformation and volume change,
        of the patch distance and the two-point distance of fresh samples, of the
        smoothness of topology and of the latent curvature.
    descriptors : bool or 'auto', default='auto'
        Whether the network also reads persistence, texture and scattering descriptors
        of each image, as `DescriptorClassifier` does. ``'auto'``: if images, not
        volumes, are at least 32 pixels high and wide. An image of 256 x 256 pixels
        takes a fifth of a second of one core; all cores are used.
    backbone : {'steerable', 'plain', 'resnet50'}, default='steerable'
        Convolutions of the encoder: steerable filters or Keras' own; or a ResNet-50
        (images of one or three channels), which wants `backbone_weights` or many
        images.
    backbone_weights : str, path-like or None, default=None
        File of pre-trained weights of a ResNet-50 without its top, to start from.
    filters : int, default=32
        Width of the first stage of the encoder (and of the generator).
    latent_dim, latent_field_channels, latent_field_stride : int, default=16, 4, 4
        Length of the code; channels and grid spacing in pixels of the latent field.
    depth, kernel_size, num_basis : int, default=3, 5, None
        Number of scales of the generator, side of its kernels in pixels, number of
        basis functions of a kernel (None: all that are independent).
    max_displacement : float, default=2.0
        Largest displacement of the generator's warp, in pixels.
    temperature, threshold : float, default=0.05, 0.5
        Softness and least persistence of the soft count, in grey values.
    soft_count : {'rectified', 'article'}, default='rectified'
        See `SoftBetti`.
    topology_target : {'distribution', 'diagram', 'mean'}, default='distribution'
        How `lambda_topo` compares images: by the distribution of their counts of
        features, by the features' births and deaths, or with the mean counts.
    topology_samples : float, default=0.25
        Fresh samples a step, as a share of the batch, in (0, 1].
    connectivity : {'full', 'face'}, default='full'
        Which neighbours of a pixel are connected to it: 8 or 4 (26 or 6 in volumes).
    boundary : {'zero', 'symmetric', 'periodic'}, default='zero'
        What lies beyond the edges of an image. Zeros are the fastest.
    field : {'grey', 'phase'}, default='grey'
        Micrographs, or phase fractions.
    energy_budget : float or None, default=None
        Greatest energy of the generator's filter responses (Eq. 8).
    observation_variance : float, default=0.15
        Variance of the grey values around a reconstruction.
    spatial_dims : {2, 3}, default=2
        Images or volumes.
    intensity : {None, 'minmax', 'percentile'} or (float, float), default=None
        The grey values that become 0 and 1. None: the range of an integer dtype;
        floats must then lie in [0, 1].
    unlabeled : label or None, default=None
        The value of `y` that marks an image without label. Such images train the
        generative terms only.
    augment : {'flips', 'dihedral', 'rotation'} or None, default='flips'
        Symmetries under which the class of an image does not change.
    zoom : float, default=0.4
        Images are magnified by a random factor between exp(-zoom) and exp(zoom).
    crop : float or 'auto', default='auto'
        Side of the randomly placed window that is trained on, as a share of the
        image's, in (0, 1]. ``'auto'``: a window of 128 x 128 pixels or as many, or
        the whole image if it has fewer. Predictions are made on whole images. With
        generative terms whole images, and whole volumes, are trained on.
    grey_jitter, noise : float, default=0.25, 0.1
        Strength of random changes of brightness and contrast, at most 0.45, and
        deviation of white noise, in deviations of the image. 0 for volumes, as `zoom`.
    erasing : float, default=0.0
        Probability that a random rectangle of an image is erased.
    dropout, label_smoothing : float, default=0.3, 0.1
        Share of the pooled features dropped in training; share of a target's
        probability that is spread over all classes.
    epochs : int or 'auto', default='auto'
        Passes over the images. ``'auto'``: enough for 750 steps where the network
        reads descriptors and no generator is trained beside it, else for 1500.
    batch_size : int, default=32
        Images a step; capped at their number.
    learning_rate, weight_decay, warmup : float, default=3e-3, 0.05, 0.1
        AdamW's, with a linear warm-up over this share of the steps and a cosine decay.
    class_weight : dict, 'balanced' or None, default=None
        Weights of the classes. ``'balanced'`` where the shares of the classes among
        the images to predict may differ from those among the training images.
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
    model_ : keras.Model
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
    `predict` averages over the flips (or
    the symmetries of the square) that `augment` declares.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras import MicrostructureClassifier
    >>> rng = np.random.default_rng(0)
    >>> lamellae = np.sin(np.arange(32) * 0.8 + rng.uniform(0, 6, (20, 1, 1)))
    >>> X = 0.5 + 0.4 * np.concatenate(
    ...     [np.repeat(lamellae, 32, axis=1), rng.uniform(-1, 1, (20, 32, 32))]
    ... )
    >>> y = ["lamellae"] * 20 + ["noise"] * 20
    >>> clf = MicrostructureClassifier(filters=4, epochs=2, random_state=0)
    >>> clf.fit(X[::2], y[::2]).predict_proba(X[1::2]).shape
    (20, 2)
    >>> clf.classes_.tolist()
    ['lamellae', 'noise']
    """

    _parameter_constraints = {
        **_options.MODEL_OPTIONS,
        **_options.TRAINING_OPTIONS,
        **_options.WEIGHTS,
        **_options.CLASSIFIER_OPTIONS,
        "descriptors": ["boolean", StrOptions({"auto"})],
    }

    def __init__(
        self,
        lambda_topo=0.0,
        *,
        lambda_class=1.0,
        lambda_rec="auto",
        lambda_kl="auto",
        lambda_mi=0.0,
        lambda_warp=0.0,
        lambda_det=0.0,
        lambda_patch=0.0,
        lambda_s2=0.0,
        lambda_smooth=0.0,
        lambda_curv=0.0,
        descriptors="auto",
        backbone="steerable",
        backbone_weights=None,
        filters=32,
        latent_dim=16,
        latent_field_channels=4,
        latent_field_stride=4,
        depth=3,
        kernel_size=5,
        num_basis=None,
        max_displacement=2.0,
        temperature=0.05,
        threshold=0.5,
        soft_count="rectified",
        topology_target="distribution",
        topology_samples=0.25,
        connectivity="full",
        boundary="zero",
        field="grey",
        energy_budget=None,
        observation_variance=0.15,
        spatial_dims=2,
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
        self.lambda_topo = lambda_topo
        self.lambda_class = lambda_class
        self.lambda_rec = lambda_rec
        self.lambda_kl = lambda_kl
        self.lambda_mi = lambda_mi
        self.lambda_warp = lambda_warp
        self.lambda_det = lambda_det
        self.lambda_patch = lambda_patch
        self.lambda_s2 = lambda_s2
        self.lambda_smooth = lambda_smooth
        self.lambda_curv = lambda_curv
        self.descriptors = descriptors
        self.backbone = backbone
        self.backbone_weights = backbone_weights
        self.filters = filters
        self.latent_dim = latent_dim
        self.latent_field_channels = latent_field_channels
        self.latent_field_stride = latent_field_stride
        self.depth = depth
        self.kernel_size = kernel_size
        self.num_basis = num_basis
        self.max_displacement = max_displacement
        self.temperature = temperature
        self.threshold = threshold
        self.soft_count = soft_count
        self.topology_target = topology_target
        self.topology_samples = topology_samples
        self.connectivity = connectivity
        self.boundary = boundary
        self.field = field
        self.energy_budget = energy_budget
        self.observation_variance = observation_variance
        self.spatial_dims = spatial_dims
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
        """Train the classifier.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of one size; volumes with `spatial_dims=3`.
        y : array-like of shape (n_samples,)
            Class labels, strings or integers.
        sample_weight : array-like of shape (n_samples,), optional
            Weights that are not negative.
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
            The fitted classifier.

        Raises
        ------
        ValueError, TypeError
            If the images, the labels or a parameter are not as described.
        """
        return self._fit(X, y, sample_weight, groups, pixel_size, validation_data)

    def _augmentation(self) -> Augmentation:
        augmentation = super()._augmentation()
        if self._is_generative():
            return dataclasses.replace(augmentation, crop=1.0)
        return augmentation

    def _make_model(self, training: Examples) -> keras.Model:
        if self._is_generative():
            model = self._make_autoencoder(
                training, self._loss_weights(), **self._head_options(training)
            )
            self._adapt_head(model.classifier, training)
            return model
        return self._make_network(
            training, boundary=self.boundary, filters=self.filters
        )

    def _enough_steps(self) -> int:
        # Descriptors say much from the start, but no generator learns from them.
        if self._reads_descriptors() and not self._is_generative():
            return STEPS_BESIDE_DESCRIPTORS
        return super()._enough_steps()

    def _is_generative(self) -> bool:
        weights = self._loss_weights()
        return any(weight for term, weight in weights.items() if term != "class")

    def _loss_weights(self) -> dict[str, float]:
        """Return the weight of each term, with 'auto' resolved."""
        weights = {t: getattr(self, f"lambda_{t}") for t in (*_options.TERMS, "class")}
        others = [v for t, v in weights.items() if t not in ("rec", "kl", "class")]
        auto = AUTO_WEIGHT if any(others) else 0.0
        return {t: auto if v == "auto" else float(v) for t, v in weights.items()}


# With other terms, a reconstruction and a divergence of weight 1 are the exact bound
# of the likelihood.
AUTO_WEIGHT = 1.0

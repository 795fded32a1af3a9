"""A generator of microstructures."""

import keras
import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from morphokeras.estimators import _labels, _options
from morphokeras.estimators._base import BaseMicrostructureEstimator
from morphokeras.estimators._data import Examples
from morphokeras.estimators._prior import LearnsPrior
from morphokeras.estimators._samples import DrawsSamples


class MicrostructureGenerator(DrawsSamples, LearnsPrior, BaseMicrostructureEstimator):
    """Learn a set of microstructures: draw new ones, code and rebuild given ones.

    A `MorphoTensorVAE` is trained on the images. Fitted with labels, it draws samples
    of a class. Its codes serve as features beside others.

    Parameters
    ----------
    latent_dim : int, default=16
        Length of the code of an image.
    latent_field_channels, latent_field_stride : int, default=4, 4
        Channels and grid spacing, in pixels, of the latent field that carries the
        arrangement; a quarter of the features' spacing is a good spacing. Without
        channels the model has one size.
    lambda_rec : float, default=1.0
        Weight of the reconstruction.
    lambda_kl : float or 'auto', default='auto'
        Weight of the Kullback-Leibler divergence; 1 is the exact bound of the
        likelihood. ``'auto'``: 1, and 0.17 with the flow as `prior`, which follows
        codes wherever they lie, so that reconstructions may be sharp.
    lambda_patch : float or 'auto', default='auto'
        Weight of the patch distance between images and fresh samples of the white
        prior: it makes them sharp. ``'auto'``: 1, and 0 with the flow as `prior`.
    lambda_topo : float, default=0.0
        Weight of the topology term (soft Betti numbers).
    lambda_mi, lambda_warp, lambda_det, lambda_s2, lambda_smooth, lambda_curv : float, \
default=0.0
        Weights of the mutual information, of the warp's deformation and volume change,
        of the two-point distance of fresh samples, of the smoothness of topology and
        of the latent curvature.
    filters, depth, kernel_size, num_basis : int, default=32, 3, 5, None
        Width and number of scales of the generator, side of its kernels in pixels,
        number of basis functions of a kernel (None: all that are independent).
    backbone : {'steerable', 'plain', 'resnet50'}, default='steerable'
        Convolutions of the encoder: steerable filters or Keras' own; or a ResNet-50.
    backbone_weights : str, path-like or None, default=None
        File of pre-trained weights of a ResNet-50 without its top, to start from.
    projection : {'logit', 'scale'}, default='logit'
        How a sample is brought to its volume fraction; ``'scale'`` is the article's.
    max_displacement : float, default=2.0
        Largest displacement of the warp, in pixels; 0 for no warp.
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
    boundary : {'symmetric', 'periodic', 'zero'}, default='symmetric'
        What lies beyond the edges of an image, and of samples.
    field : {'grey', 'phase'}, default='grey'
        Micrographs, or phase fractions, whose mean is a volume fraction.
    energy_budget : float or None, default=None
        Greatest energy of the filter responses (Eq. 8).
    observation_variance : float, default=0.15
        Variance of the grey values around a reconstruction.
    prior : {None, 'auto', 'white', 'flow'}, default=None
        What samples are drawn from: the standard normal, or a `LatentFlow` that is
        fitted to the images' codes after the rest. None: the flow for
        ``field='phase'``, unless `lambda_rec` is 0 or `lambda_patch`, `lambda_topo` or
        `lambda_s2` is positive, which judge samples of white noise; else white.
        ``'auto'``: after a training as for white, the one whose samples have Betti
        curves nearer (by the energy distance) to those of images kept from the flow:
        the validation images, or `validation_fraction` of all; white if these are
        fewer than 16.
    prior_filters, prior_epochs : int, default=32, 'auto'
        Width of the flow's network, its passes over the codes. ``'auto'``: twice as
        many steps as the rest has at most.
    sharpness : float or 'auto', default='auto'
        Factor of the logits of samples, for ``field='phase'``. ``'auto'``: samples get
        as near to 0 and 1 as the images are.
    spatial_dims : {2, 3}, default=2
        Images or volumes.
    intensity : {None, 'minmax', 'percentile'} or (float, float), default=None
        The grey values that become 0 and 1. None: the range of an integer dtype;
        floats must then lie in [0, 1].
    codes : {'all', 'global'}, default='all'
        Whether `transform` returns the code and the latent field, or the code alone.
    augment : {'flips', 'dihedral', 'rotation'} or None, default='flips'
        Symmetries of the set of microstructures; of volumes ``'flips'`` only.
    epochs : int or 'auto', default='auto'
        Passes over the images. ``'auto'``: enough for 1500 steps, or 750 with the flow
        as `prior`.
    batch_size : int, default=32
        Images a step; capped at their number.
    learning_rate, weight_decay, warmup : float, default=2e-3, 1e-4, 0.05
        AdamW's, with a linear warm-up over this share of the steps and a cosine decay.
    early_stopping : bool, default=False
        Whether to hold out `validation_fraction` of the images (of the groups, if
        given) and stop when their loss has not fallen for `n_iter_no_change` epochs.
    validation_fraction, n_iter_no_change : float and int, default=0.1, 10
        See `early_stopping`.
    mixed_precision : {None, 'float16', 'bfloat16'}, default=None
        Precision of the arithmetic; weights stay in float32.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the previous call, with the same
        terms.
    callbacks : list or None, default=None
        Keras callbacks (copied for each training) or functions that make one; not
        of the flow.
    random_state : int, RandomState or None, default=None
        Same seed, same result on one backend and device.
    verbose : int, default=0
        0 silent, 1 a progress bar, 2 a line an epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted; empty without labels.
    model_ : MorphoTensorVAE
        The trained model.
    history_ : dict of lists
        Every term of the objective by epoch.
    image_shape_ : tuple of int
        Shape of a training image, channels last.
    intensity_range_ : (float, float)
        The grey values that became 0 and 1.
    n_features_in_ : int
        Number of values of an image.
    prior_ : {'white', 'flow'}
        What samples are drawn from.
    prior_history_, prior_distances_ : dict of lists, dict of float
        The flow's terms by epoch; with ``prior='auto'``, the distance by prior.

    Examples
    --------
    >>> from morphokeras import MicrostructureGenerator
    >>> from morphokeras.datasets import make_phase_field
    >>> X, _ = make_phase_field(8, shape=(16, 16), random_state=0)
    >>> gen = MicrostructureGenerator(filters=4, depth=2, epochs=1, random_state=0)
    >>> gen.fit(X).sample(2, shape=(24, 24), random_state=1).shape
    (2, 24, 24)
    >>> gen.inverse_transform(gen.transform(X)).shape
    (8, 16, 16)
    """

    classes_: np.ndarray
    _parameter_constraints = {
        **_options.MODEL_OPTIONS,
        **_options.TRAINING_OPTIONS,
        **_options.WEIGHTS,
        **_options.GENERATOR_OPTIONS,
    }

    def __init__(
        self,
        latent_dim=16,
        *,
        latent_field_channels=4,
        latent_field_stride=4,
        lambda_rec=1.0,
        lambda_kl="auto",
        lambda_patch="auto",
        lambda_topo=0.0,
        lambda_mi=0.0,
        lambda_warp=0.0,
        lambda_det=0.0,
        lambda_s2=0.0,
        lambda_smooth=0.0,
        lambda_curv=0.0,
        filters=32,
        depth=3,
        kernel_size=5,
        num_basis=None,
        backbone="steerable",
        backbone_weights=None,
        projection="logit",
        max_displacement=2.0,
        temperature=0.05,
        threshold=0.5,
        soft_count="rectified",
        topology_target="distribution",
        topology_samples=0.25,
        connectivity="full",
        boundary="symmetric",
        field="grey",
        energy_budget=None,
        observation_variance=0.15,
        prior=None,
        prior_filters=32,
        prior_epochs="auto",
        sharpness="auto",
        spatial_dims=2,
        intensity=None,
        codes="all",
        augment="flips",
        epochs="auto",
        batch_size=32,
        learning_rate=2e-3,
        weight_decay=1e-4,
        warmup=0.05,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        mixed_precision=None,
        warm_start=False,
        callbacks=None,
        random_state=None,
        verbose=0,
    ):
        self.latent_dim = latent_dim
        self.latent_field_channels = latent_field_channels
        self.latent_field_stride = latent_field_stride
        self.lambda_rec = lambda_rec
        self.lambda_kl = lambda_kl
        self.lambda_patch = lambda_patch
        self.lambda_topo = lambda_topo
        self.lambda_mi = lambda_mi
        self.lambda_warp = lambda_warp
        self.lambda_det = lambda_det
        self.lambda_s2 = lambda_s2
        self.lambda_smooth = lambda_smooth
        self.lambda_curv = lambda_curv
        self.filters = filters
        self.depth = depth
        self.kernel_size = kernel_size
        self.num_basis = num_basis
        self.backbone = backbone
        self.backbone_weights = backbone_weights
        self.projection = projection
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
        self.prior = prior
        self.prior_filters = prior_filters
        self.prior_epochs = prior_epochs
        self.sharpness = sharpness
        self.spatial_dims = spatial_dims
        self.intensity = intensity
        self.codes = codes
        self.augment = augment
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.warmup = warmup
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
        y=None,
        *,
        sample_weight=None,
        groups=None,
        validation_data=None,
    ):
        """Learn the microstructures.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of one size; volumes with `spatial_dims=3`.
        y : array-like of shape (n_samples,), optional
            Class labels: `sample` can then be asked for a class. A measured property
            (real numbers) is not used.
        sample_weight : array-like of shape (n_samples,), optional
            Weights that are not negative; an image of weight zero is left out.
        groups : array-like of shape (n_samples,), optional
            The specimen of each image: an inner validation split keeps them together.
        validation_data : (X,) or (X, y), optional
            Images whose loss is recorded (and, with `early_stopping`, watched).

        Returns
        -------
        self
            The fitted generator.

        Raises
        ------
        ValueError, TypeError
            If the images, the labels or a parameter are not as described.
        """
        return self._fit(X, y, sample_weight, groups, None, validation_data)

    def transform(self, X):
        """Return the codes of images: the means of their posterior.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of the size of the training images.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The code and the flattened latent field, or the code alone with
            ``codes='global'``.
        """
        code, field = self._in_batches(self._validate(X), self._encode)
        if self.codes == "global":
            return code
        return np.concatenate([code, field.reshape(len(field), -1)], axis=1)

    def inverse_transform(self, Z):
        """Return the images of codes.

        Of no class, and of phases as at the mean fraction of the training images, which
        is not enforced: ``model_.reconstruct`` rebuilds images with their own.

        Parameters
        ----------
        Z : array-like of shape (n_samples, n_features)
            Codes as `transform` gives them, with or without the latent field; without
            it the field is zero, its mean.

        Returns
        -------
        ndarray of shape (n_samples, height, width[, channels])
            Grey values in [0, 1].

        Raises
        ------
        ValueError
            If the number of features is neither, or a code is not finite.
        """
        check_is_fitted(self, "model_")
        codes = check_array(Z, dtype=np.float32, input_name="Z")
        length = self.model_.latent_dim
        whole = length + int(np.prod(self._field_shape()))
        if codes.shape[1] not in (length, whole):
            raise ValueError(
                f"`Z` must have shape (n_samples, {whole}), or (n_samples, "
                f"{length}) for the codes alone. Received shape {codes.shape}."
            )
        return self._restore_axes(self._decode(codes))

    def reconstruction_error(self, X):
        """Return how far each image is from its reconstruction.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of the size of the training images.

        Returns
        -------
        ndarray of shape (n_samples,)
            Mean squared difference of the grey values, which lie in [0, 1].
        """
        return self._in_batches(self._validate(X), self._squared_error)

    def score(self, X, y=None):
        """Return the mean reconstruction error with its sign turned: more is better.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of the size of the training images.
        y : ignored
            For scikit-learn's sake.

        Returns
        -------
        float
            Not above zero.
        """
        return -float(self.reconstruction_error(X).mean())

    @property
    def _n_features_out(self) -> int:
        length = self.model_.latent_dim
        if self.codes == "global":
            return length
        return length + int(np.prod(self._field_shape()))

    def _field_shape(self) -> tuple[int, ...]:
        return self.model_.field_shape(self.image_shape_[:-1])

    def _encode(self, batch):
        return tuple(self.model_.encode(batch["image"]))

    def _decode(self, codes: np.ndarray) -> np.ndarray:
        field_shape = self._field_shape()
        code, field = np.split(codes, [self.model_.latent_dim], axis=1)
        if not field.size:
            field = np.zeros((len(codes), int(np.prod(field_shape))), "float32")
        images = self.model_.decode(
            code, field.reshape(len(codes), *field_shape), shape=self.image_shape_[:-1]
        )
        return keras.ops.convert_to_numpy(images)

    def _squared_error(self, batch):
        rebuilt = self.model_.reconstruct(batch["image"])
        difference = keras.ops.convert_to_numpy(rebuilt) - batch["image"]
        return np.mean(difference**2, axis=tuple(range(1, difference.ndim)))

    def _make_model(self, training: Examples) -> keras.Model:
        return self._make_autoencoder(
            training,
            self._loss_weights(),
            num_classes=len(self.classes_),
            projection=self.projection,
            prior_filters=self.prior_filters,
        )

    def _encode_labels(self, y, n_samples: int) -> np.ndarray | None:
        if y is None or _labels.is_measured(y, n_samples):
            self.classes_ = np.empty(0)
            return None
        self.classes_, labels = _labels.encode(y, n_samples, None, least=1)
        return labels

    def _known_labels(self, y, n_samples: int) -> np.ndarray | None:
        if y is None or not len(self.classes_):
            return None
        return _labels.encode_known(y, n_samples, self.classes_, None)

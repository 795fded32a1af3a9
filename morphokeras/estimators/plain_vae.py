"""A generator of an ordinary network, to compare with."""

import keras
import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from morphokeras.estimators import _options
from morphokeras.estimators._base import BaseMicrostructureEstimator
from morphokeras.estimators._data import Examples
from morphokeras.models.baselines import PlainVAE


class PlainVAEGenerator(BaseMicrostructureEstimator):
    """Generate images with an ordinary variational autoencoder, as a yardstick.

    Three convolutions to a code and three back to the image, which has one size. The
    images, the training and the measures are those of `MicrostructureGenerator`.

    Parameters
    ----------
    latent_dim : int, default=16
        Length of the code of an image.
    filters : int, default=32
        Width of the first convolution; the next have twice and four times as many.
    observation_variance : float, default=0.15
        Variance of the grey values around a reconstruction.
    spatial_dims : {2, 3}, default=2
        Images or volumes.
    intensity : {None, 'minmax', 'percentile'} or (float, float), default=None
        The grey values that become 0 and 1. None: the range of an integer dtype;
        floats must then lie in [0, 1].
    augment : {'flips', 'dihedral', 'rotation'} or None, default='flips'
        Symmetries of the set of images.
    epochs : int or 'auto', default='auto'
        Passes over the images. ``'auto'``: enough for 1500 steps.
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
        Whether `fit` goes on from the weights of the previous call.
    callbacks : list or None, default=None
        Keras callbacks (copied for each training) or functions that make one.
    random_state : int, RandomState or None, default=None
        Same seed, same result on one backend and device.
    verbose : int, default=0
        0 silent, 1 a progress bar, 2 a line an epoch.

    Attributes
    ----------
    model_ : PlainVAE
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
    >>> from morphokeras.datasets import make_phase_field
    >>> from morphokeras.estimators import PlainVAEGenerator
    >>> X, _ = make_phase_field(8, shape=(16, 16), random_state=0)
    >>> gen = PlainVAEGenerator(latent_dim=3, filters=4, epochs=1, random_state=0)
    >>> gen.fit(X).sample(2, random_state=1).shape
    (2, 16, 16)
    >>> gen.transform(X).shape
    (8, 3)
    """

    # What lies beyond the edges, here of its convolutions, is no parameter.
    boundary = "zero"
    _least_steps = 1500
    _parameter_constraints = {**_options.MODEL_OPTIONS, **_options.TRAINING_OPTIONS}

    def __init__(
        self,
        latent_dim=16,
        *,
        filters=32,
        observation_variance=0.15,
        spatial_dims=2,
        intensity=None,
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
        self.filters = filters
        self.observation_variance = observation_variance
        self.spatial_dims = spatial_dims
        self.intensity = intensity
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
        """Learn the images.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of one size; volumes with `spatial_dims=3`.
        y : ignored
            For scikit-learn's sake.
        sample_weight : array-like of shape (n_samples,), optional
            Weights that are not negative; an image of weight zero is left out.
        groups : array-like of shape (n_samples,), optional
            The specimen of each image: an inner validation split keeps them together.
        validation_data : (X,), optional
            Images whose loss is recorded (and, with `early_stopping`, watched).

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            If the images or a parameter are not as described.
        """
        return self._fit(X, None, sample_weight, groups, None, validation_data)

    def sample(self, n_samples=1, *, random_state=None):
        """Draw new images, of the size of the training images.

        Parameters
        ----------
        n_samples : int, default=1
            How many.
        random_state : int, RandomState or None, default=None
            Same seed, same samples.

        Returns
        -------
        ndarray of shape (n_samples, height, width[, channels])
            Grey values in [0, 1]; a channel axis only if the training images had one.

        Raises
        ------
        ValueError
            If `n_samples` is not a positive integer.
        """
        check_is_fitted(self, "model_")
        if not isinstance(n_samples, int | np.integer) or n_samples < 1:
            raise ValueError(
                f"`n_samples` must be a positive integer. Received: {n_samples!r}."
            )
        seed = check_random_state(random_state).randint(2**31 - 1)
        return self._restore_axes(self.model_.generate(int(n_samples), seed))

    def transform(self, X):
        """Return the codes of images: the means of their posterior.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of the size of the training images.

        Returns
        -------
        ndarray of shape (n_samples, latent_dim)
            The codes.
        """
        return self._ask(self._validate(X), self._encode)

    def inverse_transform(self, Z):
        """Return the images of codes.

        Parameters
        ----------
        Z : array-like of shape (n_samples, latent_dim)
            Codes as `transform` gives them.

        Returns
        -------
        ndarray of shape (n_samples, height, width[, channels])
            Grey values in [0, 1].

        Raises
        ------
        ValueError
            If the number of features is another.
        """
        check_is_fitted(self, "model_")
        codes = np.asarray(Z, dtype="float32")
        if codes.ndim != 2 or codes.shape[1] != self._n_features_out:
            raise ValueError(
                f"`Z` must have shape (n_samples, {self._n_features_out}). Received "
                f"shape {codes.shape}."
            )
        images = self.model_.decode(codes, training=False)
        return self._restore_axes(keras.ops.convert_to_numpy(images))

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
        return self._ask(self._validate(X), self._squared_error)

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
        return self.model_.latent_dim

    def _encode(self, network, batch):
        return network.predict_on_batch(batch)["z_mean"]

    def _squared_error(self, network, batch):
        difference = network.predict_on_batch(batch)["reconstruction"]
        difference = difference - batch["image"]
        return np.mean(difference**2, axis=tuple(range(1, difference.ndim)))

    def _make_model(self, training: Examples) -> keras.Model:
        return PlainVAE(
            self.image_shape_,
            latent_dim=self.latent_dim,
            filters=self.filters,
            observation_variance=self.observation_variance,
            name="plain_vae",
        )

    def _encode_labels(self, y, n_samples: int) -> None:
        """Return no labels: they are not used."""

    def _known_labels(self, y, n_samples: int) -> None:
        """Return no labels."""

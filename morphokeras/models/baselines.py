"""Ordinary networks to compare with: a convolutional classifier and a plain VAE."""

import math

import keras
from keras import ops

from morphokeras.losses import kl_divergence, weighted_mean
from morphokeras.models._train_step import FiniteStep
from morphokeras.models.heads import class_terms
from morphokeras.utils.typing import Tensor


def plain_cnn(
    input_shape: tuple[int, ...],
    num_classes: int,
    num_parameters: int | None = None,
    dtype=None,
) -> keras.Model:
    """Build an ordinary network of convolutions and poolings.

    Use it as the yardstick of a classifier: three times a 3 x 3 convolution, ReLU and
    2 x 2 maximum pooling, then the mean over the image and one dense layer.

    Parameters
    ----------
    input_shape : tuple of int
        (height, width, channels) or (depth, height, width, channels).
    num_classes : int
        Number of classes.
    num_parameters : int, optional
        Size to come nearest to: it chooses the width. By default the first layer has
        32 filters. Every next layer has twice as many.
    dtype : str or keras.DTypePolicy, optional
        Precision of the convolutions; Keras' own default if not given.

    Returns
    -------
    keras.Model
        Maps images, values in [0, 1], to logits of shape (batch, num_classes).
        Uncompiled.

    Raises
    ------
    ValueError
        If `input_shape` is not that of an image or volume, or a number is not positive.

    Examples
    --------
    >>> from morphokeras.models.baselines import plain_cnn
    >>> model = plain_cnn((32, 32, 1), num_classes=3, num_parameters=20_000)
    >>> 19_000 < model.count_params() < 21_000
    True
    """
    spatial_dims = len(input_shape) - 1
    if spatial_dims not in (2, 3):
        raise ValueError(
            "`input_shape` must be (height, width, channels) or (depth, height, width, "
            f"channels). Received: input_shape={tuple(input_shape)}."
        )
    if num_classes < 1 or (num_parameters is not None and num_parameters < 1):
        raise ValueError(
            "`num_classes` and `num_parameters` must be positive. Received: "
            f"num_classes={num_classes}, num_parameters={num_parameters}."
        )
    width = 32
    if num_parameters is not None:
        width = _nearest_width(
            num_parameters, 3**spatial_dims, input_shape[-1], num_classes
        )
    convolution = keras.layers.Conv2D if spatial_dims == 2 else keras.layers.Conv3D
    pooling = (
        keras.layers.MaxPooling2D if spatial_dims == 2 else keras.layers.MaxPooling3D
    )
    inputs = keras.Input(input_shape)
    x = inputs
    for factor in (1, 2, 4):
        options = {"name": f"convolution_{factor}", "dtype": dtype, **_CONVOLUTION}
        x = convolution(factor * width, 3, **options)(x)
        x = keras.layers.Activation("relu", dtype=dtype)(x)
        x = pooling(2, dtype=dtype, **_CONVOLUTION)(x)
    # Half precision would lose small parts of a sum over many pixels.
    x = ops.mean(ops.cast(x, "float32"), axis=tuple(range(1, spatial_dims + 1)))
    logits = keras.layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(inputs, logits, name="plain_cnn")


def _nearest_width(
    num_parameters: int, kernel: int, channels: int, num_classes: int
) -> int:
    """Solve kernel (c w + 2 w w + 8 w w) + 7 w + 4 w k + k = size for the width w."""
    square = 10 * kernel
    linear = kernel * channels + 7 + 4 * num_classes
    constant = num_classes - num_parameters
    root = math.sqrt(max(linear**2 - 4 * square * constant, 0.0))
    exact = (root - linear) / (2 * square)

    def distance(width):
        return abs(square * width**2 + linear * width + constant)

    low = max(int(exact), 1)
    return min((low, low + 1), key=distance)


@keras.saving.register_keras_serializable(package="morphokeras")
class PlainCNN(FiniteStep, keras.Model):
    """The network of `plain_cnn`, trained like a `ClassifierNetwork`.

    `fit` takes batches as dicts (see `call`); the labels travel in them.

    Parameters
    ----------
    image_shape : tuple of int
        (*spatial, channels), values in [0, 1].
    num_classes, num_parameters
        See `plain_cnn`.
    label_smoothing : float, default=0.1
        Share of the target's probability that is spread over all classes, in [0, 1).

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.models.baselines import PlainCNN
    >>> images = np.random.default_rng(0).random((4, 16, 16, 1), "float32")
    >>> model = PlainCNN((16, 16, 1), num_classes=2, num_parameters=3000)
    >>> model.compile("adam")
    >>> batch = {"image": images, "label": np.array([0, 1, 0, -1])}
    >>> sorted(model.fit(batch, batch_size=2, verbose=0).history)
    ['accuracy', 'class', 'loss', 'skipped_steps']
    """

    def __init__(
        self,
        image_shape: tuple[int, ...],
        num_classes: int,
        *,
        num_parameters: int | None = None,
        label_smoothing: float = 0.1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not 0 <= label_smoothing < 1:
            raise ValueError(
                "`label_smoothing` must lie in [0, 1). "
                f"Received: label_smoothing={label_smoothing}."
            )
        self.image_shape = tuple(image_shape)
        self.num_classes = num_classes
        self.num_parameters = num_parameters
        self.label_smoothing = label_smoothing
        network = plain_cnn(
            image_shape, num_classes, num_parameters, dtype=self.dtype_policy
        )
        logits = network.get_layer("logits")
        outputs = {"logits_class": logits.output, "embedding": logits.input}
        self.network = keras.Model(network.input, outputs, name="plain_cnn")
        self.add_terms(["class", "accuracy"])
        self.build((None, *self.image_shape))

    def build(self, input_shape=None):
        """Do nothing: all weights were made from `image_shape`."""

    def call(self, inputs, training: bool | None = None) -> dict[str, Tensor]:
        """Return the class logits, and the pooled features that they were made of.

        Parameters
        ----------
        inputs : tensor of shape (batch, *spatial, channels) or dict
            The images; a dict holds them as ``"image"``. For training it also holds
            ``"label"`` and, if wanted, ``"sample_weight"``, both of shape (batch,).
        training : bool, optional
            Makes no difference.

        Returns
        -------
        dict
            ``"logits_class"``: tensor of shape (batch, num_classes), float32;
            ``"embedding"``: (batch, width of the last convolution).
        """
        images = inputs["image"] if isinstance(inputs, dict) else inputs
        return self.network(images, training=training)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ) -> Tensor:
        """Return the classification loss of the batch `x` and track its terms."""
        loss, accuracy, count = class_terms(
            y_pred["logits_class"],
            x["label"],
            x.get("sample_weight"),
            self.label_smoothing,
        )
        self.track_term("class", loss, count)
        self.track_term("accuracy", accuracy, count)
        return loss

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "image_shape": self.image_shape,
            "num_classes": self.num_classes,
            "num_parameters": self.num_parameters,
            "label_smoothing": self.label_smoothing,
        }


@keras.saving.register_keras_serializable(package="morphokeras")
class PlainVAE(FiniteStep, keras.Model):
    """Ordinary convolutional variational autoencoder with a vector as its code.

    Use it as the yardstick of a generator. It is trained and compiled like
    `MorphoTensorVAE`: `fit` takes arrays or dicts with ``"image"`` and, if wanted,
    ``"target"`` and ``"sample_weight"``.

    Parameters
    ----------
    image_shape : tuple of int
        (*spatial, channels), values in [0, 1].
    latent_dim : int, default=16
        Length of the code.
    filters : int, default=32
        Width of the first of three convolutions of stride 2; the next have twice and
        four times as many. The decoder mirrors them.
    observation_variance : float, default=0.15
        Variance of the pixels about the reconstruction. The divergence is counted by
        pixel, as in `MorphoTensorVAE`.
    seed : int, optional
        Seed of the noise.

    Raises
    ------
    ValueError
        If `image_shape` is not that of an image or volume.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.models.baselines import PlainVAE
    >>> images = np.random.default_rng(0).random((4, 16, 16, 1), "float32")
    >>> model = PlainVAE((16, 16, 1), latent_dim=4, filters=4)
    >>> model.compile("adam")
    >>> sorted(model.fit(images, batch_size=2, verbose=0).history)
    ['kl', 'loss', 'rec', 'skipped_steps']
    >>> model.generate(3).shape
    (3, 16, 16, 1)
    """

    def __init__(
        self,
        image_shape: tuple[int, ...],
        *,
        latent_dim: int = 16,
        filters: int = 32,
        observation_variance: float = 0.15,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if len(image_shape) not in (3, 4):
            raise ValueError(
                "`image_shape` must be (height, width, channels) or (depth, height, "
                f"width, channels). Received: image_shape={tuple(image_shape)}."
            )
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.filters = filters
        self.observation_variance = observation_variance
        self.seed = seed
        self.noise_seed = keras.random.SeedGenerator(seed)
        self.encoder = self._make_encoder()
        self.decoder = self._make_decoder()
        self.add_terms(["rec", "kl"])
        self.build((None, *self.image_shape))

    def call(self, inputs, training: bool | None = None) -> dict[str, Tensor]:
        """Return the reconstruction and the parameters of the posterior.

        Parameters
        ----------
        inputs : tensor of shape (batch, *spatial, channels) or dict
            Images, or a dict that holds them as ``"image"``.
        training : bool, optional
            Whether the code is drawn from the posterior; else it is its mean.

        Returns
        -------
        dict
            ``"reconstruction"``, ``"z_mean"`` and ``"z_log_variance"``.
        """
        images = inputs["image"] if isinstance(inputs, dict) else inputs
        parameters = self.encoder(images, training=training)
        mean, log_variance = ops.split(parameters, 2, axis=-1)
        code = mean
        if training:
            noise = keras.random.normal(ops.shape(mean), seed=self.noise_seed)
            code = mean + ops.exp(0.5 * log_variance) * noise
        return {
            "reconstruction": self.decode(code, training=training),
            "z_mean": mean,
            "z_log_variance": log_variance,
        }

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ) -> Tensor:
        """Return the negative evidence bound, in nats a pixel, and track its terms."""
        target = x.get("target", x["image"]) if isinstance(x, dict) else x
        error = ops.cast(target, "float32") - y_pred["reconstruction"]
        weight = x.get("sample_weight") if isinstance(x, dict) else None
        error = ops.mean(ops.square(error), axis=tuple(range(1, len(error.shape))))
        rec = weighted_mean(error, weight) / (2.0 * self.observation_variance)
        kl = kl_divergence(y_pred["z_mean"], y_pred["z_log_variance"])
        kl = weighted_mean(kl, weight) / math.prod(self.image_shape[:-1])
        count = ops.shape(target)[0]
        self.track_term("rec", rec, count)
        self.track_term("kl", kl, count)
        return rec + kl

    def decode(self, code: Tensor, training: bool | None = None) -> Tensor:
        """Return the images of codes (batch, latent_dim), cropped to `image_shape`."""
        images = self.decoder(code, training=training)
        crop = tuple(slice(None, size) for size in self.image_shape[:-1])
        return images[(slice(None), *crop)]

    def generate(self, num: int, seed: int | None = None):
        """Draw images from the prior.

        Parameters
        ----------
        num : int
            How many.
        seed : int, optional
            Seed of the draw; by default every call differs.

        Returns
        -------
        ndarray of shape (num, *image_shape)
            Values in [0, 1].
        """
        seed = self.noise_seed if seed is None else seed
        code = keras.random.normal((num, self.latent_dim), seed=seed)
        return ops.convert_to_numpy(self.decode(code, training=False))

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "image_shape": self.image_shape,
            "latent_dim": self.latent_dim,
            "filters": self.filters,
            "observation_variance": self.observation_variance,
            "seed": self.seed,
        }

    def build(self, input_shape=None):
        """Do nothing: all weights were made from `image_shape`."""

    def _make_encoder(self) -> keras.Model:
        convolution, policy = self._layer("Conv"), self.dtype_policy
        options = {"dtype": policy, "strides": 2, **_CONVOLUTION}
        inputs = keras.Input(self.image_shape)
        x = inputs
        for factor in (1, 2, 4):
            name = f"encoder_{factor}"
            x = convolution(factor * self.filters, 3, name=name, **options)(x)
            x = keras.layers.BatchNormalization(dtype=policy, name=f"{name}_norm")(x)
            x = keras.layers.Activation("relu", dtype=policy)(x)
        x = keras.layers.Flatten(dtype=policy)(x)
        x = keras.layers.Dense(2 * self.latent_dim, dtype="float32", name="code")(x)
        return keras.Model(inputs, x, name="encoder")

    def _make_decoder(self) -> keras.Model:
        transposed, policy = self._layer("Conv", "Transpose"), self.dtype_policy
        options = {"dtype": policy, "strides": 2, **_CONVOLUTION}
        grid = tuple(-(-size // 8) for size in self.image_shape[:-1])
        width = 4 * self.filters
        inputs = keras.Input((self.latent_dim,))
        units = math.prod(grid) * width
        x = keras.layers.Dense(units, dtype=policy, name="decoder_4")(inputs)
        x = keras.layers.Reshape((*grid, width), dtype=policy)(x)
        for factor in (2, 1):
            name = f"decoder_{factor}"
            x = transposed(factor * self.filters, 3, name=name, **options)(x)
            x = keras.layers.BatchNormalization(dtype=policy, name=f"{name}_norm")(x)
            x = keras.layers.Activation("relu", dtype=policy)(x)
        x = transposed(self.image_shape[-1], 3, name="image", **options)(x)
        x = keras.layers.Activation("sigmoid", dtype="float32")(x)
        return keras.Model(inputs, x, name="decoder")

    def _layer(self, name: str, suffix: str = "") -> type:
        return getattr(keras.layers, f"{name}{len(self.image_shape) - 1}D{suffix}")


# The layers are named above for the sake of TensorFlow's memory, see `Encoder`.
_CONVOLUTION = {"padding": "same", "data_format": "channels_last"}

"""The convolutional encoder that the classifier and the autoencoder share."""

import keras
from keras import ops

from morphokeras.layers._batch_norm import BatchNorm
from morphokeras.layers._plain_conv import plain_conv
from morphokeras.layers.steerable_conv import SteerableConv
from morphokeras.ops._silu import silu
from morphokeras.ops.padding import pad
from morphokeras.utils.typing import Tensor

BACKBONES = ("steerable", "plain")
BOUNDARIES = ("periodic", "symmetric", "zero")
STAGE_WIDTHS = (1, 2, 3, 6)


@keras.saving.register_keras_serializable(package="morphokeras")
class Encoder(keras.layers.Layer):
    """Turn images or volumes into a pyramid of feature maps.

    Each image is first standardised to zero mean and unit variance, so that the
    features do not depend on brightness and contrast. A 5 x 5 stem of stride 2 and
    residual stages of two convolutions follow; every stage after the first halves
    the grid, and with `first_strides=2` the first one as well. Use it below a
    `ClassHead`, or wherever features of micrographs are wanted.

    Parameters
    ----------
    filters : int, default=32
        Width f of the first stage. The stages are f, 2f, 3f and 6f wide; a fifth
        and later ones are 6f wide.
    num_stages : int, default=4
        Number of stages; the map of stage s = 0, 1, ... has the stride 2^(s + 1).
    first_strides : {1, 2}, default=1
        Stride of the first stage. With 2, all maps have twice the stride, at about a
        third of the time: enough for classes of images of 100 pixels or more.
    kernel_size : int, default=3
        Side of the convolution kernels behind the stem, in pixels, odd.
    backbone : {'steerable', 'plain'}, default='steerable'
        Whether the convolutions are `SteerableConv` or Keras' own.
    boundary : {'zero', 'symmetric', 'periodic'}, default='zero'
        What lies beyond the edges of the image.

    Raises
    ------
    ValueError
        If a number is not positive, `kernel_size` is even, or a name is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.models.encoder import Encoder
    >>> images = np.random.default_rng(0).random((2, 33, 48, 1), "float32")
    >>> [tuple(features.shape) for features in Encoder(filters=4)(images)]
    [(2, 17, 24, 4), (2, 9, 12, 8), (2, 5, 6, 12), (2, 3, 3, 24)]
    """

    def __init__(
        self,
        filters: int = 32,
        num_stages: int = 4,
        first_strides: int = 1,
        kernel_size: int = 3,
        backbone: str = "steerable",
        boundary: str = "zero",
        **kwargs,
    ):
        # Half precision would lose the contrast of faint images before standardisation.
        super().__init__(**{"autocast": False, **kwargs})
        _check_positive("filters", filters)
        _check_positive("num_stages", num_stages)
        _check_positive("kernel_size", kernel_size)
        _check_choice("first_strides", first_strides, (1, 2))
        if kernel_size % 2 == 0:
            raise ValueError(
                f"`kernel_size` must be odd. Received: kernel_size={kernel_size}."
            )
        _check_choice("backbone", backbone, BACKBONES)
        _check_choice("boundary", boundary, BOUNDARIES)
        self.filters = filters
        self.num_stages = num_stages
        self.first_strides = first_strides
        self.kernel_size = kernel_size
        self.backbone = backbone
        self.boundary = boundary

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of channels of each stage, finest first."""
        last = len(STAGE_WIDTHS) - 1
        return tuple(
            self.filters * STAGE_WIDTHS[min(stage, last)]
            for stage in range(self.num_stages)
        )

    def build(self, input_shape):
        """Create the stem and the stages for the rank of `input_shape`."""
        if len(input_shape) not in (4, 5):
            raise ValueError(
                "`Encoder` expects images (batch, height, width, channels) or volumes "
                "(batch, depth, height, width, channels). Received: "
                f"shape={tuple(input_shape)}. Add the missing axis."
            )
        options = {
            "backbone": self.backbone,
            "boundary": self.boundary,
            "dtype": self.dtype_policy,
        }
        # The input is standardised, so that the stem, the widest map of all, needs no
        # batch normalisation: it would take a fifth of a training step.
        self.stem = _Convolution(
            max(1, self.filters // 2),
            5,
            strides=2,
            use_bias=True,
            name="stem",
            **options,
        )
        self.stages = [
            _ResidualStage(
                width,
                self.kernel_size,
                strides=self.first_strides if stage == 0 else 2,
                name=f"stage_{stage}",
                **options,
            )
            for stage, width in enumerate(self.widths)
        ]
        self.stem.build(input_shape)
        shape = self.stem.compute_output_shape(input_shape)
        for stage in self.stages:
            stage.build(shape)
            shape = stage.compute_output_shape(shape)

    def call(self, images: Tensor, training: bool | None = None) -> list[Tensor]:
        """Return the feature maps, finest first.

        Parameters
        ----------
        images : tensor of shape (batch, *spatial, channels)
            Images in any units; each is standardised over its pixels and channels.
        training : bool, optional
            Whether batch normalisation uses, and learns from, this batch.

        Returns
        -------
        list of tensors of shape (batch, *ceil(spatial / stride), width)
            One map a stage, of strides 2, 4, 8, 16 pixels; twice that with
            `first_strides=2`.
        """
        x = silu(self.stem(standardise(images)))
        maps = []
        for stage in self.stages:
            x = stage(x, training=training)
            maps.append(x)
        return maps

    def compute_output_shape(self, input_shape):
        """Return the shapes of the feature maps, finest first."""
        shapes = []
        spatial = _strided(tuple(input_shape[1:-1]), 2)
        for stage, width in enumerate(self.widths):
            spatial = _strided(spatial, self.first_strides if stage == 0 else 2)
            shapes.append((input_shape[0], *spatial, width))
        return shapes

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "num_stages": self.num_stages,
            "first_strides": self.first_strides,
            "kernel_size": self.kernel_size,
            "backbone": self.backbone,
            "boundary": self.boundary,
        }


def standardise(images: Tensor, epsilon: float = 1e-5) -> Tensor:
    """Shift and scale each image to zero mean and unit variance.

    Parameters
    ----------
    images : tensor of shape (batch, *spatial, channels)
        Images in any units. The channels share one mean and one deviation, so that
        their proportions are kept.
    epsilon : float, default=1e-5
        Added to the variance: images flatter than about 0.003 are not blown up.

    Returns
    -------
    tensor of the shape and type of `images`

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.models.encoder import standardise
    >>> image = np.arange(16.0, dtype="float32").reshape(1, 4, 4, 1)
    >>> [round(float(v), 2) for v in np.ravel(standardise(image))[[0, -1]]]
    [-1.63, 1.63]
    """
    axes = tuple(range(1, len(images.shape)))
    # Sums over all pixels lose too many digits in half precision.
    x = ops.cast(images, "float32")
    x = x - ops.mean(x, axis=axes, keepdims=True)
    variance = ops.mean(ops.square(x), axis=axes, keepdims=True)
    return ops.cast(x * ops.rsqrt(variance + epsilon), images.dtype)


class _ResidualStage(keras.layers.Layer):
    """Two normalised convolutions beside a shortcut; the first one may stride."""

    def __init__(self, filters, kernel_size, strides, backbone, boundary, **kwargs):
        super().__init__(name=kwargs.pop("name", "residual_stage"), **kwargs)
        options = {
            "backbone": backbone,
            "boundary": boundary,
            "dtype": self.dtype_policy,
        }
        self.first = _ConvNorm(
            filters, kernel_size, strides=strides, name="first", **options
        )
        self.second = _ConvNorm(
            filters, kernel_size, strides=1, name="second", **options
        )
        self.shortcut = _ConvNorm(
            *(filters, 1),
            strides=strides,
            name="shortcut",
            **{**options, "backbone": "plain"},
        )

    def build(self, input_shape):
        self.first.build(input_shape)
        self.second.build(self.first.compute_output_shape(input_shape))
        self.shortcut.build(input_shape)

    def call(self, x, training=None):
        y = silu(self.first(x, training=training))
        y = self.second(y, training=training)
        return silu(y + self.shortcut(x, training=training))

    def compute_output_shape(self, input_shape):
        return self.first.compute_output_shape(input_shape)


class _ConvNorm(keras.layers.Layer):
    """One convolution and its batch normalisation."""

    def __init__(self, filters, kernel_size, strides, backbone, boundary, **kwargs):
        super().__init__(name=kwargs.pop("name", "conv_norm"), **kwargs)
        self.convolution = _Convolution(
            filters,
            kernel_size,
            strides=strides,
            use_bias=False,
            backbone=backbone,
            boundary=boundary,
            dtype=self.dtype_policy,
        )
        # The default momentum of 0.99 has not settled after a few hundred steps.
        self.norm = BatchNorm(momentum=0.9, dtype=self.dtype_policy, name="norm")

    def build(self, input_shape):
        self.convolution.build(input_shape)
        self.norm.build(self.convolution.compute_output_shape(input_shape))

    def call(self, x, training=None):
        return self.norm(self.convolution(x), training=training)

    def compute_output_shape(self, input_shape):
        return self.convolution.compute_output_shape(input_shape)


class _Convolution(keras.layers.Layer):
    """One convolution of either backbone, with the size of the output kept."""

    def __init__(
        self, filters, kernel_size, strides, use_bias, backbone, boundary, **kwargs
    ):
        super().__init__(name=kwargs.pop("name", "convolution"), **kwargs)
        self.filters = filters
        self.strides = strides
        # With a name of Keras' choice the weights of every network would have another,
        # and TensorFlow keeps what it made of a name, 40 kB, until the process ends.
        self.options = {
            "name": "inner",
            "strides": strides,
            "use_bias": use_bias,
            "dtype": self.dtype_policy,
        }
        self.kernel_size = kernel_size
        self.backbone = backbone
        self.boundary = boundary
        inside = backbone == "steerable" or boundary == "zero" or kernel_size == 1
        self.padding = 0 if inside else kernel_size // 2

    def build(self, input_shape):
        if self.backbone == "steerable":
            self.inner = SteerableConv(
                self.filters,
                self.kernel_size,
                boundary=self.boundary,
                data_format="channels_last",
                **self.options,
            )
        else:
            self.inner = plain_conv(
                len(input_shape) - 2,
                self.filters,
                self.kernel_size,
                padding="valid" if self.padding else "same",
                kernel_initializer="he_normal",
                **self.options,
            )
        spatial = (n and n + 2 * self.padding for n in input_shape[1:-1])
        self.inner.build((input_shape[0], *spatial, input_shape[-1]))

    def call(self, x):
        if self.padding:
            x = pad(x, self.padding, self.boundary)
        return self.inner(x)

    def compute_output_shape(self, input_shape):
        spatial = _strided(tuple(input_shape[1:-1]), self.strides)
        return (input_shape[0], *spatial, self.filters)


def _strided(spatial, strides):
    return tuple(n and -(-n // strides) for n in spatial)


def _check_positive(name, value):
    if not isinstance(value, int) or value < 1:
        raise ValueError(
            f"`{name}` must be a positive integer. Received: {name}={value!r}."
        )


def _check_choice(name, value, choices):
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {choices}. Received: {value!r}.")

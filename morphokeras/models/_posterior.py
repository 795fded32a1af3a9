"""The posterior of the latents, read from the encoder's feature maps."""

import keras
from keras import ops

from morphokeras.layers.spatial_attention import SpatialAttention
from morphokeras.layers.steerable_conv import SteerableConv
from morphokeras.utils.typing import Tensor

# Outside these bounds a variance is as good as 0, or the exponential overflows.
LOG_VARIANCE_RANGE = (-12.0, 4.0)


@keras.saving.register_keras_serializable(package="morphokeras")
class Posterior(keras.layers.Layer):
    """Map features to mean and logarithmic variance of the code and of the field.

    Parameters
    ----------
    latent_dim : int
        Length of the code.
    field_channels : int
        Channels of the latent field; 0 for none.
    field_stage : int
        Which feature map has the field's grid spacing.
    boundary : {'periodic', 'symmetric', 'zero'}, default='symmetric'
        What lies beyond the edges.

    Notes
    -----
    The code is a dense function of mean and deviation of the gated last map, and of
    mean and deviation of the image, which the encoder does not see. Everything is in
    single precision from there on (Eq. 20).

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.models._posterior import Posterior
    >>> images, maps = ops.ones((2, 8, 8, 1)), [ops.ones((2, 4, 4, 6))]
    >>> posterior = Posterior(latent_dim=3, field_channels=2, field_stage=0)
    >>> {name: tuple(x.shape) for name, x in sorted(posterior(images, maps).items())}
    {'field_log_variance': (2, 4, 4, 2), 'field_mean': (2, 4, 4, 2),
     'z_log_variance': (2, 3), 'z_mean': (2, 3)}
    """

    def __init__(
        self,
        latent_dim: int,
        field_channels: int,
        field_stage: int,
        boundary: str = "symmetric",
        **kwargs,
    ):
        super().__init__(**{"autocast": False, **kwargs})
        self.latent_dim = latent_dim
        self.field_channels = field_channels
        self.field_stage = field_stage
        self.boundary = boundary

    def build(self, images_shape, maps_shape):
        """Create the gate and both maps."""
        last = maps_shape[-1]
        self.attention = SpatialAttention(dtype=self.dtype_policy, name="attention")
        self.attention.build(last)
        self.dense = keras.layers.Dense(
            2 * self.latent_dim, dtype="float32", name="code"
        )
        self.dense.build((None, 2 * last[-1] + 2 * images_shape[-1]))
        if self.field_channels:
            self.convolution = SteerableConv(
                2 * self.field_channels,
                kernel_size=3,
                boundary=self.boundary,
                kernel_initializer="glorot_normal",
                data_format="channels_last",
                dtype="float32",
                name="field",
            )
            self.convolution.build(maps_shape[self.field_stage])

    def call(self, images: Tensor, maps: list[Tensor]) -> dict[str, Tensor]:
        """Return means and logarithmic variances, float32.

        Parameters
        ----------
        images : tensor of shape (batch, *spatial, channels)
            The images that the features belong to.
        maps : list of tensors
            Feature maps of the encoder, finest first.

        Returns
        -------
        dict
            ``"z_mean"`` and ``"z_log_variance"`` of shape (batch, latent_dim), and with
            a latent field ``"field_mean"`` and ``"field_log_variance"`` of shape
            (batch, *grid, field_channels).
        """
        pooled = self.pool(images, maps)
        mean, log_variance = ops.split(self.dense(pooled), 2, axis=-1)
        latents = {"z_mean": mean, "z_log_variance": _bounded(log_variance)}
        if self.field_channels:
            features = ops.cast(maps[self.field_stage], "float32")
            mean, log_variance = ops.split(self.convolution(features), 2, axis=-1)
            latents["field_mean"] = mean
            latents["field_log_variance"] = _bounded(log_variance)
        return latents

    def pool(self, images: Tensor, maps: list[Tensor]) -> Tensor:
        """Return mean and deviation of the gated features and of the image."""
        gated = _mean_and_deviation(self.attention(maps[-1]))
        return ops.concatenate([*gated, *_mean_and_deviation(images)], axis=-1)

    def attention_map(self, maps: list[Tensor]) -> Tensor:
        """Return the gate in (0, 1), of shape (batch, *spatial, 1)."""
        return self.attention(maps[-1], return_map=True)[1]

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "latent_dim": self.latent_dim,
            "field_channels": self.field_channels,
            "field_stage": self.field_stage,
            "boundary": self.boundary,
        }


def _mean_and_deviation(x: Tensor) -> tuple[Tensor, Tensor]:
    x = ops.cast(x, "float32")
    axes = tuple(range(1, len(x.shape) - 1))
    mean = ops.mean(x, axis=axes, keepdims=True)
    variance = ops.mean(ops.square(x - mean), axis=axes)
    # The root has an infinite slope at 0.
    return ops.squeeze(mean, axis=axes), ops.sqrt(variance + 1e-5)


def _bounded(log_variance: Tensor) -> Tensor:
    return ops.clip(log_variance, *LOG_VARIANCE_RANGE)

"""Learned smooth deformation of a generated image (Eq. 10-14)."""

import keras
from keras import ops

from morphokeras.ops._convolution import convolve
from morphokeras.ops._silu import silu
from morphokeras.ops.padding import check_boundary, check_data_format, pad
from morphokeras.ops.warp import warp
from morphokeras.utils.typing import Tensor


@keras.saving.register_keras_serializable(package="morphokeras")
class LatentWarp(keras.layers.Layer):
    r"""Move the pixels of an image along a displacement field learned from features.

    Two convolutions turn the features into displacements of bounded length. The second
    one starts at zero, so the layer starts as the identity. Give the displacement to
    :func:`morphokeras.ops.warp.deformation_losses` to keep the map smooth.

    Parameters
    ----------
    max_displacement : float, default=2.0
        Longest displacement along an axis, in pixels (the article's delta).
    filters : int, default=16
        Width of the hidden convolution.
    kernel_size : int, default=3
        Odd size of both kernels, in pixels.
    boundary : {'periodic', 'symmetric', 'zero'}, default='symmetric'
        What lies outside, for convolutions and interpolation alike; with ``'zero'`` the
        interpolation clamps to the edge.
    data_format : {'channels_last', 'channels_first'}, optional
        Layout of all tensors of this layer; default is that of Keras.
    **kwargs
        Keras layer arguments.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    Eq. 10-12: :math:`u(x) = \hat u(x + \delta \tanh W(x))`, interpolated linearly.
    Coordinates are float32 under every dtype policy.

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.layers.latent_warp import LatentWarp
    >>> layer = LatentWarp(max_displacement=2.0, data_format="channels_last")
    >>> image, features = ops.ones((1, 16, 16, 1)), ops.ones((1, 16, 16, 8))
    >>> warped, displacement = layer(image, features, return_displacement=True)
    >>> tuple(warped.shape), tuple(displacement.shape)
    ((1, 16, 16, 1), (1, 16, 16, 2))
    """

    def __init__(
        self,
        max_displacement: float = 2.0,
        filters: int = 16,
        kernel_size: int = 3,
        boundary: str = "symmetric",
        data_format: str | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        _check_arguments(max_displacement, filters, kernel_size, boundary)
        self.max_displacement = max_displacement
        self.filters = filters
        self.kernel_size = kernel_size
        self.boundary = boundary
        self.data_format = check_data_format(data_format)

    def build(self, image_shape: tuple, features_shape: tuple | None = None) -> None:
        """Make both convolutions; their rank is that of the image."""
        image_shape = self._channels_last_shape(image_shape)
        features_shape = self._channels_last_shape(features_shape or image_shape)
        spatial_dims = len(image_shape) - 2
        if spatial_dims not in (2, 3) or len(features_shape) != len(image_shape):
            raise ValueError(
                "`image` and `features` must both have two or three spatial axes "
                "between batch and channels. Received: "
                f"image.shape={image_shape}, features.shape={features_shape}."
            )
        kernel = (self.kernel_size,) * spatial_dims
        self.hidden_kernel = self.add_weight(
            shape=(*kernel, features_shape[-1], self.filters),
            initializer="he_normal",
            name="hidden_kernel",
        )
        self.hidden_bias = self.add_weight(
            shape=(self.filters,), initializer="zeros", name="hidden_bias"
        )
        self.kernel = self.add_weight(
            shape=(*kernel, self.filters, spatial_dims),
            initializer="zeros",
            name="kernel",
        )
        self.bias = self.add_weight(
            shape=(spatial_dims,), initializer="zeros", name="bias"
        )

    def call(
        self,
        image: Tensor,
        features: Tensor | None = None,
        return_displacement: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Warp the image.

        Parameters
        ----------
        image : tensor of shape (batch, *spatial, channels)
            The image to warp.
        features : tensor of shape (batch, *spatial, feature_channels), optional
            What the displacement is computed from, on the same grid; default: the
            image.
        return_displacement : bool, default=False
            Return the displacement as well.

        Returns
        -------
        warped : tensor of shape (batch, *spatial, channels)
            The warped image.
        displacement : tensor of shape (batch, *spatial, spatial_dims)
            Pixels, in the order of the spatial axes, float32, each component within
            plus or minus `max_displacement`; only with `return_displacement`.
        """
        features = image if features is None else features
        image, features = self._channels_last(image), self._channels_last(features)
        displacement = self._displacement(features)
        warped = self._from_channels_last(warp(image, displacement, self.boundary))
        if return_displacement:
            return warped, self._from_channels_last(displacement)
        return warped

    def _displacement(self, features: Tensor) -> Tensor:
        hidden = silu(self._convolve(features, self.hidden_kernel) + self.hidden_bias)
        field = self._convolve(hidden, self.kernel) + self.bias
        # Half precision would round positions to a sixteenth of a pixel and worse.
        return self.max_displacement * ops.tanh(ops.cast(field, "float32"))

    def _convolve(self, x: Tensor, kernel: Tensor) -> Tensor:
        if self.boundary == "zero":
            return convolve(x, kernel)
        x = pad(x, self.kernel_size // 2, self.boundary)
        return convolve(x, kernel, padding="valid")

    def _channels_last(self, x: Tensor) -> Tensor:
        return x if self.data_format == "channels_last" else ops.moveaxis(x, 1, -1)

    def _from_channels_last(self, x: Tensor) -> Tensor:
        return x if self.data_format == "channels_last" else ops.moveaxis(x, -1, 1)

    def _channels_last_shape(self, shape: tuple) -> tuple:
        if self.data_format == "channels_last":
            return tuple(shape)
        return (shape[0], *shape[2:], shape[1])

    def compute_output_spec(
        self,
        image: keras.KerasTensor,
        features: keras.KerasTensor | None = None,
        return_displacement: bool = False,
    ) -> keras.KerasTensor | tuple[keras.KerasTensor, keras.KerasTensor]:
        """Describe the warped image, and the displacement if asked."""
        warped = keras.KerasTensor(image.shape, dtype=self.compute_dtype)
        if not return_displacement:
            return warped
        axis = -1 if self.data_format == "channels_last" else 1
        shape = list(image.shape)
        shape[axis] = len(shape) - 2
        return warped, keras.KerasTensor(tuple(shape), dtype="float32")

    def get_config(self) -> dict:
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "max_displacement": self.max_displacement,
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "boundary": self.boundary,
            "data_format": self.data_format,
        }


def _check_arguments(
    max_displacement: float, filters: int, kernel_size: int, boundary: str
) -> None:
    if not max_displacement >= 0:
        raise ValueError(
            "`max_displacement` must be zero or more pixels. "
            f"Received: max_displacement={max_displacement}."
        )
    if filters < 1:
        raise ValueError(
            f"`filters` must be a positive integer. Received: filters={filters}."
        )
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise ValueError(
            "`kernel_size` must be a positive odd integer. "
            f"Received: kernel_size={kernel_size}."
        )
    check_boundary(boundary)

"""Modulation of a feature map by a latent code (Eq. 9)."""

import keras

from morphokeras.utils.typing import Tensor


@keras.saving.register_keras_serializable(package="morphokeras")
class LatentModulation(keras.layers.Layer):
    r"""Scale and shift every channel of a feature map by functions of a code.

    Both functions are linear and start at zero, so the layer starts as the identity.

    Parameters
    ----------
    **kwargs
        Keras layer arguments.

    Notes
    -----
    Eq. 9: :math:`(1 + \gamma(z))\,\varphi + \beta(z)`.

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.layers.latent_modulation import LatentModulation
    >>> layer = LatentModulation()
    >>> tuple(layer(ops.ones((2, 8, 8, 5)), ops.ones((2, 16))).shape)
    (2, 8, 8, 5)
    """

    def build(self, features_shape: tuple, code_shape: tuple) -> None:
        """Make the weights of both linear functions."""
        if len(code_shape) != 2:
            raise ValueError(
                "`code` must have the shape (batch, latent_dim). "
                f"Received: code.shape={tuple(code_shape)}."
            )
        channels = features_shape[-1]
        self.kernel = self.add_weight(
            shape=(code_shape[-1], 2 * channels), initializer="zeros", name="kernel"
        )
        self.bias = self.add_weight(
            shape=(2 * channels,), initializer="zeros", name="bias"
        )

    def call(self, features: Tensor, code: Tensor) -> Tensor:
        """Modulate the features.

        Parameters
        ----------
        features : tensor of shape (batch, *spatial, channels)
            The feature map.
        code : tensor of shape (batch, latent_dim)
            The code, class embedding included where there is one.

        Returns
        -------
        tensor of shape (batch, *spatial, channels)
            Modulated features.
        """
        scale, shift = keras.ops.split(
            keras.ops.matmul(code, self.kernel) + self.bias, 2, axis=-1
        )
        # (batch, channels) -> (batch, 1, ..., channels)
        axes = tuple(range(1, len(features.shape) - 1))
        scale = keras.ops.expand_dims(scale, axes)
        return (1 + scale) * features + keras.ops.expand_dims(shift, axes)

    def compute_output_shape(self, features_shape: tuple, code_shape: tuple) -> tuple:
        """Return the shape of the features."""
        return tuple(features_shape)

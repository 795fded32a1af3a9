"""Latent Gaussian process on a periodic grid."""

from typing import Any

import keras
from keras import ops

from morphokeras.ops.random_field import colour
from morphokeras.utils.typing import Tensor


@keras.saving.register_keras_serializable(package="morphokeras")
class LatentField(keras.layers.Layer):
    r"""Colour white latent noise with a learned periodic Matern covariance.

    The layer is stationary and keeps unit variance on every grid, so noise on a larger
    grid gives a larger sample of the same field.

    Parameters
    ----------
    length_scale : float, default=0.0
        Length scale at the start, in cells of the latent grid; 0 is white noise. It is
        never longer than a quarter of the shortest side.
    smoothness : float, default=1.5
        Smoothness of the Matern covariance, positive.
    learn_length_scale : bool, default=True
        Whether training changes the length scale.
    **kwargs
        Keras layer arguments.

    Raises
    ------
    ValueError
        If `length_scale` is negative or `smoothness` is not positive.

    Notes
    -----
    :math:`f = K_\ell^{1/2}\varepsilon` (section 3.1 of the article). The weight is
    :math:`\ell^2`, in which the covariance is smooth down to white noise.

    Examples
    --------
    >>> import keras
    >>> from morphokeras.layers.latent_field import LatentField
    >>> noise = keras.random.normal((2, 16, 16, 4), seed=0)
    >>> tuple(LatentField(length_scale=2.0)(noise).shape)
    (2, 16, 16, 4)
    """

    def __init__(
        self,
        length_scale: float = 0.0,
        smoothness: float = 1.5,
        learn_length_scale: bool = True,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if not length_scale >= 0:
            raise ValueError(
                "`length_scale` must not be negative. "
                f"Received: length_scale={length_scale}."
            )
        if not smoothness > 0:
            raise ValueError(
                f"`smoothness` must be positive. Received: smoothness={smoothness}."
            )
        self.length_scale = length_scale
        self.smoothness = smoothness
        self.learn_length_scale = learn_length_scale

    def build(self, noise_shape: tuple) -> None:
        """Make the squared length scale, bounded by the grid where it is known."""
        sizes = [size for size in noise_shape[1:-1] if size is not None]
        longest = (min(sizes) / 4) ** 2 if sizes else float("inf")
        self.squared_length_scale = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(self.length_scale**2),
            constraint=_Bounds(longest),
            trainable=self.learn_length_scale,
            dtype="float32",
            name="squared_length_scale",
        )

    def call(self, noise: Tensor) -> Tensor:
        """Colour the noise.

        Parameters
        ----------
        noise : tensor of shape (batch, *spatial, channels)
            White noise of unit variance.

        Returns
        -------
        tensor of shape (batch, *spatial, channels)
            The field, of unit variance.
        """
        sizes = [ops.cast(size, "float32") for size in ops.shape(noise)[1:-1]]
        longest = ops.square(ops.min(ops.stack(sizes)) / 4)
        squared = ops.minimum(ops.cast(self.squared_length_scale, "float32"), longest)
        # Sums over all pixels: in float32, whatever the layer computes in.
        return ops.cast(colour(noise, squared, self.smoothness), self.compute_dtype)

    def compute_output_shape(self, noise_shape: tuple) -> tuple:
        """Return the shape of the noise."""
        return tuple(noise_shape)

    def get_config(self) -> dict:
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "length_scale": self.length_scale,
            "smoothness": self.smoothness,
            "learn_length_scale": self.learn_length_scale,
        }


class _Bounds(keras.constraints.Constraint):
    """Keep a weight between zero and a highest value."""

    def __init__(self, highest: float):
        self.highest = highest

    def __call__(self, w: Tensor) -> Tensor:
        return ops.clip(w, 0.0, self.highest)

"""Spatial attention whose map can be looked at (Fig. 2)."""

import keras
from keras import ops

from morphokeras.utils.typing import Tensor


@keras.saving.register_keras_serializable(package="morphokeras")
class SpatialAttention(keras.layers.Layer):
    r"""Weigh every position of a feature map by a gate between 0 and 1.

    The gate of a position depends on the features there alone. Unlike a softmax over
    positions it does not change when the image grows.

    Parameters
    ----------
    **kwargs
        Keras layer arguments.

    Notes
    -----
    The gate is :math:`a = \sigma(w \cdot \varphi + b)`; :math:`a\,\varphi` passes on.

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.layers.spatial_attention import SpatialAttention
    >>> gated, gate = SpatialAttention()(ops.zeros((1, 8, 8, 3)), return_map=True)
    >>> tuple(gated.shape), tuple(gate.shape)
    ((1, 8, 8, 3), (1, 8, 8, 1))
    >>> ops.convert_to_numpy(gate)[0, 0, 0]
    array([0.5], dtype=float32)
    """

    def build(self, features_shape: tuple) -> None:
        """Make the weights of the gate."""
        self.kernel = self.add_weight(
            shape=(features_shape[-1], 1), initializer="glorot_uniform", name="kernel"
        )
        self.bias = self.add_weight(shape=(1,), initializer="zeros", name="bias")

    def call(
        self, features: Tensor, return_map: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Weigh the features.

        Parameters
        ----------
        features : tensor of shape (batch, *spatial, channels)
            The feature map.
        return_map : bool, default=False
            Return the gate as well.

        Returns
        -------
        gated : tensor of shape (batch, *spatial, channels)
            The weighed features.
        gate : tensor of shape (batch, *spatial, 1)
            The attention map in [0, 1]; only with `return_map`.
        """
        gate = ops.sigmoid(ops.matmul(features, self.kernel) + self.bias)
        return (features * gate, gate) if return_map else features * gate

    def compute_output_spec(
        self, features: keras.KerasTensor, return_map: bool = False
    ) -> keras.KerasTensor | tuple[keras.KerasTensor, keras.KerasTensor]:
        """Describe the features, and the map if asked."""
        gated = keras.KerasTensor(features.shape, dtype=self.compute_dtype)
        if not return_map:
            return gated
        shape = (*features.shape[:-1], 1)
        return gated, keras.KerasTensor(shape, dtype=self.compute_dtype)

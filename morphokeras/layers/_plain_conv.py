"""Keras' own convolutions, spared the copies around them."""

import keras

from morphokeras.ops._convolution import convolve
from morphokeras.utils.typing import Tensor


def plain_conv(
    spatial_dims: int, filters: int, kernel_size: int, **kwargs
) -> keras.layers.Layer:
    """Return a convolution of images or of volumes, channels last.

    Parameters
    ----------
    spatial_dims : {2, 3}
        Images or volumes.
    filters, kernel_size, **kwargs
        Of ``keras.layers.Conv2D`` and ``Conv3D``, which it is, weights and all.

    Returns
    -------
    keras.layers.Layer

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.layers._plain_conv import plain_conv
    >>> tuple(plain_conv(2, 8, 3, strides=2)(np.ones((1, 9, 9, 1), "float32")).shape)
    (1, 4, 4, 8)
    """
    layer = {2: _PlainConv2D, 3: _PlainConv3D}[spatial_dims]
    return layer(filters, kernel_size, data_format="channels_last", **kwargs)


class _PlainConv2D(keras.layers.Conv2D):
    def convolution_op(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        return convolve(inputs, kernel, self.strides, self.padding, self.dilation_rate)


class _PlainConv3D(keras.layers.Conv3D):
    def convolution_op(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        return convolve(inputs, kernel, self.strides, self.padding, self.dilation_rate)

"""Convolution of images with channels last."""

import keras
from keras import ops

from morphokeras.utils.typing import Tensor


def convolve(
    x: Tensor, kernel: Tensor, strides: int = 1, padding: str = "same"
) -> Tensor:
    """Correlate images with kernels, as ``keras.ops.conv`` does with channels last.

    Parameters
    ----------
    x : tensor of shape (batch, *spatial, channels)
        Images or volumes.
    kernel : tensor of shape (*sides, channels, filters)
        Kernels.
    strides : int, default=1
        Pixels from one output to the next.
    padding : {'same', 'valid'}, default='same'
        Zeros beyond the edges, or outputs only where the kernel fits.

    Returns
    -------
    tensor of shape (batch, *outputs, filters)
    """
    if keras.backend.backend() != "torch":
        return ops.conv(x, kernel, strides, padding, data_format="channels_last")
    # Keras would copy the images to channels first, and back, before every
    # convolution; a view lets PyTorch take them as they lie, with the same result.
    channels_first = ops.moveaxis(x, -1, 1)
    y = ops.conv(channels_first, kernel, strides, padding, data_format="channels_first")
    return ops.moveaxis(y, 1, -1)

"""Convolution of images with channels last."""

import keras
from keras import ops

from morphokeras.utils.typing import Tensor


def convolve(
    x: Tensor,
    kernel: Tensor,
    strides: int | tuple[int, ...] = 1,
    padding: str = "same",
    dilation_rate: int | tuple[int, ...] = 1,
) -> Tensor:
    """Correlate images with kernels, as ``keras.ops.conv`` does with channels last.

    Parameters
    ----------
    x : tensor of shape (batch, *spatial, channels)
        Images or volumes.
    kernel : tensor of shape (*sides, channels, filters)
        Kernels.
    strides : int or tuple of int, default=1
        Pixels from one output to the next.
    padding : {'same', 'valid'}, default='same'
        Zeros beyond the edges, or outputs only where the kernel fits.
    dilation_rate : int or tuple of int, default=1
        Pixels from one entry of the kernel to the next.

    Returns
    -------
    tensor of shape (batch, *outputs, filters)
    """
    rank = len(x.shape) - 2
    if all(side == 1 for side in kernel.shape[:rank]):
        # oneDNN's gradients of such a kernel with strides leave their memory on some
        # processors, in PyTorch 2.13 and in TensorFlow 2.21.
        steps = (strides,) * rank if isinstance(strides, int) else tuple(strides)
        x = x[(slice(None), *(slice(None, None, step) for step in steps))]
        strides = 1
    if keras.backend.backend() != "torch":
        return ops.conv(x, kernel, strides, padding, "channels_last", dilation_rate)
    # Keras would copy the images to channels first, and back, before every
    # convolution; a view lets PyTorch take them as they lie, with the same result.
    first = ops.moveaxis(x, -1, 1)
    y = ops.conv(first, kernel, strides, padding, "channels_first", dilation_rate)
    return ops.moveaxis(y, 1, -1)

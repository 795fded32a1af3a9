"""Two-point correlation of periodic images, differentiable."""

import math

from keras import ops

from morphokeras.utils.typing import Tensor


def two_point_correlation(x: Tensor) -> Tensor:
    """Return the periodic two-point correlation of each channel of each image.

    Use it inside an objective. For measuring images, periodic or not, take
    `morphokeras.descriptors.two_point_correlation`, which needs no Keras.

    Parameters
    ----------
    x : tensor of shape (batch, *spatial, channels)
        Phase fields with values in [0, 1].

    Returns
    -------
    tensor of shape (batch, *spatial, channels), float32
        S2 at every shift, the shift 0 first and negative shifts at the end, as in a
        Fourier transform.

    Notes
    -----
    ``S2(r) = mean_x u(x) u(x + r)``, computed as ``IFFT(|FFT u|^2) / N`` over N pixels
    in O(N log N). At r = 0 a binary field has its volume fraction.

    Examples
    --------
    >>> import numpy as np
    >>> from keras import ops
    >>> from morphokeras.ops.two_point import two_point_correlation
    >>> stripes = np.tile(np.array([1, 1, 0, 0], "float32"), (1, 8, 2))[..., None]
    >>> correlation = ops.convert_to_numpy(two_point_correlation(stripes))
    >>> [abs(round(float(value), 3)) for value in correlation[0, 0, :4, 0]]
    [0.5, 0.25, 0.0, 0.25]
    """
    # Half precision has no Fourier transform, and too few digits for sums over pixels.
    real = ops.cast(x, "float32")
    imaginary = ops.zeros_like(real)
    axes = range(1, len(x.shape) - 1)
    for axis in axes:
        real, imaginary = _fft(real, imaginary, axis)
    power = ops.square(real) + ops.square(imaginary)
    imaginary = ops.zeros_like(power)
    # The power spectrum is real and even: its inverse transform is its forward one.
    for axis in axes:
        power, imaginary = _fft(power, imaginary, axis)
    return power / float(math.prod(x.shape[1:-1])) ** 2


def _fft(real: Tensor, imaginary: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    real = ops.moveaxis(real, axis, -1)
    imaginary = ops.moveaxis(imaginary, axis, -1)
    real, imaginary = ops.fft((real, imaginary))
    return ops.moveaxis(real, -1, axis), ops.moveaxis(imaginary, -1, axis)

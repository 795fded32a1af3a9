"""Stationary Gaussian random fields with a periodic Matern covariance."""

import math
from collections.abc import Sequence

from keras import ops

from morphokeras.utils.typing import Tensor


def colour(
    noise: Tensor, squared_length_scale: Tensor, smoothness: float = 1.5
) -> Tensor:
    r"""Turn white noise into a field of Matern covariance and unit variance.

    Parameters
    ----------
    noise : tensor of shape (batch, *spatial, channels)
        White noise of unit variance on any grid, of any number of axes.
    squared_length_scale : tensor or float
        :math:`\ell^2` in squared pixels; 0 leaves the noise white. The square is
        asked for because the covariance is smooth in it: in :math:`\ell` itself the
        gradient vanishes at 0, and a field that starts white would stay so.
    smoothness : float, default=1.5
        :math:`\nu`: realisations are differentiable less than :math:`\nu` times.

    Returns
    -------
    tensor of shape (batch, *spatial, channels)
        The coloured field, float32.

    Raises
    ------
    ValueError
        If `smoothness` is not positive.

    Notes
    -----
    :math:`f = K^{1/2} \varepsilon`, applied in the real Fourier (Hartley) basis, one
    small matrix product an axis; the constant mode is kept. Cost: pixels times the sum
    of the sizes, a channel.

    Examples
    --------
    >>> import keras
    >>> from morphokeras.ops.random_field import colour
    >>> noise = keras.random.normal((2, 16, 16, 3), seed=0)
    >>> tuple(colour(noise, squared_length_scale=4.0).shape)
    (2, 16, 16, 3)
    """
    x = ops.cast(noise, "float32")
    sizes = ops.shape(x)[1:-1]
    amplitude = matern_filter(sizes, squared_length_scale, smoothness)
    transforms = [_hartley_matrix(size) for size in sizes]
    x = _transform(x, transforms)
    return _transform(x * amplitude[None, ..., None], transforms)


def matern_filter(
    sizes: Sequence[int], squared_length_scale: Tensor, smoothness: float = 1.5
) -> Tensor:
    r"""Return the square root of the Matern spectrum on the frequencies of a grid.

    Parameters
    ----------
    sizes : sequence of int
        Spatial sizes of the periodic grid, in pixels.
    squared_length_scale : tensor or float
        :math:`\ell^2` in squared pixels, not negative.
    smoothness : float, default=1.5
        :math:`\nu`, positive.

    Returns
    -------
    tensor of shape sizes
        The factor of each frequency, in the order of `numpy.fft.fftfreq`, float32.
        Its mean square is 1, so the coloured field has unit variance on every grid.

    Raises
    ------
    ValueError
        If `smoothness` is not positive.

    Notes
    -----
    :math:`S(\omega) \propto (1 + \ell^2 |\omega|^2 / 2\nu)^{-(\nu + d/2)}` in d
    dimensions, up to the Nyquist frequency.

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.ops.random_field import matern_filter
    >>> factor = matern_filter((8, 8), squared_length_scale=2.0)
    >>> round(float(ops.mean(factor**2)), 4)
    1.0
    """
    if not smoothness > 0:
        raise ValueError(
            f"`smoothness` must be positive. Received: smoothness={smoothness}."
        )
    squared = 0.0
    for axis, size in enumerate(sizes):
        shape = [1] * len(sizes)
        shape[axis] = size
        squared = squared + ops.reshape(ops.square(_frequencies(size)), shape)
    squared_length_scale = ops.cast(squared_length_scale, "float32")
    exponent = -(smoothness + len(sizes) / 2)
    spectrum = (1 + squared * squared_length_scale / (2 * smoothness)) ** exponent
    return ops.sqrt(spectrum / ops.mean(spectrum))


def _frequencies(size: int) -> Tensor:
    """Return the absolute angular frequencies of a periodic axis, radians a pixel."""
    index = ops.arange(size, dtype="float32")
    size = ops.cast(size, "float32")
    return 2 * math.pi / size * ops.minimum(index, size - index)


def _hartley_matrix(size: int) -> Tensor:
    """Return the orthonormal matrix cos + sin of 2 pi j k / n: its own inverse."""
    index = ops.arange(size, dtype="int32")
    # The remainder keeps the argument small, where float32 is accurate.
    product = ops.cast((index[:, None] * index[None, :]) % size, "float32")
    size = ops.cast(size, "float32")
    angle = 2 * math.pi / size * product
    return (ops.cos(angle) + ops.sin(angle)) / ops.sqrt(size)


def _transform(x: Tensor, matrices: list[Tensor]) -> Tensor:
    """Apply one square matrix to each spatial axis."""
    for axis, matrix in enumerate(matrices, start=1):
        x = ops.moveaxis(ops.matmul(ops.moveaxis(x, axis, -1), matrix), -1, axis)
    return x

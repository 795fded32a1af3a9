"""Upsampling of band-limited fields by their Fourier series."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
from keras import ops

from morphokeras.ops.padding import check_boundary
from morphokeras.utils.typing import Tensor

ALIGNMENTS = ("center", "corner")
METHODS = ("matrix", "fft")

NARROW = 16
"""Matrix products with fewer columns run far below a processor's speed."""


def upsample_matrix(
    size: int, factor: int, boundary: str = "periodic", align: str = "center"
) -> np.ndarray:
    """Return the matrix that upsamples one axis by zero-padding its spectrum.

    Parameters
    ----------
    size : int
        Number of pixels before.
    factor : int
        How many times as many there are afterwards.
    boundary : {'periodic', 'symmetric', 'zero'}, default='periodic'
        How the signal goes on outside: repeated, mirrored with the edge repeated
        (the cosine series DCT-II), or as many zeros as pixels.
    align : {'center', 'corner'}, default='center'
        Whether the grids share the image's borders, so that pixel `j` lies at
        ``(j + 1/2) / factor - 1/2``, or the first pixel's centre, at ``j / factor``.

    Returns
    -------
    ndarray of shape (factor * size, size)
        The matrix in float64, read-only.

    Raises
    ------
    ValueError
        If `size` or `factor` is not positive, or a name is unknown.

    Notes
    -----
    Entry `(j, i)` is the periodic sinc (Dirichlet) function at the distance `t` of the
    new pixel `j` from the old pixel `i`, for a period of `n` pixels:
    ``sin(pi t) / (n sin(pi t / n))`` if `n` is odd, and with ``tan`` in place of the
    second ``sin`` if it is even, where the highest frequency is shared by both signs.

    Examples
    --------
    >>> from morphokeras.ops.spectral import upsample_matrix
    >>> matrix = upsample_matrix(4, 2, align="corner")
    >>> (matrix @ [3, 2, 1, 2]).round(3).tolist()
    [3.0, 2.707, 2.0, 1.293, 1.0, 1.293, 2.0, 2.707]
    """
    check_upsampling(factor, boundary, align)
    if size < 1:
        raise ValueError(f"`size` must be a positive integer. Received: size={size}.")
    return _constant_matrix(int(size), int(factor), boundary, align)


def spectral_upsample(
    x: Tensor,
    factor: int | Sequence[int] = 2,
    boundary: str = "periodic",
    align: str = "center",
    method: str = "matrix",
    data_format: str = "channels_last",
) -> Tensor:
    """Upsample images or volumes by zero-padding their spectrum (Eq. 7).

    Parameters
    ----------
    x : tensor of shape (batch, *spatial, channels)
        Fields of a floating dtype.
    factor : int or sequence of int, default=2
        How many times as many pixels, for all axes or for each one.
    boundary : {'periodic', 'symmetric', 'zero'}, default='periodic'
        How the field goes on outside, see `upsample_matrix`.
    align : {'center', 'corner'}, default='center'
        Which points of the two grids coincide, see `upsample_matrix`. Only
        ``'center'`` commutes with rotations; ``'corner'`` is Eq. 7 to the letter.
    method : {'matrix', 'fft'}, default='matrix'
        One matrix product for each axis, or fast Fourier transforms. Both give the
        same to rounding. Matrices are faster up to some 500 pixels.
    data_format : {'channels_last', 'channels_first'}, default='channels_last'
        Where the channels are.

    Returns
    -------
    tensor of shape (batch, *[factor * size], channels)
        The upsampled fields, in the dtype of `x`.

    Raises
    ------
    ValueError
        If an argument is unknown, or the sizes are unknown with ``method='fft'``.

    Examples
    --------
    >>> import numpy as np
    >>> from keras import ops
    >>> from morphokeras.ops.spectral import spectral_upsample
    >>> angle = 2 * np.pi * (np.arange(4) + 0.5) / 4
    >>> wave = np.cos(angle).astype("float32").reshape(1, 1, 4, 1)
    >>> fine = ops.convert_to_numpy(spectral_upsample(wave, factor=(1, 2)))
    >>> fine_angle = 2 * np.pi * (np.arange(8) + 0.5) / 8
    >>> bool(np.allclose(fine[0, 0, :, 0], np.cos(fine_angle), atol=1e-6))
    True
    """
    x = ops.convert_to_tensor(x)
    factors = _factors(factor, len(x.shape) - 2)
    for axis_factor in factors:
        check_upsampling(axis_factor, boundary, align, method)
    upsample_axis = _matrix_axis if method == "matrix" else _fourier_axis
    first = 1 if data_format == "channels_last" else 2
    # the last axis first: there the products are narrow, so let them be small
    for axis, axis_factor in reversed(list(enumerate(factors, start=first))):
        if axis_factor > 1:
            x = upsample_axis(x, axis, axis_factor, boundary, align)
    return x


def check_upsampling(
    factor: int, boundary: str, align: str, method: str = "matrix"
) -> None:
    """Refuse arguments of an upsampling that make no sense.

    Parameters
    ----------
    factor : int
        Factor of one axis.
    boundary, align, method : str
        As in `spectral_upsample`.

    Raises
    ------
    ValueError
        With what was expected and what came.

    Examples
    --------
    >>> from morphokeras.ops.spectral import check_upsampling
    >>> check_upsampling(2, "periodic", "center")
    """
    if int(factor) != factor or factor < 1:
        raise ValueError(f"The factor must be a positive integer. Received: {factor}.")
    check_boundary(boundary)
    if align not in ALIGNMENTS:
        raise ValueError(
            f"`align` must be one of {ALIGNMENTS}. Received: align={align!r}."
        )
    if method not in METHODS:
        raise ValueError(
            f"`method` must be one of {METHODS}. Received: method={method!r}."
        )


def _factors(factor: int | Sequence[int], rank: int) -> tuple[int, ...]:
    factors = (factor,) * rank if isinstance(factor, int) else tuple(factor)
    if len(factors) != rank:
        raise ValueError(
            f"There must be one factor for all or for each of the {rank} spatial axes. "
            f"Received: {factor}."
        )
    return factors


@functools.lru_cache(maxsize=128)
def _constant_matrix(size: int, factor: int, boundary: str, align: str) -> np.ndarray:
    matrix = _matrix(size, factor, boundary, align, np)
    matrix.flags.writeable = False
    return matrix


def _matrix(size: Any, factor: int, boundary: str, align: str, xp: ModuleType) -> Any:
    """Return the matrix from NumPy, or from `keras.ops` if the size is a tensor."""
    new = xp.arange(factor * size)[:, None]
    old = xp.arange(size)[None, :]
    offset = factor - 1 if align == "center" else 0
    # all distances in units of 1 / (2 factor) pixels, where they are integers
    distance = 2 * (new - factor * old) - offset
    period = size if boundary == "periodic" else 2 * size
    matrix = _dirichlet(distance, period, 2 * factor, xp)
    if boundary == "symmetric":
        mirrored = 2 * (new - factor * (2 * size - 1 - old)) - offset
        matrix = matrix + _dirichlet(mirrored, period, 2 * factor, xp)
    return matrix


def _dirichlet(distance: Any, period: Any, unit: int, xp: ModuleType) -> Any:
    """Return the periodic sinc at ``distance / unit`` pixels."""
    # reduced while still integers: sines of large arguments lose digits
    half = unit * period // 2
    slow = xp.mod(distance + half, 2 * half) - half
    fast = xp.mod(distance + unit, 2 * unit) - unit
    on_grid = xp.mod(distance, unit * period) == 0
    length = _as_float(period, xp)
    angle = np.pi * _as_float(xp.where(on_grid, 1, slow), xp) / (unit * length)
    odd = xp.mod(period, 2) == 1
    # the sine changes sign with each half turn that the reduction left out
    sign = 1 - 2 * xp.mod((distance - slow) // (2 * half), 2)
    sine = _as_float(sign, xp) * xp.sin(angle)
    denominator = length * xp.where(odd, sine, xp.tan(angle))
    numerator = xp.sin(np.pi * _as_float(fast, xp) / unit)
    return xp.where(on_grid, 1.0, numerator / denominator)


def _as_float(value: Any, xp: ModuleType) -> Any:
    return np.asarray(value, "float64") if xp is np else ops.cast(value, "float32")


def _matrix_axis(
    x: Tensor, axis: int, factor: int, boundary: str, align: str
) -> Tensor:
    size = ops.shape(x)[axis]
    if isinstance(size, int):
        matrix = _constant_matrix(size, factor, boundary, align)
    else:
        matrix = _matrix(size, factor, boundary, align, ops)
    matrix = ops.cast(ops.convert_to_tensor(matrix, dtype="float32"), x.dtype)
    # (batch * outer, size, inner): the matrix works on the middle axis
    shape = ops.shape(x)
    inner = _product(shape[axis + 1 :])
    flat = ops.reshape(x, (-1, size, inner))
    if isinstance(inner, int) and inner < NARROW:
        flat = _multiply_narrow(matrix, flat, size, factor, inner)
    else:
        flat = ops.matmul(matrix, flat)
    return ops.reshape(flat, (-1, *shape[1:axis], factor * size, *shape[axis + 1 :]))


def _multiply_narrow(
    matrix: Tensor, flat: Tensor, size: Any, factor: int, inner: int
) -> Tensor:
    """Multiply as one large product, where many narrow ones would be slow."""
    rows = ops.reshape(ops.swapaxes(flat, 1, 2), (-1, size))
    fine = ops.matmul(rows, ops.transpose(matrix))
    return ops.swapaxes(ops.reshape(fine, (-1, inner, factor * size)), 1, 2)


def _product(sizes: Sequence[Any]) -> Any:
    result = 1
    for size in sizes:
        result = result * size
    return result


def _fourier_axis(
    x: Tensor, axis: int, factor: int, boundary: str, align: str
) -> Tensor:
    size = x.shape[axis]
    if size is None:
        raise ValueError(
            "method='fft' needs images of known size. Received a size of None; use "
            "method='matrix'."
        )
    dtype = x.dtype
    # no backend transforms half precision
    signal = ops.cast(ops.moveaxis(x, axis, -1), "float32")
    if boundary == "symmetric":
        signal = ops.concatenate([signal, ops.flip(signal, axis=-1)], axis=-1)
    elif boundary == "zero":
        signal = ops.concatenate([signal, ops.zeros_like(signal)], axis=-1)
    period = signal.shape[-1]
    real, imaginary = ops.rfft(signal)
    cosine, sine = _phase(period, factor, align)
    shifted = (real * cosine - imaginary * sine, real * sine + imaginary * cosine)
    missing = factor * period // 2 + 1 - (period // 2 + 1)
    widths = [(0, 0)] * (len(x.shape) - 1) + [(0, missing)]
    spectrum = tuple(ops.pad(part, widths) for part in shifted)
    fine = ops.irfft(spectrum, fft_length=factor * period)[..., : factor * size]
    return ops.cast(ops.moveaxis(fine, -1, axis), dtype)


def _phase(period: int, factor: int, align: str) -> tuple[Tensor, Tensor]:
    """Return the weight of each frequency: amplitude, and shift of the first pixel."""
    frequency = np.arange(period // 2 + 1)
    shift = (1 / factor - 1) / 2 if align == "center" else 0.0
    amplitude = np.full(len(frequency), float(factor))
    if period % 2 == 0:
        # the highest frequency stands for both signs
        amplitude[-1] /= 2
    angle = 2 * np.pi * frequency * shift / period
    cosine, sine = amplitude * np.cos(angle), amplitude * np.sin(angle)
    return (
        ops.convert_to_tensor(cosine, dtype="float32"),
        ops.convert_to_tensor(sine, dtype="float32"),
    )

"""Sums of products of two fields at each lag, by FFT."""

import numpy as np
import scipy.fft

# Columns that are transformed at once along the first axis, to fit into the cache.
CHUNK = 128


def lagged_products(
    first: np.ndarray, second: np.ndarray | None, boundary: str
) -> np.ndarray:
    """Return sums over x of ``first(x) * second(x + lag)`` for all lags of a field.

    Parameters
    ----------
    first, second : ndarray of shape (*shape)
        Two fields. None: the second is the first.
    boundary : {'periodic', 'open'}
        ``"open"`` pads with zeros, so that no field meets its own copy.

    Returns
    -------
    ndarray of shape (*shape), float64
        Sums at each lag, in the order of :func:`numpy.fft.fftfreq`.

    Notes
    -----
    The padding of an axis is added when that axis is transformed and taken away after
    it was transformed back, so that three quarters of a padded volume never exist.
    """
    shape = first.shape
    sizes = [_padded_size(size, boundary) for size in shape]
    spectra = [_partial_spectrum(first, sizes)]
    if second is not None:
        spectra.append(_partial_spectrum(second, sizes))
    products = spectra[0]
    _correlate_first_axis(products, spectra[-1], shape[0], sizes[0])
    for axis in range(1, len(shape) - 1):
        products = scipy.fft.ifft(products, axis=axis, overwrite_x=True)
        products = _crop(products, axis, shape[axis])
    if len(shape) == 1:
        return products[:, 0].real.copy()
    values = scipy.fft.irfft(products, sizes[-1], axis=-1)
    return np.ascontiguousarray(_crop(values, len(shape) - 1, shape[-1]))


def lagged_pairs(shape: tuple[int, ...]) -> list[np.ndarray]:
    """Return, for each axis, how many pairs of pixels of an open field have a lag."""
    counts = []
    for axis, size in enumerate(shape):
        lag = np.abs(np.fft.fftfreq(size, 1 / size).round())
        counts.append(
            np.expand_dims(size - lag, [i for i in range(len(shape)) if i != axis])
        )
    return counts


def _padded_size(size: int, boundary: str) -> int:
    # Lags reach half the size: half as much padding keeps a field from its copy.
    if boundary == "periodic":
        return size
    return scipy.fft.next_fast_len(size + size // 2, real=True)


def _partial_spectrum(field: np.ndarray, sizes: list[int]) -> np.ndarray:
    """Transform all axes but the first, which stays as it is (columns if alone)."""
    if field.ndim == 1:
        return field.astype(np.complex128)[:, np.newaxis]
    spectrum = scipy.fft.rfft(field.astype(np.float64), sizes[-1], axis=-1)
    for axis in range(field.ndim - 2, 0, -1):
        spectrum = scipy.fft.fft(spectrum, sizes[axis], axis=axis, overwrite_x=True)
    return np.ascontiguousarray(spectrum)


def _correlate_first_axis(
    first: np.ndarray, second: np.ndarray, length: int, size: int
) -> None:
    """Write the correlations along the first axis into `first`."""
    columns, others = first.reshape(length, -1), second.reshape(length, -1)
    for start in range(0, columns.shape[1], CHUNK):
        part = slice(start, start + CHUNK)
        spectrum = scipy.fft.fft(columns[:, part], size, axis=0)
        if second is first:
            power = spectrum.real**2 + spectrum.imag**2
        else:
            other = scipy.fft.fft(others[:, part], size, axis=0)
            power = np.conj(spectrum) * other
        columns[:, part] = _crop(scipy.fft.ifft(power, axis=0), 0, length)


def _crop(values: np.ndarray, axis: int, size: int) -> np.ndarray:
    """Keep the lags of a field's own size along an axis, in fftfreq's order."""
    if values.shape[axis] == size:
        return values
    values = np.moveaxis(values, axis, 0)
    negative = size // 2
    kept = np.concatenate([values[: size - negative], values[len(values) - negative :]])
    return np.moveaxis(kept, 0, axis)

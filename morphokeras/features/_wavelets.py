"""Wavelet scattering of one image."""

from functools import lru_cache

import numpy as np
from scipy import fft

# A Morlet wavelet of scale 1: its centre frequency in radians a pixel, the width of its
# envelope along the wave in pixels, and that across the wave as a multiple of it.
CENTRE = 0.75 * np.pi
WIDTH = 0.8
ELONGATION = 2.0
# As many values are worked on at once: more would leave the processor's cache, fewer
# would make calls last longer than their arithmetic.
VALUES_AT_ONCE = 2**16


def scatter(
    image: np.ndarray, num_scales: int, num_orientations: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean magnitudes of an image's wavelet responses, once and twice.

    Parameters
    ----------
    image : ndarray of shape (height, width), float32
        Taken as periodic; both sides multiples of ``2 ** num_scales``.
    num_scales, num_orientations : int
        Scales 1, 2, 4, ... pixels; directions over half a turn, from the last axis to
        the first.

    Returns
    -------
    first : ndarray of shape (num_scales, num_orientations)
        Means of the responses' magnitudes.
    second : ndarray of shape (num_pairs, num_orientations, num_orientations)
        Means of the magnitudes of the responses of these magnitudes, for each pair of
        a scale and a greater one, in the order of ``np.triu_indices(num_scales, 1)``.
    """
    first, second = [], []
    for scale, spectrum in _pyramid(fft.fft2(image), 0, num_scales):
        magnitudes = _magnitudes(spectrum, scale, num_orientations)
        first.append(_means(magnitudes))
        at_once = max(1, VALUES_AT_ONCE // magnitudes.size)
        parts = [
            _scatter_again(
                magnitudes[start : start + at_once], scale, num_scales, num_orientations
            )
            for start in range(0, num_orientations, at_once)
        ]
        second.append(np.concatenate(parts, axis=1))
    return np.array(first), np.concatenate(second)


def _scatter_again(
    magnitudes: np.ndarray, scale: int, num_scales: int, num_orientations: int
) -> np.ndarray:
    """Return the means of the planes' responses at each greater scale."""
    means = [
        _means(_magnitudes(spectra, other, num_orientations))
        for other, spectra in _pyramid(fft.fft2(magnitudes), scale + 1, num_scales)
    ]
    shape = (num_scales - scale - 1, len(magnitudes), num_orientations)
    return np.array(means).reshape(shape)


def _pyramid(spectra: np.ndarray, first_scale: int, num_scales: int):
    """Yield each scale with the frequencies that its wavelets pass.

    The wavelets of scale j pass next to nothing above the frequencies of a grid of
    every 2^(j - 1)-th pixel. The spectra given are those of the grid of `first_scale`.
    """
    for scale in range(first_scale, num_scales):
        if scale > max(first_scale, 1):
            spectra = _low_half(spectra)
        yield scale, spectra


def _magnitudes(spectra: np.ndarray, scale: int, num_orientations: int) -> np.ndarray:
    """Return the magnitudes of the responses, at every 2^scale-th pixel.

    Of spectra (..., height, width) they are (..., directions, height, width).
    """
    wavelets = _wavelets(spectra.shape[-2:], min(scale + 1, 2), num_orientations)
    responses = spectra[..., np.newaxis, :, :] * wavelets
    if scale > 0:
        responses = _every_second(responses)
    return np.abs(fft.ifft2(responses, overwrite_x=True))


def _means(planes: np.ndarray) -> np.ndarray:
    return planes.mean(axis=(-2, -1), dtype="float64")


@lru_cache(maxsize=32)
def _wavelets(shape: tuple[int, int], scale: int, num_orientations: int) -> np.ndarray:
    """Return the Fourier transforms of Morlet wavelets of a periodic grid, real.

    A constant is subtracted under the envelope, so that the mean is 0.
    """
    down, across = np.meshgrid(
        *(2 * np.pi * np.fft.fftfreq(size) for size in shape), indexing="ij"
    )
    wavelets = []
    for angle in np.pi * np.arange(num_orientations) / num_orientations:
        wavelet, envelope = np.zeros(shape), np.zeros(shape)
        # What lies beyond the grid's highest frequency is folded back.
        for i, j in np.ndindex(3, 3):
            y, x = down + 2 * np.pi * (i - 1), across + 2 * np.pi * (j - 1)
            along = np.cos(angle) * x + np.sin(angle) * y
            beside = np.cos(angle) * y - np.sin(angle) * x
            wavelet += _gaussian(along - CENTRE / scale, beside, scale)
            envelope += _gaussian(along, beside, scale)
        wavelets.append(wavelet - envelope * (wavelet[0, 0] / envelope[0, 0]))
    return np.array(wavelets, dtype="float32")


def _gaussian(along: np.ndarray, beside: np.ndarray, scale: int) -> np.ndarray:
    """Return the Fourier transform of the wavelets' envelope."""
    squares = along**2 + (ELONGATION * beside) ** 2
    return np.exp(-0.5 * (WIDTH * scale) ** 2 * squares)


def _low_half(spectra: np.ndarray) -> np.ndarray:
    """Return the spectra of every second pixel of images without their upper halves."""
    height, width = (size // 4 for size in spectra.shape[-2:])
    rows = np.concatenate(
        [spectra[..., :height, :], spectra[..., -height:, :]], axis=-2
    )
    return np.concatenate([rows[..., :width], rows[..., -width:]], axis=-1) / 4


def _every_second(spectra: np.ndarray) -> np.ndarray:
    """Return the spectra of every second pixel; high frequencies fold back."""
    height, width = (size // 2 for size in spectra.shape[-2:])
    halves = spectra[..., :height, :] + spectra[..., height:, :]
    return (halves[..., :width] + halves[..., width:]) / 4

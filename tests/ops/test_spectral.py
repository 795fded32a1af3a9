"""Spectral upsampling against closed forms."""

import itertools

import numpy as np
import pytest
import scipy.fft
from keras import ops

from morphokeras.ops import spectral
from morphokeras.ops.spectral import spectral_upsample, upsample_matrix

BOUNDARIES = ("periodic", "symmetric", "zero")


def _positions(size, factor, align):
    new = np.arange(size * factor)
    return (new + 0.5) / factor - 0.5 if align == "center" else new / factor


def _upsample(x, *args, **kwargs):
    tensor = ops.convert_to_tensor(x.astype("float32"))
    return ops.convert_to_numpy(spectral_upsample(tensor, *args, **kwargs))


@pytest.mark.parametrize("align", ["center", "corner"])
@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 5, 8, 64])
def test_periodic_waves_below_the_nyquist_limit_are_exact(size, factor, align):
    old, new = np.arange(size), _positions(size, factor, align)
    matrix = upsample_matrix(size, factor, "periodic", align)
    for frequency in range((size + 1) // 2):
        for phase in (0.0, 0.7):
            wave = np.cos(2 * np.pi * frequency * old / size + phase)
            expected = np.cos(2 * np.pi * frequency * new / size + phase)
            np.testing.assert_allclose(matrix @ wave, expected, atol=1e-12)


def test_the_highest_frequency_is_shared_by_both_signs():
    size = 8
    wave = np.cos(np.pi * np.arange(size))
    expected = np.cos(np.pi * _positions(size, 2, "center"))
    np.testing.assert_allclose(upsample_matrix(size, 2) @ wave, expected, atol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 5, 8])
def test_mirrored_waves_are_exact(size):
    old, new = np.arange(size), _positions(size, 2, "center")
    matrix = upsample_matrix(size, 2, "symmetric")
    for frequency in range(size):
        wave = np.cos(np.pi * frequency * (old + 0.5) / size)
        expected = np.cos(np.pi * frequency * (new + 0.5) / size)
        np.testing.assert_allclose(matrix @ wave, expected, atol=1e-12)


@pytest.mark.parametrize("size", [5, 8])
def test_symmetric_boundary_pads_the_cosine_series(rng, size):
    signal = rng.normal(size=size)
    series = scipy.fft.dct(signal, type=2, norm="forward")
    padded = np.concatenate([series, np.zeros(2 * size)])
    expected = scipy.fft.idct(padded, type=2, norm="forward")
    found = upsample_matrix(size, 3, "symmetric") @ signal
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("size", [5, 8])
def test_corner_alignment_is_the_articles_equation(rng, size):
    signal = rng.normal(size=size)
    spectrum = np.fft.fft(signal)
    padded = np.zeros(2 * size, complex)
    half = size // 2
    padded[: (size + 1) // 2] = spectrum[: (size + 1) // 2]
    padded[-half:] = spectrum[-half:]
    if size % 2 == 0:
        padded[half] = padded[-half] = spectrum[half] / 2
    expected = 2 * np.fft.ifft(padded)
    assert np.abs(expected.imag).max() < 1e-12
    found = upsample_matrix(size, 2, "periodic", "corner") @ signal
    np.testing.assert_allclose(found, expected.real, atol=1e-12)


def test_zero_boundary_is_a_signal_among_zeros(rng):
    signal = rng.normal(size=6)
    among = np.concatenate([signal, np.zeros(6)])
    expected = (upsample_matrix(12, 2) @ among)[:12]
    found = upsample_matrix(6, 2, "zero") @ signal
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("boundary", ["periodic", "symmetric"])
def test_constants_and_means_are_kept(boundary):
    matrix = upsample_matrix(7, 2, boundary)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, atol=1e-12)
    np.testing.assert_allclose(matrix.sum(axis=0), 2.0, atol=1e-12)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("shape", [(2, 5, 6, 3), (1, 3, 4, 5, 2)])
def test_centred_upsampling_commutes_with_rotation(rng, shape, boundary):
    x = rng.normal(size=shape)
    for axes in itertools.combinations(range(1, len(shape) - 1), 2):
        turned = _upsample(np.rot90(x, axes=axes), 2, boundary)
        expected = np.rot90(_upsample(x, 2, boundary), axes=axes)
        np.testing.assert_allclose(turned, expected, atol=2e-6)


def test_corner_alignment_does_not_commute_with_rotation(rng):
    x = rng.normal(size=(1, 6, 6, 1))
    turned = _upsample(np.rot90(x, axes=(1, 2)), 2, align="corner")
    expected = np.rot90(_upsample(x, 2, align="corner"), axes=(1, 2))
    assert np.abs(turned - expected).max() > 0.5


@pytest.mark.parametrize("align", ["center", "corner"])
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_both_methods_agree(rng, boundary, align):
    shape = (2, 5, 6, 3) if align == "center" else (1, 3, 4, 5, 2)
    x = rng.normal(size=shape)
    factor = (2, 3, 1)[: len(shape) - 2]
    product = _upsample(x, factor, boundary, align, method="matrix")
    fourier = _upsample(x, factor, boundary, align, method="fft")
    np.testing.assert_allclose(product, fourier, atol=3e-6)


def test_a_plane_wave_in_a_volume_is_exact():
    shape, frequency = (4, 6, 5), (1, -2, 1)

    def wave(factor):
        axes = [_positions(n, factor, "center") + 0.5 for n in shape]
        grid = np.meshgrid(*axes, indexing="ij")
        turns = [f * g / n for f, g, n in zip(frequency, grid, shape, strict=True)]
        return np.cos(2 * np.pi * sum(turns))[None, ..., None]

    np.testing.assert_allclose(_upsample(wave(1), 2), wave(2), atol=3e-6)


@pytest.mark.parametrize("align", ["center", "corner"])
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("size", [1, 7, 8, 300, 301])
def test_matrix_of_unknown_size_is_the_same(size, boundary, align):
    unknown = ops.convert_to_tensor(size, dtype="int32")
    found = spectral._matrix(unknown, 2, boundary, align, ops)
    expected = upsample_matrix(size, 2, boundary, align)
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, atol=2e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"factor": 0}, "factor must be a positive integer"),
        ({"factor": (2, 2, 2)}, "each of the 2 spatial axes"),
        ({"boundary": "open"}, "`boundary` must be one of"),
        ({"align": "centre"}, "`align` must be one of"),
        ({"method": "dct"}, "`method` must be one of"),
    ],
)
def test_unknown_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        spectral_upsample(ops.ones((1, 4, 4, 1)), **arguments)


def test_an_empty_signal_is_refused():
    with pytest.raises(ValueError, match="`size` must be a positive integer"):
        upsample_matrix(0, 2)

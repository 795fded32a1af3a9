import keras
import numpy as np
import pytest
from keras import ops
from scipy.special import gamma, kv

from morphokeras.ops.random_field import colour, matern_filter
from tests.gradients import gradients


def to_numpy(tensor):
    return np.asarray(ops.convert_to_numpy(tensor)).astype("float64")


def matern(distance, length_scale, smoothness):
    """The Matern covariance in closed form."""
    scaled = np.sqrt(2 * smoothness) * np.maximum(distance, 1e-9) / length_scale
    factor = 2 ** (1 - smoothness) / gamma(smoothness)
    return factor * scaled**smoothness * kv(smoothness, scaled)


def covariance(shape, length_scale, smoothness=1.5):
    """The covariance with the first pixel, from the layer's filter."""
    factor = to_numpy(matern_filter(shape, length_scale**2, smoothness))
    return np.fft.ifftn(factor**2).real


@pytest.mark.parametrize("smoothness", [0.5, 1.5, 2.5])
@pytest.mark.parametrize("shape", [(64, 60), (40, 36, 38)])
def test_the_covariance_is_matern(shape, smoothness):
    # A rough field has a heavy spectrum beyond the grid, which is cut off.
    tolerance = 0.12 if smoothness == 0.5 else 0.02
    found = covariance(shape, 4.0, smoothness)
    lags = np.arange(1, 12)
    along_an_axis = found[(lags, *[np.zeros_like(lags)] * (len(shape) - 1))]
    expected = matern(lags, 4.0, smoothness)
    np.testing.assert_allclose(along_an_axis, expected, atol=tolerance)
    diagonal = found[(lags,) * len(shape)]
    expected = matern(lags * np.sqrt(len(shape)), 4.0, smoothness)
    np.testing.assert_allclose(diagonal, expected, atol=tolerance)


@pytest.mark.parametrize("shape", [(8, 8), (16, 10), (33, 7), (5, 6, 7)])
@pytest.mark.parametrize("length_scale", [0.0, 0.5, 1.25])
def test_the_variance_is_one_on_every_grid(shape, length_scale):
    assert covariance(shape, length_scale).flat[0] == pytest.approx(1, abs=1e-5)


def test_the_covariance_does_not_depend_on_the_grid():
    small, large = covariance((16, 16), 2.0), covariance((48, 48), 2.0)
    np.testing.assert_allclose(small[:5, :5], large[:5, :5], atol=0.03)


@pytest.mark.parametrize("shape", [(8, 7), (16, 16), (4, 5, 6)])
def test_colouring_agrees_with_the_fft(rng, shape):
    noise = rng.normal(size=(2, *shape, 3)).astype("float32")
    axes = tuple(range(1, len(shape) + 1))
    factor = to_numpy(matern_filter(shape, 2.0))[None, ..., None]
    expected = np.fft.ifftn(np.fft.fftn(noise, axes=axes) * factor, axes=axes).real
    np.testing.assert_allclose(to_numpy(colour(noise, 2.0)), expected, atol=1e-5)


def test_length_scale_zero_leaves_the_noise_white(rng):
    noise = rng.normal(size=(2, 9, 8, 1)).astype("float32")
    np.testing.assert_allclose(to_numpy(colour(noise, 0.0)), noise, atol=1e-5)


def test_simulated_fields_have_the_covariance():
    noise = keras.random.normal((4000, 12, 12, 1), seed=3)
    field = to_numpy(colour(noise, 2.25))[..., 0]
    found = (field * field[:, :1, :1]).mean(0)
    np.testing.assert_allclose(found, covariance((12, 12), 1.5), atol=0.08)


def test_the_mean_of_a_field_is_kept():
    factor = to_numpy(matern_filter((16, 16), 9.0))
    assert factor[0, 0] == factor.max() > 1


def test_the_gradient_is_finite_and_not_zero_for_white_noise(rng):
    noise = rng.normal(size=(1, 8, 8, 1)).astype("float32")

    def roughness(squared):
        field = colour(noise, squared)
        return ops.mean(ops.square(field[:, 1:] - field[:, :-1]))

    (found,) = gradients(roughness, [np.float32(0.0)])
    expected = (float(roughness(0.02)) - float(roughness(0.0))) / 0.02
    assert found < 0
    assert found == pytest.approx(expected, rel=0.2)


def test_a_smoothness_of_zero_is_refused():
    with pytest.raises(ValueError, match="`smoothness` must be positive"):
        matern_filter((4, 4), 1.0, smoothness=0)

import numpy as np
import pytest
from keras import ops

from morphokeras.models.geometry import curvature, curvature_surrogate, latent_metric
from tests.gradients import gradients

PIXELS = (3, 4, 2)


def linear(matrix):
    """A decoder that is linear in the code."""
    matrix = ops.convert_to_tensor(matrix.astype("float32"))
    return lambda z: ops.reshape(ops.matmul(z, matrix), (-1, *PIXELS))


def quadratic(hessians):
    """A decoder of which each pixel is z H z / 2."""
    hessians = ops.convert_to_tensor(hessians.astype("float32"))

    def decode(z):
        pixels = ops.sum(ops.matmul(z, hessians) * z[None], axis=-1) / 2
        return ops.reshape(ops.transpose(pixels), (-1, *PIXELS))

    return decode


def symmetric(rng, size):
    matrices = rng.normal(size=(np.prod(PIXELS), size, size))
    return (matrices + matrices.transpose(0, 2, 1)) / 2


def to_numpy(tensor):
    return np.asarray(ops.convert_to_numpy(tensor))


def test_the_metric_of_a_linear_decoder_is_the_mean_square_of_its_matrix(rng):
    matrix = rng.normal(size=(5, np.prod(PIXELS)))
    z = rng.normal(size=(3, 5)).astype("float32")
    found = to_numpy(latent_metric(linear(matrix), z))
    expected = matrix @ matrix.T / np.prod(PIXELS)
    np.testing.assert_allclose(found, np.stack([expected] * 3), atol=1e-3)


def test_the_metric_of_a_quadratic_decoder_changes_with_the_code(rng):
    hessians = symmetric(rng, 4)
    z = rng.normal(size=(2, 4)).astype("float32")
    slopes = np.einsum("pij,nj->npi", hessians, z)
    expected = np.einsum("npi,npj->nij", slopes, slopes) / np.prod(PIXELS)
    found = to_numpy(latent_metric(quadratic(hessians), z))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=2e-3)


def test_the_metric_is_symmetric_and_not_negative(rng):
    z = rng.normal(size=(4, 3)).astype("float32")
    found = to_numpy(latent_metric(lambda z: ops.tanh(z[:, :2] * z[:, 1:]), z))
    np.testing.assert_allclose(found, found.transpose(0, 2, 1))
    assert np.linalg.eigvalsh(found).min() > -1e-6


@pytest.mark.parametrize("measure", [curvature, curvature_surrogate])
def test_a_linear_decoder_is_not_bent(rng, measure):
    z = rng.normal(size=(3, 4)).astype("float32")
    found = to_numpy(measure(linear(rng.normal(size=(4, np.prod(PIXELS)))), z))
    np.testing.assert_allclose(found, 0, atol=1e-6)


def test_the_curvature_of_a_quadratic_decoder_is_its_hessian(rng):
    hessians = symmetric(rng, 3)
    z = rng.normal(size=(2, 3)).astype("float32")
    expected = (hessians**2).sum((1, 2)).mean()
    found = to_numpy(curvature(quadratic(hessians), z))
    np.testing.assert_allclose(found, expected, rtol=1e-2)


def test_the_surrogate_is_the_curvature_on_average(rng):
    hessians = symmetric(rng, 3)
    z = np.zeros((20000, 3), "float32")
    found = to_numpy(curvature_surrogate(quadratic(hessians), z, seed=0)).mean()
    expected = (hessians**2).sum((1, 2)).mean()
    assert found == pytest.approx(expected, rel=0.05)


def test_a_seed_repeats_the_surrogate(rng):
    decode, z = quadratic(symmetric(rng, 3)), np.ones((2, 3), "float32")
    first, again = (to_numpy(curvature_surrogate(decode, z, seed=7)) for _ in "ab")
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("measure", [curvature, curvature_surrogate])
def test_gradients_pass_through(rng, measure):
    arguments = {"seed": 0} if measure is curvature_surrogate else {}
    (found,) = gradients(
        lambda z: ops.sum(measure(lambda z: ops.tanh(z), z, **arguments)),
        [rng.normal(size=(2, 3))],
    )
    assert np.isfinite(found).all() and np.abs(found).max() > 0


@pytest.mark.parametrize("measure", [latent_metric, curvature, curvature_surrogate])
def test_bad_arguments_are_refused(measure):
    with pytest.raises(ValueError, match="`z` must have the shape"):
        measure(ops.tanh, np.zeros(3, "float32"))
    with pytest.raises(ValueError, match="`step` must be positive"):
        measure(ops.tanh, np.zeros((1, 3), "float32"), step=0)


def test_the_exact_curvature_refuses_large_latent_spaces():
    with pytest.raises(ValueError, match="at most 8 latent variables"):
        curvature(ops.tanh, np.zeros((1, 9), "float32"))

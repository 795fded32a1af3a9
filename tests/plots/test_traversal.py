"""Rows of decoded images."""

import numpy as np
import pytest

from morphokeras.plots import LatentTraversalDisplay

pytestmark = pytest.mark.backend_free


class Shades:
    """A generator whose images are flat, as bright as their second latent variable."""

    latent_dim = 3

    def transform(self, X):
        brightness = X.mean(axis=(1, 2))
        field = np.ones((len(X), 4))
        z = np.stack([0 * brightness, brightness, 0.1 * brightness], axis=1)
        return np.hstack([z, field])

    def inverse_transform(self, Z):
        return Z[:, 1, None, None] * np.ones((len(Z), 8, 8)) * Z[:, 3:].mean()


def _images(rng):
    return np.ones((6, 8, 8)) * rng.random((6, 1, 1))


def test_the_variables_that_vary_most_move_by_deviations(rng):
    X = _images(rng)
    display = LatentTraversalDisplay.from_estimator(
        Shades(), X, n_latents=2, n_steps=3, extent=1.5
    )
    shades = X.mean(axis=(1, 2))
    expected = shades.mean() + 1.5 * shades.std() * np.array([-1, 0, 1])
    assert list(display.names) == ["z[1]", "z[2]"]
    np.testing.assert_allclose(display.values[0], expected)
    np.testing.assert_allclose(display.pictures[0].mean(axis=(1, 2)), expected)


def test_other_variables_and_the_field_stay_those_of_the_image(rng):
    X = _images(rng)
    display = LatentTraversalDisplay.from_estimator(
        Shades(), X, number=2, latents=[0], n_steps=5
    )
    np.testing.assert_allclose(display.pictures, X[2, 0, 0])
    assert display.axes_.shape == (1, 5)


def test_unknown_variables_are_refused(rng):
    with pytest.raises(ValueError, match="`latents` must be numbers from 0 to 2"):
        LatentTraversalDisplay.from_estimator(Shades(), _images(rng), latents=[3])


def test_one_image_does_not_tell_how_far_codes_vary(rng):
    with pytest.raises(ValueError, match="`X` must hold at least two images"):
        LatentTraversalDisplay.from_estimator(Shades(), _images(rng)[:1])

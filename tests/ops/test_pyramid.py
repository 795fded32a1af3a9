"""Gaussian pyramids."""

import numpy as np
import pytest
from keras import ops
from scipy.ndimage import correlate1d

from morphokeras.ops.pyramid import gaussian_pyramid, num_levels


def pyramid(x, levels, boundary="symmetric"):
    return [ops.convert_to_numpy(y) for y in gaussian_pyramid(x, levels, boundary)]


@pytest.mark.parametrize("boundary", ["periodic", "symmetric"])
def test_every_level_of_an_even_image_has_the_same_mean(rng, boundary):
    image = rng.random((2, 16, 24, 3), "float32")
    for level in pyramid(image, 4, boundary):
        np.testing.assert_allclose(level.mean((1, 2)), image.mean((1, 2)), rtol=1e-5)


def test_a_step_of_two_pixels_commutes_with_halving(rng):
    image = rng.random((1, 16, 16, 1), "float32")
    moved = pyramid(np.roll(image, 2, axis=2), 2, "periodic")[1]
    expected = np.roll(pyramid(image, 2, "periodic")[1], 1, axis=2)
    np.testing.assert_allclose(moved, expected, atol=1e-6)


def test_a_turn_by_ninety_degrees_commutes_with_halving(rng):
    image = rng.random((1, 16, 12, 1), "float32")
    turned = pyramid(np.ascontiguousarray(np.rot90(image, axes=(1, 2))), 3)[2]
    expected = np.rot90(pyramid(image, 3)[2], axes=(1, 2))
    np.testing.assert_allclose(turned, expected, atol=1e-6)


def test_a_level_is_the_binomial_average_of_the_one_before():
    line = np.zeros((1, 8, 8, 1), "float32")
    line[0, :, 3] = 8.0
    np.testing.assert_allclose(pyramid(line, 2)[1][0, 1, :, 0], [0.0, 3.0, 1.0, 0.0])


@pytest.mark.parametrize(
    ("boundary", "mode"),
    [("symmetric", "reflect"), ("periodic", "wrap"), ("zero", "constant")],
)
def test_halving_is_scipys_filter_at_every_second_pixel(rng, boundary, mode):
    volume = rng.random((2, 9, 6, 7, 3), "float32")
    expected = volume
    for axis in (1, 2, 3):
        expected = correlate1d(
            expected, np.array([1, 3, 3, 1]) / 8, axis, mode=mode, origin=-1
        )
    halved = pyramid(volume, 2, boundary)[1]
    np.testing.assert_allclose(halved, expected[:, ::2, ::2, ::2], atol=1e-6)


def test_images_of_integers_are_halved_as_floats(rng):
    image = rng.integers(0, 255, (1, 8, 8, 1), "uint8")
    expected = pyramid(image.astype("float32"), 3)
    for level, floating in zip(pyramid(image, 3), expected, strict=True):
        np.testing.assert_array_equal(level, floating)


def test_odd_sizes_and_volumes_are_halved_upwards(rng):
    levels = pyramid(rng.random((1, 9, 7, 5, 2), "float32"), 2)
    assert levels[1].shape == (1, 5, 4, 3, 2)


def test_too_many_levels_are_refused():
    with pytest.raises(ValueError, match="at most 3 levels"):
        gaussian_pyramid(np.zeros((1, 8, 8, 1), "float32"), 4)


def test_the_number_of_levels_follows_the_shortest_axis():
    assert num_levels((256, 14), smallest=7) == 2

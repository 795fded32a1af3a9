"""The multiscale generator."""

import keras
import numpy as np
import pytest
from keras import ops

from morphokeras.models.generator import Generator


def numpy(x):
    return np.asarray(ops.convert_to_numpy(x))


@pytest.fixture
def field(rng):
    return rng.normal(size=(2, 4, 4, 3)).astype("float32")


@pytest.fixture
def code(rng):
    return rng.normal(size=(2, 5)).astype("float32")


def test_a_periodic_generator_moves_with_its_field(field, code):
    generator = Generator(1, filters=8, boundary="periodic")
    moved = numpy(generator(np.roll(field, 1, axis=2), code))
    expected = np.roll(numpy(generator(field, code)), 4, axis=2)
    np.testing.assert_allclose(moved, expected, atol=1e-5)


def test_a_fraction_is_met_after_the_crop_and_the_warp(field, code):
    generator = Generator(1, filters=8, max_displacement=2.0)
    fraction = np.array([0.2, 0.7], "float32")
    images = numpy(generator(field, code, fraction, shape=(15, 13)))
    assert images.shape == (2, 15, 13, 1)
    np.testing.assert_allclose(images.mean((1, 2, 3)), fraction, atol=1e-4)


def test_phases_fill_the_space(field, code):
    images = numpy(Generator(3, filters=8, depth=2)(field, code))
    assert images.shape == (2, 16, 16, 3)
    np.testing.assert_allclose(images.sum(-1), 1.0, atol=1e-5)


def test_the_code_changes_the_image_once_it_modulates(field, code):
    generator = Generator(1, filters=8, depth=1)
    before = numpy(generator(field, code))
    np.testing.assert_allclose(before, numpy(generator(field, 0 * code)), atol=1e-6)
    for layer in generator.scales[0].modulations:
        layer.kernel.assign(0.3 * np.ones(layer.kernel.shape, "float32"))
    after = numpy(generator(field, code))
    assert np.abs(after - numpy(generator(field, 0 * code))).max() > 1e-3


def test_without_a_field_the_code_is_laid_out_on_the_coarsest_grid(code):
    generator = Generator(1, filters=8, depth=2, base_grid=(3, 2))
    assert numpy(generator(np.zeros((2, 3, 2, 0), "float32"), code)).shape == (
        *(2, 12, 8),
        1,
    )


def test_volumes_are_generated_too(rng, code):
    field = rng.normal(size=(2, 2, 2, 2, 3)).astype("float32")
    images = Generator(1, filters=8, depth=2, kernel_size=3)(field, code)
    assert tuple(images.shape) == (2, 8, 8, 8, 1)


def test_mixed_precision_returns_single_precision_images(field, code):
    generator = Generator(1, filters=8, depth=2, dtype="mixed_bfloat16")
    images = generator(field, code)
    assert keras.backend.standardize_dtype(images.dtype) == "float32"
    assert np.isfinite(numpy(images)).all()


def test_a_stride_that_is_no_power_of_two_is_refused():
    with pytest.raises(ValueError, match="power of two"):
        Generator(1, field_stride=3)


def test_a_generator_is_rebuilt_from_its_config():
    generator = Generator(2, filters=8, depth=2, field_stride=8, max_displacement=1.0)
    assert Generator.from_config(generator.get_config()).get_config() == (
        generator.get_config()
    )

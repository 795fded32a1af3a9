import keras
import numpy as np
import pytest
from keras import ops

from morphokeras.layers.latent_field import LatentField
from morphokeras.ops.random_field import colour
from tests.layers.layer_check import check_layer


def field(layer, noise):
    return np.asarray(ops.convert_to_numpy(layer(noise)))


@pytest.mark.parametrize("shape", [(8, 9), (4, 5, 4)])
def test_layer_check(tmp_path, shape):
    check_layer(lambda: LatentField(0.8), (2, *shape, 3), tmp_path=tmp_path)


def test_the_field_starts_white(rng):
    noise = rng.normal(size=(2, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(field(LatentField(), noise), noise, atol=1e-5)


@pytest.mark.parametrize("size", [8, 12, 31])
def test_the_variance_is_one_on_every_grid(size):
    layer = LatentField(length_scale=1.5)
    noise = keras.random.normal((400, size, size, 2), seed=1)
    assert np.var(field(layer, noise)) == pytest.approx(1, abs=0.05)


def test_channels_and_samples_are_coloured_alone(rng):
    noise = rng.normal(size=(2, 8, 8, 3)).astype("float32")
    layer = LatentField(length_scale=2.0)
    alone = field(layer, noise[1:, ..., 2:])
    np.testing.assert_allclose(alone, field(layer, noise)[1:, ..., 2:], atol=1e-5)


def test_a_shift_of_the_noise_shifts_the_field(rng):
    noise = rng.normal(size=(1, 9, 8, 1)).astype("float32")
    layer = LatentField(length_scale=1.5)
    moved = field(layer, np.roll(noise, (4, 3), (1, 2)))
    expected = np.roll(field(layer, noise), (4, 3), (1, 2))
    np.testing.assert_allclose(moved, expected, atol=1e-5)


def test_the_length_scale_is_at_most_a_quarter_of_the_grid(rng):
    noise = rng.normal(size=(1, 8, 16, 1)).astype("float32")
    found = field(LatentField(length_scale=50.0), noise)
    expected = ops.convert_to_numpy(colour(noise, 4.0))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_training_recovers_the_length_scale():
    noise = keras.random.normal((64, 16, 16, 1), seed=4)
    target = colour(noise, 1.2**2)
    layer = LatentField()
    model = keras.Sequential([keras.Input((16, 16, 1)), layer])
    model.compile(keras.optimizers.Adam(0.1), loss="mse")
    model.fit(noise, target, batch_size=64, epochs=60, verbose=0)
    found = float(ops.convert_to_numpy(layer.squared_length_scale.value)) ** 0.5
    assert found == pytest.approx(1.2, abs=0.1)


def test_training_keeps_the_length_scale_within_its_bounds():
    noise = keras.random.normal((16, 8, 8, 1), seed=5)
    layer = LatentField()
    model = keras.Sequential([keras.Input((8, 8, 1)), layer])
    # The target asks for a negative correlation, which no Matern field has.
    rough = ops.convert_to_numpy(2 * noise - colour(noise, 1.0))
    model.compile(keras.optimizers.SGD(10.0), loss="mse")
    model.fit(noise, rough, epochs=5, verbose=0)
    assert float(ops.convert_to_numpy(layer.squared_length_scale.value)) == 0


def test_a_fixed_length_scale_is_not_trained():
    layer = LatentField(length_scale=1.0, learn_length_scale=False)
    layer.build((None, 8, 8, 1))
    assert layer.trainable_variables == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length_scale": -1.0}, "`length_scale` must not be negative"),
        ({"smoothness": 0.0}, "`smoothness` must be positive"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LatentField(**arguments)

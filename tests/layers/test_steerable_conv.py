"""SteerableConv: the shared check, rotations, geometry and the energy budget."""

import keras
import numpy as np
import pytest
from keras import ops

from morphokeras.layers.steerable_conv import SteerableConv
from morphokeras.ops.basis import steerable_basis
from tests.gradients import gradients
from tests.layers.layer_check import check_layer

BOUNDARIES = ("periodic", "symmetric", "zero")


@pytest.mark.parametrize(
    ("shape", "arguments"),
    [
        ((2, 6, 6, 2), {"kernel_size": 3, "boundary": "zero"}),
        ((2, 8, 7, 2), {"strides": 2, "boundary": "periodic", "energy_budget": 0.1}),
        ((2, 3, 5, 6), {"data_format": "channels_first", "activation": "tanh"}),
        ((2, 4, 5, 6, 1), {"kernel_size": 3, "invariant": True, "strides": 2}),
    ],
)
def test_layer_check(shape, arguments, tmp_path):
    check_layer(lambda: SteerableConv(4, **arguments), shape, tmp_path=tmp_path)


def _numpy(tensor):
    return ops.convert_to_numpy(tensor)


def _run(layer, x):
    return _numpy(layer(np.asarray(x, "float32")))


def _turned_copy(layer, x, matrix):
    """Return the layer with its coefficients turned by the matrix of the basis."""
    copy = SteerableConv.from_config(layer.get_config())
    copy.build(x.shape)
    weights = layer.get_weights()
    # a turned kernel is sum_a lambda_a (M psi)_a
    weights[0] = np.einsum("ab,aio->bio", matrix, weights[0]).astype("float32")
    copy.set_weights(weights)
    return copy


def _quarter_turn(basis, axes):
    flat = basis.filters.reshape(len(basis), -1)
    turned = np.rot90(basis.filters, axes=axes).reshape(len(basis), -1)
    return np.linalg.lstsq(flat.T, turned.T, rcond=None)[0].T


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize(
    ("shape", "arguments"),
    [
        ((1, 7, 6, 2), {"kernel_size": 5}),
        ((1, 7, 6, 2), {"kernel_size": 3, "num_basis": 4}),
        ((1, 8, 6, 2), {"kernel_size": 4, "strides": 2}),
        ((1, 4, 5, 6, 2), {"kernel_size": 3}),
    ],
)
def test_turned_coefficients_turn_the_output_by_a_quarter(
    rng, shape, arguments, boundary
):
    x = rng.normal(size=shape)
    layer = SteerableConv(3, boundary=boundary, activation="tanh", **arguments)
    output = _run(layer, x)
    axes = (len(shape) - 3, len(shape) - 2)
    turned = _turned_copy(layer, x, _quarter_turn(layer.basis, axes))
    found = _run(turned, np.rot90(x, axes=axes))
    np.testing.assert_allclose(found, np.rot90(output, axes=axes), atol=3e-6)


def _waves(fastest, angle):
    """Return pictures of random plane waves, turned counter-clockwise by `angle`."""
    rng = np.random.default_rng(3)
    axis = np.arange(9) - 4.0
    row, column = np.meshgrid(axis, axis, indexing="ij")
    # the turned picture at a point is the picture at the point turned back
    right = np.cos(angle) * column - np.sin(angle) * row
    up = -np.sin(angle) * column - np.cos(angle) * row
    pictures = np.zeros((32, 9, 9, 1))
    for picture in pictures:
        for direction, share, phase in rng.uniform(size=(30, 3)):
            along = np.cos(2 * np.pi * direction) * right
            along += np.sin(2 * np.pi * direction) * up
            frequency = fastest * np.sqrt(share)
            wave = np.cos(2 * np.pi * (frequency * along + phase))
            picture[..., 0] += wave
    return pictures


def _relative_error(found, expected):
    """Compare at the centre, which stays where it is."""
    found, expected = found[:, 4, 4], expected[:, 4, 4]
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize("kernel_size", [5, 7])
def test_turning_by_45_degrees_costs_at_most_5_percent(kernel_size):
    angle = np.pi / 4
    straight, turned = _waves(0.15, 0.0), _waves(0.15, angle)
    layer = SteerableConv(64, kernel_size, use_bias=False)
    output = _run(layer, straight)
    copy = _turned_copy(layer, straight, layer.basis.rotation_matrix(angle))
    assert _relative_error(_run(copy, turned), output) <= 0.05


@pytest.mark.parametrize("shape", [(1, 8, 7, 2), (1, 4, 5, 6, 2)])
def test_invariant_maps_turn_with_the_image(rng, shape):
    x = rng.normal(size=shape)
    layer = SteerableConv(5, kernel_size=3, invariant=True)
    output = _run(layer, x)
    axes = (len(shape) - 3, len(shape) - 2)
    found = _run(layer, np.rot90(x, axes=axes))
    np.testing.assert_allclose(found, np.rot90(output, axes=axes), atol=3e-6)


def test_invariant_responses_stay_at_45_degrees():
    layer = SteerableConv(64, kernel_size=5, invariant=True, use_bias=False)
    output = _run(layer, _waves(0.15, 0.0))
    assert _relative_error(_run(layer, _waves(0.15, np.pi / 4)), output) <= 0.05


def test_invariant_channels_cover_all_orders():
    layer = SteerableConv(9, kernel_size=5, invariant=True)
    layer.build((None, 8, 8, 1))
    # 3 rings of order 0, 2 of orders 1 and 2, 1 of order 3
    shapes = [tuple(c.shape) for c in layer.coefficients]
    assert shapes == [(3, 1, 3), (2, 1, 2), (2, 1, 2), (1, 1, 2)]


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize(
    ("shape", "kernel_size", "strides"),
    [
        ((1, 7, 6, 2), 5, 1),
        ((1, 7, 8, 2), 4, 2),
        ((1, 9, 7, 1), 5, 3),
        ((1, 3, 2, 1), 5, 1),
    ],
)
def test_output_is_a_plain_convolution_of_the_padded_image(
    rng, boundary, shape, kernel_size, strides
):
    x = rng.normal(size=shape).astype("float32")
    layer = SteerableConv(
        3, kernel_size, strides=strides, boundary=boundary, use_bias=False
    )
    output = _run(layer, x)
    basis = steerable_basis(kernel_size)
    kernel = np.einsum("axy,aio->xyio", basis.filters, layer.get_weights()[0])
    pairs = []
    for size in shape[1:3]:
        total = (-(-size // strides) - 1) * strides + kernel_size - size
        pairs.append((total // 2, total - total // 2))
    mode = {"periodic": "wrap", "symmetric": "symmetric", "zero": "constant"}[boundary]
    padded = np.pad(x, [(0, 0), *pairs, (0, 0)], mode=mode)
    windows = np.lib.stride_tricks.sliding_window_view(
        padded, (kernel_size, kernel_size), axis=(1, 2)
    )[:, ::strides, ::strides]
    expected = np.einsum("bhwixy,xyio->bhwo", windows, kernel)
    assert output.shape == (1, -(-shape[1] // strides), -(-shape[2] // strides), 3)
    np.testing.assert_allclose(output, expected, atol=1e-5)


def test_periodic_layer_commutes_with_shifts(rng):
    x = rng.normal(size=(1, 6, 7, 2))
    layer = SteerableConv(3, boundary="periodic")
    shifted = _run(layer, np.roll(x, (2, 3), axis=(1, 2)))
    expected = np.roll(_run(layer, x), (2, 3), axis=(1, 2))
    np.testing.assert_allclose(shifted, expected, atol=3e-6)


def test_initial_coefficients_keep_the_variance(rng):
    x = rng.normal(size=(4, 24, 24, 16))
    layer = SteerableConv(64, boundary="periodic")
    # he_normal aims at 2, of which a ReLU takes half
    assert _run(layer, x).var() == pytest.approx(2.0, rel=0.15)


def _energy(output):
    return np.sum(np.mean(np.square(output, dtype="float64"), axis=(1, 2)), axis=-1)


def test_energy_is_at_most_the_budget(rng):
    x = rng.normal(size=(3, 8, 8, 2)) * np.array([1e-3, 1.0, 30.0]).reshape(3, 1, 1, 1)
    free = SteerableConv(4)
    bounded = SteerableConv(4, energy_budget=0.5)
    before = _run(free, x)
    bounded.build(x.shape)
    bounded.set_weights(free.get_weights())
    after = _run(bounded, x)
    np.testing.assert_allclose(_energy(after)[1:], 0.5, rtol=1e-5)
    np.testing.assert_array_equal(after[0], before[0])
    # only scaled, never bent
    ratio = after[2] / before[2]
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-4)


def test_energy_gradient_is_finite_at_zero_energy():
    layer = SteerableConv(4, energy_budget=0.5)
    x = np.zeros((1, 6, 6, 2), "float32")
    layer.build(x.shape)
    found = gradients(lambda t: ops.sum(layer(t)), [x], layer.trainable_variables)
    assert all(np.isfinite(gradient).all() for gradient in found)


def test_energy_of_large_half_precision_features_does_not_overflow(rng):
    layer = SteerableConv(4, energy_budget=1.0, dtype="float16")
    output = layer(ops.full((1, 8, 8, 2), 1000.0, dtype="float16"))
    assert _energy(_numpy(output))[0] == pytest.approx(1.0, rel=1e-2)


def test_one_model_serves_several_sizes():
    inputs = keras.Input((None, None, 2))
    model = keras.Model(inputs, SteerableConv(3, strides=2, kernel_size=4)(inputs))
    assert model.output_shape == (None, None, None, 3)
    for size, expected in ((8, 4), (9, 5)):
        found = model.predict(np.ones((1, size, size, 2)), verbose=0)
        assert found.shape == (1, expected, expected, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filters": 0}, "`filters` must be a positive integer. Received: filters=0"),
        ({"filters": 2, "kernel_size": 2, "strides": 3}, "must not exceed"),
        ({"filters": 2, "energy_budget": 0.0}, "`energy_budget` must be a positive"),
        ({"filters": 2, "boundary": "same"}, "`boundary` must be one of"),
        ({"filters": 2, "data_format": "last"}, "`data_format` must be"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SteerableConv(**arguments)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((None, 8, 2), "expects images"),
        ((None, 8, 8, None), "number of input channels"),
    ],
)
def test_impossible_inputs_are_refused(shape, message):
    with pytest.raises(ValueError, match=message):
        SteerableConv(2).build(shape)

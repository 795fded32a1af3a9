"""Batch normalisation: that of Keras, whatever way it takes."""

import keras
import numpy as np
import pytest
from keras import ops

from morphokeras.layers._batch_norm import BatchNorm
from tests.gradients import gradients
from tests.layers.layer_check import check_layer

MAPS = (4, 5, 6, 3)
VOLUMES = (2, 3, 4, 5, 3)
SINGLE_PIXELS = (1, 1, 1, 3)
FEATURES = (7, 3)


def pair_of_layers(shape, rng, **options):
    """Return ours and that of Keras, with the same weights."""
    ours, keras_own = (
        layer(momentum=0.9, **options)
        for layer in (BatchNorm, keras.layers.BatchNormalization)
    )
    for layer in (ours, keras_own):
        layer.build(shape)
    weights = [1 + rng.random(3) for _ in ours.weights]
    for layer in (ours, keras_own):
        layer.set_weights(weights)
    return ours, keras_own


@pytest.mark.parametrize("shape", [MAPS, VOLUMES])
def test_layer_check(shape, tmp_path):
    check_layer(BatchNorm, shape, call_kwargs={"training": True}, tmp_path=tmp_path)


@pytest.mark.parametrize("shape", [MAPS, VOLUMES, SINGLE_PIXELS, FEATURES])
def test_a_step_leaves_what_that_of_keras_leaves(shape, rng):
    layers = pair_of_layers(shape, rng)
    x = (2 + 3 * rng.standard_normal(shape)).astype("float32")
    found, expected = (
        [layer(x, training=True), *layer.weights, layer(x, training=False)]
        for layer in layers
    )
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(
            *map(ops.convert_to_numpy, (ours, theirs)), rtol=1e-4, atol=1e-4
        )


@pytest.mark.parametrize("shape", [MAPS, VOLUMES])
def test_the_gradients_are_those_of_keras(shape, rng):
    x, direction = rng.standard_normal((2, *shape)).astype("float32")

    def slopes(layer):
        def project(x):
            return ops.sum(ops.multiply(layer(x, training=True), direction))

        return gradients(project, [x], layer.trainable_variables)

    found, expected = map(slopes, pair_of_layers(shape, rng))
    assert len(found) == 3
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_statistics_of_half_precision_are_taken_in_single_precision(policy, rng):
    x = (100 + rng.standard_normal(MAPS)).astype("float32")
    layer = BatchNorm(dtype=policy)
    outputs = layer(ops.cast(x, layer.compute_dtype), training=True)
    assert keras.backend.standardize_dtype(outputs.dtype) == layer.compute_dtype
    seen = ops.convert_to_numpy(ops.cast(ops.cast(x, layer.compute_dtype), "float32"))
    kept = ops.convert_to_numpy(layer.moving_mean)
    np.testing.assert_allclose(kept, 0.01 * seen.mean((0, 1, 2)), rtol=1e-4)


def test_a_frozen_layer_does_not_learn(rng):
    layer = BatchNorm()
    x = rng.standard_normal(MAPS).astype("float32")
    layer(x)
    layer.trainable = False
    before = layer.get_weights()
    layer(x, training=True)
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)

"""Convolutions with channels last: those of Keras, whatever way they take."""

import keras
import numpy as np
import pytest
from keras import ops

from morphokeras.layers._plain_conv import plain_conv
from morphokeras.ops._convolution import convolve

CASES = [
    {"side": 1, "strides": 1},
    {"side": 1, "strides": 2},
    {"side": 3, "strides": 2},
    {"side": 3, "padding": "valid", "dilation_rate": 2},
    {"side": 4, "padding": "valid"},
]


@pytest.mark.parametrize("shape", [(7, 8), (5, 6, 7)])
@pytest.mark.parametrize("case", CASES)
def test_it_is_the_convolution_of_keras(case, shape, rng):
    options = dict(case)
    sides = (options.pop("side"),) * len(shape)
    x = rng.standard_normal((2, *shape, 3)).astype("float32")
    kernel = rng.standard_normal((*sides, 3, 4)).astype("float32")
    found = convolve(*map(ops.convert_to_tensor, (x, kernel)), **options)
    keyed = {"strides": 1, "padding": "same", "dilation_rate": 1, **options}
    expected = ops.conv(x, kernel, data_format="channels_last", **keyed)
    found, expected = map(ops.convert_to_numpy, (found, expected))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("strides", [1, 2])
def test_training_a_kernel_of_one_pixel_keeps_to_its_own_memory(strides, rng):
    # PyTorch's strided convolution ends the process here, sooner or later.
    inputs = keras.Input((8, 8, 2))
    layer = plain_conv(2, 4, 1, strides=strides)
    model = keras.Model(inputs, layer(plain_conv(2, 2, 3, padding="same")(inputs)))
    model.compile("sgd", "mse")
    x = rng.standard_normal((64, 8, 8, 2)).astype("float32")
    y = np.zeros((64, 8 // strides, 8 // strides, 4), "float32")
    history = model.fit(x, y, batch_size=8, epochs=5, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]

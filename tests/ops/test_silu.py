"""The activation."""

import gc

import keras
import numpy as np
import pytest

from morphokeras.ops._silu import silu


def test_silu_is_x_times_its_logistic():
    x = np.linspace(-8, 8, 33, dtype="float32")
    expected = x / (1 + np.exp(-x))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(silu(x)), expected, rtol=1e-5)


def test_a_traced_network_is_let_go():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("only TensorFlow keeps graphs")
    from tensorflow.python.framework.func_graph import FuncGraph

    def graphs():
        gc.collect()
        return sum(isinstance(thing, FuncGraph) for thing in gc.get_objects())

    class Net(keras.Model):
        def call(self, x):
            return silu(x)

    before = graphs()
    Net().predict_on_batch(np.ones((2, 3), "float32"))
    assert graphs() <= before

"""The phase field computed with Keras."""

import numpy as np
import pytest

from morphokeras.datasets import make_phase_field, simulate_phase_field


@pytest.mark.parametrize("shape", [(24, 25), (8, 9, 10)])
def test_keras_agrees_with_numpy(rng, shape):
    start = 0.45 + 0.1 * rng.uniform(-1, 1, (2, *shape))
    options = {"anisotropy": 1.5, "axis": 0}
    expected = simulate_phase_field(start, [0.0, 2.0, 15.0], **options)
    found = simulate_phase_field(start, [0.0, 2.0, 15.0], backend="keras", **options)
    assert found.dtype == np.float32 and found.shape == expected.shape
    assert expected[-1].std() > 0.1
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_classes_of_several_times_are_made():
    options = {"shape": (16, 16), "time": (2.0, 8.0), "random_state": 0}
    expected, y = make_phase_field(6, **options)
    found, same = make_phase_field(6, backend="keras", **options)
    np.testing.assert_array_equal(y, same)
    np.testing.assert_allclose(found, expected, atol=2e-3)

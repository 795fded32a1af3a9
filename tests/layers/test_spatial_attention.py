import numpy as np
import pytest
from keras import ops

from morphokeras.layers.spatial_attention import SpatialAttention
from tests.layers.layer_check import check_layer


@pytest.mark.parametrize("return_map", [False, True])
@pytest.mark.parametrize("shape", [(5, 6), (3, 4, 5)])
def test_layer_check(tmp_path, shape, return_map):
    check_layer(
        SpatialAttention,
        (2, *shape, 3),
        call_kwargs={"return_map": return_map},
        tmp_path=tmp_path,
    )


def test_the_map_is_the_gate_that_is_applied(rng):
    features = rng.normal(size=(2, 6, 5, 3)).astype("float32")
    gated, gate = SpatialAttention()(features, return_map=True)
    gate = ops.convert_to_numpy(gate)
    assert gate.shape == (2, 6, 5, 1)
    assert 0 < gate.min() < gate.max() < 1
    np.testing.assert_allclose(ops.convert_to_numpy(gated), features * gate, rtol=1e-5)


def test_the_gate_of_a_position_does_not_depend_on_the_rest(rng):
    features = rng.normal(size=(1, 8, 8, 3)).astype("float32")
    layer = SpatialAttention()
    whole = ops.convert_to_numpy(layer(features))
    part = ops.convert_to_numpy(layer(features[:, 2:5, 3:]))
    np.testing.assert_allclose(part, whole[:, 2:5, 3:], rtol=1e-5)

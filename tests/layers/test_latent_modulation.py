import numpy as np
import pytest
from keras import ops

from morphokeras.layers.latent_modulation import LatentModulation
from tests.layers.layer_check import check_layer


@pytest.mark.parametrize("shape", [(5, 6), (3, 4, 5)])
def test_layer_check(tmp_path, shape):
    check_layer(LatentModulation, (2, *shape, 3), (2, 4), tmp_path=tmp_path)


def test_the_layer_starts_as_the_identity(rng):
    features = rng.normal(size=(2, 4, 4, 3)).astype("float32")
    code = rng.normal(size=(2, 5)).astype("float32")
    found = ops.convert_to_numpy(LatentModulation()(features, code))
    np.testing.assert_array_equal(found, features)


def test_each_channel_is_scaled_and_shifted_by_linear_functions_of_the_code(rng):
    features = rng.normal(size=(2, 4, 4, 3)).astype("float32")
    code = rng.normal(size=(2, 5)).astype("float32")
    layer = LatentModulation()
    layer(features, code)
    kernel, bias = rng.normal(size=(5, 6)), rng.normal(size=6)
    layer.set_weights([kernel, bias])
    scale, shift = np.split((code @ kernel + bias)[:, None, None], 2, axis=-1)
    found = ops.convert_to_numpy(layer(features, code))
    np.testing.assert_allclose(found, (1 + scale) * features + shift, atol=1e-5)


def test_a_code_with_spatial_axes_is_refused():
    with pytest.raises(ValueError, match="`code` must have the shape"):
        LatentModulation()(np.zeros((1, 4, 4, 3)), np.zeros((1, 4, 4, 2)))

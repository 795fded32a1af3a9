import numpy as np
import pytest
from keras import ops

from morphokeras.layers.volume_fraction import VolumeFractionProjection
from morphokeras.ops.projection import project_volume_fraction
from tests.layers.layer_check import check_layer

FRACTIONS = np.array([0.2, 0.7], "float32")


@pytest.mark.parametrize("method", ["logit", "scale"])
@pytest.mark.parametrize("shape", [(5, 6, 1), (3, 4, 5, 1)])
def test_layer_check(rng, tmp_path, shape, method):
    logits = rng.normal(size=(2, *shape)).astype("float32")
    check_layer(
        lambda: VolumeFractionProjection(method),
        inputs=[logits, FRACTIONS],
        # The clipping of the article's method has a kink.
        gradient_step=1e-2 if method == "logit" else None,
        tmp_path=tmp_path,
    )


def test_layer_check_with_several_phases(rng, tmp_path):
    logits = rng.normal(size=(2, 5, 6, 3)).astype("float32")
    fraction = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]], "float32")
    check_layer(VolumeFractionProjection, inputs=[logits, fraction], tmp_path=tmp_path)


def test_layer_check_without_a_fraction(tmp_path):
    check_layer(VolumeFractionProjection, (2, 5, 6, 3), tmp_path=tmp_path)


def test_without_a_fraction_one_channel_gets_a_sigmoid(rng):
    logits = rng.normal(size=(2, 4, 4, 1)).astype("float32")
    found = ops.convert_to_numpy(VolumeFractionProjection()(logits))
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-logits)), rtol=1e-5)


def test_without_a_fraction_phases_get_a_softmax(rng):
    logits = rng.normal(size=(2, 4, 4, 3)).astype("float32")
    found = ops.convert_to_numpy(VolumeFractionProjection()(logits))
    exponentials = np.exp(logits)
    expected = exponentials / exponentials.sum(-1, keepdims=True)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("method", ["logit", "scale"])
def test_the_method_is_the_one_asked_for(rng, method):
    logits = 4 * rng.normal(size=(2, 8, 8, 1)).astype("float32")
    found = VolumeFractionProjection(method)(logits, FRACTIONS)
    expected = project_volume_fraction(logits, FRACTIONS, method)
    np.testing.assert_allclose(
        ops.convert_to_numpy(found), ops.convert_to_numpy(expected), atol=1e-6
    )


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="`method` must be one of"):
        VolumeFractionProjection("clip")

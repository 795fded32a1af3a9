"""SpectralUpsample: the shared check and its agreement with the formula."""

import keras
import numpy as np
import pytest
from keras import ops

from morphokeras.layers.spectral_upsample import SpectralUpsample
from morphokeras.ops.spectral import upsample_matrix
from tests.layers.layer_check import check_layer


@pytest.mark.parametrize(
    ("shape", "arguments"),
    [
        ((2, 6, 5, 2), {}),
        ((2, 3, 4, 5), {"size": (1, 3), "data_format": "channels_first"}),
        ((2, 4, 3, 5, 1), {"boundary": "periodic", "align": "corner"}),
        ((2, 4, 5, 2), {"boundary": "zero", "method": "fft"}),
    ],
)
def test_layer_check(shape, arguments, tmp_path):
    check_layer(
        lambda: SpectralUpsample(**arguments),
        shape,
        unknown_sizes="method" not in arguments,
        tmp_path=tmp_path,
    )


def _run(layer, x):
    return ops.convert_to_numpy(layer(np.asarray(x, "float32")))


def test_each_axis_is_multiplied_by_its_matrix(rng):
    x = rng.normal(size=(2, 5, 6, 3))
    rows, columns = (upsample_matrix(n, f, "symmetric") for n, f in ((5, 2), (6, 3)))
    expected = np.einsum("yh,xw,bhwc->byxc", rows, columns, x)
    np.testing.assert_allclose(_run(SpectralUpsample((2, 3)), x), expected, atol=3e-6)


@pytest.mark.parametrize("method", ["matrix", "fft"])
def test_both_data_formats_agree(rng, method):
    x = rng.normal(size=(2, 5, 6, 3))
    last = _run(SpectralUpsample(method=method), x)
    first = SpectralUpsample(method=method, data_format="channels_first")
    found = _run(first, np.moveaxis(x, -1, 1))
    np.testing.assert_allclose(np.moveaxis(found, 1, -1), last, atol=3e-6)


def test_a_linear_ramp_does_not_ring_at_a_mirrored_border():
    ramp = np.linspace(0.0, 1.0, 32).reshape(1, 1, 32, 1)
    mirrored = _run(SpectralUpsample((1, 2), boundary="symmetric"), ramp)
    wrapped = _run(SpectralUpsample((1, 2), boundary="periodic"), ramp)
    fine = np.interp((np.arange(64) + 0.5) / 2 - 0.5, np.arange(32), ramp[0, 0, :, 0])
    assert np.abs(mirrored[0, 0, :, 0] - fine).max() < 0.01
    assert np.abs(wrapped[0, 0, :, 0] - fine).max() > 0.1


def test_one_model_serves_several_sizes(rng):
    inputs = keras.Input((None, None, 1))
    layer = SpectralUpsample(2)
    model = keras.Model(inputs, layer(inputs))
    for size in (5, 8):
        x = rng.normal(size=(1, size, size, 1)).astype("float32")
        np.testing.assert_allclose(
            model.predict(x, verbose=0), _run(layer, x), atol=1e-5
        )


def test_half_precision_in_both_methods():
    image = ops.ones((1, 4, 4, 1), dtype="float16")
    for method in ("matrix", "fft"):
        fine = SpectralUpsample(method=method, dtype="float16")(image)
        assert "float16" in str(fine.dtype)
        np.testing.assert_allclose(ops.convert_to_numpy(fine), 1.0, atol=2e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "factor must be a positive integer"),
        ({"boundary": "open"}, "`boundary` must be one of"),
        ({"align": "left"}, "`align` must be one of"),
        ({"method": "dct"}, "`method` must be one of"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SpectralUpsample(**arguments)


def test_sizes_that_do_not_fit_the_input_are_refused():
    with pytest.raises(ValueError, match="`size` must be an integer or 3 integers"):
        SpectralUpsample((2, 2)).build((None, 4, 4, 4, 1))
    with pytest.raises(ValueError, match="expects images"):
        SpectralUpsample().build((None, 4, 1))

"""Padding against NumPy's."""

import numpy as np
import pytest
from keras import ops

from morphokeras.ops.padding import check_data_format, pad
from tests.gradients import gradients

NUMPY_MODES = {"periodic": "wrap", "symmetric": "symmetric", "zero": "constant"}


@pytest.mark.parametrize("boundary", NUMPY_MODES)
@pytest.mark.parametrize(
    ("shape", "widths"),
    [
        ((2, 5, 6, 3), 2),
        ((2, 5, 6, 3), [(1, 2), (3, 0)]),
        ((2, 5, 6, 3), [0, (0, 4)]),
        ((1, 3, 4, 5, 2), [1, (2, 1), 3]),
        ((1, 1, 2, 1), 5),
        ((1, 3, 3, 1), 0),
    ],
)
def test_padding_agrees_with_numpy(rng, boundary, shape, widths):
    x = rng.normal(size=shape).astype("float32")
    given = [widths] * (len(shape) - 2) if isinstance(widths, int) else widths
    pairs = [(w, w) if isinstance(w, int) else w for w in given]
    expected = np.pad(x, [(0, 0), *pairs, (0, 0)], mode=NUMPY_MODES[boundary])
    padded = pad(ops.convert_to_tensor(x), widths, boundary)
    np.testing.assert_array_equal(ops.convert_to_numpy(padded), expected)


@pytest.mark.parametrize("boundary", NUMPY_MODES)
def test_gradient_counts_how_often_a_pixel_is_used(boundary):
    x = np.zeros((1, 3, 4, 1), "float32")
    (found,) = gradients(lambda t: ops.sum(pad(t, 2, boundary)), [x])
    places = np.arange(12).reshape(1, 3, 4, 1) + 1
    used = np.pad(places, [(0, 0), (2, 2), (2, 2), (0, 0)], mode=NUMPY_MODES[boundary])
    counts = np.bincount(used.ravel(), minlength=13)[1:]
    np.testing.assert_array_equal(found.ravel(), counts)


def test_half_precision_is_kept():
    x = ops.ones((1, 4, 4, 1), dtype="float16")
    assert "float16" in str(pad(x, 1, "periodic").dtype)


def test_an_unknown_boundary_is_refused():
    with pytest.raises(ValueError, match="`boundary` must be one of.*'reflect'"):
        pad(ops.ones((1, 4, 4, 1)), 1, "reflect")


@pytest.mark.parametrize("widths", [[1], [1, 2, 3], -1])
def test_widths_that_do_not_fit_are_refused(widths):
    with pytest.raises(ValueError, match="`widths` must be one non-negative integer"):
        pad(ops.ones((1, 4, 4, 1)), widths)


def test_an_unknown_data_format_is_refused():
    with pytest.raises(ValueError, match="`data_format` must be.*'NHWC'"):
        check_data_format("NHWC")

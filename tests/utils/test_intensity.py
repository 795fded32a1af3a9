"""Grey values brought to [0, 1]."""

import numpy as np
import pytest

from morphokeras.utils.intensity import learn_range, scale_intensity

pytestmark = pytest.mark.backend_free


@pytest.mark.parametrize(
    ("dtype", "limits"),
    [
        ("uint8", (0.0, 255.0)),
        ("uint16", (0.0, 65535.0)),
        ("int8", (-128.0, 127.0)),
        (bool, (0.0, 1.0)),
        ("float32", (0.0, 1.0)),
    ],
)
def test_range_of_a_dtype(dtype, limits):
    assert learn_range(np.zeros((2, 4, 4), dtype)) == limits


def test_wide_integers_are_refused():
    with pytest.raises(ValueError, match="8 or 16 bits.*int64"):
        learn_range(np.arange(4))


def test_floats_beyond_the_unit_interval_are_refused_with_their_range():
    with pytest.raises(ValueError, match=r"\[-1, 2\]"):
        learn_range(np.array([-1.0, 2.0]))


def test_percentiles_pass_over_outliers():
    values = np.r_[np.linspace(0, 1, 1001), 1e6]
    low, high = learn_range(values, "percentile")
    assert (low, high) == pytest.approx((0.01, 0.99), abs=2e-3)


def test_range_as_given():
    assert learn_range(np.array([5.0]), (2, 10)) == (2.0, 10.0)


@pytest.mark.parametrize("wrong", ["contrast", (1, 2, 3), 4, (3, 3)])
def test_wrong_range_is_refused(wrong):
    with pytest.raises(ValueError, match="intensity|empty"):
        learn_range(np.array([1.0, 2.0]), wrong)


def test_constant_images_have_no_range_of_their_own():
    with pytest.raises(ValueError, match="empty"):
        learn_range(np.ones(4), "minmax")


def test_values_beyond_the_limits_are_clipped():
    scaled = scale_intensity(np.array([0, 10, 20, 30]), (10.0, 20.0))
    assert scaled.tolist() == [0.0, 0.0, 1.0, 1.0]
    assert scaled.dtype == np.float32


def test_masks_in_a_wide_dtype_are_refused():
    with pytest.raises(ValueError, match=r"X.astype\(bool\)"):
        learn_range(np.array([0, 1], "uint8"))
    assert learn_range(np.array([0, 1], "uint8"), (0, 1)) == (0.0, 1.0)


def test_wide_numbers_are_told_apart():
    values = 1e9 + np.arange(3)
    scaled = scale_intensity(values, learn_range(values, "minmax"))
    assert scaled.tolist() == [0.0, 0.5, 1.0]


def test_numbers_beyond_single_precision_are_scaled():
    values = np.array([0.0, 1e200])
    with pytest.raises(ValueError, match="not finite"):
        learn_range(values, "minmax")
    assert scale_intensity(values, (0.0, 1.0)).tolist() == [0.0, 1.0]

"""Betti numbers level by level."""

import numpy as np
import pytest
from skimage.measure import euler_number, label

from morphokeras.features import BettiCurve
from morphokeras.topology import betti_curves

pytestmark = pytest.mark.backend_free

LEVELS = [0.25, 0.5, 0.75]


def count(image, connectivity):
    """Return parts and holes of a mask as scikit-image counts them."""
    number = 2 if connectivity == "full" else 1
    parts = label(image, connectivity=number).max()
    return parts, parts - euler_number(image, connectivity=number)


@pytest.mark.parametrize("connectivity", ["full", "face"])
def test_curves_agree_with_counts_of_every_level_set(connectivity, rng):
    X = np.round(rng.random((3, 20, 24)), 2)
    curve = BettiCurve(
        LEVELS, filtrations=["superlevel", "sublevel"], connectivity=connectivity
    )
    found = curve.fit_transform(X).reshape(3, 2, 2, 3)
    X = X.astype("float32")
    for i, image in enumerate(X):
        for k, level in enumerate(np.float32(LEVELS)):
            assert tuple(found[i, 0, :, k]) == count(image >= level, connectivity)
            assert tuple(found[i, 1, :, k]) == count(image <= level, connectivity)


@pytest.mark.parametrize("boundary", ["open", "periodic"])
def test_curves_of_volumes_have_three_dimensions(boundary, rng):
    X = rng.random((2, 6, 5, 7))
    options = {"boundary": boundary, "spatial_dims": 3}
    curve = BettiCurve(LEVELS, **options).set_output(transform="pandas")
    table = curve.fit_transform(X)
    expected = betti_curves(X.astype("float32"), LEVELS, **options)
    np.testing.assert_array_equal(table.to_numpy().reshape(2, 3, 3), expected)
    assert table.columns[-1] == "superlevel_b2_at_0.75"


def test_below_all_grey_values_there_is_one_part():
    curve = BettiCurve([0.0, 0.1, 0.5])
    np.testing.assert_array_equal(
        curve.fit_transform(np.full((1, 4, 4), 0.5)), [[1, 1, 1, 0, 0, 0]]
    )


def test_bands_cover_black_to_white(rng):
    X = rng.random((2, 12, 12))
    curve = BettiCurve(2)
    found = curve.fit_transform(X)
    eighths = np.arange(1, 16, 2) / 16
    counts = betti_curves(X.astype("float32"), eighths)
    expected = counts.reshape(2, 2, 2, 4).mean(axis=-1).reshape(2, -1)
    np.testing.assert_array_equal(found, expected)
    assert curve.get_feature_names_out()[1] == "superlevel_b0_from_0.5_to_1"


def test_bands_of_standardised_images_are_deviations_wide(rng):
    X = rng.random((2, 16, 16))
    curve = BettiCurve(standardize=True)
    found = curve.fit_transform(X)
    np.testing.assert_allclose(curve.levels_[:4], [-7.875, -7.625, -7.375, -7.125])
    np.testing.assert_array_equal(found, curve.fit_transform(0.5 * X))
    assert curve.get_feature_names_out()[15] == "superlevel_b0_from_7_to_8"


def test_a_table_for_pandas(rng):
    curve = BettiCurve(LEVELS).set_output(transform="pandas")
    table = curve.fit_transform(rng.random((2, 8, 8)))
    assert list(table.columns[:2]) == ["superlevel_b0_at_0.25", "superlevel_b0_at_0.5"]


@pytest.mark.parametrize("levels", [0, [], [[0.5]], [np.inf], "many"])
def test_wrong_levels_are_refused(levels, rng):
    with pytest.raises(ValueError, match="levels"):
        BettiCurve(levels).fit(rng.random((1, 8, 8)))

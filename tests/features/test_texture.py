"""Grey levels, edges, patterns and correlations."""

import numpy as np
import pytest
from sklearn.base import clone

from morphokeras.features import TextureFeatures

pytestmark = pytest.mark.backend_free


def measure(image, scales=(0,), **options):
    """Return the features of one image by name."""
    features = TextureFeatures(scales, **options).set_output(transform="pandas")
    return features.fit_transform(np.asarray(image)[np.newaxis]).iloc[0]


def test_grey_statistics_are_those_of_the_pixels(rng):
    image = rng.random((16, 20)).astype("float32")
    found = measure(image)
    assert found["grey_mean"] == pytest.approx(image.mean(), rel=1e-4)
    assert found["grey_std"] == pytest.approx(image.std(), rel=1e-4)
    assert found["grey_q50"] == pytest.approx(np.median(image), rel=1e-4)


def test_a_ramp_has_its_slope_and_one_direction():
    ramp = np.tile(np.arange(100) / 100, (100, 1))
    found = measure(ramp)
    # The outermost of the columns see half of the slope.
    assert found["s0_log_gradient"] == pytest.approx(-2, abs=0.01)
    assert found["s0_anisotropy"] == pytest.approx(1, abs=1e-3)


def test_noise_has_no_direction_and_no_correlation(rng):
    found = measure(rng.random((128, 128)))
    assert found["s0_anisotropy"] < 0.05
    assert abs(found["correlation_r4"]) < 0.05
    assert found["correlation_r1"] < 0.05


def test_correlation_of_stripes_follows_their_period():
    stripes = np.tile(np.repeat([0.0, 1.0], 4), (64, 8))
    found = measure(stripes)
    assert found["correlation_r1"] > 0.5
    assert found["correlation_r4"] < found["correlation_r1"]


def test_shares_of_patterns_sum_to_one(rng):
    found = measure(rng.random((16, 16)), scales=(0, 2))
    for scale in ("s0", "s2"):
        assert found.filter(like=f"{scale}_pattern").sum() == pytest.approx(1)


def test_flat_images_have_one_pattern():
    found = measure(np.full((8, 8), 0.5), scales=(0, 2))
    assert np.isfinite(found).all()
    assert found["grey_std"] == pytest.approx(0, abs=1e-6)
    assert (found.filter(like="pattern") > 0).sum() <= 4


def test_mirroring_changes_nothing(rng):
    image = rng.random((24, 30))
    for other in (image[::-1], image[:, ::-1]):
        np.testing.assert_allclose(
            measure(other, (0, 2)), measure(image, (0, 2)), rtol=1e-3, atol=5e-3
        )


def test_standardised_features_ignore_brightness_and_contrast(rng):
    image = rng.random((24, 24))
    np.testing.assert_allclose(
        measure(0.2 + 0.5 * image, standardize=True),
        measure(image, standardize=True),
        rtol=1e-3,
        atol=5e-3,
    )


def test_one_pixel_will_do():
    assert np.isfinite(measure([[0.5]], scales=(0, 2))).all()


def test_integer_and_read_only_images_are_measured_alike(rng):
    as_bytes = rng.integers(256, size=(2, 16, 16)).astype("uint8")
    as_bytes.flags.writeable = False
    features = TextureFeatures([0, 2])
    np.testing.assert_allclose(
        features.fit_transform(as_bytes),
        clone(features).fit_transform(as_bytes / 255),
        rtol=1e-3,
        atol=1e-5,
    )


def test_names_are_unique_and_as_many_as_features(rng):
    features = TextureFeatures(n_jobs=2)
    X = features.fit_transform(rng.random((2, 16, 16)))
    names = features.get_feature_names_out()
    assert X.shape == (2, len(names))
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("options", [{"scales": [-1]}, {"standardize": "yes"}])
def test_a_wrong_parameter_is_named(options, rng):
    with pytest.raises(ValueError, match=next(iter(options))):
        TextureFeatures(**options).fit(rng.random((1, 8, 8)))

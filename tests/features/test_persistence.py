"""Statistics of persistence diagrams."""

import numpy as np
import pytest
from sklearn.base import clone

from morphokeras.features import PersistenceFeatures
from morphokeras.features._statistics import STATISTICS, statistics
from morphokeras.topology.diagrams import persistence_intervals

pytestmark = pytest.mark.backend_free


def measure(image, **options):
    """Return the features of one image, by name, at full resolution."""
    options = {"scales": [0], "standardize": False, **options}
    features = PersistenceFeatures(**options).set_output(transform="pandas")
    return features.fit_transform(np.asarray(image)[np.newaxis]).iloc[0]


@pytest.fixture
def ring():
    """Return a bright ring (0.8) with a dim middle (0.2) on black."""
    image = np.zeros((9, 9))
    image[2:7, 2:7] = 0.8
    image[4, 4] = 0.2
    return image


def test_a_ring_is_one_part_with_one_hole(ring):
    found = measure(ring)
    assert found["superlevel_s0_h0_count"] == 1
    assert found["superlevel_s0_h1_count"] == 1
    assert found["superlevel_s0_h1_lifetime_max"] == pytest.approx(0.6)
    assert found["superlevel_s0_h1_midpoint_mean"] == pytest.approx(0.5)


def test_the_part_that_never_dies_ends_with_the_image(ring):
    assert measure(ring)["superlevel_s0_h0_lifetime_max"] == pytest.approx(0.8)


def test_holes_of_a_ring_are_parts_of_the_dark(ring):
    found = measure(ring)
    assert found["sublevel_s0_h0_count"] == 2
    assert found["sublevel_s0_h1_count"] == 1


def test_lifetimes_are_counted_above_thresholds(ring):
    found = measure(ring, thresholds=[0.5, 0.7])
    assert found["superlevel_s0_h1_count_above_0.5"] == 1
    assert found["superlevel_s0_h1_count_above_0.7"] == 0


def test_entropy_of_equal_lifetimes_is_the_logarithm_of_their_number():
    image = np.zeros((9, 9))
    image[1::3, 1::3] = 1
    found = measure(image)
    assert found["superlevel_s0_h0_count"] == 9
    assert found["superlevel_s0_h0_entropy"] == pytest.approx(np.log(9))


def test_a_constant_image_has_no_topology():
    found = measure(np.full((8, 8), 0.5), standardize=True)
    assert found.filter(like="lifetime").eq(0).all()
    assert np.isfinite(found).all()


def test_one_pixel_will_do():
    assert np.isfinite(measure([[0.5]], scales=[0, 2])).all()


def test_smoothing_removes_small_parts(rng):
    image = rng.random((32, 32))
    found = measure(image, scales=[0, 2])
    assert found["superlevel_s2_h0_count"] < 0.2 * found["superlevel_s0_h0_count"]


def test_quantiles_are_those_of_numpy(rng):
    lifetimes = persistence_intervals(rng.random((16, 16)).astype("float32"))[1]
    lifetimes = (lifetimes[:, 0] - lifetimes[:, 1]).astype("float64")
    for count in (1, 2, 3, 50):
        lengths = lifetimes[:count]
        pairs = np.stack([np.ones(len(lengths)), 1 - lengths])
        found = dict(zip(STATISTICS, statistics(pairs, np.array([])), strict=True))
        for q in (0.25, 0.5, 0.75, 0.95):
            expected = np.quantile(lengths, q)
            assert found[f"lifetime_q{100 * q:.0f}"] == pytest.approx(expected)


def test_a_shell_has_a_cavity_and_a_ring_a_tunnel():
    volumes = np.zeros((2, 9, 9, 9))
    volumes[:, 2:7, 2:7, 2:7] = 0.8
    volumes[0, 4, 4, 4] = 0.2
    volumes[1, :, 4, 4] = 0.0
    options = {"scales": [0], "standardize": False, "spatial_dims": 3}
    features = PersistenceFeatures(**options).set_output(transform="pandas")
    table = features.fit_transform(volumes)
    assert table["superlevel_s0_h2_count"].tolist() == [1, 0]
    assert table["superlevel_s0_h1_count"].tolist() == [0, 1]
    assert table["superlevel_s0_h2_lifetime_max"][0] == pytest.approx(0.6)
    assert features.image_shape_ == (9, 9, 9, 1)


def test_moving_a_periodic_image_changes_nothing(rng):
    image = rng.random((16, 20))
    options = {"scales": [0, 2], "boundary": "periodic"}
    expected = measure(image, **options)
    assert expected["superlevel_s0_h1_count"] > 2
    moved = measure(np.roll(image, (5, 7), (0, 1)), **options)
    np.testing.assert_allclose(moved, expected, rtol=1e-4)


def test_symmetries_of_the_square_change_nothing(rng):
    image = rng.random((24, 24))
    expected = measure(image, scales=[0, 1])
    for other in (image[::-1], image.T, np.rot90(image)):
        np.testing.assert_allclose(measure(other, scales=[0, 1]), expected, rtol=1e-4)


def test_standardised_features_ignore_brightness_and_contrast(rng):
    image = rng.random((24, 24))
    options = {"standardize": True, "thresholds": [0.501]}
    np.testing.assert_allclose(
        measure(0.2 + 0.5 * image, **options),
        measure(image, **options),
        rtol=1e-3,
        atol=1e-5,
    )


def test_a_negative_swaps_the_filtrations(rng):
    image = np.round(rng.random((16, 16)), 2)
    found, negative = measure(image), measure(1 - image)
    for name in ("h0_count", "h0_lifetime_sum", "h1_count", "h1_lifetime_mean"):
        assert found[f"superlevel_s0_{name}"] == pytest.approx(
            negative[f"sublevel_s0_{name}"], rel=1e-4
        )


def test_integer_and_read_only_images_are_measured_alike(ring):
    as_bytes = np.round(ring * 255).astype("uint8")[np.newaxis]
    as_bytes.flags.writeable = False
    features = PersistenceFeatures([0, 1], standardize=False)
    np.testing.assert_allclose(
        features.fit_transform(as_bytes),
        clone(features).fit_transform(as_bytes / 255),
        rtol=1e-5,
    )


def test_threads_change_nothing(rng):
    X = rng.random((5, 16, 16))
    np.testing.assert_array_equal(
        PersistenceFeatures(n_jobs=3).fit_transform(X),
        PersistenceFeatures().fit_transform(X),
    )


def test_channels_are_averaged(rng):
    X = rng.random((2, 12, 12, 3))
    features = PersistenceFeatures([0])
    np.testing.assert_allclose(
        features.fit_transform(X),
        clone(features).fit_transform(X.mean(axis=-1)),
        rtol=1e-3,
        atol=1e-5,
    )


def test_names_are_unique_and_as_many_as_features(rng):
    features = PersistenceFeatures()
    X = features.fit_transform(rng.random((2, 16, 16)))
    names = features.get_feature_names_out()
    assert X.shape == (2, len(names))
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "options",
    [
        {"scales": []},
        {"scales": [-1.0]},
        {"filtrations": ["upward"]},
        {"filtrations": []},
        {"thresholds": [np.nan]},
        {"connectivity": "corner"},
        {"boundary": "closed"},
        {"spatial_dims": 4},
        {"n_jobs": 0.5},
    ],
)
def test_a_wrong_parameter_is_named(options, ring):
    with pytest.raises(ValueError, match=next(iter(options))):
        PersistenceFeatures(**options).fit(ring[np.newaxis])


def test_another_size_is_refused(ring):
    features = PersistenceFeatures().fit(ring[np.newaxis])
    with pytest.raises(ValueError, match=r"\(9, 9, 1\).*\(8, 9, 1\)"):
        features.transform(ring[np.newaxis, 1:])
    with pytest.raises(ValueError, match="NaN: image 0"):
        features.transform(np.full((1, 9, 9), np.nan))

"""Descriptors of phases as features."""

import numpy as np
import pytest
from scipy import ndimage
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from morphokeras.features import StructureFeatures
from morphokeras.features.structure import DESCRIPTORS

pytestmark = pytest.mark.backend_free


def measure(image, descriptors=DESCRIPTORS, **options):
    """Return the features of one image by name."""
    features = StructureFeatures(descriptors, **options).set_output(transform="pandas")
    return features.fit_transform(np.asarray(image)[np.newaxis]).iloc[0]


def test_stripes_have_their_widths_in_micrometres():
    stripes = np.tile(np.repeat([0, 1], [12, 4]), (32, 4))
    found = measure(stripes, boundary="periodic", spacing=(2.0, 0.5))
    assert found["minkowski_fraction"] == 0.25
    assert found["chord_x_mean"] == 2.0
    assert found["chord_x_std"] == 0.0
    assert found["chord_y_mean"] == 64.0
    assert found["thickness_mean"] == found["thickness_max"] == 2.0
    assert found["diameter_density"] == 4 / (64 * 32)
    assert found["two_point_r0.5"] == pytest.approx((0.25 + 0.1875) / 2, abs=0.04)


def test_distances_may_be_chosen():
    stripes = np.tile(np.repeat([0, 1], 8), (32, 2))
    found = measure(
        stripes, ["lineal_path"], boundary="periodic", distances=[0, 3, 1.5]
    )
    assert found.index.tolist() == [
        "lineal_path_r0",
        "lineal_path_r3",
        "lineal_path_r1.5",
    ]
    across = [0.5, 5 / 16, 6.5 / 16]
    np.testing.assert_allclose(found, (np.array(across) + 0.5) / 2)


def test_volumes_are_measured_along_three_axes(sphere_volume):
    found = measure(sphere_volume, boundary="periodic", spatial_dims=3)
    volume = sphere_volume.size
    assert found["minkowski_surface"] * volume == pytest.approx(
        4 * np.pi * 64, rel=0.02
    )
    assert found["minkowski_euler"] * volume == pytest.approx(1)
    assert found["diameter_mean"] == pytest.approx(16, rel=0.01)
    assert found["persistence_h0_count"] >= 1
    assert {"chord_z_mean", "chord_y_mean", "chord_x_mean"} <= set(found.index)


@pytest.fixture
def sphere_volume():
    z, y, x = np.ogrid[:24, :24, :24]
    return (z - 11.7) ** 2 + (y - 11.7) ** 2 + (x - 11.7) ** 2 < 64


def test_grey_images_are_cut_at_a_threshold(rng):
    image = ndimage.gaussian_filter(rng.random((32, 32)), 2)
    grey = measure(image, threshold=0.5)
    phases = measure(image > 0.5)
    assert grey.equals(phases)
    with pytest.raises(ValueError, match="grey values"):
        measure(image)


def test_missing_points_take_no_part():
    labels = np.tile(np.repeat([1, 2], 8), (16, 2))
    spoilt = labels.copy()
    spoilt[::5, ::7] = -1
    descriptors = ["minkowski_functionals", "two_point_correlation"]
    options = {"phase": 2, "boundary": "periodic"}
    whole = measure(labels, descriptors, **options)
    found = measure(spoilt, descriptors, missing_label=-1, **options)
    assert found["minkowski_fraction"] == pytest.approx(0.5, abs=0.03)
    np.testing.assert_allclose(found, whole, atol=0.04)
    found = measure(spoilt, ["persistence"], missing_label=-1, **options)
    whole = measure(labels, ["persistence"], **options)
    assert found["persistence_h0_largest"] == pytest.approx(
        whole["persistence_h0_largest"], abs=1
    )


@pytest.mark.parametrize("image", [np.zeros((8, 8), bool), np.ones((8, 8), bool)])
def test_one_phase_alone_gives_finite_features(image):
    assert np.isfinite(measure(image)).all()


def test_names_and_threads_change_nothing(rng):
    images = rng.random((3, 16, 16)) < 0.5
    features = StructureFeatures(DESCRIPTORS).fit(images)
    table = features.transform(images)
    assert table.shape == (3, len(features.get_feature_names_out()))
    threaded = clone(features).set_params(n_jobs=2).fit(images)
    np.testing.assert_array_equal(threaded.transform(images), table)


def test_phases_are_told_apart_in_a_pipeline(rng):
    noise = rng.normal(size=(24, 32, 32))
    fine = ndimage.gaussian_filter(noise[:12], (0, 1, 1)) > 0
    coarse = ndimage.gaussian_filter(noise[12:], (0, 3, 3)) > 0
    search = GridSearchCV(
        make_pipeline(StructureFeatures(), StandardScaler(), LogisticRegression()),
        {"structurefeatures__descriptors": [["chord_lengths"], ["local_thickness"]]},
        cv=3,
    )
    search.fit(np.concatenate([fine, coarse]), np.repeat(["fine", "coarse"], 12))
    assert search.best_score_ > 0.9


@pytest.mark.parametrize(
    "options, message",
    [
        ({"descriptors": ["colour"]}, "`descriptors` must be"),
        ({"descriptors": []}, "`descriptors` must be"),
        ({"distances": [-1]}, "`distances`"),
        ({"spacing": (1, 2, 3)}, "`spacing`"),
        ({"boundary": "closed"}, "boundary"),
    ],
)
def test_wrong_parameters_are_refused_in_fit(options, message):
    with pytest.raises(ValueError, match=message):
        StructureFeatures(**options).fit(np.ones((2, 8, 8), bool))


def test_channels_are_refused():
    with pytest.raises(ValueError, match="one channel"):
        StructureFeatures().fit(np.ones((2, 8, 8, 3), bool))

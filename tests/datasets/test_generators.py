"""Generated structures against closed forms: fractions, correlations, grains."""

import numpy as np
import pytest
from scipy import ndimage

from morphokeras.datasets import (
    balls_two_point_correlation,
    blobs_two_point_correlation,
    make_balls,
    make_blobs,
    make_lamellae,
    make_porous,
    make_voronoi_grains,
)

pytestmark = pytest.mark.backend_free

GENERATORS = [make_balls, make_blobs, make_lamellae, make_porous, make_voronoi_grains]


def correlation_along(images, axis, lags, periodic=True):
    """Return the mean product of pixels that are some lags apart."""
    if periodic:
        return np.array([np.mean(images * np.roll(images, k, axis)) for k in lags])
    images = np.moveaxis(images, axis, -1)
    size = images.shape[-1]
    return np.array([np.mean(images[..., : size - k] * images[..., k:]) for k in lags])


def changes(images, axis):
    """Return the share of neighbours along an axis that differ, on a torus."""
    return np.mean(images != np.roll(images, 1, axis))


@pytest.mark.parametrize("boundary", ["periodic", "open"])
@pytest.mark.parametrize("shape, radius", [((96, 96), 6.0), ((32, 36, 40), 4.5)])
def test_balls_have_the_boolean_fraction_and_correlation(shape, radius, boundary):
    fraction, lags = 0.4, [0, 1, 3, 6, 9, 14]
    X, _ = make_balls(
        60 if len(shape) == 2 else 20,
        shape=shape,
        volume_fraction=fraction,
        radius=radius,
        boundary=boundary,
        random_state=0,
    )
    expected = balls_two_point_correlation(
        lags, volume_fraction=fraction, radius=radius, spatial_dims=len(shape)
    )
    for axis in range(1, X.ndim):
        found = correlation_along(X, axis, lags, boundary == "periodic")
        np.testing.assert_allclose(found, expected, atol=0.015)


def test_centers_give_the_fraction_and_the_pixels():
    data = make_balls(
        40,
        shape=(40, 48),
        radius=5.0,
        random_state=1,
        boundary="open",
        return_X_y=False,
    )
    y, x = np.indices((40, 48))
    for image, centers in zip(data.images, data.centers, strict=True):
        squares = [(y - cy) ** 2 + (x - cx) ** 2 for cy, cx in centers]
        np.testing.assert_array_equal(image, np.min(squares, axis=0) <= 25)
    density = sum(map(len, data.centers)) / (40 * 50 * 58)
    assert 1 - np.exp(-density * np.pi * 25) == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_the_correlation_of_balls_is_that_of_their_covariogram(spatial_dims):
    """Lay two balls on a fine grid and count what they have in common."""
    axis = np.linspace(-1, 1, 201)
    grids = np.meshgrid(*[axis] * spatial_dims, indexing="ij", sparse=True)
    ball = sum(grid**2 for grid in grids) <= 1
    common = [np.sum(ball[lag:] & ball[: 201 - lag]) / ball.sum() for lag in (40, 120)]
    expected = 1 - 2 * 0.7 + 0.7 ** (2 - np.array(common))
    found = balls_two_point_correlation(
        [0.4, 1.2], volume_fraction=0.3, radius=1.0, spatial_dims=spatial_dims
    )
    np.testing.assert_allclose(found, expected, atol=2e-3)


@pytest.mark.parametrize("boundary", ["periodic", "open"])
@pytest.mark.parametrize("shape", [(37, 50), (12, 15, 20)])
def test_blobs_have_exactly_the_fraction_asked_for(shape, boundary):
    X, y = make_blobs(
        6,
        shape=shape,
        volume_fraction=(0.1, 0.5, 0.73),
        correlation_length=3.0,
        boundary=boundary,
        random_state=0,
    )
    counts = X.reshape(6, -1).sum(axis=1)
    assert counts.tolist() == [round(float(f) * np.prod(shape)) for f in y]


@pytest.mark.parametrize("boundary", ["periodic", "open"])
def test_blobs_have_the_correlation_of_a_level_set(boundary):
    lags = [0, 2, 4, 8, 16]
    X, _ = make_blobs(
        40,
        shape=(128, 128),
        volume_fraction=0.3,
        correlation_length=6.0,
        anisotropy=2.0,
        boundary=boundary,
        random_state=0,
    )
    for axis, length in [(1, 6.0), (2, 12.0)]:
        found = correlation_along(X, axis, lags, boundary == "periodic")
        expected = blobs_two_point_correlation(
            lags, volume_fraction=0.3, correlation_length=length
        )
        np.testing.assert_allclose(found, expected, atol=5e-3)


def test_half_filled_blobs_have_the_arcsine_law():
    found = blobs_two_point_correlation(
        [3.0], volume_fraction=0.5, correlation_length=4.0
    )
    law = 0.25 + np.arcsin(np.exp(-((3 / 4) ** 2))) / (2 * np.pi)
    assert found[0] == pytest.approx(law)


def test_porous_structures_are_a_series_of_exact_porosities():
    data = make_porous(16, shape=(40, 40), random_state=0, return_X_y=False)
    porosity = (data.images == 0).mean(axis=(1, 2))
    np.testing.assert_array_equal(porosity, data.porosity)
    assert sorted(set(porosity)) == [0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6]


@pytest.mark.parametrize("normal, axis", [((1, 0), 1), ((0, -2), 2)])
def test_lamellae_across_an_axis_have_their_spacing_and_thickness(normal, axis):
    X, _ = make_lamellae(
        5, spacing=10.0, volume_fraction=0.3, normal=normal, random_state=0
    )
    for image in X:
        profile = image.mean(axis=2 - axis)
        edges = np.flatnonzero(np.diff(profile) > 0)
        assert set(np.diff(edges)) == {10}
        assert profile[edges[0] + 1 : edges[0] + 11].sum() == 3
    assert changes(X, 3 - axis) == 0


@pytest.mark.parametrize("waviness", [0.0, 3.0])
def test_lamellae_have_the_fraction_in_the_mean(waviness):
    X, _ = make_lamellae(
        150, volume_fraction=0.3, spacing=9.0, waviness=waviness, random_state=0
    )
    assert X.mean() == pytest.approx(0.3, abs=0.005)


def test_tilted_lamellae_have_the_chord_of_their_normal():
    data = make_lamellae(
        30, shape=(64, 64), spacing=8.0, random_state=0, return_X_y=False
    )
    for i in range(30):
        inner = data.images[i]
        for axis in (0, 1):
            crossings = np.mean(np.diff(inner, axis=axis) != 0)
            expected = 2 * abs(data.normal[i, axis]) / 8
            assert crossings == pytest.approx(expected, abs=2 / 64)


def test_periodic_lamellae_fit_and_say_what_they_became():
    data = make_lamellae(
        8,
        shape=(50, 70),
        spacing=9.0,
        waviness=1.0,
        boundary="periodic",
        random_state=0,
        return_X_y=False,
    )
    assert (np.abs(data.spacing - 9) < 1.0).all()
    periods = data.normal / data.spacing[:, None] * [50, 70]
    np.testing.assert_allclose(periods, np.rint(periods), atol=1e-9)


def test_waves_displace_plates_by_their_deviation():
    X, _ = make_lamellae(
        1, shape=(400, 400), spacing=40.0, normal=(1, 0), waviness=2.0, random_state=0
    )
    spread = [np.flatnonzero(column > 0) % 40 for column in np.diff(X[0], axis=0).T]
    angles = np.exp(2j * np.pi * np.concatenate(spread) / 40)
    deviation = np.sqrt(-2 * np.log(np.abs(angles.mean()))) * 40 / (2 * np.pi)
    assert deviation == pytest.approx(2.0, rel=0.3)


def test_every_grain_has_its_number():
    data = make_voronoi_grains(6, n_grains=(5, 30), random_state=0, return_X_y=False)
    for image, count, seeds, angles in zip(
        data.images, data.n_grains, data.seeds, data.euler_angles, strict=True
    ):
        assert np.unique(image).tolist() == list(range(1, count + 1))
        assert len(seeds) == len(angles) == count
    assert data.images.dtype == np.int32


@pytest.mark.parametrize("periodic", [True, False])
def test_pixels_belong_to_the_nearest_point(periodic):
    data = make_voronoi_grains(
        2,
        shape=(20, 24),
        n_grains=12,
        anisotropy=2.0,
        axis=0,
        boundary="periodic" if periodic else "open",
        random_state=0,
        return_X_y=False,
    )
    pixels = np.stack(np.indices((20, 24)), axis=-1)[..., None, :]
    for image, seeds in zip(data.images, data.seeds, strict=True):
        apart = pixels - seeds
        if periodic:
            apart -= np.array([20, 24]) * np.rint(apart / [20, 24])
        square = ((apart / [2, 1]) ** 2).sum(axis=-1)
        np.testing.assert_array_equal(image, 1 + square.argmin(axis=-1))


@pytest.mark.parametrize(
    "shape, n_grains, intercept",
    [((256, 256), 150, np.pi / 4), ((48, 48, 48), 60, 0.6872)],
)
def test_grains_have_the_intercept_of_the_poisson_tessellation(
    shape, n_grains, intercept
):
    X, _ = make_voronoi_grains(10, shape=shape, n_grains=n_grains, random_state=0)
    scale = (np.prod(shape) / n_grains) ** (1 / len(shape))
    for axis in range(1, X.ndim):
        found = 1 / changes(X, axis)
        assert found == pytest.approx(intercept * scale, rel=0.05)


def test_grain_areas_have_the_variance_of_the_poisson_tessellation():
    X, _ = make_voronoi_grains(40, shape=(128, 128), n_grains=100, random_state=0)
    areas = np.concatenate([np.bincount(image.ravel())[1:] for image in X])
    assert areas.mean() == 128**2 / 100
    assert areas.var() / areas.mean() ** 2 == pytest.approx(0.280, abs=0.03)


@pytest.mark.parametrize("axis", [0, 1])
def test_anisotropic_grains_have_the_aspect_ratio(axis):
    X, _ = make_voronoi_grains(
        10, shape=(200, 200), n_grains=100, anisotropy=2.0, axis=axis, random_state=0
    )
    ratio = changes(X, 2 - axis) / changes(X, 1 + axis)
    assert ratio == pytest.approx(2.0, rel=0.07)


def test_orientations_are_drawn_evenly():
    """Rotated poles cover the sphere, and rotations average to nothing."""
    from scipy.spatial.transform import Rotation

    data = make_voronoi_grains(20, n_grains=200, random_state=0, return_X_y=False)
    matrices = Rotation.from_euler("ZXZ", np.concatenate(data.euler_angles)).as_matrix()
    np.testing.assert_allclose(matrices.mean(axis=0), 0, atol=0.04)
    moments = np.einsum("nij,nik->jk", matrices, matrices) / len(matrices)
    np.testing.assert_allclose(moments, np.eye(3), atol=1e-9)
    np.testing.assert_allclose((matrices**2).mean(axis=0), 1 / 3, atol=0.02)


@pytest.mark.parametrize("generator", GENERATORS)
def test_opposite_sides_fit_only_if_periodic(generator):
    """Across the border neighbours differ as often as inside, or more often."""

    def border(boundary):
        X, _ = generator(40, shape=(48, 48), boundary=boundary, random_state=0)
        inside = np.mean(X[:, 1:] != X[:, :-1])
        return np.mean(X[:, 0] != X[:, -1]) / inside

    assert border("periodic") == pytest.approx(1, abs=0.35)
    assert border("open") > 2


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("shape", [(16, 18), (10, 11, 12)])
def test_they_share_one_face(generator, shape):
    options = {"shape": shape, "random_state": 3}
    X, y = generator(8, **options)
    data = generator(8, return_X_y=False, **options)
    assert X.shape == (8, *shape) and y.shape == (8,)
    np.testing.assert_array_equal(X, data.images)
    np.testing.assert_array_equal(y, data.target)
    assert set(y) == set(data.target_names)
    other, _ = generator(8, shape=shape, random_state=4)
    assert not np.array_equal(X, other)


def test_classes_are_named_by_what_varies():
    _, y = make_blobs(
        4, shape=(8, 8), volume_fraction=(0.3, 0.4), correlation_length={"a": 2, "b": 3}
    )
    assert sorted(y) == ["0.3, a", "0.3, b", "0.4, a", "0.4, b"]


def test_grain_maps_are_connected():
    X, _ = make_voronoi_grains(1, n_grains=12, boundary="open", random_state=0)
    assert all(ndimage.label(X[0] == grain)[1] == 1 for grain in range(1, 13))


@pytest.mark.parametrize(
    "generator, options, message",
    [
        (make_balls, {"volume_fraction": 1.0}, "`volume_fraction`"),
        (make_balls, {"radius": 0}, "`radius`"),
        (make_balls, {"radius": 40}, "half of the least size"),
        (make_balls, {"boundary": "wrap"}, "`boundary`"),
        (make_balls, {"shape": (64,)}, "`shape`"),
        (make_blobs, {"correlation_length": -1}, "`correlation_length`"),
        (make_blobs, {"anisotropy": 0}, "`anisotropy`"),
        (make_blobs, {"axis": 2}, "`axis`"),
        (make_blobs, {"n_samples": 1, "volume_fraction": (0.3, 0.4)}, "at least 2"),
        (make_porous, {"porosity": 25}, "`porosity`"),
        (make_porous, {"pore_size": 0}, "`pore_size`"),
        (make_lamellae, {"spacing": 1.0}, "at least 2 pixels"),
        (make_lamellae, {"waviness": -1.0}, "`waviness`"),
        (make_lamellae, {"normal": (1, 0, 0)}, "`normal`"),
        (make_lamellae, {"normal": (0, 0)}, "`normal`"),
        (make_voronoi_grains, {"n_grains": 0}, "`n_grains`"),
        (make_voronoi_grains, {"n_grains": 2.5}, "whole number"),
        (make_voronoi_grains, {"n_grains": 5000}, "`n_grains`"),
    ],
)
def test_wrong_parameters_are_named(generator, options, message):
    with pytest.raises(ValueError, match=message):
        generator(**options)


def test_closed_forms_check_their_parameters():
    with pytest.raises(ValueError, match="`spatial_dims`"):
        balls_two_point_correlation(1, volume_fraction=0.3, radius=2, spatial_dims=4)
    with pytest.raises(ValueError, match="`distance`"):
        balls_two_point_correlation(-1, volume_fraction=0.3, radius=2)
    with pytest.raises(ValueError, match="`correlation_length`"):
        blobs_two_point_correlation(1, volume_fraction=0.3, correlation_length=0)

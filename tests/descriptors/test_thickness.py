"""Local thickness and distances: SciPy, brute force and known shapes."""

import itertools

import numpy as np
import pytest
from scipy import ndimage

from morphokeras.descriptors import local_thickness
from morphokeras.descriptors._distance import squared_distances

pytestmark = pytest.mark.backend_free


@pytest.mark.parametrize(
    "shape, spacing", [((20, 30), (1, 0.7)), ((9, 8, 7), (2, 1, 3))]
)
def test_distances_are_those_of_scipy(rng, shape, spacing):
    field = rng.random(shape) < 0.9
    opened = squared_distances(field, spacing, "open")
    expected = ndimage.distance_transform_edt(field, sampling=spacing)
    np.testing.assert_allclose(np.sqrt(opened), expected)
    tiled = ndimage.distance_transform_edt(
        np.tile(field, (3,) * len(shape)), sampling=spacing
    )
    middle = tiled[tuple(slice(n, 2 * n) for n in shape)]
    periodic = squared_distances(field, spacing, "periodic")
    np.testing.assert_allclose(np.sqrt(periodic), middle)


def brute_force(field, spacing):
    """Draw the ball of every pixel of an open field."""
    radii = ndimage.distance_transform_edt(field, sampling=spacing)
    grid = np.indices(field.shape).reshape(field.ndim, -1).T * spacing
    thickness = np.zeros(field.shape)
    for site in itertools.product(*map(range, field.shape)):
        distance = np.linalg.norm(grid - np.multiply(site, spacing), axis=1)
        inside = (distance < radii[site] * (1 - 1e-9)).reshape(field.shape)
        thickness[inside] = np.maximum(thickness[inside], 2 * radii[site])
    return thickness


@pytest.mark.parametrize(
    "shape, spacing",
    [((24, 30), (1, 1)), ((24, 30), (1, 0.6)), ((8, 9, 10), (1, 1, 2))],
)
def test_every_pixel_agrees_with_brute_force(rng, shape, spacing):
    field = ndimage.gaussian_filter(rng.normal(size=shape), 1.5) > -0.05
    found = local_thickness(field[None], spacing=spacing, spatial_dims=len(shape))[0]
    np.testing.assert_allclose(found, brute_force(field, spacing))


def test_a_torus_is_as_thick_as_its_tiling(rng):
    field = ndimage.gaussian_filter(rng.normal(size=(20, 24)), 2, mode="wrap") > 0
    found = local_thickness(field[None], boundary="periodic")[0]
    tiled = local_thickness(np.tile(field, (1, 3, 3)))[0]
    np.testing.assert_allclose(found, tiled[20:40, 24:48])


@pytest.mark.parametrize("width, thickness", [(4, 4), (5, 6)])
def test_stripes_are_as_thick_as_they_are_wide(width, thickness):
    stripes = np.tile(np.repeat([1, 3], [6, width]), (1, 12, 3))
    found = local_thickness(stripes, phase=3, boundary="periodic", spacing=0.5)
    assert (found[stripes == 3] == 0.5 * thickness).all()
    assert (found[stripes != 3] == 0).all()


@pytest.mark.parametrize("shape", [(40, 40), (28, 28, 28)])
def test_a_lattice_of_balls_is_as_thick_as_a_ball(sphere, shape):
    ball = np.roll(sphere(shape, 10.0), 20, axis=(1, 2))
    found = local_thickness(ball, boundary="periodic", spatial_dims=len(shape))
    assert np.median(found[ball]) == pytest.approx(20, abs=1)


def test_missing_pixels_bound_nothing_and_have_no_thickness():
    stripe = np.tile(np.repeat([0, 1], [2, 4]), (1, 12, 1))
    known = np.ones((12, 6), bool)
    known[5, 3] = False
    found = local_thickness(stripe, mask=known, boundary="periodic")[0]
    assert np.isnan(found[5, 3])
    assert (found[known & (stripe[0] == 1)] == 4).all()


def test_a_phase_without_a_bound_is_endless():
    assert np.isinf(local_thickness(np.ones((1, 4, 4), bool))).all()


def test_porespy_has_the_same_thickness_in_whole_pixels(rng):
    """It draws balls of whole radii only, which reach a little less far."""
    porespy = pytest.importorskip("porespy", minversion="3.2")
    field = ndimage.gaussian_filter(rng.normal(size=(60, 60)), 3) > 0
    theirs = porespy.filters.local_thickness(field, sizes=None)
    ours = local_thickness(field[None])[0] / 2
    assert (theirs <= ours).all()
    assert np.mean(theirs == np.floor(ours)) > 0.97

"""Specific surface and Minkowski functionals: closed forms and scikit-image."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import measure

from morphokeras.descriptors import (
    axis_profile,
    euler_number,
    minkowski_functionals,
    specific_surface,
    two_point_correlation,
)
from morphokeras.descriptors._configurations import line_directions, plane_lattices

pytestmark = pytest.mark.backend_free


def padded_noise(rng, shape):
    """Return a smooth random phase away from the border."""
    field = ndimage.gaussian_filter(rng.normal(size=shape), 2) > 0
    for axis in range(len(shape)):
        np.moveaxis(field, axis, 0)[[0, -1]] = False
    return field


def test_the_perimeter_is_that_of_scikit_image(rng):
    field = padded_noise(rng, (40, 50))
    found = specific_surface(field[None], boundary="periodic")[0] * field.size
    assert found == pytest.approx(measure.perimeter_crofton(field, directions=4))


def test_weights_of_directions_are_those_of_the_literature():
    """For cubes: Ohser and Muecklich, table of the 13 directions."""
    expected = {1: 0.0457779, 2: 0.0369806, 3: 0.0351956}
    for offset, _, weight in line_directions((2.0, 2.0, 2.0)):
        assert weight / 2 == pytest.approx(expected[np.count_nonzero(offset)], abs=1e-6)
    assert len(line_directions((1.0, 1.0, 1.0))) == 13
    assert [w for *_, w in line_directions((1.0, 1.0))] == pytest.approx([0.25] * 4)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.5, 1.0, 3.0)])
def test_normals_of_lattice_planes_share_the_sphere(spacing):
    planes = plane_lattices(spacing)
    assert len(planes) == 13
    assert sum(plane[-1] for plane in planes) == pytest.approx(1)
    for first, second, _, area, _ in planes:
        sides = np.multiply([first, second], spacing)
        assert area == pytest.approx(np.linalg.norm(np.cross(*sides)))


@pytest.mark.parametrize("dims", [2, 3])
def test_one_straight_interface_is_off_by_no_more_than_is_said(rng, dims):
    normals = rng.normal(size=(2000, dims))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    found = 0.0
    for offset, length, weight in line_directions((1.0,) * dims):
        found = found + weight * np.abs(normals @ offset) / length
    found = found * (np.pi / 2 if dims == 2 else 2)
    assert found.mean() == pytest.approx(1, abs=0.003)
    assert found.min() > (0.945 if dims == 2 else 0.925)
    assert found.max() < 1.03


@pytest.mark.parametrize("boundary", ["open", "periodic"])
def test_the_two_point_method_reads_the_slope_along_the_axes(rng, boundary):
    field = ndimage.gaussian_filter(rng.normal(size=(1, 30, 40)), (0, 2, 2)) > 0
    sizes = (0.5, 2.0)
    maps = two_point_correlation(field, boundary="periodic")
    slopes = []
    for axis in (0, 1):
        lags, profile = axis_profile(maps, axis, spacing=sizes)
        slopes.append((profile[0, 1] - profile[0, 0]) / lags[1])
    found = specific_surface(
        field, method="two_point", boundary="periodic", spacing=sizes
    )
    assert found[0] == pytest.approx(-np.pi * np.mean(slopes))


@pytest.mark.parametrize("method", ["crofton", "two_point"])
@pytest.mark.parametrize("shape, radius", [((400, 400), 15), ((80, 80, 80), 15)])
def test_boolean_models_have_their_surface(boolean_model, shape, radius, method):
    dims = len(shape)
    volume = np.pi * radius**2 if dims == 2 else 4 / 3 * np.pi * radius**3
    surface = 2 * np.pi * radius if dims == 2 else 4 * np.pi * radius**2
    density = 0.6 / volume
    fields = boolean_model(6, shape, radius, density)
    found = specific_surface(fields, method=method, spatial_dims=dims).mean()
    # Per surface of discs: the free share is measured, so that chance counts less.
    assert found == pytest.approx(density * surface * np.mean(~fields), rel=0.1)


def test_open_windows_are_not_biased_by_their_border(boolean_model):
    """Windows into one periodic field: in the mean they show the same."""
    field = boolean_model(1, (60, 60), 6, 0.004)[0]
    whole = minkowski_functionals(field[None], boundary="periodic")[0]
    tiled = np.tile(field, (2, 2))
    windows = np.array(
        [tiled[i : i + 9, j : j + 9] for i in range(0, 60) for j in range(0, 60)]
    )
    found = minkowski_functionals(windows).mean(axis=0)
    np.testing.assert_allclose(found, whole, rtol=1e-9)


def test_missing_pixels_do_not_bias_either(boolean_model, rng):
    fields = boolean_model(8, (200, 200), 8, 0.003)
    known = rng.random(fields.shape[1:]) < 0.9
    whole = minkowski_functionals(fields, boundary="periodic").mean(axis=0)
    spoilt = np.where(known, fields, True)
    found = minkowski_functionals(spoilt, mask=known, boundary="periodic").mean(axis=0)
    np.testing.assert_allclose(found[:2], whole[:2], rtol=0.02)
    assert found[2] == pytest.approx(whole[2], abs=2e-4)


@pytest.mark.parametrize("connectivity", ["full", "face"])
@pytest.mark.parametrize(
    "shape, spacing",
    [
        ((64, 64), (1.0, 1.0)),
        ((64, 128), (1.0, 0.5)),
        ((56, 56, 56), (1.0, 1.0, 1.0)),
        ((56, 80, 43), (1.0, 0.7, 1.3)),
    ],
)
def test_a_lattice_of_balls_has_its_measures(sphere, shape, spacing, connectivity):
    radius, dims = 20.0, len(shape)
    densities = minkowski_functionals(
        sphere(shape, radius, spacing),
        boundary="periodic",
        spacing=spacing,
        connectivity=connectivity,
        spatial_dims=dims,
    )
    found = densities[0] * np.prod(shape) * np.prod(spacing)
    if dims == 2:
        expected = [np.pi * radius**2, 2 * np.pi * radius, 1]
    else:
        volume, surface = 4 / 3 * np.pi * radius**3, 4 * np.pi * radius**2
        expected = [volume, surface, 4 * np.pi * radius, 1]
    np.testing.assert_allclose(found, expected, rtol=0.006)


def test_a_hollow_ball_is_curved_both_ways(sphere):
    """Mean curvature of the inner sphere counts against that of the outer one."""
    shape = (56, 56, 56)
    shell = sphere(shape, 22.0) & ~sphere(shape, 12.0)
    found = minkowski_functionals(shell, boundary="periodic", spatial_dims=3)[0]
    volume = np.prod(shape)
    assert found[2] * volume == pytest.approx(4 * np.pi * (22 - 12), rel=0.02)
    assert found[3] * volume == pytest.approx(2)


def test_boolean_balls_have_the_densities_of_miles(boolean_model):
    """Few overlap: their notches are too sharp for pixels, as the docstring says."""
    radius, shape = 8, (72, 72, 72)
    volume, surface = 4 / 3 * np.pi * radius**3, 4 * np.pi * radius**2
    curvature = 4 * np.pi * radius
    d = 0.1 / volume
    free = np.exp(-d * volume)
    expected = [
        1 - free,
        free * d * surface,
        free * (d * curvature - d**2 * np.pi**2 / 32 * surface**2),
        free
        * (
            d
            - d**2 * curvature * surface / (4 * np.pi)
            + d**3 * np.pi / 384 * surface**3
        ),
    ]
    fields = boolean_model(16, shape, radius, d)
    found = minkowski_functionals(
        fields, boundary="periodic", connectivity="face", spatial_dims=3
    )
    error = found.std(axis=0) / 4 / expected
    assert (np.abs(found.mean(axis=0) / expected - 1) < 3 * error + 0.03).all()


@pytest.mark.parametrize("connectivity, short", [("full", 0.04), ("face", 0.01)])
def test_boolean_discs_have_the_euler_number_of_miles(
    boolean_model, connectivity, short
):
    radius = 10
    area, perimeter = np.pi * radius**2, 2 * np.pi * radius
    d = 0.1 / area
    fields = boolean_model(16, (300, 300), radius, d)
    found = minkowski_functionals(
        fields, boundary="periodic", connectivity=connectivity
    )[:, 2]
    expected = np.exp(-d * area) * (d - d**2 * perimeter**2 / (4 * np.pi))
    error = found.std() / 4 / expected
    assert abs(found.mean() / expected - 1 + short) < 3 * error


@pytest.mark.parametrize("connectivity", ["full", "face"])
@pytest.mark.parametrize("shape", [(20, 24), (9, 10, 11)])
def test_euler_numbers_are_those_of_scikit_image(rng, shape, connectivity):
    field = rng.random(shape) < 0.5
    dims = len(shape)
    options = {"connectivity": connectivity, "spatial_dims": dims}
    rank = dims if connectivity == "full" else 1
    expected = measure.euler_number(field, connectivity=rank)
    assert euler_number(field[None], **options)[0] == expected
    labels = np.where(field, 5, 9)[None]
    assert euler_number(labels, phase=5, **options)[0] == expected
    # On a torus both definitions agree: no border needs correction.
    density = minkowski_functionals(field[None], boundary="periodic", **options)
    torus = euler_number(field[None], boundary="periodic", **options)
    assert density[0, -1] * field.size == pytest.approx(torus[0])


def test_missing_pixels_are_not_of_the_phase():
    ring = np.ones((1, 5, 5), bool)
    known = np.ones((5, 5), bool)
    known[2, 2] = False
    assert euler_number(ring).tolist() == [1]
    assert euler_number(ring, mask=known).tolist() == [0]


def test_a_checkerboard_has_its_perimeter():
    """Steps along an axis always cross it, steps along a diagonal never do."""
    board = np.indices((16, 16)).sum(axis=0)[None] % 2
    assert specific_surface(board)[0] == pytest.approx(np.pi / 2 * 0.5)


def test_one_pixel_shows_no_interface():
    assert np.isnan(specific_surface(np.ones((1, 1, 1), bool))).all()


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="`method` .*'area'"):
        specific_surface(np.ones((1, 4, 4), bool), method="area")

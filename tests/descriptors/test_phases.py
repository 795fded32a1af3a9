"""Parts of a phase: other libraries, seams and known shapes."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import measure

from morphokeras.descriptors import equivalent_diameters, label_components

pytestmark = pytest.mark.backend_free


@pytest.mark.parametrize("connectivity", ["full", "face"])
@pytest.mark.parametrize("shape", [(20, 25), (8, 9, 10)])
def test_open_parts_are_those_of_scikit_image(rng, shape, connectivity):
    field = rng.random(shape) < 0.4
    dims = len(shape)
    found = label_components(field[None], connectivity=connectivity, spatial_dims=dims)[
        0
    ]
    rank = dims if connectivity == "full" else 1
    expected = measure.label(field, connectivity=rank)
    pairs = np.unique(np.stack([found.ravel(), expected.ravel()]), axis=1)
    assert pairs.shape[1] == found.max() + 1 == expected.max() + 1


@pytest.mark.parametrize("connectivity", ["full", "face"])
@pytest.mark.parametrize("shape", [(9, 11), (5, 6, 4)])
def test_periodic_parts_are_those_of_a_walk_over_the_torus(rng, shape, connectivity):
    field = rng.random(shape) < 0.35
    dims = len(shape)
    found = label_components(
        field[None], connectivity=connectivity, boundary="periodic", spatial_dims=dims
    )[0]
    expected = flood(field, connectivity)
    pairs = np.unique(np.stack([found.ravel(), expected.ravel()]), axis=1)
    assert pairs.shape[1] == found.max() + 1 == expected.max() + 1
    assert ((found > 0) == field).all()


def flood(field, connectivity):
    """Number the parts of a torus by walking from pixel to pixel."""
    labels = np.zeros(field.shape, int)
    rank = field.ndim if connectivity == "full" else 1
    cross = ndimage.generate_binary_structure(field.ndim, rank)
    steps = np.argwhere(cross) - 1
    number = 0
    for site in map(tuple, np.argwhere(field)):
        if labels[site]:
            continue
        number += 1
        todo = [site]
        while todo:
            place = todo.pop()
            if field[place] and not labels[place]:
                labels[place] = number
                todo += [tuple((place + step) % field.shape) for step in steps]
    return labels


def test_diameters_are_those_of_scikit_image(rng):
    field = ndimage.gaussian_filter(rng.normal(size=(60, 60)), 2) > 0.05
    found = equivalent_diameters(field[None])[0]
    regions = measure.regionprops(measure.label(field))
    expected = [region.equivalent_diameter_area for region in regions]
    np.testing.assert_allclose(np.sort(found), np.sort(expected))


def test_a_disc_over_the_corners_has_its_diameter(sphere):
    disc = np.roll(sphere((48, 96), 10.0, (0.5, 0.25)), (24, 48), (1, 2))
    found = equivalent_diameters(disc, boundary="periodic", spacing=(0.5, 0.25))
    assert found[0] == pytest.approx([20], rel=0.01)
    assert len(equivalent_diameters(disc)[0]) == 4


def test_a_lattice_of_balls_has_their_diameter(sphere):
    ball = np.roll(sphere((24, 24, 24), 8.0), 12, (1, 2, 3))
    found = equivalent_diameters(ball, boundary="periodic", spatial_dims=3)
    assert found[0] == pytest.approx([16], rel=0.01)


def test_parts_at_the_border_or_at_missing_pixels_can_be_dropped():
    field = np.zeros((1, 12, 12), int)
    field[0, :2, :2] = field[0, 4:6, 4:6] = field[0, 8:10, 8:10] = 2
    known = np.ones((12, 12), bool)
    known[10, 10] = False

    def number(**options):
        return len(equivalent_diameters(field, phase=2, **options)[0])

    assert number() == 3
    assert number(cut="drop") == 2
    assert number(cut="drop", mask=known) == 1
    assert number(cut="drop", mask=known, boundary="periodic") == 2


def test_missing_pixels_connect_nothing():
    field = np.ones((1, 1, 5), bool)
    known = np.array([[True, True, False, True, True]])
    assert label_components(field, mask=known).tolist() == [[[1, 1, 0, 2, 2]]]


def test_a_phase_that_is_not_there_has_no_parts():
    assert equivalent_diameters(np.zeros((1, 4, 4), bool))[0].shape == (0,)
    assert equivalent_diameters(np.zeros((1, 4, 4), bool), boundary="periodic")[
        0
    ].shape == (0,)

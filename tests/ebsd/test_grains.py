"""Grains, boundaries and local misorientation on square and hexagonal grids."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from morphokeras.ebsd import (
    Phase,
    grain_boundaries,
    grain_labels,
    kernel_average_misorientation,
    neighbour_misorientations,
)
from tests.ebsd.maps import map_of

pytestmark = pytest.mark.backend_free

STEPS = {"square": (1.0, 1.0), "hexagonal": (np.sqrt(0.75), 1.0)}


@pytest.mark.parametrize(
    "grid, shifted", [("square", 1), *[("hexagonal", k) for k in (0, 1)]]
)
@pytest.mark.parametrize("order", [1, 2])
def test_neighbours_are_those_that_are_near(grid, shifted, order):
    ebsd = map_of(np.zeros((5, 6)), grid=grid, step=STEPS[grid], shifted_rows=shifted)
    pairs, angles = neighbour_misorientations(ebsd, order)
    places = np.stack([ebsd.y.ravel(), ebsd.x.ravel()], axis=1)
    p = 1 if grid == "square" else 2  # steps along the axes, or straight
    expected = cKDTree(places).query_pairs(order + 1e-6, p=p)
    assert {tuple(pair) for pair in pairs.tolist()} == expected
    assert len(pairs) == len(expected) and angles.tolist() == [0] * len(pairs)


def test_grains_are_numbered_in_reading_order():
    phi1 = [[0, 0, 30, 30], [0, 15, 15, 30], [45, 45, 15, 30]]
    assert grain_labels(map_of(phi1)).tolist() == [
        [1, 1, 2, 2],
        [1, 3, 3, 2],
        [4, 4, 3, 2],
    ]


def test_equivalent_orientations_are_one_grain():
    labels = grain_labels(map_of([[0, 90, 180, 271]]))
    assert labels.tolist() == [[1, 1, 1, 1]]
    hexagonal = {1: Phase("magnesium", "6/mmm")}
    assert grain_labels(map_of([[0, 90, 60]], phases=hexagonal)).max() == 3


def test_a_gradient_within_the_threshold_is_one_grain():
    assert grain_labels(map_of([np.arange(0, 40, 4)])).max() == 1


def test_phases_and_gaps_divide_grains():
    phases = {1: Phase("a", "m-3m"), 2: Phase("b", "m-3m")}
    ebsd = map_of(np.zeros((2, 4)), [[1, 1, 2, 0], [1, 0, 2, 2]], phases)
    assert grain_labels(ebsd).tolist() == [[1, 1, 2, 0], [1, 0, 2, 2]]
    assert grain_boundaries(ebsd).astype(int).tolist() == [[0, 1, 0, 0], [0] * 4]


def test_small_grains_are_left_out():
    ebsd = map_of([[0, 0, 30], [0, 0, 0]])
    assert grain_labels(ebsd, min_points=2).tolist() == [[1, 1, 0], [1, 1, 1]]


def test_the_threshold_is_in_degrees():
    ebsd = map_of([[0, 10]])
    assert grain_labels(ebsd, threshold=10.1).max() == 1
    assert grain_labels(ebsd, threshold=9.9).max() == 2


def test_a_hexagonal_map_joins_along_its_three_directions():
    """A diagonal line of like points, which a square grid would tear apart."""
    phi1 = [[0, 30, 30, 30], [0, 30, 30, 30], [30, 0, 30, 30], [30, 0, 30, 30]]
    options = {"grid": "hexagonal", "step": STEPS["hexagonal"], "shifted_rows": 1}
    assert (grain_labels(map_of(phi1, **options)) == 1).sum() == 4
    assert (grain_labels(map_of(phi1)) == 1).sum() == 2


def test_local_misorientation_is_the_mean_over_near_neighbours():
    ebsd = map_of([[0, 1, 4, 30], [0, 0, 0, 0]], [[1, 1, 1, 1], [1, 0, 1, 0]])
    found = kernel_average_misorientation(ebsd)
    expected = [[0.5, 2.0, 3.5, np.nan], [0, np.nan, 4.0, np.nan]]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_local_misorientation_reaches_further_with_the_order():
    ebsd = map_of([[0, 1, 2, 3, 4]])
    found = kernel_average_misorientation(ebsd, order=2)
    np.testing.assert_allclose(found[0], [1.5, 4 / 3, 1.5, 4 / 3, 1.5], atol=1e-5)


@pytest.mark.parametrize("threshold", [0, -1, 181, "5"])
def test_wrong_thresholds_are_refused(threshold):
    with pytest.raises(ValueError, match="`threshold` must be an angle in degrees"):
        grain_labels(map_of([[0, 1]]), threshold=threshold)


def test_other_wrong_options_are_refused():
    with pytest.raises(ValueError, match="`order` must be"):
        kernel_average_misorientation(map_of([[0, 1]]), order=0)
    with pytest.raises(ValueError, match="`min_points` must be"):
        grain_labels(map_of([[0, 1]]), min_points=0)

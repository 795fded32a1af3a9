"""Grain sizes: bricks, Voronoi tessellations and windows of them."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from morphokeras.descriptors import (
    ebsd_grain_size,
    intercept_grain_size,
    mean_intercept_length,
    planimetric_grain_size,
)

pytestmark = pytest.mark.backend_free

# Bricks of 20 x 30 micrometres: 4 rows of 3.
BRICKS = np.arange(1, 13).reshape(1, 4, 3).repeat(40, axis=1).repeat(30, axis=2)
SPACING = (0.5, 1.0)


def voronoi(rng, shape, num_grains):
    """Return a periodic Poisson-Voronoi tessellation."""
    seeds = rng.random((num_grains, len(shape))) * shape
    pixels = np.indices(shape).reshape(len(shape), -1).T
    _, nearest = cKDTree(seeds, boxsize=shape).query(pixels)
    return nearest.reshape(1, *shape) + 1


def test_intercepts_of_bricks_are_their_sides():
    for axis, side in ((0, 20), (1, 30)):
        found = mean_intercept_length(
            BRICKS, axis=axis, boundary="periodic", spacing=SPACING
        )
        assert found[0] == pytest.approx(side)
    both = mean_intercept_length(BRICKS, boundary="periodic", spacing=SPACING)
    assert both[0] == pytest.approx(2 / (1 / 20 + 1 / 30))


def test_open_lines_are_as_long_as_from_first_to_last_pixel():
    found = mean_intercept_length(BRICKS, axis=1)
    assert found[0] == pytest.approx(89 / 2)


def test_drawn_boundaries_count_once():
    drawn = BRICKS.copy()
    drawn[:, :, ::30] = 0
    drawn[:, :, 1::30] = 0
    found = mean_intercept_length(drawn, axis=1, boundary="periodic")
    assert found[0] == pytest.approx(30)


def test_drawn_boundaries_count_half_at_the_ends_of_lines():
    line = np.array([[[0, 1, 1, 1, 0, 2, 2, 2, 2, 0]]])
    assert mean_intercept_length(line, axis=1)[0] == pytest.approx(9 / 2)


def test_drawn_triple_points_count_one_and_a_half():
    image = np.array([[[1, 1, 0, 2, 2], [1, 1, 0, 2, 2], [0, 0, 0, 0, 0], [3] * 5]])
    # The second line is next to three grains below; the third meets no grain.
    hits = [1, 1, 0, 0]
    assert mean_intercept_length(image, axis=1)[0] == pytest.approx(16 / sum(hits))
    junction = np.array([[[1, 1, 0, 2, 2], [1, 1, 0, 2, 2], [1, 0, 3, 0, 2]]])
    expected = 12 / (1 + 1.5 + 2)
    assert mean_intercept_length(junction, axis=1)[0] == pytest.approx(expected)


def test_lines_are_interrupted_where_pixels_are_missing():
    line = np.array([[[1, 1, 1, 2, 2, 9, 3, 3, 3, 4]]])
    found = mean_intercept_length(line, axis=1, mask=line[0] != 9)
    assert found[0] == pytest.approx((4 + 3) / 2)


def test_one_grain_has_endless_intercepts():
    grain = np.ones((1, 5, 5), int)
    assert mean_intercept_length(grain).tolist() == [np.inf]
    assert intercept_grain_size(grain).tolist() == [-np.inf]


def test_numbers_are_those_of_the_standard():
    """ASTM E112, tables: G = 8 has 1984 grains a mm2 and intercepts of 19.9 um."""
    squares = np.arange(1, 17).reshape(1, 4, 4).repeat(10, axis=1).repeat(10, axis=2)
    options = {"boundary": "periodic"}
    found = intercept_grain_size(squares, spacing=1.99, **options)
    assert found[0] == pytest.approx(8, abs=0.03)
    side = 1e3 / np.sqrt(1984) / 10
    found = planimetric_grain_size(squares, spacing=side, **options)
    assert found[0] == pytest.approx(8, abs=0.01)
    found = ebsd_grain_size(squares, spacing=side, **options)
    assert found[0] == pytest.approx(8, abs=0.01)


@pytest.mark.parametrize("shape, num_grains", [((600, 600), 900), ((80, 80, 80), 300)])
def test_voronoi_grains_have_their_intercept(rng, shape, num_grains):
    grains = voronoi(rng, shape, num_grains)
    density = num_grains / np.prod(shape)
    found = mean_intercept_length(grains, boundary="periodic", spatial_dims=len(shape))[
        0
    ]
    if len(shape) == 2:
        expected = np.pi / 4 / np.sqrt(density)
    else:
        expected = 0.6872 / np.cbrt(density)  # Meijering
    assert found == pytest.approx(expected, rel=0.03)


def test_intercepts_make_voronoi_grains_a_third_of_a_number_smaller(rng):
    grains = voronoi(rng, (600, 600), 900)
    intercepts = intercept_grain_size(grains, boundary="periodic")
    counted = planimetric_grain_size(grains, boundary="periodic")
    assert (intercepts - counted)[0] == pytest.approx(0.35, abs=0.1)


def test_counts_in_windows_are_unbiased(rng):
    """Windows all over a periodic tessellation hold its grains in the mean."""
    grains = voronoi(rng, (60, 60), 40)[0]
    tiled = np.tile(grains, (2, 2))
    windows = np.array(
        [
            tiled[i : i + 30, j : j + 30]
            for i in range(0, 60, 2)
            for j in range(0, 60, 2)
        ]
    )
    sizes = planimetric_grain_size(windows, spacing=1000.0)
    density = np.mean(10 ** ((sizes + 2.954) / 3.3219))
    # The border pixels belong to the window: it is about half a pixel too wide.
    assert density == pytest.approx(40 / 60**2, rel=0.04)


def test_small_and_cut_grains_are_left_out_of_ebsd_maps():
    labels = np.full((1, 40, 40), 7)
    labels[0, 5:15, 5:15] = 1
    labels[0, 20:30, 20:35] = 2
    labels[0, 20:25, 5:10] = 3
    labels[0, 33:38, 5:10] = 0
    found = ebsd_grain_size(labels, spacing=1000.0)
    assert found[0] == pytest.approx(-3.3223 * np.log10(125) - 2.955)
    assert np.isnan(ebsd_grain_size(labels, min_pixels=200)).all()


@pytest.mark.parametrize(
    "labels, message",
    [
        (np.ones((1, 4, 4), bool), "label_components"),
        (np.full((1, 4, 4), 0.5), "whole numbers"),
        (np.full((1, 4, 4), -1), "from -1 to -1"),
    ],
)
@pytest.mark.parametrize(
    "function", [mean_intercept_length, planimetric_grain_size, ebsd_grain_size]
)
def test_what_numbers_no_grains_is_refused(function, labels, message):
    with pytest.raises(ValueError, match=message):
        function(labels)


def test_grains_of_no_pixel_are_refused():
    with pytest.raises(ValueError, match="`min_pixels`"):
        ebsd_grain_size(BRICKS, min_pixels=0)

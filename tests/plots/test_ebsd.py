"""Pictures of orientation maps and their keys."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from morphokeras.datasets import load_ebsd
from morphokeras.ebsd import LAUE_GROUPS, EBSDMap, Phase, direction_colors
from morphokeras.plots import EBSDMapDisplay
from morphokeras.plots._ipf_key import draw_ipf_key

pytestmark = pytest.mark.backend_free
DATA = Path(__file__).parents[3] / "shared" / "data" / "ebsd"


def bicrystal(grid="square", turn=40.0):
    """Return 10 x 12 points: two crystals, the second of another phase at the end."""
    y, x = np.indices((10, 12)) * 0.5
    angles = np.deg2rad(np.stack([turn * (x > 2.6), 0 * x, 0 * x], axis=-1))
    phase = np.ones((10, 12), int)
    phase[8:, :] = 2
    phase[0, :6] = 0
    phases = {1: Phase("ferrite", "m-3m"), 2: Phase("cementite", "mmm")}
    quality = {"iq": 100 * x, "note": y}
    return EBSDMap(phase, angles, x, y, (0.5, 0.5), phases, quality, grid)


def legend_of(display):
    return [text.get_text() for text in display.ax_.get_legend().texts]


def test_phases_and_points_without_one_are_named_with_their_shares():
    assert legend_of(EBSDMapDisplay.from_map(bicrystal(), "phase")) == [
        "ferrite, 75.0 %",
        "cementite, 20.0 %",
        "not indexed, 5.0 %",
    ]


def test_points_that_are_not_indexed_are_bare_and_the_ground_is_hatched():
    display = EBSDMapDisplay.from_map(bicrystal())
    alpha = display.ax_.images[0].get_array()[..., 3]
    np.testing.assert_array_equal(alpha == 0, bicrystal().phase_id == 0)
    assert [patch.get_hatch() for patch in display.ax_.patches][0]


def test_a_pole_figure_map_has_one_key_for_each_symmetry():
    titles = [
        key.get_title() for key in EBSDMapDisplay.from_map(bicrystal()).ax_.child_axes
    ]
    assert titles == ["ferrite\nm-3m, along z", "cementite\nmmm, along z"]


@pytest.mark.parametrize("shape", [(30, 30), (25, 30), (30, 15), (4, 30)])
@pytest.mark.parametrize("options", [
    {}, {"boundaries": True}, {"title": "Sheet"}, {"show": "kam"}
])  # fmt: skip
def test_key_and_title_lie_inside_the_figure(shape, options):
    y, x = np.indices(shape) * 0.5
    angles = np.zeros((*shape, 3))
    angles[:, 2:, 0] = 0.7
    phases = {1: Phase("austenite/austenite", "43")}
    ebsd = EBSDMap(np.ones(shape, int), angles, x, y, (0.5, 0.5), phases)
    figure = EBSDMapDisplay.from_map(ebsd, **options).figure_
    figure.canvas.draw()  # as a file that is saved at once
    content, room = figure.get_tightbbox(), figure.get_size_inches()
    assert content.x0 >= 0 and content.y0 >= 0
    assert content.x1 <= room[0] and content.y1 <= room[1]


def test_boundaries_lie_between_the_pixels_that_they_part():
    display = EBSDMapDisplay.from_map(bicrystal(), "boundaries")
    high, phases = display.ax_.collections
    expected = {((5.5, row - 0.5), (5.5, row + 0.5)) for row in range(1, 10)}
    across = {((x - 0.5, 7.5), (x + 0.5, 7.5)) for x in range(12)}
    found = {tuple(map(tuple, line)) for line in high.get_segments()}
    assert found == expected | across
    assert {tuple(map(tuple, line)) for line in phases.get_segments()} == across


def test_boundaries_of_low_and_high_angle_differ():
    low = EBSDMapDisplay.from_map(bicrystal(turn=10.0), "boundaries")
    assert legend_of(low)[1:] == [
        "boundary, 5 to 15°",
        "boundary, at least 15°",
        "boundary of phases",
    ]


def test_a_number_has_a_bar_with_its_unit():
    for show, label in [
        ("kam", "kernel average\nmisorientation (°)"),
        ("quality", "image quality"),
        ("note", "note"),
    ]:
        display = EBSDMapDisplay.from_map(bicrystal(), show)
        assert display.figure_.axes[1].get_ylabel() == label


def test_the_scale_bar_is_in_micrometres():
    display = EBSDMapDisplay.from_map(bicrystal(), "quality")
    assert display.ax_.texts[0].get_text() == "1 µm"
    assert display.ax_.patches[-1].get_width() == 2


@pytest.mark.parametrize("show", ["ipf", "phase", "kam", "boundaries", "quality"])
def test_hexagonal_grids_are_drawn_on_square_pixels(show):
    display = EBSDMapDisplay.from_map(bicrystal("hexagonal"), show, boundaries=True)
    assert display.ax_.images[0].get_array().shape[:2] == (10, 12)
    display.figure_.canvas.draw()


def test_without_a_key_nothing_stands_beside_the_map():
    display = EBSDMapDisplay.from_map(bicrystal(), key=False, title="steel")
    assert not display.ax_.child_axes and display.ax_.get_legend() is None
    assert display.ax_.get_title() == "steel"


@pytest.mark.parametrize("symmetry", LAUE_GROUPS)
def test_the_corners_of_a_key_are_red_green_and_blue(symmetry):
    ax = plt.figure().add_subplot()
    draw_ipf_key(ax, symmetry)
    left, right, bottom, top = ax.images[0].get_extent()
    colors = np.asarray(ax.images[0].get_array())
    rows, columns = colors.shape[:2]
    for text, pure in zip(ax.texts, np.eye(3), strict=True):
        x, y = text.xy
        row = round((y - bottom) / (top - bottom) * (rows - 1))
        column = round((x - left) / (right - left) * (columns - 1))
        np.testing.assert_allclose(colors[row, column], pure, atol=0.05)


def test_a_place_of_the_key_has_the_colour_of_its_direction():
    """The projection of [213], looked up by hand: x / (1 + z)."""
    ax = plt.figure().add_subplot()
    draw_ipf_key(ax, "m-3m", n_pixels=801)
    image = ax.images[0]
    left, right, bottom, top = image.get_extent()
    vector = np.array([2, 1, 3]) / np.sqrt(14)
    x, y = vector[:2] / (1 + vector[2])
    row = round((y - bottom) / (top - bottom) * 800)
    column = round((x - left) / (right - left) * 800)
    found = np.asarray(image.get_array())[row, column]
    np.testing.assert_allclose(found, direction_colors(vector, "m-3m"), atol=0.01)


def test_an_unknown_picture_is_refused_with_the_columns():
    with pytest.raises(ValueError, match="a column of the map: iq, note"):
        EBSDMapDisplay.from_map(bicrystal(), "ipf-z")


@pytest.mark.skipif(not DATA.exists(), reason="The maps are not there.")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_real_map_of_two_phases_has_one_key_for_both():
    display = EBSDMapDisplay.from_map(load_ebsd(DATA / "sdss_ferrite_austenite.ang"))
    assert len(display.ax_.child_axes) == 1

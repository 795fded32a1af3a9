"""Rows of example fields."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from morphokeras.plots.sample_grid import SampleGridDisplay

pytestmark = pytest.mark.backend_free


def test_each_set_is_a_named_row(rng):
    rows = {"Real": rng.random((9, 8, 8)), "Generated": rng.random((3, 8, 8))}
    display = SampleGridDisplay.from_fields(rows, n_columns=4)
    assert display.axes_.shape == (2, 4)
    assert [row[0].get_ylabel() for row in display.axes_] == ["Real", "Generated"]
    drawn = [[len(ax.images) for ax in row] for row in display.axes_]
    assert drawn == [[1, 1, 1, 1], [1, 1, 1, 0]]
    np.testing.assert_array_equal(
        display.axes_[0, 2].images[0].get_array(), rows["Real"][2]
    )


def test_a_long_name_is_no_longer_than_its_pictures_are_high(rng):
    rows = {
        "Alloy A, 20 h at 700 °C": rng.random((2, 8, 8)),
        "B": rng.random((2, 8, 8)),
    }
    display = SampleGridDisplay.from_fields(rows)
    display.figure_.canvas.draw()
    label = display.axes_[0, 0].yaxis.label.get_window_extent()
    picture = display.axes_[0, 0].get_window_extent()
    assert picture.y0 < label.y0 and label.y1 < picture.y1


def test_pictures_share_their_range_unless_told_otherwise(rng):
    rows = {"Real": 0.5 * rng.random((1, 8, 8))}
    shared = SampleGridDisplay.from_fields(rows).axes_[0, 0].images[0]
    assert shared.get_clim() == (0.0, 1.0)
    own = SampleGridDisplay.from_fields(rows, value_range=None).axes_[0, 0].images[0]
    assert own.get_clim() == (rows["Real"].min(), rows["Real"].max())


def test_titles_and_a_given_figure_are_used(rng):
    figure = plt.figure()
    display = SampleGridDisplay.from_fields(
        {"Real": rng.random((2, 8, 8))}, titles={"Real": ["a", "b"]}, figure=figure
    )
    assert display.figure_ is figure
    assert [ax.get_title() for ax in display.axes_[0]] == ["a", "b"]


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="`rows`"):
        SampleGridDisplay.from_fields({})


def test_label_maps_use_all_greys():
    rows = {"a": np.array([[[0, 1], [1, 0]]]), "b": np.array([[[0, 2], [1, -1]]])}
    display = SampleGridDisplay.from_fields(rows)
    limits = [ax.images[0].get_clim() for ax in display.axes_[:, 0]]
    assert limits == [(-1.0, 2.0)] * 2
    with pytest.raises(ValueError, match="`value_range` must be two numbers"):
        SampleGridDisplay.from_fields(rows, value_range="wide")


def test_missing_pixels_leave_the_range_alone():
    fields = np.full((1, 4, 4), np.nan)
    display = SampleGridDisplay.from_fields({"a": fields})
    assert display.axes_[0, 0].images[0].get_clim() == (0.0, 1.0)


def test_the_first_picture_may_have_a_scale_bar(rng):
    rows = {"a": rng.random((2, 40, 40)), "b": rng.random((2, 40, 40))}
    axes = SampleGridDisplay.from_fields(rows, um_per_px=0.5).axes_
    assert axes[0, 0].texts[0].get_text() == "10 µm"
    assert not any(ax.texts for ax in axes.ravel()[1:])

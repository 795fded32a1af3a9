"""Figures of what persists: diagrams, curves, and pairs drawn on the image."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from morphokeras.plots import (
    BettiCurveDisplay,
    PersistenceDiagramDisplay,
    PersistentPairsDisplay,
)
from morphokeras.topology import betti_curves, persistence_pairs
from morphokeras.topology.diagrams import persistence_intervals

pytestmark = pytest.mark.backend_free


def offsets(ax):
    return [np.asarray(points.get_offsets()) for points in ax.collections]


def test_a_diagram_shows_every_point(rng):
    image = rng.random((12, 12))
    ax = plt.figure().add_subplot()
    display = PersistenceDiagramDisplay.from_image(image, ax=ax)
    assert display.ax_ is ax and display.figure_ is ax.figure
    for shown, own in zip(offsets(ax), persistence_intervals(image), strict=True):
        np.testing.assert_allclose(shown[:, 0], own[:, 0])
        dies = shown[:, 1] >= image.min()
        np.testing.assert_allclose(shown[dies, 1], own[dies, 1])
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[0] == f"{len(offsets(ax)[0])} components"


@pytest.mark.parametrize("filtration", ["superlevel", "sublevel"])
def test_what_never_dies_lies_on_its_line(filtration, rng):
    image = rng.random((12, 12))
    options = {"filtration": filtration, "boundary": "periodic"}
    ax = PersistenceDiagramDisplay.from_image(image, **options).ax_
    (end,) = {line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == ":"}
    beyond = end < image.min() if filtration == "superlevel" else end > image.max()
    assert beyond and ax.get_ylim()[0] < end < ax.get_ylim()[1]
    assert [(points[:, 1] == end).sum() for points in offsets(ax)] == [1, 2]


def test_diagrams_of_volumes_name_tunnels_and_cavities(rng):
    display = PersistenceDiagramDisplay.from_image(
        rng.random((6, 6, 6)), spatial_dims=3, min_persistence=0.1
    )
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert [label.split()[1] for label in labels] == [
        "components",
        "tunnels",
        "cavities",
    ]


def test_a_diagram_without_points_can_be_drawn():
    PersistenceDiagramDisplay([np.empty((0, 2)), np.empty((0, 2))]).plot()
    PersistenceDiagramDisplay.from_image(np.ones((4, 4)))


def test_curves_are_means_over_the_fields(rng):
    sets = {"a": rng.random((4, 10, 10)), "b": rng.random((3, 10, 10))}
    levels = [0.8, 0.2, 0.5]
    display = BettiCurveDisplay.from_fields(sets, levels=levels)
    for dimension, ax in enumerate(display.axes_):
        for line, fields in zip(ax.lines, sets.values(), strict=True):
            expected = betti_curves(fields, sorted(levels))[:, dimension].mean(axis=0)
            np.testing.assert_allclose(line.get_xdata(), sorted(levels))
            np.testing.assert_allclose(line.get_ydata(), expected)
        assert len(ax.collections) == 2
    assert not display.plot(band=None).axes_[0].collections


def test_the_legend_of_curves_lies_below_the_panels(rng):
    display = BettiCurveDisplay.from_fields({"Noise": rng.random((2, 8, 8))})
    display.figure_.canvas.draw()
    (legend,) = display.figure_.legends
    assert [text.get_text() for text in legend.get_texts()] == ["Noise"]
    top = legend.get_window_extent().y1
    assert all(top < ax.get_window_extent().y0 for ax in display.axes_)


def test_the_legend_of_a_diagram_shows_marks_of_one_size(rng):
    display = PersistenceDiagramDisplay.from_image(rng.random((40, 40)))
    for handle in display.ax_.get_legend().legend_handles:
        assert handle.get_sizes().tolist() == [24]


def test_curves_of_volumes_have_three_panels(rng):
    display = BettiCurveDisplay.from_fields(
        {"x": rng.random((1, 5, 5, 5))}, n_levels=7, spatial_dims=3
    )
    titles = [ax.get_title() for ax in display.axes_]
    assert titles == ["components", "tunnels", "cavities"]
    assert not display.axes_[0].collections  # one field has no band
    with pytest.raises(ValueError, match="at least one set"):
        BettiCurveDisplay.from_fields({})


def test_pairs_stand_at_their_pixels(rng):
    image = rng.random((9, 14))
    display = PersistentPairsDisplay.from_image(image, n_pairs=4)
    births = next(x for x in display.ax_.lines if x.get_label() == "holes: birth")
    assert len(births.get_xdata()) == 4
    found = image[births.get_ydata(), births.get_xdata()]
    pairs = persistence_pairs(image[None], max_pairs=4)[0][1]
    np.testing.assert_array_equal(np.sort(found), np.sort(image.ravel()[pairs[:, 0]]))
    lines = [x for x in display.ax_.lines if x.get_linestyle() == "-"]
    # Two strokes a line; the component that never dies has none.
    assert len(lines) == 2 * (4 + 3)


def test_only_chosen_dimensions_are_drawn(rng):
    display = PersistentPairsDisplay.from_image(
        rng.random((9, 9)), homology_dimensions=(1,)
    )
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["holes: birth", "holes: death"]


def test_lines_around_a_periodic_border_take_the_short_way():
    pairs = [np.array([[9 * 4 + 8, 9 * 4 + 1]])]
    display = PersistentPairsDisplay(np.zeros((9, 9)), pairs, "periodic").plot()
    lines = [line for line in display.ax_.lines if line.get_linestyle() == "-"]
    assert sorted({tuple(line.get_xdata()) for line in lines}) == [(-1, 1), (8, 10)]
    display = PersistentPairsDisplay(np.zeros((9, 9)), pairs).plot()
    lines = [line for line in display.ax_.lines if line.get_linestyle() == "-"]
    assert {tuple(line.get_xdata()) for line in lines} == {(8, 1)}


def test_a_volume_is_not_drawn():
    with pytest.raises(ValueError, match="Draw a section"):
        PersistentPairsDisplay.from_image(np.zeros((3, 3, 3)))

"""Attention overlays and scale bars."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from morphokeras.plots.attention import AttentionDisplay, add_scale_bar, round_length

pytestmark = pytest.mark.backend_free


def bar_width(ax):
    """Return the width of the white bar in pixels."""
    return ax.patches[-1].get_width()


@pytest.mark.parametrize("um_per_px", [0.006, 0.19417, 1.0, 11.76])
def test_the_bar_is_as_long_as_it_says(um_per_px):
    display = AttentionDisplay(np.zeros((100, 200)), np.eye(5), um_per_px).plot()
    length = float(display.ax_.texts[0].get_text().removesuffix(" µm"))
    assert bar_width(display.ax_) * um_per_px == pytest.approx(length)
    assert 20 <= bar_width(display.ax_) <= 50
    assert f"{length:.0e}"[0] in "125"


def test_the_bar_lies_inside_the_picture():
    ax = AttentionDisplay(np.zeros((64, 64)), np.eye(4), 0.3).plot().ax_
    ax.figure.canvas.draw()
    bar, picture = ax.patches[-1].get_window_extent(), ax.get_window_extent()
    assert picture.x0 < bar.x0 and bar.x1 < picture.x1
    assert picture.y0 < bar.y0 and bar.y1 < (picture.y0 + picture.y1) / 2


@pytest.mark.parametrize("shape", [(64, 64), (5, 40), (100, 30)])
def test_the_length_is_written_on_the_dark_ground(shape):
    ax = AttentionDisplay(np.zeros(shape), np.eye(4), 0.3).plot().ax_
    ax.figure.canvas.draw()
    ground, text = ax.patches[0].get_window_extent(), ax.texts[0].get_window_extent()
    assert ground.y0 < text.y0 and text.y1 < ground.y1


def test_without_a_scale_there_is_no_bar():
    ax = AttentionDisplay(np.zeros((64, 64)), np.eye(4)).plot().ax_
    assert not ax.texts and not ax.patches


def test_a_coarse_map_is_stretched_and_bares_what_is_ignored():
    attention = np.zeros((4, 4))
    attention[0, 0] = 0.5
    display = AttentionDisplay(np.zeros((64, 32)), attention).plot(alpha=0.8)
    overlay = display.ax_.images[1]
    assert overlay.get_array().shape == (64, 32)
    alpha = overlay.get_alpha()
    assert alpha[0, 0] == pytest.approx(0.8) and alpha[-1, -1] == 0
    assert np.argmax(overlay.get_array()) == 0


def test_a_constant_map_draws():
    AttentionDisplay(np.zeros((8, 8)), np.ones((2, 2))).plot().figure_.canvas.draw()


def test_given_axes_and_title_are_used_and_a_scale_of_attention_is_drawn():
    figure, ax = plt.subplots()
    display = AttentionDisplay(np.zeros((8, 8, 1)), np.eye(2)).plot(
        ax=ax, title="pearlite", colorbar=True
    )
    assert display.ax_ is ax and display.figure_ is figure
    assert ax.get_title() == "pearlite"
    assert figure.axes[1].get_ylabel() == "attention"


def test_an_estimator_is_asked_for_its_map():
    class Estimator:
        def attention_maps(self, X):
            assert X.shape == (1, 8, 8)
            return np.tile(np.eye(8), (1, 1, 1))

    display = AttentionDisplay.from_estimator(Estimator(), np.zeros((8, 8)))
    np.testing.assert_array_equal(display.attention, np.eye(8))


@pytest.mark.parametrize(
    "longest, expected", [(0.99, 0.5), (1, 1), (4.9, 2), (5, 5), (1000, 1000)]
)
def test_round_lengths(longest, expected):
    assert round_length(longest) == expected


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="`attention`"):
        AttentionDisplay(np.zeros((8, 8)), np.zeros(8)).plot()
    with pytest.raises(ValueError, match="`um_per_px`"):
        add_scale_bar(plt.figure().add_subplot(), float("nan"))


def test_a_scale_bar_may_be_longer():
    ax = plt.figure().add_subplot()
    ax.imshow(np.zeros((50, 100)))
    add_scale_bar(ax, 1.0, longest=0.5)
    assert ax.texts[0].get_text() == "50 µm"
    with pytest.raises(ValueError, match="`longest` must lie"):
        add_scale_bar(ax, 1.0, longest=1.5)

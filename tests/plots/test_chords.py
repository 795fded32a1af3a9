"""Curves of chord lengths."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from morphokeras.plots import ChordLengthDisplay

pytestmark = pytest.mark.backend_free


def _stripes(width):
    row = np.arange(16) // width % 2 == 0
    return np.broadcast_to(row, (2, 16, 16))


def test_curve_holds_the_share_of_chords_in_each_bin():
    display = ChordLengthDisplay.from_fields({"a": _stripes(2)}, boundary="periodic")
    values, edges, _ = display.ax_.patches[0].get_data()
    # In a field 64 chords of 2 pixels across, and 8 of 16 along.
    np.testing.assert_allclose(values, [64 / 72, 0, 0, 0, 0, 0, 0, 8 / 72])
    np.testing.assert_allclose(edges, np.arange(0, 17, 2) + 0.5)


def test_legend_gives_mean_lengths_in_micrometres():
    sets = {"fine": _stripes(2), "coarse": _stripes(4)}
    display = ChordLengthDisplay.from_fields(sets, boundary="periodic", um_per_px=0.5)
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    fine, coarse = (64 * 2 + 8 * 16) / 72 / 2, (32 * 4 + 8 * 16) / 40 / 2
    assert labels == [f"fine: {fine:.3g} µm", f"coarse: {coarse:.3g} µm"]
    assert display.ax_.get_xlabel() == "chord length (µm)"


def test_a_phase_of_label_maps_is_measured_on_given_axes():
    ax = plt.figure().add_subplot()
    labels = _stripes(2).astype(int) + 3
    display = ChordLengthDisplay.from_fields({"a": labels}, phase=4, ax=ax)
    assert display.ax_ is ax
    assert display.counts["a"].sum() > 0


def test_a_set_without_the_phase_is_drawn_as_zero():
    fields = np.zeros((1, 8, 8))
    ax = ChordLengthDisplay.from_fields({"empty": fields}).ax_
    assert (ax.patches[0].get_data()[0] == 0).all()


def test_one_axis_may_be_drawn_alone():
    options = {"boundary": "periodic"}
    across = ChordLengthDisplay.from_fields({"a": _stripes(2)}, axis=1, **options)
    assert np.flatnonzero(across.counts["a"].sum(axis=0)).tolist() == [1]

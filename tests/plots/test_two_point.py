"""Two-point curves."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from morphokeras.descriptors.two_point import radial_average, two_point_correlation
from morphokeras.plots import (
    BettiCurveDisplay,
    ChordLengthDisplay,
    SampleGridDisplay,
    TwoPointDisplay,
)

pytestmark = pytest.mark.backend_free


def test_curves_are_the_mean_correlation(rng):
    fields = rng.random((5, 16, 16))
    ax = TwoPointDisplay.from_fields({"Noise": fields, "Half": fields / 2}).ax_
    radii, profiles = radial_average(two_point_correlation(fields))
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), radii)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), profiles.mean(axis=0))
    assert len(ax.collections) == 2
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["Noise", "Half"]


def test_the_boundary_is_passed_on(rng):
    fields = np.tile(np.linspace(0, 1, 16), (2, 16, 1))
    open_ = TwoPointDisplay.from_fields({"x": fields}).profiles["x"]
    display = TwoPointDisplay.from_fields({"x": fields}, boundary="periodic")
    periodic = display.profiles["x"]
    assert not np.allclose(periodic, open_)


def test_distances_may_be_micrometres(rng):
    ax = plt.figure().add_subplot()
    display = TwoPointDisplay.from_fields(
        {"x": rng.random((2, 16, 16))}, um_per_px=0.5, ax=ax
    )
    assert display.ax_ is ax
    assert ax.lines[0].get_xdata()[-1] == 4.0
    assert ax.get_xlabel() == "distance (µm)"


def test_the_band_can_be_left_out(rng):
    display = TwoPointDisplay.from_fields({"x": rng.random((2, 16, 16))})
    assert not display.plot(band=None).ax_.collections


def test_one_phase_of_label_maps_is_drawn(rng):
    labels = rng.integers(0, 3, (4, 16, 16))
    found = TwoPointDisplay.from_fields({"x": labels}, phase=2).profiles["x"]
    expected = TwoPointDisplay.from_fields({"x": labels == 2}).profiles["x"]
    np.testing.assert_array_equal(found, expected)
    above = TwoPointDisplay.from_fields({"x": labels / 2}, threshold=0.6).profiles["x"]
    np.testing.assert_array_equal(above, expected)


def test_volumes_are_said_to_be_such(rng):
    volumes = rng.random((2, 8, 8, 8))
    display = TwoPointDisplay.from_fields({"x": volumes}, spatial_dims=3)
    assert display.profiles["x"].shape == (2, 5)
    with pytest.raises(ValueError, match="`spatial_dims=3`"):
        TwoPointDisplay.from_fields({"x": volumes})


@pytest.mark.parametrize("display", [
    TwoPointDisplay, ChordLengthDisplay, SampleGridDisplay, BettiCurveDisplay
])  # fmt: skip
def test_sets_without_names_or_fields_are_refused(display):
    fields = np.zeros((2, 8, 8))
    with pytest.raises(TypeError, match="must be a dict of sets .* Received: ndarray"):
        display.from_fields(fields)
    with pytest.raises(ValueError, match="at least one set"):
        display.from_fields({})
    with pytest.raises(ValueError, match="'Real' is empty"):
        display.from_fields({"Real": fields[:0]})
    with pytest.raises(TypeError, match="real numbers. Received dtype <U1 in 'Real'"):
        display.from_fields({"Real": "x"})


@pytest.mark.parametrize("display", [TwoPointDisplay, ChordLengthDisplay])
def test_what_has_no_phase_is_refused(display):
    fields = np.zeros((2, 8, 8))
    for wrong, message in (
        (fields + np.nan, "finite values"),
        ((fields + 2).astype(int), "whole numbers up to 2. Pass `phase`"),
    ):
        with pytest.raises(ValueError, match=message):
            display.from_fields({"x": wrong})
    for wrong_size in (-1, np.nan):
        with pytest.raises(ValueError, match="`um_per_px` must be a positive"):
            display.from_fields({"x": fields}, um_per_px=wrong_size)

"""Two-point curves."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from morphokeras.descriptors.two_point import radial_average, two_point_correlation
from morphokeras.plots.two_point import TwoPointDisplay

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

"""What a set is: closed forms, units, intervals over groups."""

import numpy as np
import pytest
from scipy import stats

from morphokeras.descriptors import volume_fraction_interval
from morphokeras.metrics import describe

pytestmark = pytest.mark.backend_free


def discs(number, radius, size=64, seed=0):
    """Return fields of one disc each, on a torus, away from each other's pixels."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((size, size))
    shifts = rng.random((number, 2))
    return np.stack(
        [np.hypot(y - size / 2 + a, x - size / 2 + b) < radius for a, b in shifts]
    )


def test_a_lattice_of_discs_has_its_closed_form():
    table = describe(discs(6, 16), boundary="periodic", um_per_px=0.5)
    area, fraction = 32.0**2, np.pi * 8**2 / 32.0**2
    expected = {
        "volume_fraction": fraction,
        "specific_surface": 2 * np.pi * 8 / area,
        "euler_density": 1 / area,
        "mean_chord": np.pi * 8 / 2,
        "mean_diameter": 16.0,
    }
    for name, value in expected.items():
        assert table["mean"][name] == pytest.approx(value, rel=0.04), name
    assert table["unit"].tolist() == ["", "µm⁻¹", "µm⁻²", "µm", "µm"]


def test_a_lattice_of_balls_has_its_closed_form():
    z, y, x = np.indices((32, 32, 32)) - 15.6
    ball = (z**2 + y**2 + x**2 < 100)[np.newaxis]
    table = describe(ball, boundary="periodic", spatial_dims=3)
    expected = {
        "volume_fraction": 4 / 3 * np.pi * 1000 / 32**3,
        "specific_surface": 4 * np.pi * 100 / 32**3,
        "mean_curvature": 4 * np.pi * 10 / 32**3,
        "euler_density": 1 / 32**3,
        "mean_chord": 4 / 3 * 10,
        "mean_diameter": 20,
    }
    for name, value in expected.items():
        assert table["mean"][name] == pytest.approx(value, rel=0.05), name
    assert table["unit"].tolist() == ["", "px⁻¹", "px⁻²", "px⁻³", "px", "px"]


def test_pixels_that_are_no_squares_are_measured_by_their_sizes():
    y, x = np.indices((32, 64)) * np.array([1.0, 0.5])[:, None, None]
    disc = (np.hypot(y - 15.7, x - 15.7) < 8)[np.newaxis]
    table = describe(disc, boundary="periodic", um_per_px=(1.0, 0.5))
    assert table["mean"]["mean_diameter"] == pytest.approx(16, rel=0.04)
    assert table["mean"]["specific_surface"] == pytest.approx(
        2 * np.pi * 8 / 32**2, rel=0.06
    )


def test_intervals_are_over_groups(rng):
    fields = rng.random((9, 16, 16)) < np.repeat([0.2, 0.4, 0.6], 3)[:, None, None]
    groups = np.repeat(["a", "b", "c"], 3)
    row = describe(fields, groups=groups).loc["volume_fraction"]
    means = fields.reshape(3, -1).mean(axis=1)
    half = stats.t.ppf(0.975, 2) * means.std(ddof=1) / np.sqrt(3)
    assert row["mean"] == pytest.approx(means.mean())
    assert row["high"] == pytest.approx(min(means.mean() + half, 1))
    assert row["low"] == pytest.approx(max(means.mean() - half, 0))
    assert row["deviation"] == pytest.approx(fields.mean(axis=(1, 2)).std(ddof=1))


def test_one_field_has_the_interval_that_its_size_allows(rng):
    field = np.kron(rng.random((1, 16, 16)) < 0.4, np.ones((4, 4), bool))
    table = describe(field)
    _, low, high = volume_fraction_interval(field)
    assert table.loc["volume_fraction", ["low", "high"]].tolist() == [low[0], high[0]]
    assert np.isnan(table.loc["mean_chord", "low"])


def test_grey_values_and_labels_have_a_phase(rng):
    labels = rng.integers(0, 3, (4, 16, 16))
    found = describe(labels, phase=2)
    assert found.equals(describe(labels == 2))
    assert found.equals(describe(labels / 2, threshold=0.7))


def test_fields_without_the_phase_have_no_lengths(rng):
    fields = np.stack([np.zeros((8, 8), bool), rng.random((8, 8)) < 0.5])
    table = describe(fields)
    assert table["mean"]["mean_chord"] == describe(fields[1:])["mean"]["mean_chord"]
    assert np.isnan(describe(fields[:1])["mean"]["mean_chord"])


def test_wrong_arguments_are_refused(rng):
    fields = rng.random((4, 8, 8)) < 0.5
    for options, message in (
        ({"phase": 3}, "`phase` must be a label that occurs"),
        ({"groups": [1]}, "`groups` must name the group of each of the 4 fields"),
        ({"um_per_px": -1}, "`um_per_px` must be a positive"),
        ({"confidence": 2}, "`confidence` must lie"),
        ({"spatial_dims": 3}, "with 3 axes"),
    ):
        with pytest.raises(ValueError, match=message):
            describe(fields, **options)

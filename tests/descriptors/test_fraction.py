"""Volume fractions and their intervals: closed forms and coverage."""

import numpy as np
import pytest

from morphokeras.descriptors import (
    integral_range,
    volume_fraction,
    volume_fraction_interval,
)

pytestmark = pytest.mark.backend_free


def test_fractions_of_all_phases_sum_to_one(rng):
    labels = rng.integers(0, 3, (4, 5, 6, 7))
    known = rng.random((5, 6, 7)) < 0.8
    total = sum(
        volume_fraction(labels, phase=phase, mask=known, spatial_dims=3)
        for phase in range(3)
    )
    np.testing.assert_allclose(total, 1)
    expected = [np.mean(field[known] == 1) for field in labels]
    found = volume_fraction(labels, mask=known, spatial_dims=3)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("boundary", ["open", "periodic"])
def test_the_integral_range_of_noise_is_a_pixel(rng, boundary):
    noise = rng.random((20, 64, 64)) < 0.3
    found = integral_range(noise, boundary=boundary, spacing=(2.0, 1.0))
    assert np.mean(found) == pytest.approx(2, rel=0.1)


def test_the_integral_range_of_squares_is_their_area(rng):
    """Random squares on a grid: the sum over its cells is that of noise."""
    grains = np.kron(rng.random((8, 40, 40)) < 0.4, np.ones((6, 6), bool))
    assert np.mean(integral_range(grains)) == pytest.approx(36, rel=0.15)


def test_boolean_discs_have_their_integral_range(boolean_model):
    radius, d = 8, 0.5 / (np.pi * 64)
    fields = boolean_model(24, (200, 200), radius, d)
    r = np.linspace(0, 2 * radius, 2001)
    lens = 2 * radius**2 * np.arccos(r / 2 / radius) - r / 2 * np.sqrt(
        4 * radius**2 - r**2
    )
    covariance = np.exp(-d * (2 * np.pi * radius**2 - lens)) - np.exp(-1)
    free = np.exp(-0.5)
    expected = 2 * np.pi * np.sum(r * covariance) * r[1] / (free * (1 - free))
    found = integral_range(~fields, boundary="periodic")
    assert np.median(found) == pytest.approx(expected, rel=0.2)


@pytest.mark.parametrize("boundary", ["open", "periodic"])
def test_intervals_hold_the_true_fraction(boolean_model, boundary):
    """95 % of 120, give or take three standard deviations."""
    radius, d = 4, 0.4 / (np.pi * 16)
    fields = boolean_model(120, (72, 72), radius, d)
    if boundary == "open":
        fields = fields[:, :64, :64]
    truth = 1 - np.exp(-0.4)
    fraction, lower, upper = volume_fraction_interval(fields, boundary=boundary)
    assert ((lower < fraction) & (fraction < upper)).all()
    assert 0.89 < np.mean((lower < truth) & (truth < upper)) < 1
    # Independent pixels would promise far too much.
    width = np.median(upper - lower)
    naive = 2 * 1.96 * np.sqrt(truth * (1 - truth) / fields[0].size)
    assert width > 3 * naive


def test_the_interval_widens_with_its_confidence(boolean_model):
    fields = boolean_model(1, (64, 64), 4, 0.008)
    ends = [volume_fraction_interval(fields, confidence=c) for c in (0.5, 0.9, 0.99)]
    widths = [upper[0] - lower[0] for _, lower, upper in ends]
    assert widths == sorted(widths)


def test_missing_pixels_widen_the_interval(boolean_model):
    fields = boolean_model(1, (128, 128), 4, 0.008)
    known = np.zeros((128, 128), bool)
    known[:64, :64] = True
    _, lower, upper = volume_fraction_interval(fields[:, :64, :64])
    _, low, high = volume_fraction_interval(fields, mask=known)
    # Its distances reach further, so that the windows may differ.
    assert high - low == pytest.approx(upper - lower, rel=0.25)


def test_one_phase_alone_says_nothing_of_the_other():
    fraction, lower, upper = volume_fraction_interval(np.ones((1, 8, 8), bool))
    assert (fraction[0], lower[0], upper[0]) == (1, 0, 1)
    assert integral_range(np.ones((1, 8, 8), bool)).tolist() == [0]


def test_volumes_have_intervals_too(rng):
    noise = rng.random((1, 16, 16, 16)) < 0.3
    _, lower, upper = volume_fraction_interval(noise, spatial_dims=3)
    expected = 2 * 1.96 * np.sqrt(0.21 / 16**3)
    assert upper[0] - lower[0] == pytest.approx(expected, rel=0.4)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_a_wrong_confidence_is_refused(confidence):
    with pytest.raises(ValueError, match="between 0 and 1"):
        volume_fraction_interval(np.eye(4)[None], confidence=confidence)

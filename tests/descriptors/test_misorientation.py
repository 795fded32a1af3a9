"""Distributions of misorientation angles."""

import numpy as np
import pytest

from morphokeras.descriptors import misorientation_histogram
from morphokeras.ebsd import mackenzie_density

pytestmark = pytest.mark.backend_free


def random_cubic_angles(rng, number):
    """Return misorientation angles of random cubic crystals, in degrees."""
    quaternions = np.abs(rng.normal(size=(4, number)))
    quaternions /= np.linalg.norm(quaternions, axis=0)
    a, b, c, d = np.sort(quaternions, axis=0)[::-1]
    cosines = np.max([a, (a + b) / np.sqrt(2), (a + b + c + d) / 2], axis=0)
    return np.rad2deg(2 * np.arccos(np.minimum(cosines, 1)))


def test_random_cubic_crystals_have_mackenzies_distribution(rng):
    angles = random_cubic_angles(rng, 200_000)
    edges, density = misorientation_histogram(angles, bins=30)
    fine = np.linspace(0, edges[-1], 30 * 200 + 1)
    middles = (fine[1:] + fine[:-1]) / 2
    expected = mackenzie_density(middles).reshape(30, 200).mean(axis=1)
    width = edges[1] - edges[0]
    error = np.sqrt(np.maximum(expected, 1e-5) / width / len(angles))
    assert (np.abs(density - expected) < 4.5 * error).all()
    assert density.sum() * width == pytest.approx(1)


def test_angles_between_phases_and_unknown_ones_are_left_out():
    with_gaps = [10, np.nan, 20, np.inf, 60]
    _, found = misorientation_histogram(with_gaps)
    _, expected = misorientation_histogram([10, 20, 60])
    np.testing.assert_array_equal(found, expected)


def test_long_boundaries_count_more():
    edges, density = misorientation_histogram(
        [10, np.nan, 50], weights=[1, np.nan, 3], bins=2, largest_angle=60
    )
    np.testing.assert_allclose(density * 30, [0.25, 0.75])


@pytest.mark.parametrize("angles", [[63.0], [-1.0], [90.0]])
def test_angles_that_no_cubic_crystals_have_are_refused(angles):
    with pytest.raises(ValueError, match="smallest angle under the crystal symmetry"):
        misorientation_histogram(angles)
    if angles[0] > 0:
        misorientation_histogram(angles, largest_angle=93.84)


def test_no_angle_and_wrong_weights_are_refused():
    with pytest.raises(ValueError, match="at least one finite"):
        misorientation_histogram([np.nan])
    with pytest.raises(ValueError, match="`weights`"):
        misorientation_histogram([10.0, 20.0], weights=[1.0])

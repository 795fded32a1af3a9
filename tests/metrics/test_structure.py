"""The two-point error between sets of fields."""

import numpy as np
import pytest

from morphokeras.metrics.structure import two_point_error

pytestmark = pytest.mark.backend_free


def noise(rng, fraction, shape=(4, 64, 64)):
    return (rng.random(shape) < fraction).astype(float)


def test_a_set_has_no_distance_to_itself_rolled(rng):
    fields = noise(rng, 0.3)
    rolled = np.roll(fields, 5, axis=2)
    assert two_point_error(fields, rolled, boundary="periodic") < 1e-12


def test_it_is_symmetric(rng):
    a, b = noise(rng, 0.3), noise(rng, 0.5)
    assert two_point_error(a, b) == pytest.approx(two_point_error(b, a))


@pytest.mark.parametrize("boundary", ["periodic", "open"])
def test_noise_of_two_fractions_differs_by_their_squares(rng, boundary):
    found = two_point_error(noise(rng, 0.3), noise(rng, 0.5), boundary=boundary)
    assert found == pytest.approx(0.5**2 - 0.3**2, abs=0.01)


def test_distance_zero_is_left_out(rng):
    fields = noise(rng, 0.3, (16, 64, 64))
    uniform = np.full_like(fields, fields.mean())
    # At distance 0 alone they differ, by 0.3 - 0.09: a share of 0.21 / 33 if counted.
    assert two_point_error(fields, uniform) < 2e-3


def test_open_and_periodic_differ_on_a_gradient():
    ramp = np.tile(np.linspace(0, 1, 64), (1, 64, 1))
    step = (ramp > 0.5).astype(float)
    closed = two_point_error(ramp, step, boundary="periodic")
    assert two_point_error(ramp, step) > 1.1 * closed


def test_a_threshold_compares_indicators(rng):
    fields = noise(rng, 0.3)
    assert two_point_error(fields, 0.2 + 0.6 * fields, threshold=0.5) < 1e-12
    assert two_point_error(fields, 0.2 + 0.6 * fields) > 0.05


def test_sets_of_different_sizes_are_compared_over_the_common_distances(rng):
    big = noise(rng, 0.4, (2, 128, 96))
    assert two_point_error(noise(rng, 0.4, (8, 64, 64)), big) < 0.01


def test_volumes_are_compared(rng):
    a, b = noise(rng, 0.3, (2, 16, 16, 16)), noise(rng, 0.3, (2, 16, 16, 16))
    assert two_point_error(a, b) < 0.02


def test_ranks_and_sizes_are_checked():
    with pytest.raises(ValueError, match="same number of axes"):
        two_point_error(np.zeros((1, 8, 8)), np.zeros((1, 8, 8, 8)))
    with pytest.raises(ValueError, match="at least 2 pixels"):
        two_point_error(np.zeros((1, 8, 1)), np.zeros((1, 8, 8)))

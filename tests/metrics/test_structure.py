"""The two-point error between sets of fields."""

import numpy as np
import pytest

from morphokeras.metrics import chord_divergence, two_point_error

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
    assert two_point_error(a, b, spatial_dims=3) < 0.02


def test_ranks_and_sizes_are_checked():
    with pytest.raises(ValueError, match="same number of axes"):
        two_point_error(np.zeros((1, 8, 8)), np.zeros((1, 8, 8, 8)))
    with pytest.raises(ValueError, match="at least 2 pixels"):
        two_point_error(np.zeros((1, 8, 1)), np.zeros((1, 8, 8)))


def stripes(axis, dims=2):
    field = np.zeros((16,) * dims)
    np.moveaxis(field, axis, 0)[:] = np.tile([1.0, 1.0, 0.0, 0.0], 4).reshape(
        -1, *[1] * (dims - 1)
    )
    return field[np.newaxis]


@pytest.mark.parametrize("dims", [2, 3])
def test_directions_that_change_places_are_seen_along_axes_and_at_all_lags(dims):
    sets = stripes(0, dims), stripes(dims - 1, dims)
    options = {"boundary": "periodic", "spatial_dims": dims}
    assert two_point_error(*sets, **options) < 1e-12
    # Along a stripe S2 is 1/2, across it 1/4 in the mean of |S2 - 1/2|: 2 of the axes.
    along = two_point_error(*sets, lags="axes", **options)
    assert along == pytest.approx(0.25 * 2 / dims)
    lag = np.abs((np.arange(-8, 9) + 2) % 4 - 2) / 4
    if dims == 2:
        expected = np.abs(lag[:, None] - lag).sum() / (17**2 - 1)
        found = two_point_error(*sets, lags="all", **options)
        assert found == pytest.approx(expected)


def test_all_lags_of_sets_of_different_sizes_are_compared(rng):
    big = noise(rng, 0.4, (8, 96, 80))
    assert two_point_error(noise(rng, 0.4, (16, 65, 64)), big, lags="all") < 0.02
    with pytest.raises(ValueError, match="`lags` must be one of"):
        two_point_error(big, big, lags="x")


def test_chords_are_compared_along_one_axis():
    sets = stripes(0), stripes(1)
    options = {"threshold": 0.5, "boundary": "periodic"}
    assert chord_divergence(*sets, **options) < 1e-12
    assert chord_divergence(*sets, axis=1, **options) > 1


def test_values_beyond_the_unit_range_are_refused(rng):
    fields = noise(rng, 0.3)
    assert two_point_error(fields, 1.04 * fields - 0.02) > 0
    for wrong in (255 * fields, fields - 1):
        with pytest.raises(
            ValueError, match=r"`generated` must hold values in \[0, 1\]"
        ):
            two_point_error(fields, wrong)


def test_a_phase_that_is_in_neither_set_is_refused(rng):
    labels = rng.integers(0, 3, (4, 16, 16))
    with pytest.raises(ValueError, match=r"phase=7, where the labels are \[0, 1, 2\]"):
        two_point_error(labels, labels, phase=7)
    assert two_point_error(labels, np.minimum(labels, 1), phase=2) > 0


def test_fields_of_different_sizes_in_one_set_are_refused(rng):
    with pytest.raises(ValueError, match="`real` must be one array, of fields of one"):
        two_point_error([rng.random((8, 8)), rng.random((6, 6))], rng.random((1, 8, 8)))

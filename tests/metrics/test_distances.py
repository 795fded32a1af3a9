"""Structural metrics: closed forms, brute force and bad input."""

import numpy as np
import pytest
from scipy import ndimage, stats

from morphokeras.metrics import (
    chord_divergence,
    euler_number_error,
    persistence_distance,
    phase_size_error,
)
from morphokeras.topology import persistence_diagram, wasserstein_distance

pytestmark = pytest.mark.backend_free


def stripes(width, number=2, size=16):
    """Return fields of vertical stripes, as wide as their gaps."""
    row = np.arange(size) // width % 2 == 0
    return np.broadcast_to(row, (number, size, size)).copy()


def dots(sizes, size=24):
    """Return one field with squares of these sizes, apart from each other."""
    field = np.zeros((1, size, size), bool)
    for place, width in enumerate(sizes):
        row, column = divmod(place, 3)
        field[0, 8 * row : 8 * row + width, 8 * column : 8 * column + width] = True
    return field


def test_chord_divergence_is_that_of_the_smoothed_histograms():
    # Stripes two pixels wide: chords of 2 (across) and 16 (along), 64 and 8 of them
    # in a field; four wide: 4 and 16, 32 and 8. Bins: 1-2, 3-4, 5-6, 7-8, above.
    real = np.array([64, 0, 0, 0, 8]) + 0.5
    generated = np.array([0, 32, 0, 0, 8]) + 0.5
    expected = stats.entropy(real, generated)
    assert chord_divergence(
        stripes(2, 1), stripes(4, 1), boundary="periodic"
    ) == pytest.approx(expected)


def test_jensen_shannon_divergence_is_symmetric_and_bounded():
    options = {"divergence": "js", "smoothing": 0.0}
    there = chord_divergence(stripes(2), stripes(4), **options)
    back = chord_divergence(stripes(4), stripes(2), **options)
    assert there == pytest.approx(back)
    assert 0 < there < np.log(2)


def test_number_of_fields_does_not_move_a_divergence_without_smoothing():
    few = chord_divergence(stripes(2, 1), stripes(4, 1), divergence="js", smoothing=0.0)
    many = chord_divergence(
        stripes(2, 5), stripes(4, 3), divergence="js", smoothing=0.0
    )
    assert few == pytest.approx(many)


def test_phase_size_error_is_the_relative_change_of_the_variance():
    real, generated = [1, 2, 3, 5], [2, 4, 6, 4]
    expected = abs(np.var(generated) - np.var(real)) / np.var(real)
    found = phase_size_error(dots(real), dots(generated))
    assert found == pytest.approx(expected)


def test_phase_size_is_in_units_of_the_width():
    real, generated = dots([1, 2, 3, 5]), dots([2, 4, 6, 4])
    doubled = np.kron(generated, np.ones((1, 2, 2), bool))
    assert phase_size_error(real, doubled) == pytest.approx(
        phase_size_error(real, generated)
    )


def test_one_connected_piece_has_no_variance_of_sizes():
    full = np.ones((1, 8, 8), bool)
    assert np.isnan(phase_size_error(full, stripes(2, 1)))


def test_parts_are_joined_around_a_periodic_border():
    split = np.zeros((1, 12, 12), bool)
    split[0, 2:6, :2] = split[0, 2:6, -2:] = True  # one part of 16 pixels
    split[0, 8:10, 4:6] = True
    whole = np.roll(split, 4, axis=2)
    assert phase_size_error(whole, split, boundary="periodic") == pytest.approx(0.0)
    assert phase_size_error(whole, split) > 0.5


def test_euler_number_error_is_that_of_counted_parts_and_holes():
    real = np.concatenate([dots([1, 2, 3]), dots([1, 2, 3, 3, 3])])  # mean 4
    ring = np.ones((1, 24, 24), bool)
    ring[0, 5, 5] = ring[0, 9, 9] = ring[0, 12, 12] = False  # 1 - 3
    assert euler_number_error(real, ring) == pytest.approx(6.0)


def test_euler_numbers_of_two_sizes_need_per_area():
    small, large = dots([2], 8), np.tile(dots([2], 8), (1, 2, 2))
    with pytest.raises(ValueError, match="different sizes(?s:.*)per_area=True"):
        euler_number_error(small, large)
    assert euler_number_error(small, large, per_area=True) == pytest.approx(0.0)


@pytest.mark.parametrize("aggregate", ["energy", "mean"])
def test_persistence_distance_is_the_mean_over_all_pairs(rng, aggregate):
    real = rng.random((4, 7, 7)).astype("float32")
    generated = (0.5 * rng.random((3, 7, 7))).astype("float32")
    a, b = (persistence_diagram(x, min_persistence=0.01) for x in (real, generated))
    between = np.mean([wasserstein_distance(x, y) for x in a for y in b])
    within = [
        np.mean(
            [
                wasserstein_distance(x, y)
                for i, x in enumerate(d)
                for j, y in enumerate(d)
                if i != j
            ]
        )
        for d in (a, b)
    ]
    expected = between if aggregate == "mean" else 2 * between - sum(within)
    found = persistence_distance(real, generated, aggregate=aggregate)
    assert found == pytest.approx(expected)


def test_the_mean_rewards_collapse_and_the_energy_distance_does_not(rng):
    noise = rng.normal(size=(24, 24, 24))
    fields = ndimage.gaussian_filter(noise, (0, 2, 2))
    fields = 1 / (1 + np.exp(-6 * fields / fields.std()))
    real, other = np.split(fields, 2)
    collapsed = np.repeat(other[:1], 12, axis=0)
    distances = {
        aggregate: [
            persistence_distance(real, each, aggregate=aggregate)
            for each in (other, collapsed)
        ]
        for aggregate in ("energy", "mean")
    }
    assert distances["energy"][0] < 0.2 * distances["energy"][1]
    assert distances["mean"][0] > 0.7 * distances["mean"][1]


def test_label_maps_are_compared_by_one_phase():
    labels = stripes(2).astype(int) + 3
    assert chord_divergence(labels, labels, phase=4) == 0.0
    with pytest.raises(ValueError, match="whole numbers up to 4(?s:.*)`phase`"):
        chord_divergence(labels, labels)


def test_volumes_are_compared(rng):
    volumes = rng.random((2, 8, 8, 8)) < 0.3
    assert chord_divergence(volumes, volumes[:1], spatial_dims=3) < 0.1
    assert euler_number_error(volumes, volumes, spatial_dims=3) == 0.0


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        (chord_divergence, {"divergence": "ks"}, "`divergence`.*'kl'.*'ks'"),
        (chord_divergence, {"bin_width": 0}, "`bin_width`.*bin_width=0"),
        (chord_divergence, {"smoothing": -1}, "`smoothing`.*smoothing=-1"),
        (chord_divergence, {"boundary": "zero"}, "`boundary`.*'zero'"),
        (persistence_distance, {"aggregate": "sum"}, "`aggregate`.*'energy'.*'sum'"),
        (phase_size_error, {"connectivity": 8}, "`connectivity`.*8"),
        (euler_number_error, {"spatial_dims": 3}, "3 axes in shape(?s:.*)Received"),
    ],
)
def test_unknown_options_are_refused(function, options, message):
    with pytest.raises(ValueError, match=message):
        function(stripes(2), stripes(4), **options)


def test_fields_with_nan_are_refused_with_their_number():
    fields = stripes(2).astype("float32")
    fields[1, 3, 3] = np.nan
    with pytest.raises(ValueError, match="`generated`.*field number 1"):
        chord_divergence(stripes(2), fields)


def test_words_are_refused():
    with pytest.raises(TypeError, match="`real` must hold real numbers"):
        chord_divergence(np.array([[["a"]]]), stripes(2))

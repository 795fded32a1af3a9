"""The table of all structural metrics, and its intervals."""

import numpy as np
import pytest
from scipy import ndimage

from morphokeras.metrics import compare, two_point_error

pytestmark = pytest.mark.backend_free


def width(table):
    return table.high["two_point"] - table.low["two_point"]


def blobs(rng, number, width, size=24):
    noise = rng.normal(size=(number, size, size))
    fields = ndimage.gaussian_filter(noise, (0, width, width), mode="wrap")
    return fields > 0


def test_table_has_a_row_for_each_metric_with_its_convention(rng):
    table = compare(
        blobs(rng, 8, 1.5), blobs(rng, 8, 1.5), n_bootstrap=20, random_state=0
    )
    names = ["two_point", "chords", "phase_size", "persistence", "euler"]
    assert table.index.tolist() == names
    columns = ["value", "low", "high", "floor", "floor_high", "convention"]
    assert table.columns.tolist() == columns
    assert all("boundary=open" in text for text in table.convention)


def test_values_are_those_of_the_metrics_alone(rng):
    real, generated = blobs(rng, 6, 1.5), blobs(rng, 5, 2.5)
    table = compare(real, generated, metrics=["two_point"], n_bootstrap=1)
    assert table.value["two_point"] == pytest.approx(two_point_error(real, generated))


def test_like_sets_lie_at_the_floor_and_others_above(rng):
    real = blobs(rng, 40, 1.0)
    metrics = ["chords", "persistence"]
    options = {"n_bootstrap": 100, "metrics": metrics, "random_state": 0}
    like = compare(real, blobs(rng, 40, 1.0), **options)
    other = compare(real, blobs(rng, 40, 2.0), **options)
    assert (like.value < 1.5 * like.floor_high).all()
    assert (other.low > other.floor_high).all()
    assert (other.low < other.value).all() and (other.value < other.high).all()


def test_intervals_cover_the_true_distance():
    # Noise of two fractions: S2 differs by 0.5^2 - 0.4^2 at every distance.
    covered = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        real, generated = rng.random((12, 16, 16)) < 0.5, rng.random((12, 16, 16)) < 0.4
        row = compare(
            real, generated, metrics=["two_point"], n_bootstrap=100, random_state=seed
        ).loc["two_point"]
        covered += row.low <= 0.25 - 0.16 <= row.high
    assert covered >= 33  # of 40, 38 are expected


def test_groups_widen_the_interval(rng):
    shades = np.repeat(rng.uniform(0.2, 0.8, 8), 6)[:, None, None]
    real = rng.random((48, 16, 16)) < shades
    options = {"metrics": ["two_point"], "n_bootstrap": 200, "random_state": 0}
    other = rng.random((48, 16, 16)) < 0.5
    alone = compare(real, other, **options)
    grouped = compare(real, other, groups=np.repeat(list("abcdefgh"), 6), **options)
    assert width(grouped) > 1.5 * width(alone)
    assert grouped.value["two_point"] == alone.value["two_point"]


def test_too_few_groups_have_no_interval(rng):
    real = blobs(rng, 6, 1.5)
    table = compare(
        real, real, groups=[0, 0, 1, 1, 2, 2], metrics=["chords"], n_bootstrap=5
    )
    row = table.loc["chords"]
    assert row.value == 0.0
    assert np.isnan([row.low, row.high, row.floor, row.floor_high]).all()


def test_one_piece_gives_nan_with_the_reason():
    full = np.ones((5, 8, 8), bool)
    row = compare(full, full, metrics=["phase_size"], n_bootstrap=5).loc["phase_size"]
    assert np.isnan(row.value)
    assert "local_thickness" in row.convention


def test_a_seed_repeats_the_table(rng):
    real, generated = blobs(rng, 6, 1.5), blobs(rng, 6, 1.5)
    first, second = (
        compare(real, generated, n_bootstrap=10, max_pairwise=4, random_state=3)
        for _ in range(2)
    )
    assert first.equals(second)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": ["s2"]}, "`metrics`.*'two_point'.*'s2'"),
        ({"metrics": "euler"}, "`metrics` must be a list"),
        ({"groups": [1, 2]}, "`groups`.*4 fields.*shape \\(2,\\)"),
        ({"generated_groups": [1]}, "`generated_groups`.*5 fields"),
        ({"n_bootstrap": 0}, "`n_bootstrap`.*at least 1"),
        ({"max_pairwise": 1}, "`max_pairwise`.*at least 2"),
        ({"confidence": 95}, "`confidence`.*confidence=95"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    real, generated = np.zeros((4, 8, 8), bool), np.zeros((5, 8, 8), bool)
    with pytest.raises(ValueError, match=message):
        compare(real, generated, **options)

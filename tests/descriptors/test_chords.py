"""Chord lengths: brute force, closed forms and another library."""

import itertools

import numpy as np
import pytest

from morphokeras.descriptors import chord_length_distribution

pytestmark = pytest.mark.backend_free


def brute_force(field, axis, known=None, drop=False):
    """Return the counts of runs of an open field, walking over each line."""
    codes = np.where(np.ones_like(field) if known is None else known, field, 2)
    size = field.shape[axis]
    counts = np.zeros(size + 1, int)
    for line in np.moveaxis(codes, axis, -1).reshape(-1, size):
        # The border is like a missing pixel.
        runs = [
            (2, 1),
            *((k, len(list(g))) for k, g in itertools.groupby(line)),
            (2, 1),
        ]
        for before, (code, length), after in zip(
            runs, runs[1:], runs[2:], strict=False
        ):
            if code == 1 and not (drop and 2 in (before[0], after[0])):
                counts[length] += 1
    return counts[1:]


@pytest.mark.parametrize("cut", ["keep", "drop"])
@pytest.mark.parametrize("shape", [(7, 9), (4, 5, 6)])
def test_open_chords_agree_with_brute_force(rng, shape, cut):
    fields = rng.integers(0, 2, (3, *shape))
    known = rng.random((3, *shape)) < 0.8
    for axis, mask in itertools.product(range(len(shape)), [None, known]):
        _, counts = chord_length_distribution(
            fields, axis=axis, cut=cut, mask=mask, spatial_dims=len(shape)
        )
        for i, field in enumerate(fields):
            one_mask = None if mask is None else mask[i]
            expected = brute_force(field, axis, one_mask, cut == "drop")
            np.testing.assert_array_equal(counts[i], expected)


@pytest.mark.parametrize("cut", ["keep", "drop"])
def test_periodic_chords_do_not_depend_on_where_the_seam_is(rng, cut):
    field = rng.random((8, 30)) < 0.7
    known = rng.random((8, 30)) < 0.95
    options = {"axis": -1, "boundary": "periodic", "cut": cut}
    _, expected = chord_length_distribution(field[None], mask=known, **options)
    assert expected.sum() > 10
    for shift in range(1, 30):
        _, found = chord_length_distribution(
            np.roll(field, shift, -1)[None], mask=np.roll(known, shift, -1), **options
        )
        np.testing.assert_array_equal(found, expected)


def test_periodic_chords_are_open_ones_begun_outside_the_phase(rng):
    field = rng.random((20, 30)) < 0.7
    field[:, 0] = False
    _, periodic = chord_length_distribution(field[None], axis=-1, boundary="periodic")
    _, opened = chord_length_distribution(field[None], axis=-1)
    np.testing.assert_array_equal(periodic, opened)


@pytest.mark.parametrize("boundary", ["open", "periodic"])
def test_a_full_line_is_one_chord(boundary):
    lengths, counts = chord_length_distribution(
        np.ones((1, 3, 5)), axis=-1, boundary=boundary
    )
    assert lengths.tolist() == [1, 2, 3, 4, 5]
    assert counts[0].tolist() == [0, 0, 0, 0, 3]


def test_full_lines_are_cut_only_where_there_is_a_border():
    field = np.ones((1, 3, 5))
    for boundary, number in (("open", 0), ("periodic", 3)):
        _, counts = chord_length_distribution(
            field, axis=-1, cut="drop", boundary=boundary
        )
        assert counts.sum() == number


def test_checkerboards_have_chords_of_their_squares():
    board = np.kron(np.indices((8, 8)).sum(axis=0) % 2, np.ones((3, 3)))[None]
    _, counts = chord_length_distribution(board, boundary="periodic")
    assert counts[0, 2] == counts.sum() == 2 * 24 * 4


def test_lengths_are_in_the_unit_of_the_spacing():
    stripes = np.tile(np.repeat([2, 7], [3, 5]), (1, 4, 3))
    lengths, counts = chord_length_distribution(
        stripes, phase=7, axis=1, spacing=(9.0, 0.2), boundary="periodic"
    )
    assert lengths[counts[0] > 0].tolist() == [1.0]
    lengths, counts = chord_length_distribution(
        stripes, phase=2, axis=0, spacing=(9.0, 0.2)
    )
    assert lengths[counts[0] > 0].tolist() == [36.0]


@pytest.mark.parametrize("shape, radius", [((400, 400), 8), ((80, 80, 80), 6)])
def test_chords_outside_boolean_models_are_exponential(boolean_model, shape, radius):
    dims = len(shape)
    cross_section = 2 * radius if dims == 2 else np.pi * radius**2
    density = 0.05 / cross_section
    fields = boolean_model(4, shape, radius, density)
    lengths, counts = chord_length_distribution(
        ~fields, boundary="periodic", spatial_dims=dims
    )
    counts = counts.sum(axis=0)
    # A geometric distribution: the pixels of a line see the exponential one.
    mean = counts @ lengths / counts.sum()
    assert mean == pytest.approx(20, rel=0.1)
    beyond = counts[::-1].cumsum()[::-1] / counts.sum()
    for reach in (5, 10, 20, 40):
        assert beyond[reach] == pytest.approx(np.exp(-reach / mean), abs=0.03)


def test_porespy_has_the_same_chords_in_every_other_line(rng):
    porespy = pytest.importorskip("porespy")
    field = rng.random((40, 40)) < 0.6
    for axis in (0, 1):
        theirs = porespy.filters.apply_chords(
            field, spacing=1, axis=axis, trim_edges=False
        )
        lines = [slice(None), slice(None)]
        lines[1 - axis] = np.flatnonzero(theirs.any(axis=axis))
        # Lengths are along the axis of the chord, so lines may be left out.
        _, counts = chord_length_distribution(field[tuple(lines)][None], axis=axis)
        lengths = porespy.metrics.chord_counts(theirs)
        np.testing.assert_array_equal(np.bincount(lengths, minlength=41)[1:], counts[0])


def test_porespy_merges_chords_of_neighbouring_lines():
    """Two lines of two chords each; with `spacing=0` PoreSpy finds two of length 6."""
    porespy = pytest.importorskip("porespy")
    field = np.tile([0, 1, 1, 1, 0, 0, 1, 1, 1, 0], (4, 1)).astype(bool)[1:3]
    theirs = porespy.filters.apply_chords(field, spacing=0, axis=1, trim_edges=False)
    assert sorted(porespy.metrics.chord_counts(theirs)) == [6, 6]
    _, counts = chord_length_distribution(field[None], axis=1)
    assert counts[0, 2] == counts.sum() == 4


def test_lengths_of_different_pixel_sizes_are_not_mixed():
    with pytest.raises(ValueError, match="Choose an `axis`"):
        chord_length_distribution(np.ones((1, 4, 4)), spacing=(1, 2))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"boundary": "closed"}, "`boundary`"),
        ({"cut": "trim"}, "`cut`"),
        ({"axis": 2}, "`axis`"),
        ({"spatial_dims": 3}, "spatial_dims|single field"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        chord_length_distribution(np.ones((1, 4, 4)), **options)

"""The lineal path function: brute force and closed forms."""

import itertools

import numpy as np
import pytest

from morphokeras.descriptors import chord_length_distribution, lineal_path

pytestmark = pytest.mark.backend_free


def brute_force(field, axis, boundary, known):
    """Look at all segments of each length, one by one."""
    field, known = (np.moveaxis(a, axis, -1) for a in (field, known))
    size = field.shape[-1]
    shares = []
    for length in range(1, size + 1):
        starts = range(size if boundary == "periodic" else size - length + 1)
        places = [np.arange(start, start + length) % size for start in starts]
        valid = np.stack([known[..., p].all(-1) for p in places])
        inside = np.stack([field[..., p].all(-1) for p in places])
        shares.append(inside[valid].mean() if valid.any() else np.nan)
    return shares


@pytest.mark.parametrize("boundary", ["open", "periodic"])
@pytest.mark.parametrize("shape", [(7, 9), (4, 5, 6)])
def test_every_length_agrees_with_brute_force(rng, shape, boundary):
    field = rng.random(shape) < 0.8
    known = rng.random(shape) < 0.9
    for axis, mask in itertools.product(
        range(len(shape)), [np.ones(shape, bool), known]
    ):
        _, found = lineal_path(
            field[None],
            axis=axis,
            boundary=boundary,
            mask=None if mask.all() else mask,
            spatial_dims=len(shape),
        )
        expected = brute_force(field, axis, boundary, mask)
        np.testing.assert_allclose(found[0], expected)


def test_all_axes_together_are_the_mean_over_segments(rng):
    field = rng.random((1, 12, 12)) < 0.8
    _, both = lineal_path(field)
    each = [lineal_path(field, axis=axis)[1] for axis in (0, 1)]
    np.testing.assert_allclose(both, np.mean(each, axis=0))


def test_stripes_have_a_straight_path():
    stripes = np.tile(np.repeat([3, 1], 8), (1, 4, 4))
    lags, path = lineal_path(
        stripes, phase=3, axis=1, boundary="periodic", spacing=(1.0, 0.5)
    )
    np.testing.assert_allclose(lags[:9], 0.5 * np.arange(9))
    np.testing.assert_allclose(path[0, :9], np.arange(8, -1, -1) / 16)
    assert not path[0, 9:].any()


@pytest.mark.parametrize("shape, radius", [((400, 400), 15), ((80, 80, 80), 8)])
def test_boolean_models_have_their_closed_form(boolean_model, shape, radius):
    dims = len(shape)
    if dims == 2:
        area, cross_section = np.pi * radius**2, 2 * radius
    else:
        area, cross_section = 4 / 3 * np.pi * radius**3, np.pi * radius**2
    density = 0.5 / area
    fields = boolean_model(4, shape, radius, density)
    lags, paths = lineal_path(~fields, boundary="periodic", spatial_dims=dims)
    expected = np.exp(-density * (area + cross_section * lags))
    np.testing.assert_allclose(paths.mean(axis=0), expected, atol=0.03)


def test_the_path_of_a_phase_follows_from_its_chords(boolean_model):
    """The second difference of segments is the number of chords."""
    fields = boolean_model(2, (64, 64), 6, 0.003)
    _, path = lineal_path(fields, axis=1, boundary="periodic")
    _, counts = chord_length_distribution(fields, axis=1, boundary="periodic")
    segments = np.c_[path, np.zeros((2, 2))] * 64 * 64
    chords = segments[:, :-2] - 2 * segments[:, 1:-1] + segments[:, 2:]
    assert counts[:, -1].sum() == 0
    np.testing.assert_allclose(chords, counts, atol=1e-8)

"""Summaries of persistence: known shapes and gudhi."""

import numpy as np
import pytest
from scipy import ndimage

from morphokeras.descriptors import persistence_statistics

pytestmark = pytest.mark.backend_free


def test_a_ring_has_a_part_and_a_hole():
    ring = np.full((1, 9, 9), 0.1)
    ring[0, 2:7, 2:7] = 0.9
    ring[0, 4, 4] = 0.3
    found = persistence_statistics(ring)
    assert found["count"].tolist() == [[1, 1]]
    np.testing.assert_allclose(found["total"], [[0.8, 0.6]], rtol=1e-6)
    np.testing.assert_allclose(found["birth_mean"], 0.9)
    np.testing.assert_allclose(found["death_mean"], [[0.1, 0.3]])
    np.testing.assert_array_equal(found["entropy"], 0)


def test_equal_parts_have_the_entropy_of_their_number():
    peaks = np.zeros((1, 9, 9))
    peaks[0, 1::4, 1::4] = 1.0
    found = persistence_statistics(peaks)
    assert found["count"][0, 0] == 4
    assert found["entropy"][0, 0] == pytest.approx(np.log(4))


@pytest.mark.parametrize("shape", [(20, 24), (8, 9, 10)])
def test_persistences_are_those_of_gudhi(rng, shape):
    gudhi = pytest.importorskip("gudhi")
    field = ndimage.gaussian_filter(rng.normal(size=shape), 1).astype("float32")
    found = persistence_statistics(
        field[None], filtration="sublevel", spatial_dims=len(shape)
    )
    complex_ = gudhi.CubicalComplex(top_dimensional_cells=field.astype("float64"))
    complex_.compute_persistence()
    for dimension in range(len(shape)):
        intervals = complex_.persistence_intervals_in_dimension(dimension)
        intervals = np.minimum(intervals.reshape(-1, 2), field.max())
        lives = intervals[:, 1] - intervals[:, 0]
        assert found["count"][0, dimension] == len(lives)
        assert found["total"][0, dimension] == pytest.approx(lives.sum(), rel=1e-5)
        if len(lives):
            assert found["largest"][0, dimension] == pytest.approx(lives.max())


def test_a_phase_is_born_at_its_radius_and_dies_at_its_neck(sphere):
    """Two balls of radius 1.5 um and a channel of radius 0.4 um between them."""
    spacing = (0.1, 0.05)
    y, x = np.indices((60, 160)) * np.reshape(spacing, (2, 1, 1))
    discs = [np.hypot(y - 3, x - centre) < 1.5 for centre in (2.0, 6.0)]
    phase = discs[0] | discs[1] | ((np.abs(y - 3) < 0.4) & (x > 2) & (x < 6))
    found = persistence_statistics(
        phase[None] * 5, phase=5, spacing=spacing, min_persistence=0.5
    )
    assert found["count"][0, 0] == 2
    assert found["birth_mean"][0, 0] == pytest.approx(1.5, abs=0.06)
    # The other one lasts as long as the field.
    shortest = found["total"][0, 0] - found["largest"][0, 0]
    assert shortest == pytest.approx(1.5 - 0.4, abs=0.08)


def test_the_torus_closes_holes_at_the_border(sphere):
    disc = np.roll(sphere((20, 20), 6.0), 10, axis=(1, 2))
    options = {"phase": 1, "min_persistence": 2.0}
    assert persistence_statistics(disc, **options)["count"][0, 0] == 4
    periodic = persistence_statistics(disc, boundary="periodic", **options)
    assert periodic["count"][0, 0] == 1


def test_a_field_of_one_phase_has_nothing_to_tell():
    found = persistence_statistics(np.ones((1, 6, 6), bool), phase=1)
    np.testing.assert_array_equal(found["total"], 0)


@pytest.mark.parametrize("phase", [None, 1])
@pytest.mark.parametrize("boundary", ["open", "periodic"])
def test_missing_pixels_add_no_long_lived_features(phase, boundary):
    y, x = np.indices((24, 24))
    fields = (np.hypot(y - 11.3, x - 11.6) < 8)[np.newaxis].astype(float)
    fields = np.roll(fields, 11, axis=2) if boundary == "periodic" else fields
    known = np.ones((24, 24), bool)
    known[::5, ::4] = False  # inside, outside and on the border of the disc
    spoilt = np.where(known, fields, np.nan if phase is None else 7)
    options = {"phase": phase, "boundary": boundary, "min_persistence": 0.6}
    whole = persistence_statistics(fields, **options)
    found = persistence_statistics(spoilt, mask=known, **options)
    np.testing.assert_array_equal(found["count"], whole["count"])
    np.testing.assert_allclose(found["total"], whole["total"], rtol=0.15)


def test_the_nearest_pixel_is_that_of_the_pixel_sizes():
    field = np.array([[[0.0, 0.0, 0.9], [0.0, 0.5, 0.0], [0.2, 0.2, 0.2]]])
    known = np.ones((3, 3), bool)
    known[1, 1] = False
    # Along y a pixel is nearer than along x: the middle takes 0 from above or 0.2.
    options = {"mask": known, "connectivity": "face"}
    found = persistence_statistics(field, spacing=(1, 5), **options)
    assert found["count"][0, 0] == 2
    with pytest.raises(ValueError, match="`spacing` must be a positive"):
        persistence_statistics(field, spacing=-1)
    with pytest.raises(ValueError, match="`mask` must be boolean"):
        persistence_statistics(field, mask=np.ones((2, 2), bool))

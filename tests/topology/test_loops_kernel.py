"""Loops of volumes by our own kernel: gudhi, known shapes, and the voxels it names."""

import itertools

import numpy as np
import pytest
from scipy import ndimage

from morphokeras.topology._link_tables import EDGES, TRIANGLES, link_tables
from morphokeras.topology._loops_kernel import loop_pairs
from tests.topology.references import gudhi_intervals

pytestmark = pytest.mark.backend_free

OPTIONS = list(itertools.product(("face", "full"), (False, True)))


def _intervals(volume, connectivity, periodic, min_persistence=0.0):
    """Return births and deaths of the loops, sorted."""
    pairs = loop_pairs(volume, connectivity, periodic, min_persistence)
    values = np.append(volume.astype("float64"), np.inf)  # where the index -1 leads
    return sorted(map(tuple, values[pairs]))


def _gudhi(volume, connectivity, periodic):
    boundary = "periodic" if periodic else "open"
    return gudhi_intervals(volume, "sublevel", connectivity, boundary)[1]


def _small_volume(rng, least):
    shape = rng.integers(least, 6, 3)
    num_levels = rng.choice([2, 3, 6, 20, 10**6])
    return (rng.integers(0, num_levels, shape) - num_levels // 2).astype("float32")


@pytest.mark.parametrize(("connectivity", "periodic"), OPTIONS)
def test_small_volumes_with_ties_have_the_loops_of_gudhi(connectivity, periodic):
    rng = np.random.default_rng(0)
    for _ in range(100):
        volume = _small_volume(rng, least=3 if periodic else 1)
        expected = _gudhi(volume, connectivity, periodic)
        assert _intervals(volume, connectivity, periodic) == expected


@pytest.mark.parametrize(("connectivity", "periodic"), OPTIONS)
@pytest.mark.parametrize("kind", ["smooth", "noisy", "binary"])
def test_fields_have_the_loops_of_gudhi(kind, connectivity, periodic):
    rng = np.random.default_rng(1)
    field = ndimage.gaussian_filter(rng.normal(size=(12, 14, 16)), 1.5, mode="wrap")
    if kind == "noisy":
        field += 0.3 * field.std() * rng.normal(size=field.shape)
    volume = (field > 0 if kind == "binary" else field).astype("float32")
    expected = _gudhi(volume, connectivity, periodic)
    assert _intervals(volume, connectivity, periodic) == expected


@pytest.mark.parametrize("connectivity", ["face", "full"])
def test_a_torus_has_one_loop_and_its_complement_another(connectivity):
    z, y, x = np.indices((11, 17, 17)) - np.array([5, 8, 8]).reshape(3, 1, 1, 1)
    distance = np.hypot(np.hypot(x, y) - 5, z)
    solid = (distance > 2).astype("float32")
    assert _intervals(solid, connectivity, False) == [(0.0, 1.0)]
    surface = (np.abs(distance - 2) > 1.2).astype("float32")
    assert _intervals(surface, connectivity, False) == [(0.0, 1.0)] * 2


@pytest.mark.parametrize("connectivity", ["face", "full"])
def test_a_rod_through_the_periodic_box_is_a_loop_that_never_dies(connectivity):
    volume = np.ones((5, 6, 7), "float32")
    volume[2, 3] = 0.0
    pairs = loop_pairs(volume, connectivity, True, 0.0)
    assert pairs[:, 1].tolist() == [-1, -1, -1]
    assert sorted(volume.ravel()[pairs[:, 0]]) == [0.0, 1.0, 1.0]


@pytest.mark.parametrize(("connectivity", "periodic"), OPTIONS)
def test_no_voxel_but_its_own_moves_a_birth_or_a_death(connectivity, periodic):
    volume = np.random.default_rng(2).permutation(6**3).astype("float32")
    volume = volume.reshape(6, 6, 6)
    pairs = loop_pairs(volume, connectivity, periodic, 0.0)
    lasting = pairs[pairs[:, 1] >= 0]
    birth, death = lasting[np.argmax(np.diff(volume.ravel()[lasting], axis=1))]
    moved = volume.copy()
    moved.ravel()[birth] -= 0.25
    moved.ravel()[death] += 0.25
    again = loop_pairs(moved, connectivity, periodic, 0.0)
    assert {*map(tuple, again)} == {*map(tuple, pairs)}


def test_only_pairs_that_last_longer_than_the_minimum_are_returned():
    volume = np.random.default_rng(3).random((9, 9, 9), dtype="float32")
    every = _intervals(volume, "face", False)
    lasting = [(birth, death) for birth, death in every if death - birth > 0.25]
    assert 0 < len(lasting) < len(every)
    assert _intervals(volume, "face", False, 0.25) == lasting


def test_negative_zero_is_zero():
    rng = np.random.default_rng(4)
    volume = rng.integers(-1, 2, (6, 6, 6)).astype("float32")
    signed = volume.copy()
    signed[(volume == 0) & (rng.random(volume.shape) < 0.5)] = -0.0
    pairs = loop_pairs(volume, "face", False, 0.0)
    np.testing.assert_array_equal(loop_pairs(signed, "face", False, 0.0), pairs)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 5, 5), (2, 2, 2), (7, 1, 2)])
@pytest.mark.parametrize("connectivity", ["face", "full"])
def test_thin_volumes_have_the_loops_of_gudhi(connectivity, shape):
    rng = np.random.default_rng(5)
    for _ in range(10):
        volume = rng.integers(0, 4, shape).astype("float32")
        expected = _gudhi(volume, connectivity, False)
        assert _intervals(volume, connectivity, False) == expected


def test_each_path_of_the_tables_joins_its_corner_and_the_first_of_its_group():
    paths = link_tables().paths
    for edges, corner in itertools.product(range(0, 4096, 7), range(6)):
        word = int(paths[edges, corner])
        ends = [c for e in range(12) if word >> e & 1 for c in EDGES[e]]
        first = (word >> 12).bit_length() - 1
        assert word & 4095 & ~edges == 0
        assert {c for c in ends if ends.count(c) % 2} == {corner, first} - (
            {corner} & {first}
        )


def test_cycles_and_regions_of_the_octahedron_obey_euler():
    tables = link_tables()
    assert len(TRIANGLES) - len(EDGES) + 6 == 2
    num_regions = (tables.regions == np.arange(8)).sum(axis=1)
    np.testing.assert_array_equal(num_regions, tables.num_cycles + 1)

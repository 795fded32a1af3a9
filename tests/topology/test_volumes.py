"""Persistence pairs of volumes and of periodic images: gudhi and known shapes."""

import itertools
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

import morphokeras
from morphokeras.topology.cubical import (
    CONNECTIVITIES,
    FILTRATIONS,
    persistence_pairs,
)
from tests.topology.references import gudhi_intervals, image_with_ties, our_intervals

pytestmark = pytest.mark.backend_free

OPTIONS = list(itertools.product(FILTRATIONS, CONNECTIVITIES))

MEMORY_SCRIPT = """
import sys
import numpy as np
from pathlib import Path
from morphokeras.topology.cubical import pairs_function

def kilobytes(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(name)))

options = {"spatial_dims": 3, "homology_dimensions": (0, 2), "boundary": sys.argv[1]}
find_pairs = pairs_function("superlevel", "full", **options)
volume = np.random.default_rng(0).random((90, 90, 90), "float32")
find_pairs(volume[:9, :9, :9])  # compiles
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before = kilobytes("VmRSS")
pairs = find_pairs(volume)
beyond = 1024 * (kilobytes("VmHWM") - before) - sum(own.nbytes for own in pairs)
print(beyond / volume.size)
"""


def _betti(phase, boundary="open", **options):
    """Return how many classes of a binary volume or image live at its threshold."""
    image = phase.astype("float32")
    pairs = persistence_pairs(
        image[np.newaxis], boundary=boundary, spatial_dims=image.ndim, **options
    )[0]
    values = np.append(image, 0.0)  # where the index -1 leads
    births_and_deaths = [values[own] for own in pairs]
    return [int((b[:, 0] > b[:, 1]).sum()) for b in births_and_deaths]


def _distance(size, center=None):
    places = np.indices((size,) * 3) - (size // 2 if center is None else center)
    return np.sqrt((places**2).sum(axis=0))


@pytest.mark.parametrize(("filtration", "connectivity"), OPTIONS)
def test_small_volumes_with_ties_agree_with_gudhi(rng, filtration, connectivity):
    for _ in range(120):
        volume = image_with_ties(rng, 1, [5, 5, 6])
        expected = gudhi_intervals(volume, filtration, connectivity)
        assert our_intervals(volume, filtration, connectivity) == expected, volume


@pytest.mark.parametrize(("filtration", "connectivity"), OPTIONS)
def test_small_periodic_volumes_agree_with_gudhi(rng, filtration, connectivity):
    options = filtration, connectivity, "periodic"
    for _ in range(60):
        volume = image_with_ties(rng, 3, [5, 5, 6])
        assert our_intervals(volume, *options) == gudhi_intervals(volume, *options)


@pytest.mark.parametrize(("filtration", "connectivity"), OPTIONS)
def test_small_periodic_images_agree_with_gudhi(rng, filtration, connectivity):
    options = filtration, connectivity, "periodic"
    for _ in range(400):
        image = image_with_ties(rng, 3, [9, 9])
        assert our_intervals(image, *options) == gudhi_intervals(image, *options)


@pytest.mark.parametrize("boundary", ["open", "periodic"])
@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_smooth_and_noisy_volumes_agree_with_gudhi(rng, connectivity, boundary):
    noise = rng.normal(size=(14, 15, 16))
    smooth = ndimage.gaussian_filter(noise, 1.5, mode="wrap")
    for volume in (smooth, noise, smooth > 0):
        options = "superlevel", connectivity, boundary
        volume = volume.astype("float32")
        assert our_intervals(volume, *options) == gudhi_intervals(volume, *options)


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        (np.zeros((5, 5, 5)), [0, 0, 0]),
        (np.ones((5, 5, 5)), [1, 0, 0]),
        (_distance(13) < 5, [1, 0, 0]),
        ((_distance(13) < 5) & (_distance(13) > 3), [1, 0, 1]),
        (_distance(13, 0) < 9, [1, 0, 0]),
        ((_distance(13, 0) < 9) & (_distance(13, 0) > 6), [1, 0, 0]),
    ],
    ids=["nothing", "all", "ball", "shell", "ball at a corner", "shell at a corner"],
)
def test_known_volume_has_its_betti_numbers(phase, expected, connectivity):
    assert _betti(phase, connectivity=connectivity) == expected


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_solid_torus_has_a_loop_and_a_hollow_one_two_and_a_cavity(connectivity):
    z, y, x = np.indices((11, 25, 25)) - np.array([5, 12, 12]).reshape(3, 1, 1, 1)
    from_ring = np.hypot(np.hypot(y, x) - 7.5, z)
    options = {"connectivity": connectivity}
    assert _betti(from_ring < 4, **options) == [1, 1, 0]
    assert _betti((from_ring < 4) & (from_ring > 2), **options) == [1, 2, 1]


def test_voxels_that_share_an_edge_or_a_corner_are_connected_in_full_only():
    edge, corner = np.zeros((2, 2, 2, 2))
    edge[0, 0, 0] = edge[0, 1, 1] = corner[0, 0, 0] = corner[1, 1, 1] = 1.0
    for phase in (edge, corner):
        assert _betti(phase, connectivity="full")[0] == 1
        assert _betti(phase, connectivity="face")[0] == 2


def test_a_shell_closed_by_corners_has_a_cavity_in_full_connectivity_only():
    octahedron = np.abs(np.indices((5, 5, 5)) - 2).sum(axis=0) == 2
    assert _betti(octahedron, connectivity="full")[2] == 1
    assert _betti(octahedron, connectivity="face")[2] == 0


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_bars_slabs_and_lattices_of_a_periodic_volume(connectivity):
    options = {"boundary": "periodic", "connectivity": connectivity}
    bar, slab, lattice = np.zeros((3, 6, 6, 6), bool)
    bar[2, 2] = slab[2] = True
    lattice[2, 2] = lattice[2, :, 2] = lattice[:, 2, 2] = True
    assert _betti(bar, **options) == [1, 1, 0]
    assert _betti(slab, **options) == [1, 2, 1]
    assert _betti(lattice, **options) == [1, 3, 0]
    assert _betti(~lattice, **options) == [1, 3, 0]  # as its dual lattice
    assert _betti(np.ones((6, 6, 6)), **options) == [1, 3, 3]


def test_slabs_that_touch_around_the_border_are_one():
    phase = np.zeros((6, 5, 5), bool)
    phase[0] = phase[-1] = True
    assert _betti(phase) == [2, 0, 0]
    assert _betti(phase, "periodic") == [1, 2, 1]


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_stripes_and_frames_of_a_periodic_image(connectivity):
    options = {"boundary": "periodic", "connectivity": connectivity}
    stripes = np.zeros((8, 9), bool)
    stripes[1:3] = stripes[5:7] = True
    frame = np.zeros((6, 6), bool)
    frame[0] = frame[:, 0] = True
    dot = np.zeros((5, 5), bool)
    dot[::4, ::4] = True
    assert _betti(stripes, **options) == [2, 2]
    assert _betti(frame, **options) == [1, 2]
    assert _betti(dot, **options) == [1, 0]
    assert _betti(~dot, **options) == [1, 2]  # without the class of the torus


def test_a_spiral_around_a_periodic_image_is_one_loop():
    row, column = np.indices((12, 12))
    assert _betti((row + column) % 12 < 2, "periodic") == [1, 1]


@pytest.mark.parametrize("boundary", ["open", "periodic"])
@pytest.mark.parametrize("shape", [(7, 9), (5, 6, 7)])
def test_rolling_a_periodic_image_changes_no_interval(rng, shape, boundary):
    image = rng.random(shape).astype("float32")
    rolled = np.roll(image, [2] * len(shape), axis=range(len(shape)))
    same = [
        our_intervals(image, filtration, connectivity, boundary)
        == our_intervals(rolled, filtration, connectivity, boundary)
        for filtration, connectivity in OPTIONS
    ]
    assert same == [boundary == "periodic"] * len(OPTIONS)


@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_a_periodic_image_has_the_essential_classes_of_the_torus(rng, spatial_dims):
    images = rng.random((2, *[6] * spatial_dims))
    for pairs in persistence_pairs(
        images, boundary="periodic", spatial_dims=spatial_dims
    ):
        essential = [int((own[:, 1] < 0).sum()) for own in pairs]
        assert essential == ([1, 2] if spatial_dims == 2 else [1, 3, 3])


@pytest.mark.parametrize("shape", [(2, 5), (5, 2), (3, 2, 3)])
def test_periodic_axes_shorter_than_three_are_refused(shape):
    with pytest.raises(ValueError, match="at least 3 pixels along each axis"):
        persistence_pairs(
            np.zeros((1, *shape)), boundary="periodic", spatial_dims=len(shape)
        )


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 9), (9, 1, 1), (1, 4, 5)])
def test_thin_volumes_work(rng, shape):
    volume = rng.random(shape, "float32")
    for options in OPTIONS:
        assert our_intervals(volume, *options) == gudhi_intervals(volume, *options)


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_a_flat_volume_has_the_pairs_of_its_image(rng, connectivity):
    image = rng.integers(0, 20, (12, 13)).astype("float32")
    flat = our_intervals(image[np.newaxis], "superlevel", connectivity)
    assert flat == [*our_intervals(image, "superlevel", connectivity), []]


def test_dimensions_that_are_not_wanted_change_nothing_of_the_others(rng):
    volumes = rng.random((1, 7, 8, 9)).astype("float32")
    every = persistence_pairs(volumes, spatial_dims=3)[0]
    for wanted in [(0,), (1,), (2,), (2, 0)]:
        some = persistence_pairs(volumes, spatial_dims=3, homology_dimensions=wanted)[0]
        assert [own.tolist() for own in some] == [every[k].tolist() for k in wanted]


def test_min_persistence_leaves_out_short_pairs_of_volumes(rng):
    volumes = rng.random((1, 9, 9, 9)).astype("float32")
    values = np.append(volumes, -np.inf)
    every = persistence_pairs(volumes, spatial_dims=3)[0]
    long = persistence_pairs(volumes, spatial_dims=3, min_persistence=0.4)[0]
    for all_pairs, long_pairs in zip(every, long, strict=True):
        lengths = values[all_pairs[:, 0]] - values[all_pairs[:, 1]]
        expected = all_pairs[lengths > np.float32(0.4)]
        assert sorted(long_pairs.tolist()) == sorted(expected.tolist())


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float64"])
def test_other_dtypes_of_volumes_give_the_pairs_of_float32(rng, dtype):
    volumes = rng.integers(0, 2, (1, 6, 6, 6)).astype(dtype)
    expected = persistence_pairs(volumes.astype("float32"), spatial_dims=3)[0]
    pairs = persistence_pairs(volumes, spatial_dims=3)[0]
    assert [own.tolist() for own in pairs] == [own.tolist() for own in expected]


def test_strided_and_read_only_volumes_are_taken_as_they_are(rng):
    volumes = rng.random((2, 14, 14, 14)).astype("float32")
    view = volumes[:, ::2, 1:12:3, ::-1]
    view.flags.writeable = False
    before = volumes.copy()
    expected = persistence_pairs(np.ascontiguousarray(view), spatial_dims=3)
    for ours, theirs in zip(
        persistence_pairs(view, spatial_dims=3), expected, strict=True
    ):
        assert [own.tolist() for own in ours] == [own.tolist() for own in theirs]
    np.testing.assert_array_equal(volumes, before)


def test_several_callers_may_share_the_threads_for_volumes(rng):
    volumes = rng.random((3, 10, 11, 12)).astype("float32")
    alone = persistence_pairs(volumes, spatial_dims=3, num_threads=1)

    def shared(_):
        return persistence_pairs(volumes, spatial_dims=3, num_threads=2)

    with ThreadPoolExecutor(3) as pool:
        for found in pool.map(shared, range(6)):
            for ours, theirs in zip(found, alone, strict=True):
                for a, b in zip(ours, theirs, strict=True):
                    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_volume_that_is_not_finite_is_refused_with_its_number(value):
    volumes = np.zeros((2, 3, 3, 3))
    volumes[1, 2, 0, 1] = value
    with pytest.raises(ValueError, match="image number 1"):
        persistence_pairs(volumes, spatial_dims=3)


@pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK),
    reason="needs a system that measures the peak of a process anew",
)
@pytest.mark.parametrize("boundary", ["open", "periodic"])
def test_noise_takes_at_most_forty_bytes_a_voxel_beyond_input_and_output(boundary):
    result = subprocess.run(
        [sys.executable, "-c", MEMORY_SCRIPT, boundary],
        env={**os.environ, "PYTHONPATH": str(Path(morphokeras.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert 8 < float(result.stdout) <= 40, result.stderr


def _draw(rng):
    """Return random arguments of `persistence_pairs`, most of which make sense."""
    spatial_dims = int(rng.integers(2, 4))
    shape = rng.integers(1, 7, size=spatial_dims + 1)
    dtype = rng.choice(["bool", "uint8", "int32", "float16", "float32", "float64"])
    images = (rng.integers(-3, 9, shape) * rng.choice([0.25, 1, 100])).astype(dtype)
    if rng.random() < 0.1 and dtype.startswith("float"):
        images.flat[rng.integers(images.size)] = rng.choice([np.nan, np.inf, -np.inf])
    images = np.moveaxis(images, 1, -1)[:, :: rng.choice([1, -1])]
    images.flags.writeable = bool(rng.random() < 0.5)
    return images, {
        "filtration": rng.choice(FILTRATIONS),
        "connectivity": rng.choice(CONNECTIVITIES),
        "boundary": rng.choice(["open", "periodic"]),
        "spatial_dims": spatial_dims,
        "homology_dimensions": tuple(rng.permutation(4)[: rng.integers(1, 4)].tolist()),
        "min_persistence": rng.choice([0.0, 0.5, 2.0]),
        "max_pairs": None if rng.random() < 0.5 else int(rng.integers(1, 9)),
        "num_threads": int(rng.integers(1, 3)),
    }


def test_random_arguments_give_pairs_within_the_options_or_a_message(rng):
    num_refused = 0
    for _ in range(1500):
        images, options = _draw(rng)
        try:
            pairs = persistence_pairs(images, **options)
        except ValueError as error:
            assert "Received" in str(error)
            num_refused += 1
            continue
        sign = 1.0 if options["filtration"] == "superlevel" else -1.0
        for image, own in zip(images.astype("float32"), pairs, strict=True):
            assert len(own) == len(options["homology_dimensions"])
            values = np.append(sign * image, -np.inf)  # where the index -1 leads
            for births, deaths in (rows.T for rows in own):
                assert len(births) <= (options["max_pairs"] or image.size)
                assert ((births >= 0) & (births < image.size)).all()
                assert ((deaths >= -1) & (deaths < image.size)).all()
                lengths = values[births] - values[deaths]
                assert (lengths > options["min_persistence"]).all()
    assert 300 < num_refused < 1200

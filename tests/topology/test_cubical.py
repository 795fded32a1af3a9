"""Persistence pairs of images: against gudhi, scikit-image and known shapes."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import gudhi
import numpy as np
import pytest
from joblib import Parallel, delayed
from skimage import measure

from morphokeras.topology import betti_numbers, cubical
from morphokeras.topology.cubical import persistence_pairs
from morphokeras.topology.diagrams import persistence_intervals

pytestmark = pytest.mark.backend_free

OPTIONS = [(f, c) for f in cubical.FILTRATIONS for c in cubical.CONNECTIVITIES]


def _gudhi_diagram(image, filtration, connectivity):
    """Return sorted (birth, death) lists of gudhi, turned back for superlevel sets."""
    sign = -1.0 if filtration == "superlevel" else 1.0
    cells = "top_dimensional_cells" if connectivity == "full" else "vertices"
    complex_ = gudhi.CubicalComplex(**{cells: sign * image.astype("float64")})
    pairs = complex_.persistence(homology_coeff_field=2)
    return [
        sorted((sign * b, sign * d) for k, (b, d) in pairs if k == dimension)
        for dimension in (0, 1)
    ]


def _our_diagram(image, filtration, connectivity):
    options = {"filtration": filtration, "connectivity": connectivity}
    pairs = persistence_pairs(image[None], num_threads=1, **options)[0]
    values = image.ravel().astype("float64")
    end = -np.inf if filtration == "superlevel" else np.inf
    return [
        sorted((values[b], values[d] if d >= 0 else end) for b, d in dimension)
        for dimension in pairs
    ]


def _image_with_ties(rng):
    height, width = rng.integers(1, 9, size=2)
    levels = rng.integers(2, 2 + height * width)
    image = rng.integers(0, levels, (height, width)).astype("float32")
    return (image - image.mean().round()) / 4


def _smooth_field(rng, size):
    frequencies = np.fft.fftfreq(size)
    distance = np.hypot(frequencies[:, None], frequencies[None, :])
    spectrum = np.exp(-((distance * size / 12) ** 2))
    noise = np.fft.fft2(rng.normal(size=(size, size)))
    field = np.fft.ifft2(noise * spectrum).real
    return (1 / (1 + np.exp(-2 * field / field.std()))).astype("float32")


@pytest.mark.parametrize(("filtration", "connectivity"), OPTIONS)
def test_small_images_with_ties_agree_with_gudhi(rng, filtration, connectivity):
    for _ in range(750):
        image = _image_with_ties(rng)
        expected = _gudhi_diagram(image, filtration, connectivity)
        assert _our_diagram(image, filtration, connectivity) == expected, image


@pytest.mark.parametrize(("filtration", "connectivity"), OPTIONS)
def test_large_fields_agree_with_gudhi(rng, filtration, connectivity):
    smooth = _smooth_field(rng, 96)
    noisy = (smooth + 0.05 * rng.normal(size=smooth.shape)).astype("float32")
    for image in (smooth, noisy, np.round(noisy, 1), (smooth > 0.5).astype("float32")):
        expected = _gudhi_diagram(image, filtration, connectivity)
        assert _our_diagram(image, filtration, connectivity) == expected


@pytest.mark.parametrize("connectivity", cubical.CONNECTIVITIES)
def test_betti_numbers_at_thresholds_agree_with_scikit_image(rng, connectivity):
    rank = 2 if connectivity == "full" else 1
    for _ in range(20):
        image = rng.integers(0, 9, (12, 15)).astype("float32")
        diagrams = persistence_intervals(
            image, connectivity=connectivity, value_range=None
        )
        for threshold in (1.0, 3.0, 5.0, 8.0):
            alive = [
                int(((d[:, 0] >= threshold) & (d[:, 1] < threshold)).sum())
                for d in diagrams
            ]
            phase = image >= threshold
            components = measure.label(phase, connectivity=rank).max()
            euler = measure.euler_number(phase, connectivity=rank)
            assert alive == [components, components - euler]


def _disc(size, row, column, radius):
    rows, columns = np.mgrid[:size, :size]
    return np.hypot(rows - row, columns - column) <= radius


def _shape(name):
    size = 41
    annulus = _disc(size, 20, 20, 18) & ~_disc(size, 20, 20, 13)
    return {
        "empty": np.zeros((size, size), bool),
        "full": np.ones((size, size), bool),
        "disc": _disc(size, 20, 20, 9),
        "annulus": annulus,
        "nested annuli": annulus | _disc(size, 20, 20, 9) & ~_disc(size, 20, 20, 4),
        "several": _disc(size, 8, 8, 5)
        | _disc(size, 30, 9, 5)
        | annulus[::-1, ::-1] & ~annulus
        | _disc(size, 20, 33, 4),
        "disc at the border": _disc(size, 0, 20, 9),
        "annulus cut by the border": _disc(size, 0, 20, 12) & ~_disc(size, 0, 20, 7),
    }[name].astype("float32")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("empty", (0, 0)),
        ("full", (1, 0)),
        ("disc", (1, 0)),
        ("annulus", (1, 1)),
        ("nested annuli", (2, 2)),
        ("several", (3, 0)),
        ("disc at the border", (1, 0)),
        ("annulus cut by the border", (1, 0)),
    ],
)
@pytest.mark.parametrize("connectivity", cubical.CONNECTIVITIES)
def test_known_shape_has_its_components_and_holes(name, expected, connectivity):
    diagrams = persistence_intervals(_shape(name), connectivity=connectivity)
    long = [int((d[:, 0] - d[:, 1] == 1.0).sum()) for d in diagrams]
    assert tuple(long) == expected


def test_pixels_that_share_a_corner_are_one_component_in_full_connectivity_only():
    image = np.eye(2, dtype="float32")[None]
    full = persistence_pairs(image, connectivity="full")[0][0]
    face = persistence_pairs(image, connectivity="face")[0][0]
    assert (len(full), len(face)) == (1, 2)


def test_a_ring_closed_by_corners_has_a_hole_in_full_connectivity_only():
    image = np.array([[[0, 1, 0], [1, 0, 1], [0, 1, 0]]], "float32")
    full = persistence_pairs(image, connectivity="full")[0][1]
    face = persistence_pairs(image, connectivity="face")[0][1]
    assert (len(full), len(face)) == (1, 0)


def test_indices_name_the_pixels_of_birth_and_death():
    image = np.array([[[5, 1, 4, 2, 3]]], "float32")
    components, holes = persistence_pairs(image)[0]
    assert sorted(components.tolist()) == [[0, -1], [2, 1], [4, 3]]
    assert holes.shape == (0, 2)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2)])
def test_the_smallest_images_work(rng, shape):
    image = rng.random(shape, "float32")
    for options in OPTIONS:
        assert _our_diagram(image, *options) == _gudhi_diagram(image, *options)


def test_there_is_one_essential_class_an_image(rng):
    pairs = persistence_pairs(rng.random((4, 9, 9)))
    for components, holes in pairs:
        assert (components[:, 1] < 0).sum() == 1
        assert (holes >= 0).all()


def test_negative_zero_equals_zero():
    image = np.array([[0.0, -0.0, 0.0, -0.0]], "float32")
    for filtration in cubical.FILTRATIONS:
        assert len(persistence_pairs(image[None], filtration=filtration)[0][0]) == 1


def test_superlevel_sets_are_sublevel_sets_of_the_negative(rng):
    images = rng.random((3, 10, 11)).astype("float32")
    for above, below in zip(
        persistence_pairs(images, filtration="superlevel"),
        persistence_pairs(-images, filtration="sublevel"),
        strict=True,
    ):
        for a, b in zip(above, below, strict=True):
            np.testing.assert_array_equal(a, b)


def test_min_persistence_leaves_out_short_pairs_and_keeps_the_essential_one(rng):
    image = rng.random((1, 20, 20)).astype("float32")
    everything = persistence_pairs(image)[0]
    long = persistence_pairs(image, min_persistence=0.5)[0]
    for all_pairs, long_pairs in zip(everything, long, strict=True):
        values = image.ravel()
        lengths = np.abs(values[all_pairs[:, 0]] - values[all_pairs[:, 1]])
        expected = all_pairs[(lengths > 0.5) | (all_pairs[:, 1] < 0)]
        np.testing.assert_array_equal(long_pairs, expected)


def test_max_pairs_keeps_the_longest_and_counts_the_others(rng):
    images = rng.random((2, 20, 20)).astype("float32")
    capped, num_dropped = persistence_pairs(
        images, max_pairs=5, return_num_dropped=True
    )
    for image, every, kept, dropped in zip(
        images, persistence_pairs(images), capped, num_dropped, strict=True
    ):
        for all_pairs, pairs, number in zip(every, kept, dropped, strict=True):
            values = np.append(image, np.inf)  # where the index -1 leads
            lengths = np.abs(values[all_pairs[:, 0]] - values[all_pairs[:, 1]])
            expected = all_pairs[np.argsort(-lengths)[:5]]
            assert sorted(pairs.tolist()) == sorted(expected.tolist())
            assert number == len(all_pairs) - 5


def test_homology_dimensions_are_given_in_the_order_asked_for(rng):
    images = rng.random((2, 9, 9)).astype("float32")
    for swapped, pairs in zip(
        persistence_pairs(images, homology_dimensions=(1, 0)),
        persistence_pairs(images),
        strict=True,
    ):
        assert [own.tolist() for own in swapped] == [
            own.tolist() for own in pairs[::-1]
        ]


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float64"])
def test_other_dtypes_give_the_pairs_of_float32(rng, dtype):
    images = (rng.integers(0, 2, (2, 9, 9)) * 1.0).astype(dtype)
    expected = persistence_pairs(images.astype("float32"))
    for ours, theirs in zip(persistence_pairs(images), expected, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)


def test_strided_and_read_only_images_are_taken_as_they_are(rng):
    images = rng.random((4, 16, 16)).astype("float32")
    view = images[::2, ::2, ::-1]
    view.flags.writeable = False
    before = images.copy()
    expected = persistence_pairs(np.ascontiguousarray(view))
    for ours, theirs in zip(persistence_pairs(view), expected, strict=True):
        np.testing.assert_array_equal(ours[1], theirs[1])
    np.testing.assert_array_equal(images, before)


def test_the_function_of_one_image_compares_in_float32(rng):
    image = rng.random((9, 9)).astype("float16").astype("float64")
    find_pairs = cubical.pairs_function("superlevel", "full")
    found = find_pairs(image + 1e-12 * rng.random((9, 9)))
    expected = find_pairs(image.astype("float32"))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_threads_give_what_one_thread_gives(rng):
    images = rng.random((7, 40, 40)).astype("float32")
    alone = persistence_pairs(images, num_threads=1)
    shared = persistence_pairs(images, num_threads=3)
    for ours, theirs in zip(shared, alone, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)


def test_several_callers_may_share_the_threads(rng):
    images = rng.random((6, 32, 32)).astype("float32")
    expected = persistence_pairs(images, num_threads=1)[5][0]
    with ThreadPoolExecutor(4) as pool:
        tasks = [
            pool.submit(persistence_pairs, images, num_threads=2) for _ in range(8)
        ]
        for task in tasks:
            np.testing.assert_array_equal(task.result(timeout=60)[5][0], expected)


def _pairs_in_child(images, spatial_dims, queue):
    pairs = persistence_pairs(images, spatial_dims=spatial_dims, num_threads=2)
    queue.put(pairs[0])


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*fork:RuntimeWarning")
@pytest.mark.parametrize("shape", [(4, 16, 16), (4, 6, 6, 6)])
def test_threads_work_after_a_fork(rng, shape):
    images, spatial_dims = rng.random(shape).astype("float32"), len(shape) - 1
    expected = persistence_pairs(images, spatial_dims=spatial_dims, num_threads=2)[0]
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_pairs_in_child, args=(images, spatial_dims, queue))
    child.start()
    found = queue.get(timeout=30)
    child.join(timeout=30)
    assert child.exitcode == 0
    for dimension in range(spatial_dims):
        np.testing.assert_array_equal(found[dimension], expected[dimension])


def test_images_and_volumes_are_counted_in_worker_processes(rng):
    sets = [(rng.random((2, 16, 16)), 2), (rng.random((2, 6, 6, 6)), 3)]
    found = Parallel(n_jobs=2)(
        delayed(betti_numbers)(images > 0.5, spatial_dims=dims) for images, dims in sets
    )
    for (images, dims), counts in zip(sets, found, strict=True):
        expected = betti_numbers(images > 0.5, spatial_dims=dims)
        np.testing.assert_array_equal(counts, expected)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused_with_the_number_of_its_image(value):
    images = np.zeros((3, 4, 4))
    images[2, 1, 1] = value
    with pytest.raises(ValueError, match="image number 2"):
        persistence_pairs(images)


def test_a_value_beyond_float32_is_refused():
    with pytest.raises(ValueError, match="float32"):
        persistence_pairs(np.full((1, 2, 2), 1e300))


@pytest.mark.parametrize("shape", [(4,), (4, 4), (1, 3, 3, 3)])
def test_another_rank_is_refused(shape):
    with pytest.raises(ValueError, match=r"\(n_images, height, width\)"):
        persistence_pairs(np.zeros(shape))


@pytest.mark.parametrize("shape", [(4, 4, 4), (1, 3, 3, 3, 3)])
def test_volumes_must_have_three_axes(shape):
    with pytest.raises(ValueError, match=r"\(n_images, depth, height, width\)"):
        persistence_pairs(np.zeros(shape), spatial_dims=3)


@pytest.mark.parametrize("shape", [(1 << 16, 1 << 15), (1291, 1291, 1290)])
def test_more_pixels_than_indices_are_refused(shape):
    image = np.broadcast_to(np.float32(0), shape)
    find_pairs = cubical.pairs_function("superlevel", "full", spatial_dims=image.ndim)
    with pytest.raises(ValueError, match=r"fewer than 2\*\*31 pixels"):
        find_pairs(image)


@pytest.mark.parametrize("shape", [(0, 4, 4), (2, 0, 4)])
def test_no_pixels_are_refused(shape):
    with pytest.raises(ValueError, match="at least one pixel"):
        persistence_pairs(np.zeros(shape))


@pytest.mark.parametrize("images", [[[["a"]]], np.zeros((1, 2, 2), complex)])
def test_what_is_no_number_is_refused(images):
    with pytest.raises(TypeError, match="real numbers"):
        persistence_pairs(images)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("filtration", "upper"),
        ("connectivity", 8),
        ("boundary", "closed"),
        ("spatial_dims", 1),
        ("homology_dimensions", ()),
        ("homology_dimensions", (2,)),
        ("homology_dimensions", (0, 0)),
        ("max_pairs", 0),
        ("min_persistence", -1.0),
        ("min_persistence", np.nan),
        ("num_threads", 0),
    ],
)
def test_bad_options_are_refused_with_name_and_value(option, value):
    with pytest.raises(ValueError, match=f"`{option}`(?s:.*)Received: {option}="):
        persistence_pairs(np.zeros((2, 2, 2)), **{option: value})

"""Soft Betti numbers: closed forms, gradients and limits."""

import keras
import numpy as np
import pytest
from keras import ops
from skimage import measure

from morphokeras.topology.betti import soft_betti
from morphokeras.topology.cubical import persistence_pairs
from morphokeras.topology.diagrams import persistence_intervals
from tests.gradients import gradients


def _counts(images, **options):
    return ops.convert_to_numpy(
        soft_betti(images, data_format="channels_last", **options)
    )


def _shuffled_levels(rng, shape):
    """Return an image whose values are all different, well apart, within (0, 1)."""
    levels = (np.arange(np.prod(shape)) + 0.5) / np.prod(shape)
    return rng.permutation(levels).reshape(shape).astype("float32")


def _logistic(x):
    return 1 / (1 + np.exp(-x))


def _rectified(persistence, threshold, temperature):
    at_zero = _logistic(-threshold / temperature)
    count = _logistic((persistence - threshold) / temperature)
    return (count - at_zero) / (1 - at_zero)


def test_article_count_is_the_logistic_sum_of_equation_16(rng):
    image = _shuffled_levels(rng, (9, 11))
    expected = [
        _logistic((d[:, 0] - d[:, 1]) / 0.1).sum() for d in persistence_intervals(image)
    ]
    counts = _counts(image[None, ..., None], soft_count="article", temperature=0.1)
    np.testing.assert_allclose(counts, [[expected]], rtol=1e-5)


@pytest.mark.parametrize("filtration", ["superlevel", "sublevel"])
@pytest.mark.parametrize("connectivity", ["full", "face"])
def test_rectified_count_is_its_closed_form(rng, filtration, connectivity):
    image = _shuffled_levels(rng, (9, 11))
    options = {"filtration": filtration, "connectivity": connectivity}
    diagrams = persistence_intervals(image, value_range=(-0.5, 1.5), **options)
    expected = [_rectified(np.abs(d[:, 0] - d[:, 1]), 0.3, 0.2).sum() for d in diagrams]
    counts = _counts(
        image[None, ..., None],
        threshold=0.3,
        temperature=0.2,
        value_range=(-0.5, 1.5),
        **options,
    )
    np.testing.assert_allclose(counts, [[expected]], rtol=1e-5)


def test_rectified_count_of_no_persistence_is_zero():
    counts = _counts(np.zeros((1, 6, 6, 1), "float32"))
    np.testing.assert_allclose(counts, [[[0.0, 0.0]]], atol=1e-9)


def test_article_count_of_no_persistence_is_a_half():
    counts = _counts(np.zeros((1, 6, 6, 1), "float32"), soft_count="article")
    assert counts.tolist() == [[[0.5, 0.0]]]


@pytest.mark.parametrize("connectivity", ["full", "face"])
def test_cold_counts_of_binary_images_are_their_betti_numbers(rng, connectivity):
    rank = 2 if connectivity == "full" else 1
    phases = rng.random((6, 14, 13)) < 0.5
    components = [measure.label(p, connectivity=rank).max() for p in phases]
    euler = [measure.euler_number(p, connectivity=rank) for p in phases]
    expected = np.stack([components, np.subtract(components, euler)], axis=-1)
    images = phases[..., None].astype("float32")
    counts = _counts(images, temperature=1e-3, connectivity=connectivity)
    np.testing.assert_allclose(counts[:, 0], expected, atol=1e-4)


def _solids():
    """Return a ball with a cavity, a ring and two balls, of 9 x 9 x 9 voxels."""
    z, y, x = np.indices((9, 9, 9)) - 4
    radius = np.sqrt(z**2 + y**2 + x**2)
    shell = (radius < 4) & (radius > 1.5)
    ring = (np.hypot(np.hypot(y, x) - 2.5, z) < 1.2) & (np.hypot(y, x) > 1)
    two = (np.abs(z) > 1) & (radius < 4)
    return np.stack([shell, ring, two]).astype("float32")


@pytest.mark.parametrize("boundary", ["open", "periodic"])
@pytest.mark.parametrize("connectivity", ["full", "face"])
def test_cold_counts_of_solids_are_their_betti_numbers(connectivity, boundary):
    counts = _counts(
        _solids()[..., None],
        temperature=1e-3,
        connectivity=connectivity,
        boundary=boundary,
    )
    expected = [[1, 0, 1], [1, 1, 0], [2, 0, 0]]
    np.testing.assert_allclose(counts[:, 0], expected, atol=1e-4)


def test_loops_around_the_torus_count():
    stripe = np.zeros((8, 9), "float32")
    stripe[2:5] = 1.0
    counts = [
        _counts(stripe[None, ..., None], temperature=1e-3, boundary=b)[0, 0]
        for b in ("open", "periodic")
    ]
    np.testing.assert_allclose(counts, [[1, 0], [1, 1]], atol=1e-4)


def test_gradient_in_volumes_agrees_with_finite_differences(rng):
    options = {"temperature": 0.2, "boundary": "periodic"}
    volume = _shuffled_levels(rng, (1, 4, 3, 4, 1))
    factors = rng.normal(size=(1, 3)).astype("float32")

    def weighted(volume):
        counts = soft_betti(volume, data_format="channels_last", **options)
        return ops.sum(counts * ops.convert_to_tensor(factors))

    (found,) = gradients(weighted, [volume])
    steps = 4e-3 * np.eye(volume.size, dtype="float32").reshape(-1, *volume.shape[1:])
    ahead = (_counts(volume + steps, **options) * factors).sum(axis=(1, 2))
    behind = (_counts(volume - steps, **options) * factors).sum(axis=(1, 2))
    np.testing.assert_allclose(found.ravel(), (ahead - behind) / 8e-3, atol=5e-3)


def test_noise_hardly_moves_the_rectified_count(rng):
    image = np.zeros((40, 40), "float32")
    for row, column in [(3, 3), (3, 25), (25, 3), (25, 25)]:
        image[row : row + 9, column : column + 9] = 1.0
        image[row + 4, column + 4] = 0.0
    noisy = np.clip(image + 0.03 * rng.normal(size=image.shape), 0, 1)
    counts = _counts(noisy[None, ..., None].astype("float32"))
    np.testing.assert_allclose(counts, [[[4.0, 4.0]]], atol=0.1)


@pytest.mark.parametrize("soft_count", ["rectified", "article"])
@pytest.mark.parametrize("filtration", ["superlevel", "sublevel"])
def test_gradient_agrees_with_finite_differences(rng, soft_count, filtration):
    options = {"soft_count": soft_count, "filtration": filtration, "temperature": 0.2}
    image = _shuffled_levels(rng, (1, 6, 7, 2))
    factors = rng.normal(size=(2, 2)).astype("float32")

    def weighted(image):
        counts = soft_betti(image, data_format="channels_last", **options)
        return ops.sum(counts * ops.convert_to_tensor(factors))

    (found,) = gradients(weighted, [image])
    # Less than half the distance between levels, so that no pair changes.
    steps = 2e-3 * np.eye(image.size, dtype="float32").reshape(-1, *image.shape[1:])
    ahead = (_counts(image + steps, **options) * factors).sum(axis=(1, 2))
    behind = (_counts(image - steps, **options) * factors).sum(axis=(1, 2))
    expected = (ahead - behind) / 4e-3
    np.testing.assert_allclose(found.ravel(), expected, atol=5e-3)


def test_gradient_reaches_exactly_the_pixels_of_birth_and_death(rng):
    images = rng.random((3, 10, 10, 2)).astype("float32")

    def total(images):
        counts = soft_betti(images, temperature=0.3, data_format="channels_last")
        return ops.sum(counts)

    (found,) = gradients(total, [images])
    for image, gradient in zip(images, found, strict=True):
        for channel in range(2):
            pairs = persistence_pairs(image[None, ..., channel])[0]
            critical = np.unique(np.concatenate(pairs))
            expected = np.zeros(100, bool)
            expected[critical[critical >= 0]] = True
            reached = gradient[..., channel].ravel() != 0
            np.testing.assert_array_equal(reached, expected)


def test_gradient_raises_a_component_and_deepens_its_valley():
    image = np.array([0.9, 0.2, 0.7], "float32").reshape(1, 1, 3, 1)

    def components(images):
        return ops.sum(soft_betti(images, (0,), data_format="channels_last"))

    (found,) = gradients(components, [image])
    birth_of_eldest, death, birth = found.ravel()
    assert birth > 0
    assert death == pytest.approx(-birth)
    assert birth_of_eldest > 0


def test_too_few_places_keep_the_longest_and_count_the_others(rng):
    image = _shuffled_levels(rng, (16, 16))
    counts, num_dropped = soft_betti(
        image[None, ..., None],
        max_pairs=5,
        soft_count="article",
        temperature=0.5,
        data_format="channels_last",
        return_num_dropped=True,
    )
    diagrams = persistence_intervals(image)
    expected = [_logistic((d[:5, 0] - d[:5, 1]) / 0.5).sum() for d in diagrams]
    np.testing.assert_allclose(ops.convert_to_numpy(counts), [[expected]], rtol=1e-5)
    dropped = ops.convert_to_numpy(num_dropped)
    assert dropped.tolist() == [[[len(d) - 5 for d in diagrams]]]


@pytest.mark.parametrize("connectivity", ["full", "face"])
def test_nothing_of_white_noise_is_dropped_by_default(rng, connectivity):
    _, num_dropped = soft_betti(
        rng.random((2, 32, 32, 1)).astype("float32"),
        connectivity=connectivity,
        data_format="channels_last",
        return_num_dropped=True,
    )
    assert not ops.convert_to_numpy(num_dropped).any()


def test_a_spoiled_image_spoils_only_its_own_count(rng):
    images = rng.random((3, 8, 8, 1)).astype("float32")
    expected = _counts(images)
    images[1, 4, 4] = np.nan
    counts = _counts(images)
    assert np.isnan(counts[1]).all()
    np.testing.assert_array_equal(counts[::2], expected[::2])


def test_large_batches_cross_to_the_host_and_back(rng):
    images = rng.random((24, 96, 96, 1)).astype("float32")
    counts = _counts(images)
    np.testing.assert_allclose(counts[[7]], _counts(images[[7]]), rtol=1e-5)


def test_the_function_is_compiled_where_the_backend_compiles(rng):
    images = rng.random((2, 12, 12, 1)).astype("float32")
    np.testing.assert_allclose(
        _compiled(soft_betti)(images), _counts(images), rtol=1e-5
    )


def _compiled(function):
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        compiled = jax.jit(lambda x: function(x, data_format="channels_last"))
    elif backend == "tensorflow":
        import tensorflow as tf

        signature = [tf.TensorSpec((None, None, None, 1), "float32")]
        compiled = tf.function(
            lambda x: function(x, data_format="channels_last"), signature
        )
    else:
        compiled = lambda x: function(x, data_format="channels_last")  # noqa: E731
    return lambda x: ops.convert_to_numpy(compiled(x))

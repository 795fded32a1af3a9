"""The distance between the patches of two sets of images."""

import numpy as np
import pytest
from keras import ops

from morphokeras.ops.patches import patch_distance, random_filters
from tests.gradients import gradients


def distance(images, references, filters, **options):
    return float(patch_distance(images, references, filters, **options))


def test_it_is_the_mean_wasserstein_distance_of_the_responses(rng):
    images = rng.random((2, 9, 9, 1), "float32")
    others = rng.random((2, 9, 9, 1), "float32")
    filters = random_filters(3, 1, 4, seed=0)
    kernel = ops.convert_to_numpy(filters)

    def responses(x, k):
        windows = np.lib.stride_tricks.sliding_window_view(x[..., 0], (3, 3), (1, 2))
        return np.sort(np.einsum("bijkl,kl->bij", windows, kernel[..., 0, k]).ravel())

    expected = np.mean(
        [np.abs(responses(images, k) - responses(others, k)).mean() for k in range(4)]
    )
    assert distance(images, others, filters) == pytest.approx(expected, rel=1e-4)


def test_where_a_texture_lies_does_not_matter(rng):
    images = rng.random((3, 12, 12, 1), "float32")
    filters = random_filters(1, 1, seed=0)
    moved = np.roll(images, 5, axis=1)
    assert distance(images, moved, filters) == pytest.approx(0.0, abs=1e-6)


def test_filters_without_a_mean_do_not_see_brightness(rng):
    images = rng.random((2, 12, 12, 1), "float32")
    blind = random_filters(5, 1, zero_mean=True, seed=0)
    seeing = random_filters(5, 1, seed=0)
    assert distance(images, images + 0.3, blind) < 1e-5
    assert distance(images, images + 0.3, seeing) > 0.1


def test_blurring_is_seen(rng):
    images = rng.integers(0, 2, (4, 16, 16, 1)).astype("float32")
    blurred = (images + np.roll(images, 1, 1) + np.roll(images, 1, 2)) / 3
    filters = random_filters(7, 1, zero_mean=True, seed=0)
    others = rng.integers(0, 2, (4, 16, 16, 1)).astype("float32")
    assert distance(blurred, others, filters) > 3 * distance(images, others, filters)


def test_large_images_lend_a_bounded_number_of_patches(rng):
    images = rng.random((1, 64, 64, 1), "float32")
    filters = random_filters(7, 1, seed=0)
    close = distance(images, images[:, ::-1].copy(), filters, max_patches=3600)
    few = distance(images, images[:, ::-1].copy(), filters, max_patches=100)
    assert close < few < 10 * close


def test_volumes_are_compared_too(rng):
    images = rng.random((2, 6, 6, 6, 2), "float32")
    filters = random_filters(3, 2, spatial_dims=3, seed=0)
    assert distance(images, images, filters) == 0.0


def test_the_gradient_moves_images_towards_the_references(rng):
    images = rng.random((2, 8, 8, 1), "float32")
    references = np.zeros_like(images)
    filters = np.ones((3, 3, 1, 1), "float32") / 3

    def loss(x):
        return patch_distance(x, references, ops.convert_to_tensor(filters))

    (gradient,) = gradients(loss, [images])
    assert (gradient > 0).all()


def test_sets_of_different_images_are_refused():
    filters = random_filters(3, 1, seed=0)
    with pytest.raises(ValueError, match="one shape"):
        patch_distance(np.zeros((1, 8, 8, 1)), np.zeros((1, 9, 8, 1)), filters)
    with pytest.raises(ValueError, match="smaller than the patches"):
        patch_distance(np.zeros((1, 2, 8, 1)), np.zeros((1, 2, 8, 1)), filters)

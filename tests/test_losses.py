"""The terms of the objective."""

import keras
import numpy as np
import pytest
from keras import ops

from morphokeras import losses


def numpy(x):
    return np.asarray(ops.convert_to_numpy(x))


def test_the_finest_level_of_a_reconstruction_weighs_most(rng):
    flat = np.zeros((1, 32, 32, 1), "float32")
    checkerboard = (np.indices((32, 32)).sum(0) % 2 * 2 - 1)[None, ..., None]
    # Only the finest of the levels, of weights 8 : 4 : 2 : 1, sees a checkerboard.
    fine = numpy(losses.reconstruction_loss(flat, checkerboard.astype("float32")))
    np.testing.assert_allclose(fine, 8 / 15, atol=1e-2)


def test_a_reconstruction_loss_is_one_mean_an_image(rng):
    target = rng.random((3, 16, 16, 2), "float32")
    offset = np.array([0.0, 0.5, 1.0], "float32").reshape(3, 1, 1, 1)
    found = numpy(losses.reconstruction_loss(target, target + offset))
    np.testing.assert_allclose(found, [0.0, 0.25, 1.0], atol=1e-5)


def test_missing_pixels_count_nowhere(rng):
    target = rng.random((2, 16, 16, 1), "float32")
    prediction = target + 0.5
    mask = np.ones((2, 16, 16, 1), "float32")
    mask[:, 8:] = 0.0
    prediction[:, 8:] = 100.0
    found = numpy(losses.reconstruction_loss(target, prediction, 1, mask=mask))
    np.testing.assert_allclose(found, 0.25, rtol=1e-5)


def test_an_image_without_known_pixels_loses_nothing():
    image = np.ones((1, 8, 8, 1), "float32")
    loss = losses.reconstruction_loss(image, 0 * image, mask=0 * image)
    assert numpy(loss).tolist() == [0.0]


def test_the_divergence_agrees_with_an_average_over_draws(rng):
    mean, log_variance = np.array([[0.5, -1.0]]), np.array([[0.3, -0.7]])
    draws = mean + np.exp(log_variance / 2) * rng.normal(size=(200_000, 2))
    ratio = 0.5 * (draws**2 - (draws - mean) ** 2 / np.exp(log_variance) - log_variance)
    found = losses.kl_divergence(mean.astype("float32"), log_variance.astype("float32"))
    np.testing.assert_allclose(numpy(found), ratio.sum(1).mean(), rtol=1e-2)


def test_information_that_tells_every_image_apart_has_no_loss():
    features = 20.0 * np.eye(6, dtype="float32")
    assert float(losses.mutual_information_loss(features, features)) < 1e-6


def test_the_mutual_information_loss_of_one_image_is_zero(rng):
    features = rng.random((1, 6), "float32")
    loss = float(losses.mutual_information_loss(features, features))
    assert loss == pytest.approx(0.0, abs=1e-6)


def test_betti_numbers_are_compared_in_standard_deviations():
    betti = np.array([[[4.0, 1.0]], [[2.0, 3.0]]], "float32")
    target = np.array([[[2.0, 1.0]], [[2.0, 1.0]]], "float32")
    deviation = np.array([[2.0, 0.5]], "float32")
    assert numpy(losses.betti_loss(betti, target, deviation)).tolist() == [1.0, 16.0]


def test_distributions_of_betti_numbers_are_compared_by_rank(rng):
    from scipy.stats import wasserstein_distance

    ours = rng.normal(size=(12, 1, 2)).astype("float32")
    theirs = rng.normal(1.0, 2.0, size=(12, 1, 2)).astype("float32")
    expected = sum(wasserstein_distance(ours[:, 0, k], theirs[:, 0, k]) for k in (0, 1))
    found = losses.betti_distribution_loss(ours, theirs, np.ones((1, 2), "float32"))
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_classes_are_compared_with_themselves():
    ours = np.array([1.0, 2.0, 11.0, 12.0], "float32").reshape(4, 1, 1)
    theirs = np.array([11.0, 12.0, 1.0, 2.0], "float32").reshape(4, 1, 1)
    labels = np.array([0, 0, 1, 1])
    one = np.ones((1, 1), "float32")
    assert float(losses.betti_distribution_loss(ours, theirs, one)) == 0.0
    assert float(losses.betti_distribution_loss(ours, theirs, one, labels)) == 10.0


def test_patches_of_other_textures_are_farther_away(rng):
    fine = rng.integers(0, 2, (4, 32, 32, 1)).astype("float32")
    again = rng.integers(0, 2, (4, 32, 32, 1)).astype("float32")
    coarse = np.repeat(np.repeat(again[:, :8, :8], 4, axis=1), 4, axis=2)
    same = float(losses.patch_loss(fine, again, seed=0))
    assert float(losses.patch_loss(fine, coarse, seed=0)) > 3 * same


def test_patch_filters_are_new_at_every_call(rng):
    images = rng.random((2, 16, 16, 1), "float32")
    others = rng.random((2, 16, 16, 1), "float32")
    seed = keras.random.SeedGenerator(0)
    first = float(losses.patch_loss(images, others, seed))
    assert first != float(losses.patch_loss(images, others, seed))


def test_images_smaller_than_a_patch_are_compared_as_a_whole(rng):
    image = rng.random((2, 5, 6, 1), "float32")
    assert float(losses.patch_loss(image, image, seed=0)) == 0.0


def test_samples_with_the_two_point_correlation_of_the_data_lose_nothing(rng):
    from morphokeras.ops.two_point import two_point_correlation

    images = rng.random((3, 8, 8, 1), "float32")
    mean = numpy(two_point_correlation(images)).mean(0)
    moved = np.roll(images, 3, axis=1)
    assert float(losses.two_point_loss(moved, mean)) < 1e-5

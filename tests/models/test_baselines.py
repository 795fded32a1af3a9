"""Ordinary networks to compare with."""

import keras
import numpy as np
import pytest

from morphokeras.models.baselines import PlainCNN, PlainVAE, plain_cnn


@pytest.mark.parametrize("size", [3_000, 50_000, 740_000])
def test_no_other_width_comes_nearer_to_the_size(size):
    found = plain_cnn((16, 16, 1), 3, size).count_params()
    width = found_width(found)
    for other in (width - 1, width + 1):
        assert abs(found - size) <= abs(parameters_of(other) - size)


def found_width(size):
    return next(w for w in range(1, 500) if parameters_of(w) == size)


def parameters_of(width):
    return 90 * width**2 + 9 * width + 7 * width + 12 * width + 3


def test_the_classifier_learns_to_tell_bright_from_dark(rng):
    labels = np.arange(16) % 2
    images = (
        0.2 * rng.random((16, 9, 10, 1)) + 0.6 * labels[:, None, None, None]
    ).astype("float32")
    model = plain_cnn((9, 10, 1), 2, 2_000)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(images, labels, epochs=25, batch_size=8, verbose=0)
    assert history.history["loss"][-1] < 0.5 * history.history["loss"][0]


def test_volumes_are_classified_too():
    model = plain_cnn((8, 8, 8, 2), 4)
    assert model(np.zeros((1, 8, 8, 8, 2), "float32")).shape == (1, 4)


def test_a_wrong_shape_is_refused():
    with pytest.raises(ValueError, match="`input_shape`"):
        plain_cnn((16, 16), 2)
    with pytest.raises(ValueError, match="`image_shape`"):
        PlainVAE((16, 16))


def test_the_plain_vae_learns(rng):
    images = np.repeat(rng.random((16, 1, 1, 1)), 16, axis=1).repeat(16, axis=2)
    model = PlainVAE((16, 16, 1), latent_dim=2, filters=4, seed=0)
    model.compile(keras.optimizers.AdamW(1e-2))
    history = model.fit(images.astype("float32"), batch_size=8, epochs=15, verbose=0)
    assert history.history["rec"][-1] < 0.8 * history.history["rec"][0]


def test_samples_of_the_plain_vae_follow_the_seed():
    model = PlainVAE((13, 10, 1), latent_dim=2, filters=4)
    first = model.generate(2, seed=1)
    assert first.shape == (2, 13, 10, 1)
    np.testing.assert_array_equal(first, model.generate(2, seed=1))
    assert np.abs(model.generate(2) - model.generate(2)).max() > 0


def test_the_plain_vae_is_saved_whole(tmp_path, rng):
    images = rng.random((2, 16, 16, 1), "float32")
    model = PlainVAE((16, 16, 1), latent_dim=2, filters=4)
    model.compile("adam")
    model.fit(images, verbose=0)
    model.save(tmp_path / "plain.keras")
    again = keras.saving.load_model(tmp_path / "plain.keras")
    np.testing.assert_allclose(model.generate(1, 0), again.generate(1, 0), atol=1e-6)


def test_the_plain_vae_rebuilds_volumes(rng):
    volumes = rng.random((2, 8, 8, 8, 1), "float32")
    outputs = PlainVAE((8, 8, 8, 1), latent_dim=2, filters=4)(volumes)
    assert tuple(outputs["reconstruction"].shape) == (2, 8, 8, 8, 1)


def test_sizes_that_eight_does_not_divide_are_cropped():
    model = PlainVAE((18, 15, 1), latent_dim=2, filters=2)
    images = np.zeros((2, 18, 15, 1), "float32")
    assert model(images)["reconstruction"].shape == (2, 18, 15, 1)
    assert model.generate(3).shape == (3, 18, 15, 1)


def test_the_plain_cnn_is_saved_whole(tmp_path, rng):
    images = rng.random((4, 9, 10, 1), "float32")
    model = PlainCNN((9, 10, 1), 3, num_parameters=2_000, dtype="mixed_bfloat16")
    model.compile("adam")
    model.fit({"image": images, "label": np.array([0, 1, 2, -1])}, verbose=0)
    model.save(tmp_path / "plain.keras")
    again = keras.saving.load_model(tmp_path / "plain.keras")
    assert again.network.layers[1].compute_dtype == "bfloat16"
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(model(images)["logits_class"]),
        keras.ops.convert_to_numpy(again(images)["logits_class"]),
        atol=1e-6,
    )


@pytest.mark.one_backend
def test_images_without_label_or_weight_teach_the_plain_cnn_nothing(rng):
    images = rng.random((4, 8, 8, 1), "float32")
    model = PlainCNN((8, 8, 1), 2, num_parameters=1_000)
    before = [np.array(weight) for weight in model.get_weights()]
    model.compile("sgd")
    batch = {"image": images, "label": np.array([0, 1, -1, -1])}
    model.fit({**batch, "sample_weight": np.float32([0, 0, 1, 1])}, verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.one_backend
def test_a_weight_of_zero_leaves_an_image_out_of_the_plain_vae(rng):
    images = rng.random((2, 8, 8, 1), "float32")
    model = PlainVAE((8, 8, 1), latent_dim=2, filters=2)
    outputs = model(images)
    weights = np.float32([2, 0])
    weighted = model.compute_loss(
        {"image": images, "sample_weight": weights}, None, outputs
    )
    first = {name: value[:1] for name, value in outputs.items()}
    alone = model.compute_loss({"image": images[:1]}, None, first)
    weighted, alone = (keras.ops.convert_to_numpy(v) for v in (weighted, alone))
    np.testing.assert_allclose(weighted, alone, rtol=1e-5)

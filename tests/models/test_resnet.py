"""The ResNet-50 backbone."""

import keras
import numpy as np
import pytest
from keras import ops

from morphokeras import MicrostructureClassifier
from morphokeras.models import ClassifierNetwork, MorphoTensorVAE, ResNet50Encoder

# 23.6 million weights take seconds to make, whatever the backend.
pytestmark = pytest.mark.torch_only


@pytest.fixture(scope="module")
def encoder():
    encoder = ResNet50Encoder()
    encoder.build((None, 32, 40, 1))
    return encoder


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory):
    """Weights of Keras' own network, as its user would have saved them."""
    network = keras.applications.ResNet50(include_top=False, weights=None)
    path = tmp_path_factory.mktemp("weights") / "resnet50.weights.h5"
    network.save_weights(path)
    return path, network


def _images(count=2, channels=1):
    rng = np.random.default_rng(0)
    return rng.random((count, 33, 40, channels), "float32")


def test_maps_have_the_strides_and_widths_promised(encoder):
    images = _images()
    shapes = [tuple(features.shape) for features in encoder(images)]
    assert shapes == encoder.compute_output_shape(images.shape)


def test_loaded_weights_give_the_features_of_keras_own_network(weights_file):
    path, network = weights_file
    encoder = ResNet50Encoder()
    encoder.build((None, 33, 40, 3))
    encoder.load_backbone_weights(path)
    images = _images(channels=3)
    centred = images - images.mean(axis=(1, 2, 3), keepdims=True)
    standard = centred / np.sqrt(
        (centred**2).mean(axis=(1, 2, 3), keepdims=True) + 1e-5
    )
    expected = network(58.0 * standard[..., ::-1], training=False)
    features = encoder(images, training=False)[-1]
    np.testing.assert_allclose(
        ops.convert_to_numpy(features),
        ops.convert_to_numpy(expected),
        rtol=1e-3,
        atol=1e-4,
    )


def test_brightness_and_contrast_leave_the_features_alone(encoder):
    images = _images()
    features = encoder(images, training=False)[-1]
    dimmed = encoder(0.2 + 0.5 * images, training=False)[-1]
    np.testing.assert_allclose(
        ops.convert_to_numpy(dimmed),
        ops.convert_to_numpy(features),
        rtol=0.02,
        atol=0.01,
    )


def test_other_channels_are_refused():
    with pytest.raises(ValueError, match="1 or 3 channels.*'steerable'"):
        ResNet50Encoder().build((None, 32, 32, 2))


def test_missing_and_foreign_weights_are_refused(encoder, tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        encoder.load_backbone_weights(tmp_path / "absent.weights.h5")
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    other.save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(ValueError, match="ResNet50.include_top=False"):
        encoder.load_backbone_weights(tmp_path / "other.weights.h5")


def test_a_saved_classifier_predicts_the_same(tmp_path):
    model = ClassifierNetwork(num_classes=2, backbone="resnet50")
    images = _images()
    before = model(images)["logits_class"]
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        ops.convert_to_numpy(again(images)["logits_class"]),
        ops.convert_to_numpy(before),
        rtol=1e-5,
        atol=1e-5,
    )


def test_the_autoencoder_takes_it(weights_file):
    model = MorphoTensorVAE(
        (32, 32, 1), backbone="resnet50", filters=4, depth=2, latent_dim=2
    )
    model.encoder.load_backbone_weights(weights_file[0])
    latents = model(_images()[:, :32, :32])
    assert tuple(latents["field_mean"].shape) == (2, 8, 8, 4)


def test_the_estimator_starts_from_the_weights_in_half_precision(weights_file):
    clf = MicrostructureClassifier(
        backbone="resnet50",
        backbone_weights=weights_file[0],
        epochs=1,
        learning_rate=1e-30,
        weight_decay=0.0,
        mixed_precision="bfloat16",
        random_state=0,
    )
    clf.fit(_images(4), [0, 1, 0, 1])
    kernel = clf.model_.encoder.resnet.get_layer("conv1_conv").kernel
    expected = weights_file[1].get_layer("conv1_conv").kernel
    np.testing.assert_array_equal(
        ops.convert_to_numpy(kernel), ops.convert_to_numpy(expected)
    )
    assert clf.predict(_images(4)).shape == (4,)


def test_weights_for_another_backbone_are_refused(weights_file):
    clf = MicrostructureClassifier(backbone_weights=str(weights_file[0]), epochs=1)
    with pytest.raises(ValueError, match="belong to backbone='resnet50'"):
        clf.fit(_images(4), [0, 1, 0, 1])

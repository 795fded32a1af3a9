"""The names of weights: PyTorch needs each once, TensorFlow keeps each for good."""

import numpy as np
import pytest

from morphokeras.models.baselines import PlainCNN, PlainVAE
from morphokeras.models.classifier import ClassifierNetwork
from morphokeras.models.vae import MorphoTensorVAE

pytestmark = pytest.mark.torch_only
SHAPE = (16, 16, 1)


def classifier():
    model = ClassifierNetwork(2, filters=2, use_pixel_size=True, name="network")
    model.build((None, *SHAPE))
    return model


def autoencoder():
    weights = {"rec": 1.0, "kl": 1.0, "class": 1.0, "warp": 0.1}
    options = {"filters": 2, "depth": 2, "num_classes": 2, "field": "phase"}
    model = MorphoTensorVAE(SHAPE, loss_weights=weights, **options, name="network")
    model({"image": np.zeros((2, *SHAPE), "float32"), "label": np.zeros(2, "int32")})
    return model


def plain_cnn():
    return PlainCNN(SHAPE, 2, num_parameters=500, name="network")


def plain_vae():
    return PlainVAE(SHAPE, filters=2, name="network")


NETWORKS = [classifier, autoencoder, plain_cnn, plain_vae]


def names(model):
    return [weight.path for weight in model.variables]


@pytest.mark.parametrize("make", NETWORKS)
def test_no_two_weights_have_one_name(make):
    found = names(make())
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("make", NETWORKS)
def test_the_next_network_has_the_same_names(make):
    pairs = zip(names(make()), names(make()), strict=True)
    others = [old for old, new in pairs if old != new]
    assert all(name.endswith("seed_generator_state") for name in others)

"""Small microstructures that a tiny network tells apart, and fitted estimators."""

import numpy as np
import pytest


def make_textures(n_samples, size=32, seed=0):
    """Return lamellae and speckle in turn, with their names."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 2 * np.pi, (n_samples, 1, 1))
    lamellae = np.sin(np.arange(size)[:, None] * 1.3 + phase) * np.ones(size)
    speckle = rng.uniform(-1, 1, (n_samples, size, size))
    is_speckle = np.arange(n_samples) % 2 == 1
    images = np.where(is_speckle[:, None, None], speckle, lamellae)
    images = images + 0.1 * rng.standard_normal(images.shape)
    names = np.where(is_speckle, "speckle", "lamellae")
    return np.clip(0.5 + 0.4 * images, 0, 1), names


@pytest.fixture(scope="session")
def textures():
    """Return 24 images of 32 x 32 and their labels."""
    return make_textures(24)


@pytest.fixture(scope="session")
def small_textures():
    """Return 24 images of 16 x 16 and their labels."""
    return make_textures(24, size=16)


@pytest.fixture(scope="session")
def more_textures():
    """Return 24 other images and their labels."""
    return make_textures(24, seed=1)


@pytest.fixture(scope="session")
def tiny():
    """Return the parameters of a classifier that trains in a second."""
    return {
        "descriptors": False,
        "filters": 4,
        "epochs": 20,
        "batch_size": 8,
        "zoom": 0.1,
        "grey_jitter": 0.1,
        "random_state": 0,
    }


@pytest.fixture(scope="session")
def classifier(textures, tiny):
    """Return a classifier fitted to the textures."""
    from morphokeras.estimators.classifier import MicrostructureClassifier

    return MicrostructureClassifier(**tiny).fit(*textures)


@pytest.fixture(scope="session")
def tiny_generator():
    """Return the parameters of a generator that trains in seconds."""
    return {
        "filters": 4,
        "depth": 2,
        "latent_dim": 3,
        "latent_field_channels": 2,
        "latent_field_stride": 2,
        "kernel_size": 3,
        "epochs": 2,
        "batch_size": 8,
        "prior": "white",
        "random_state": 0,
    }


@pytest.fixture(scope="session")
def generator(small_textures, tiny_generator):
    """Return a generator fitted to the small textures and their labels."""
    from morphokeras.estimators.generator import MicrostructureGenerator

    return MicrostructureGenerator(**tiny_generator).fit(*small_textures)


@pytest.fixture(scope="session")
def saved(classifier, tmp_path_factory):
    """Return the file of a classifier."""
    path = tmp_path_factory.mktemp("saved") / "textures.mkz"
    classifier.save(path)
    return path

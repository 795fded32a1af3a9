"""What a generator refuses to draw or to decode, and with which words."""

import copy

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from morphokeras.estimators.generator import MicrostructureGenerator
from tests.estimators.tiny import NAMES, make_generator

# Where a backend that compiles nothing is at hand, for a few networks are trained.
pytestmark = pytest.mark.torch_only


@pytest.fixture(scope="module")
def X():
    """Return eight images of 12 x 12 with grey values in [0, 1]."""
    return np.random.default_rng(0).random((8, 12, 12))


@pytest.fixture(scope="module")
def generator(X):
    return make_generator().fit(X, NAMES)


@pytest.mark.parametrize(
    "method", ["sample", "transform", "inverse_transform", "reconstruction_error"]
)
def test_unfitted_generator_says_so(method):
    with pytest.raises(NotFittedError, match="not fitted yet. Call 'fit'"):
        getattr(MicrostructureGenerator(), method)(np.ones((1, 2)))


SAMPLES = {
    "none": ({"n_samples": 0}, "positive integer. Received: 0"),
    "part of one": ({"n_samples": 2.5}, "positive integer. Received: 2.5"),
    "unknown class": ({"y": "q"}, r"not fitted to: \['q'\]. Known are \['lamellae"),
    "missing class": ({"y": ["speckle", None]}, "missing value: None for image 1"),
    "too many classes": ({"y": ["speckle"] * 3}, "one entry an image: 2"),
    "fraction of grey": ({"volume_fraction": 0.3}, "field='grey'.*leave it out"),
    "fraction > 1": ({"volume_fraction": 30}, r"lie in \[0, 1\]. Received 30"),
    "fraction NaN": ({"volume_fraction": np.nan}, r"lie in \[0, 1\]. Received nan"),
    "fraction of text": ({"volume_fraction": "30 %"}, "number or numbers.*'30 %'"),
    "too many fractions": ({"volume_fraction": [0.1] * 3}, "one entry an image: 2"),
    "one size": ({"shape": 16}, r"2 positive integers, \(height, width\).*shape=16"),
    "three sizes": ({"shape": (16, 16, 16)}, "2 positive integers"),
    "size 0": ({"shape": (0, 16)}, r"2 positive integers.*shape=\(0, 16\)"),
    "part of a pixel": ({"shape": (16.5, 16)}, "2 positive integers"),
    "seed of text": ({"random_state": "a"}, "'a' cannot be used to seed"),
}


@pytest.mark.parametrize("case", SAMPLES)
def test_samples_that_cannot_be_drawn_are_explained(case, generator):
    given, message = SAMPLES[case]
    with pytest.raises((ValueError, TypeError), match=message):
        generator.sample(**{"n_samples": 2, **given})


def test_model_without_latent_field_has_one_size(X):
    gen = make_generator(latent_field_channels=0, lambda_patch=0).fit(X)
    with pytest.raises(
        ValueError, match=r"one image size, \(12, 12\).*latent_field_ch"
    ):
        gen.sample(shape=(24, 24))


CODES = {
    "another width": (np.zeros((2, 7)), r"\(n_samples, 146\), or \(n_samples, 2\)"),
    "one axis": (np.zeros(2), "Expected 2D array, got 1D"),
    "NaN": (np.full((2, 2), np.nan), "Input Z contains NaN"),
    "none": (np.zeros((0, 2)), "0 sample"),
}


@pytest.mark.parametrize("case", CODES)
def test_codes_that_are_none_are_explained(case, generator):
    codes, message = CODES[case]
    with pytest.raises(ValueError, match=message):
        generator.inverse_transform(codes)


def test_unknown_codes_are_refused_after_the_training(generator, X):
    with pytest.raises(ValueError, match="must be a str among .*'global'"):
        copy.copy(generator).set_params(codes="some").transform(X)


def test_codes_keep_the_length_of_the_training(generator, X):
    changed = copy.copy(generator).set_params(latent_dim=7, latent_field_channels=0)
    codes = changed.transform(X)
    np.testing.assert_array_equal(codes, generator.transform(X))
    assert changed.inverse_transform(codes).shape == X.shape

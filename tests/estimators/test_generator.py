"""The generator as a scikit-learn user meets it."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from morphokeras.estimators.generator import MicrostructureGenerator
from morphokeras.topology import betti_numbers


def test_samples_have_the_shape_of_the_training_images(generator):
    samples = generator.sample(5, random_state=0)
    assert samples.shape == (5, 16, 16)
    assert 0 <= samples.min() <= samples.max() <= 1


def test_samples_of_another_size(generator):
    assert generator.sample(2, shape=(24, 32), random_state=0).shape == (2, 24, 32)


def test_same_seed_gives_the_same_samples(generator):
    first = generator.sample(3, random_state=1)
    np.testing.assert_array_equal(first, generator.sample(3, random_state=1))
    assert np.abs(first - generator.sample(3, random_state=2)).max() > 1e-3


def test_samples_of_a_class(generator):
    assert generator.sample(2, y="speckle").shape == (2, 16, 16)
    assert generator.sample(2, y=["speckle", "lamellae"]).shape == (2, 16, 16)
    with pytest.raises(ValueError, match="not fitted to.*martensite"):
        generator.sample(2, y="martensite")


@pytest.fixture(scope="module")
def phase_generator(small_textures, tiny_generator):
    """Return a generator of phase fields."""
    params = {**tiny_generator, "epochs": 1, "field": "phase"}
    return MicrostructureGenerator(**params).fit(small_textures[0])


@pytest.mark.torch_only
def test_samples_have_the_volume_fraction_asked_for(phase_generator):
    samples = phase_generator.sample(3, volume_fraction=0.3, random_state=0)
    np.testing.assert_allclose(samples.mean(axis=(1, 2)), 0.3, atol=1e-3)


@pytest.mark.torch_only
def test_samples_near_the_betti_numbers_asked_for(phase_generator):
    drawn = phase_generator.sample(8, random_state=0)
    holes = betti_numbers(drawn)[:, 1]
    wanted = [(None, number + 1) for number in holes]
    asked = phase_generator.sample(8, betti_numbers=wanted, random_state=0)
    off = np.abs(betti_numbers(asked)[:, 1] - holes - 1)
    assert off.max() <= 1 and off.mean() < 1
    with pytest.raises(ValueError, match="`betti_numbers` must be"):
        phase_generator.sample(2, betti_numbers=(1, 2, 3))


def test_grey_images_have_no_volume_fraction(generator):
    with pytest.raises(ValueError, match="field='phase'"):
        generator.sample(3, volume_fraction=0.3)


def test_codes_have_names_and_lead_back_to_images(generator, small_textures):
    codes = generator.transform(small_textures[0])
    assert codes.shape == (24, 3 + 8 * 8 * 2)
    assert generator.get_feature_names_out().shape == (codes.shape[1],)
    assert generator.inverse_transform(codes).shape == (24, 16, 16)
    assert generator.inverse_transform(codes[:, :3]).shape == (24, 16, 16)


def test_codes_of_another_length_are_refused(generator):
    with pytest.raises(ValueError, match=r"\(n_samples, 131\).*\(2, 7\)"):
        generator.inverse_transform(np.zeros((2, 7)))


@pytest.mark.torch_only
def test_training_lowers_the_reconstruction_error(
    generator, small_textures, tiny_generator
):
    X, y = small_textures
    longer = MicrostructureGenerator(
        **{**tiny_generator, "epochs": 30, "lambda_patch": 0.0, "lambda_kl": 0.1}
    ).fit(X)
    assert longer.reconstruction_error(X).shape == (24,)
    assert longer.score(X) > generator.score(X)


def test_pickle_keeps_samples_and_codes(generator, small_textures):
    copy = pickle.loads(pickle.dumps(generator))
    np.testing.assert_allclose(
        copy.sample(2, random_state=0), generator.sample(2, random_state=0), atol=1e-5
    )
    np.testing.assert_allclose(
        copy.transform(small_textures[0]),
        generator.transform(small_textures[0]),
        atol=1e-5,
    )


def test_clone_has_the_same_parameters(generator):
    assert clone(generator).get_params() == generator.get_params()


@pytest.mark.torch_only
def test_codes_serve_a_classifier_in_a_pipeline(small_textures, tiny_generator):
    pipeline = make_pipeline(
        MicrostructureGenerator(**tiny_generator, codes="global"), LogisticRegression()
    )
    assert pipeline.fit(*small_textures).predict(small_textures[0]).shape == (24,)


@pytest.mark.torch_only
def test_continuous_targets_are_left_to_the_next_step(small_textures, tiny_generator):
    X, _ = small_textures
    gen = MicrostructureGenerator(**{**tiny_generator, "epochs": 1})
    gen.fit(X, np.linspace(0, 1, 24))
    assert gen.classes_.size == 0
    with pytest.raises(ValueError, match="fitted without labels"):
        gen.sample(1, y="a")


@pytest.mark.torch_only
def test_colour_images_keep_their_channels(small_textures, tiny_generator):
    X = np.stack([small_textures[0]] * 2, axis=-1)
    gen = MicrostructureGenerator(**{**tiny_generator, "epochs": 1}).fit(X)
    assert gen.sample(2).shape == (2, 16, 16, 2)


def test_unfitted_use_is_refused():
    with pytest.raises(NotFittedError):
        MicrostructureGenerator().sample(1)

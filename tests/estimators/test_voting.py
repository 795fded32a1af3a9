"""Descriptors that know the pixel size, and their vote beside a network."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score

from morphokeras.estimators import (
    DescriptorClassifier,
    MicrostructureClassifier,
    MicrostructureVotingClassifier,
    make_descriptor_classifier,
)

SIZES = np.where(np.arange(24) % 2 == 1, 0.1, 0.2)


@pytest.fixture(scope="module")
def described(textures):
    """Return a descriptor classifier fitted to the textures."""
    return DescriptorClassifier().fit(*textures)


@pytest.fixture(scope="module")
def vote(textures, classifier):
    """Return a network and descriptors fitted to the textures."""
    network = clone(classifier).set_params(epochs=2)
    return MicrostructureVotingClassifier(network).fit(*textures)


@pytest.mark.backend_free
def test_without_pixel_sizes_it_is_the_pipeline(described, textures, more_textures):
    X, _ = more_textures
    pipeline = make_descriptor_classifier().fit(*textures)
    np.testing.assert_allclose(described.predict_proba(X), pipeline.predict_proba(X))


@pytest.mark.backend_free
def test_descriptors_see_the_pixel_size(rng):
    X = rng.random((24, 16, 16))
    y = np.where(SIZES == 0.1, "fine", "coarse")
    clf = DescriptorClassifier().fit(X[:12], y[:12], pixel_size=SIZES[:12])
    assert clf.score(X[12:], y[12:], pixel_size=SIZES[12:]) == 1
    with pytest.raises(ValueError, match="was fitted with `pixel_size`"):
        clf.predict(X)


@pytest.mark.backend_free
def test_descriptors_refuse_a_pixel_size_that_fit_did_not_see(described, textures):
    with pytest.raises(ValueError, match="was fitted without `pixel_size`"):
        described.predict(textures[0], pixel_size=0.1)
    with pytest.raises(NotFittedError):
        DescriptorClassifier().predict(textures[0])


@pytest.mark.backend_free
def test_images_without_label_or_weight_do_not_count(textures):
    X, y = textures
    some = np.where(np.arange(24) < 4, "", y)
    weight = np.where(np.arange(24) >= 20, 0, 1)
    clf = DescriptorClassifier(unlabeled="").fit(X, some, sample_weight=weight)
    only = DescriptorClassifier().fit(X[4:20], y[4:20])
    np.testing.assert_allclose(clf.predict_proba(X), only.predict_proba(X))
    assert clf.score(X, some) == clf.score(X[4:], y[4:])


@pytest.mark.backend_free
def test_one_image_a_class_is_enough_for_descriptors(textures, more_textures):
    X, y = textures
    clf = DescriptorClassifier().fit(X[:2], y[:2])
    probability = clf.predict_proba(more_textures[0])
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    three = DescriptorClassifier().fit(X[:3], ["a", "b", "c"])
    assert three.predict(X[:3]).tolist() == ["a", "b", "c"]


@pytest.mark.backend_free
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"C": 0}, "'C' parameter"),
        ({"pixel_size_weight": -1}, "'pixel_size_weight' parameter"),
        ({"class_weight": {"lamela": 2}}, "lamela"),
    ],
)
def test_descriptors_refuse_wrong_parameters(textures, options, message):
    with pytest.raises(ValueError, match=message):
        DescriptorClassifier(**options).fit(*textures)


def test_the_vote_is_the_mean_of_its_members(vote, more_textures):
    X, y = more_textures
    members = [m.predict_proba(X) for m in (vote.network_, vote.descriptors_)]
    np.testing.assert_allclose(vote.predict_proba(X), np.mean(members, axis=0))
    assert vote.score(X, y) >= 0.9


@pytest.mark.torch_only
def test_a_weight_of_one_leaves_the_descriptors_alone(vote, textures):
    X, _ = textures
    alone = pickle.loads(pickle.dumps(vote)).set_params(weight=1.0)
    expected = vote.descriptors_.predict_proba(X)
    np.testing.assert_allclose(alone.predict_proba(X), expected)


@pytest.mark.torch_only
def test_both_members_get_what_is_known_of_the_images(textures, tiny):
    X, y = textures
    network = MicrostructureClassifier(**{**tiny, "epochs": 1, "unlabeled": ""})
    some = np.where(np.arange(24) < 4, "", y)
    vote = MicrostructureVotingClassifier(network)
    vote.fit(X, some, pixel_size=SIZES, groups=np.arange(24), sample_weight=np.ones(24))
    assert vote.classes_.tolist() == ["lamellae", "speckle"]
    assert vote.score(X, some, pixel_size=SIZES) >= 0.9
    with pytest.raises(ValueError, match="was fitted with `pixel_size`"):
        vote.predict(X)


@pytest.mark.torch_only
def test_the_vote_is_searched_and_validated_like_any_other(textures, tiny):
    network = MicrostructureClassifier(**{**tiny, "epochs": 1})
    vote = MicrostructureVotingClassifier(network, weight=0.9)
    assert clone(vote).get_params()["network__epochs"] == 1
    assert cross_val_score(vote, *textures, cv=2).min() >= 0.9


@pytest.mark.torch_only
def test_the_vote_refuses_what_it_cannot_use(textures):
    with pytest.raises(ValueError, match="'weight' parameter"):
        MicrostructureVotingClassifier(weight=2).fit(*textures)
    with pytest.raises(NotFittedError):
        MicrostructureVotingClassifier().predict(textures[0])

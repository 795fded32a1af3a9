"""Descriptors that know the pixel size, and their vote beside a network."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score

import morphokeras
from morphokeras.estimators import (
    DescriptorClassifier,
    MicrostructureClassifier,
    MicrostructureVotingClassifier,
    PlainCNNClassifier,
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


@pytest.mark.backend_free
@pytest.mark.parametrize("pixel_size", [None, SIZES])
def test_loaded_descriptors_predict_the_same(
    textures, more_textures, tmp_path, pixel_size
):
    clf = DescriptorClassifier(C=0.1, intensity="minmax", unlabeled="")
    labels = np.where(np.arange(24) < 4, "", textures[1])
    weight = np.where(np.arange(24) >= 20, 0.0, 1.0)
    clf.fit(textures[0], labels, sample_weight=weight, pixel_size=pixel_size)
    clf.save(tmp_path / "file.mkz")
    loaded = morphokeras.load(tmp_path / "file.mkz")
    known = {} if pixel_size is None else {"pixel_size": 0.15}
    np.testing.assert_allclose(
        loaded.predict_proba(more_textures[0], **known),
        clf.predict_proba(more_textures[0], **known),
    )
    assert loaded.get_params() == clf.get_params()
    assert vars(loaded).keys() == vars(clf).keys()
    assert loaded.predict(more_textures[0][:1], **known).dtype == textures[1].dtype


@pytest.mark.backend_free
def test_one_image_a_class_is_saved_as_well(textures, more_textures, tmp_path):
    clf = DescriptorClassifier().fit(textures[0][:2], textures[1][:2])
    clf.save(tmp_path / "file.mkz")
    np.testing.assert_allclose(
        morphokeras.load(tmp_path / "file.mkz").predict_proba(more_textures[0]),
        clf.predict_proba(more_textures[0]),
    )


def test_a_loaded_vote_predicts_the_same(vote, more_textures, tmp_path):
    vote.save(tmp_path / "file.mkz")
    loaded = morphokeras.load(tmp_path / "file.mkz")
    X, y = more_textures
    np.testing.assert_allclose(
        loaded.predict_proba(X), vote.predict_proba(X), rtol=1e-5
    )
    assert loaded.classes_.tolist() == vote.classes_.tolist()
    assert loaded.network.get_params() == vote.network.get_params()
    assert loaded.descriptors.get_params() == vote.descriptors_.get_params()


@pytest.mark.torch_only
def test_a_vote_with_a_member_of_another_package_is_not_saved(vote, textures, tmp_path):
    changed = pickle.loads(pickle.dumps(vote))
    changed.descriptors_ = make_descriptor_classifier().fit(*textures)
    with pytest.raises(TypeError, match="Received a Pipeline"):
        changed.save(tmp_path / "file.mkz")
    with pytest.raises(NotFittedError):
        MicrostructureVotingClassifier().save(tmp_path / "file.mkz")
    assert not list(tmp_path.iterdir())


@pytest.mark.torch_only
def test_a_vote_of_members_that_do_not_fit_is_not_loaded(vote, rng, tmp_path):
    other = DescriptorClassifier().fit(rng.random((4, 32, 32)), ["a", "b"] * 2)
    changed = pickle.loads(pickle.dumps(vote))
    changed.descriptors_ = other
    changed.save(tmp_path / "file.mkz")
    with pytest.raises(ValueError, match="descriptors.mkz holds no classifier of the"):
        morphokeras.load(tmp_path / "file.mkz")


@pytest.mark.backend_free
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("descriptors", lambda table: table[:, :-1]),
        ("descriptors", lambda table: np.where(table == table.max(), np.nan, table)),
        ("label", lambda labels: labels[:-1]),
        ("weight", lambda weights: weights[:-1]),
    ],
)
def test_descriptors_that_cannot_be_learned_from_are_refused(
    described, tmp_path, name, change
):
    changed = pickle.loads(pickle.dumps(described))
    changed.measured_[name] = change(changed.measured_[name])
    changed.save(tmp_path / "file.mkz")
    with pytest.raises(ValueError, match="cannot be loaded: what was measured cannot"):
        morphokeras.load(tmp_path / "file.mkz")


@pytest.mark.torch_only
def test_a_member_without_pixel_size_votes_too(textures):
    network = PlainCNNClassifier(epochs=1, random_state=0)
    vote = MicrostructureVotingClassifier(network).fit(*textures)
    assert vote.predict_proba(textures[0][:4]).shape == (4, 2)

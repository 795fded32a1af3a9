"""The yardsticks, asked as the estimators they are held against."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import GridSearchCV

from morphokeras.estimators import (
    MicrostructureClassifier,
    PlainCNNClassifier,
    PlainVAEGenerator,
    ResNet50Classifier,
    make_descriptor_classifier,
)


@pytest.fixture(scope="module")
def plain(textures):
    """Return a plain CNN fitted to the textures."""
    clf = PlainCNNClassifier(
        2_000, epochs=40, batch_size=8, zoom=0.1, learning_rate=0.01, random_state=0
    )
    return clf.fit(*textures)


@pytest.fixture(scope="module")
def plain_generator(small_textures):
    """Return a plain VAE fitted to the small textures."""
    gen = PlainVAEGenerator(3, filters=4, epochs=2, batch_size=8, random_state=0)
    return gen.fit(small_textures[0])


def test_the_plain_cnn_learns_textures_it_has_not_seen(plain, more_textures):
    X, y = more_textures
    assert plain.score(X, y) >= 0.9
    np.testing.assert_allclose(plain.predict_proba(X).sum(axis=1), 1)


@pytest.mark.torch_only
def test_the_plain_cnn_has_named_features(plain, textures):
    features = plain.transform(textures[0])
    names = plain.get_feature_names_out()
    assert features.shape == (24, len(names))
    assert names[0] == "plaincnnclassifier0"


@pytest.mark.torch_only
def test_features_of_half_precision_are_single(textures):
    clf = PlainCNNClassifier(500, epochs=1, mixed_precision="bfloat16", random_state=0)
    assert clf.fit(*textures).transform(textures[0]).dtype == "float32"


@pytest.mark.torch_only
def test_the_plain_cnn_has_the_size_asked_for(plain):
    assert 1_500 < plain.model_.count_params() < 2_500


@pytest.mark.torch_only
def test_same_seed_gives_the_same_plain_cnn(textures):
    clf = PlainCNNClassifier(1_000, epochs=1, random_state=0)
    first, again = clf.fit(*textures), clone(clf).fit(*textures)
    np.testing.assert_array_equal(
        first.predict_proba(textures[0]), again.predict_proba(textures[0])
    )


@pytest.mark.torch_only
def test_the_plain_cnn_survives_pickling(plain, textures):
    copy = pickle.loads(pickle.dumps(plain))
    np.testing.assert_allclose(
        copy.predict_proba(textures[0]), plain.predict_proba(textures[0]), atol=1e-6
    )


@pytest.mark.torch_only
def test_the_plain_cnn_takes_what_the_classifier_takes(textures):
    X, y = textures
    clf = PlainCNNClassifier(
        1_000,
        epochs=5,
        class_weight="balanced",
        early_stopping=True,
        validation_fraction=0.3,
        n_iter_no_change=1,
        unlabeled="",
        random_state=0,
    )
    some = np.where(np.arange(len(y)) < 4, "", y)
    clf.fit(X, some, groups=np.arange(24) // 2, sample_weight=np.ones(24))
    assert clf.classes_.tolist() == ["lamellae", "speckle"]
    assert "val_loss" in clf.history_


@pytest.mark.torch_only
def test_the_plain_cnn_refuses_what_it_cannot_use(plain, textures):
    X, _ = textures
    with pytest.raises(ValueError, match="no `pixel_size`"):
        plain.predict(X, pixel_size=0.1)
    with pytest.raises(ValueError, match=r"shape \(16, 16, 1\)"):
        plain.predict(X[:, :16, :16])
    with pytest.raises(ValueError, match="'num_parameters'"):
        clone(plain).set_params(num_parameters=0).fit(*textures)
    assert not hasattr(plain, "attention_maps")


@pytest.mark.torch_only
def test_the_plain_cnn_classifies_volumes(rng):
    volumes = rng.random((4, 8, 8, 8))
    clf = PlainCNNClassifier(
        1_000,
        spatial_dims=3,
        epochs=1,
        augment=None,
        zoom=0,
        grey_jitter=0,
        noise=0,
        random_state=0,
    )
    assert clf.fit(volumes, [0, 1, 0, 1]).predict(volumes).shape == (4,)


@pytest.mark.torch_only
def test_a_grid_search_compares_sizes(textures):
    search = GridSearchCV(
        PlainCNNClassifier(epochs=1, random_state=0), {"num_parameters": [500]}, cv=2
    )
    assert search.fit(*textures).best_params_ == {"num_parameters": 500}


@pytest.mark.torch_only
def test_the_resnet_is_a_classifier_with_attention(small_textures):
    X, y = small_textures
    clf = ResNet50Classifier(epochs=1, batch_size=4, augment=None, random_state=0)
    clf.fit(X[:4], y[:4], pixel_size=0.5)
    assert clf.predict_proba(X[:2], pixel_size=0.5).shape == (2, 2)
    assert clf.attention_maps(X[:2]).shape == (2, 16, 16)


@pytest.mark.torch_only
def test_the_resnet_refuses_weights_that_are_not_there(small_textures):
    clf = ResNet50Classifier("nowhere.weights.h5", epochs=1)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.weights\.h5"):
        clf.fit(*small_textures)


def test_the_plain_vae_draws_repeatable_samples(plain_generator):
    first = plain_generator.sample(3, random_state=1)
    assert first.shape == (3, 16, 16)
    assert 0 <= first.min() <= first.max() <= 1
    np.testing.assert_array_equal(first, plain_generator.sample(3, random_state=1))


def test_codes_of_the_plain_vae_lead_back_to_its_reconstructions(
    plain_generator, small_textures
):
    X, _ = small_textures
    codes = plain_generator.transform(X)
    assert codes.shape == (24, len(plain_generator.get_feature_names_out())) == (24, 3)
    error = np.mean((plain_generator.inverse_transform(codes) - X) ** 2, axis=(1, 2))
    np.testing.assert_allclose(
        plain_generator.reconstruction_error(X), error, rtol=1e-3
    )
    assert plain_generator.score(X) == pytest.approx(-error.mean(), rel=1e-3)


@pytest.mark.torch_only
def test_the_plain_vae_refuses_what_it_cannot_use(plain_generator):
    with pytest.raises(ValueError, match=r"`Z` must have shape \(n_samples, 3\)"):
        plain_generator.inverse_transform(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="`n_samples`"):
        plain_generator.sample(0)


@pytest.mark.torch_only
def test_the_plain_vae_is_the_same_for_the_same_seed(plain_generator, small_textures):
    again = clone(plain_generator).fit(small_textures[0])
    np.testing.assert_array_equal(
        again.sample(2, random_state=0), plain_generator.sample(2, random_state=0)
    )


@pytest.mark.backend_free
def test_descriptors_tell_textures_apart(textures, more_textures):
    clf = make_descriptor_classifier().fit(*textures)
    assert clf.score(*more_textures) == 1
    np.testing.assert_allclose(clf.predict_proba(textures[0]).sum(axis=1), 1)


@pytest.mark.backend_free
def test_descriptors_decide_without_probabilities(textures):
    clf = make_descriptor_classifier(probability=False, kernel="rbf", C=10)
    assert clf.fit(*textures).decision_function(textures[0]).shape == (24,)
    assert not hasattr(clf, "predict_proba")


@pytest.mark.backend_free
def test_descriptors_have_names(textures):
    clf = make_descriptor_classifier(n_jobs=2).fit(*textures)
    names = clf[:-1].get_feature_names_out()
    assert len(names) == clf[:-1].transform(textures[0][:1]).shape[1]
    assert {"texturefeatures__grey_mean"} < set(names)


@pytest.mark.torch_only
def test_descriptors_vote_beside_a_network(textures, tiny):
    members = [
        ("network", MicrostructureClassifier(**{**tiny, "epochs": 1})),
        ("descriptors", make_descriptor_classifier()),
    ]
    vote = VotingClassifier(members, voting="soft").fit(*textures)
    assert vote.score(*textures) >= 0.9

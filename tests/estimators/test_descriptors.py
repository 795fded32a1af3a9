"""Descriptors that the network reads beside the images."""

import pickle

import numpy as np
import pytest

from morphokeras.estimators._descriptors import measure
from morphokeras.estimators.classifier import MicrostructureClassifier
from morphokeras.estimators.descriptor import make_descriptor_features
from morphokeras.estimators.loading import load


@pytest.fixture(scope="module")
def reads(tiny):
    """Return the parameters of a tiny classifier that reads descriptors."""
    return {**tiny, "descriptors": "auto", "epochs": 4}


@pytest.fixture(scope="module")
def few(textures):
    """Return eight textures and their labels."""
    return textures[0][:8], textures[1][:8]


@pytest.fixture(scope="module")
def reader(textures, reads):
    """Return a fitted classifier that reads descriptors."""
    return MicrostructureClassifier(**reads).fit(*textures)


@pytest.mark.backend_free
def test_they_are_those_of_the_descriptor_classifier(few):
    X, _ = few
    images = X[..., np.newaxis].astype("float32")
    features = make_descriptor_features((0.0, 1.0))[0]
    np.testing.assert_allclose(measure(images), features.fit_transform(X), atol=1e-3)


def test_textures_are_told_apart_by_descriptors_alone(reader, more_textures):
    X, y = more_textures
    assert reader.score(X, y) == 1
    assert reader.transform(X).shape == (24, len(reader.get_feature_names_out()))


@pytest.mark.torch_only
def test_the_network_sees_what_was_measured(reader, textures):
    head = reader.model_.head
    images = textures[0][..., np.newaxis].astype("float32")
    expected = np.arcsinh(measure(images).astype("float64")).mean(axis=0)
    mean = np.asarray(head.get_weights()[_position(head, "mean")])
    np.testing.assert_allclose(mean, expected, atol=1e-4)


@pytest.mark.torch_only
def test_predictions_change_little_under_a_declared_flip(reader, more_textures):
    X, _ = more_textures
    np.testing.assert_allclose(
        reader.predict_proba(X), reader.predict_proba(X[:, ::-1]), atol=0.05
    )


@pytest.mark.torch_only
def test_files_keep_the_predictions(reader, few, tmp_path):
    X, _ = few
    expected = reader.predict_proba(X)
    copied = pickle.loads(pickle.dumps(reader))
    np.testing.assert_array_equal(copied.predict_proba(X), expected)
    reader.save(tmp_path / "reader.mkz")
    loaded = load(tmp_path / "reader.mkz")
    np.testing.assert_allclose(loaded.predict_proba(X), expected, atol=1e-6)


@pytest.mark.torch_only
def test_what_a_network_reads_does_not_follow_the_parameter(reads, few):
    X, y = few
    clf = MicrostructureClassifier(**{**reads, "epochs": 1}).fit(X, y)
    expected = clf.predict_proba(X)
    clf.set_params(descriptors=False)
    np.testing.assert_array_equal(clf.predict_proba(X), expected)
    assert clf.fit(X, y).model_.head.num_descriptors == 0


@pytest.mark.torch_only
def test_they_are_read_beside_generative_terms(reads, few):
    X, y = few
    small = {"epochs": 1, "depth": 1, "latent_dim": 2, "latent_field_stride": 2}
    clf = MicrostructureClassifier(lambda_topo=0.5, **{**reads, **small}).fit(X, y)
    head = clf.model_.classifier.head
    assert head.num_descriptors == measure(X[:1, ..., np.newaxis]).shape[1]
    assert np.abs(head.get_weights()[_position(head, "mean")]).max() > 1
    assert clf.attention_maps(X).shape == X.shape


@pytest.mark.torch_only
def test_they_are_read_with_validation_data_and_in_parts(reads, few):
    X, y = few
    clf = MicrostructureClassifier(**{**reads, "epochs": 2, "warm_start": True})
    clf.fit(X[:6], y[:6], validation_data=(X[6:], y[6:]))
    assert np.isfinite(clf.history_["val_loss"]).all()
    clf.fit(X[:6], y[:6]).partial_fit(X[6:], y[6:])
    assert clf.model_.head.num_descriptors > 0
    first = MicrostructureClassifier(**reads)
    first.partial_fit(X[:6], y[:6], classes=["lamellae", "speckle"])
    assert first.partial_fit(X[6:], y[6:]).score(X, y) >= 0.5


@pytest.mark.torch_only
def test_small_images_and_volumes_are_not_measured(reads, small_textures):
    X, y = small_textures[0][:8], small_textures[1][:8]
    one = {**reads, "epochs": 1}
    assert MicrostructureClassifier(**one).fit(X, y).model_.head.num_descriptors == 0
    asked = MicrostructureClassifier(**{**one, "descriptors": True}).fit(X, y)
    assert asked.model_.head.num_descriptors > 0
    flat = {"spatial_dims": 3, "augment": None, "zoom": 0, "grey_jitter": 0, "noise": 0}
    volumes = np.repeat(X[:4, :8, :8, np.newaxis], 8, axis=3)
    clf = MicrostructureClassifier(**{**one, **flat}).fit(volumes, y[:4])
    assert clf.model_.head.num_descriptors == 0
    with pytest.raises(ValueError, match="not on volumes"):
        clf.set_params(descriptors=True).fit(volumes, y[:4])


@pytest.mark.torch_only
def test_progress_is_shown_if_asked(reads, few, capsys):
    clf = MicrostructureClassifier(**{**reads, "epochs": 1, "verbose": 1})
    clf.fit(*few)
    assert "descriptors: 100%" in capsys.readouterr().err


def _position(head, name: str) -> int:
    paths = [weight.path for weight in head.weights]
    return next(
        i for i, p in enumerate(paths) if p.endswith(f"descriptor_branch/{name}")
    )

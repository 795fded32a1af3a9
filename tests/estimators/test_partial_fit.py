"""Training on images that come in parts."""

import keras
import numpy as np
import pytest

from morphokeras.estimators.baselines import PlainCNNClassifier
from morphokeras.estimators.classifier import MicrostructureClassifier
from morphokeras.estimators.loading import load


@pytest.fixture
def parts(textures):
    X, y = textures
    return [(X[:8], y[:8]), (X[8:16], y[8:16]), (X[16:], y[16:])]


CLASSES = ["lamellae", "speckle"]


@pytest.mark.torch_only
def test_parts_teach_what_the_whole_does(parts, tiny, more_textures):
    clf = MicrostructureClassifier(**tiny)
    for _ in range(15):
        for X, y in parts:
            clf.partial_fit(X, y, classes=CLASSES)
    assert clf.score(*more_textures) >= 0.9
    assert len(clf.history_["loss"]) == 45


@pytest.mark.torch_only
def test_the_classes_are_given_once(parts, tiny):
    clf = MicrostructureClassifier(**tiny)
    X, y = parts[0]
    clf.partial_fit(X[:4][y[:4] == "speckle"], ["speckle", "speckle"], classes=CLASSES)
    clf.partial_fit(X, y)
    assert clf.classes_.tolist() == CLASSES


@pytest.mark.torch_only
def test_it_goes_on_after_a_whole_fit(parts, tiny):
    X, y = parts[0]
    clf = MicrostructureClassifier(**{**tiny, "epochs": 1}).fit(X, y)
    before = clf.transform(X)
    clf.partial_fit(*parts[1])
    assert np.abs(clf.transform(X) - before).max() > 1e-3


@pytest.mark.torch_only
def test_the_same_parts_give_the_same_network(parts, tiny):
    first, second = (
        MicrostructureClassifier(**tiny).partial_fit(*parts[0], classes=CLASSES)
        for _ in range(2)
    )
    np.testing.assert_array_equal(
        first.predict_proba(parts[1][0]), second.predict_proba(parts[1][0])
    )


@pytest.mark.torch_only
def test_the_optimizer_keeps_its_state(parts, tiny):
    clf = MicrostructureClassifier(**tiny)
    for X, y in parts:
        clf.partial_fit(X, y, classes=CLASSES)
    assert int(clf.model_.optimizer.iterations) == 3


@pytest.mark.torch_only
def test_an_interrupted_part_leaves_the_weights_alone(parts, tiny):
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    X, y = parts[0]
    clf = MicrostructureClassifier(**tiny).partial_fit(X, y, classes=CLASSES)
    before = clf.predict_proba(X)
    clf.set_params(callbacks=[Interrupt])
    with pytest.raises(KeyboardInterrupt):
        clf.partial_fit(*parts[1])
    np.testing.assert_array_equal(clf.predict_proba(X), before)


@pytest.mark.torch_only
def test_a_plain_network_learns_in_parts_too(parts, tiny):
    clf = PlainCNNClassifier(batch_size=8, random_state=0)
    clf.partial_fit(*parts[0], classes=CLASSES)
    assert clf.predict(parts[1][0]).shape == (8,)


@pytest.mark.torch_only
@pytest.mark.parametrize(
    ("options", "classes", "message"),
    [
        ({}, None, "first call of `partial_fit` needs `classes`"),
        ({}, ["lamellae"], "at least two classes"),
        ({}, ["lamellae", "network"], "not fitted to"),
        ({"class_weight": "balanced"}, CLASSES, "not known before all images"),
    ],
)
def test_a_wrong_first_part_is_refused(parts, tiny, options, classes, message):
    clf = MicrostructureClassifier(**tiny, **options)
    with pytest.raises(ValueError, match=message):
        clf.partial_fit(*parts[0], classes=classes)
    assert not hasattr(clf, "classes_")


@pytest.mark.torch_only
def test_other_classes_are_refused_later(parts, tiny):
    clf = MicrostructureClassifier(**tiny).partial_fit(*parts[0], classes=CLASSES)
    with pytest.raises(ValueError, match="stay those of the first call"):
        clf.partial_fit(*parts[1], classes=["a", "b"])


@pytest.mark.torch_only
def test_a_loaded_classifier_goes_on(parts, tiny, tmp_path):
    clf = MicrostructureClassifier(**tiny).partial_fit(*parts[0], classes=CLASSES)
    clf.save(tmp_path / "clf.mkz")
    again = load(tmp_path / "clf.mkz").partial_fit(*parts[1])
    assert len(again.history_["loss"]) == 2

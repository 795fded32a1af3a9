"""Compiled trainings that are used again."""

import keras
import numpy as np
import pytest

from morphokeras.estimators import _twins
from morphokeras.estimators.classifier import MicrostructureClassifier
from morphokeras.estimators.generator import MicrostructureGenerator


@pytest.fixture(autouse=True)
def no_twins():
    _twins._twins.clear()


def count_compilations(monkeypatch):
    """Return a list that grows by one with every training step that is compiled."""
    made = []
    original = keras.Model.make_train_function

    def make(self, force=False):
        if self.train_function is None or force:
            made.append(self)
        return original(self, force)

    monkeypatch.setattr(keras.Model, "make_train_function", make)
    return made


def test_a_second_fit_of_the_same_shapes_compiles_nothing(
    textures, more_textures, tiny, monkeypatch
):
    made = count_compilations(monkeypatch)
    clf = MicrostructureClassifier(**{**tiny, "epochs": 1})
    clf.fit(*textures).fit(*more_textures)
    MicrostructureClassifier(**{**tiny, "epochs": 1, "random_state": 5}).fit(*textures)
    assert len(made) == 1


def test_a_used_twin_trains_as_a_new_one(small_textures, tiny_generator):
    X, y = small_textures
    first = MicrostructureGenerator(**tiny_generator).fit(X, y)
    codes = first.transform(X)
    second = MicrostructureGenerator(**tiny_generator).fit(X, y)
    np.testing.assert_allclose(second.history_["loss"], first.history_["loss"])
    np.testing.assert_array_equal(second.transform(X), codes)
    np.testing.assert_array_equal(first.transform(X), codes)


@pytest.mark.torch_only
def test_another_schedule_or_network_is_compiled_anew(textures, tiny, monkeypatch):
    made = count_compilations(monkeypatch)
    for change in ({}, {"learning_rate": 1e-3}, {"dropout": 0.1}, {"batch_size": 4}):
        MicrostructureClassifier(**{**tiny, "epochs": 1, **change}).fit(*textures)
    assert len(made) == 4


@pytest.mark.torch_only
def test_few_twins_are_kept(textures, tiny):
    for epochs in range(1, _twins.MOST_TWINS + 3):
        MicrostructureClassifier(**{**tiny, "epochs": epochs}).fit(*textures)
    assert len(_twins._twins) == _twins.MOST_TWINS


def test_an_interrupted_warm_start_leaves_the_weights_alone(textures, tiny):
    X, y = textures
    clf = MicrostructureClassifier(**{**tiny, "epochs": 1}).fit(X, y)
    before = clf.predict_proba(X)
    clf.set_params(warm_start=True, callbacks=[Interrupt], epochs=2)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y)
    np.testing.assert_array_equal(clf.predict_proba(X), before)


class Interrupt(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise KeyboardInterrupt


@pytest.mark.torch_only
def test_a_large_network_is_trained_itself(textures, tiny, monkeypatch):
    monkeypatch.setattr(_twins, "MOST_WEIGHTS", 10)
    clf = MicrostructureClassifier(**{**tiny, "epochs": 1}).fit(*textures)
    assert clf.model_.compiled
    assert not _twins._twins

"""Compiled trainings and predictions that are used again."""

import random
import weakref
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from morphokeras.estimators import _memory, _training, _twins
from morphokeras.estimators.classifier import MicrostructureClassifier
from morphokeras.estimators.generator import MicrostructureGenerator


@pytest.fixture(autouse=True)
def no_twins():
    _twins.for_training.clear()
    _twins.for_prediction.clear()


def count_compilations(monkeypatch, step="train"):
    """Return a list that grows by one with every step that is compiled."""
    made = []
    original = getattr(keras.Model, f"make_{step}_function")

    def make(self, force=False):
        if getattr(self, f"{step}_function") is None or force:
            made.append(self)
        return original(self, force)

    monkeypatch.setattr(keras.Model, f"make_{step}_function", make)
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
def test_other_pixel_sizes_are_no_other_network(textures, tiny, monkeypatch):
    made = count_compilations(monkeypatch)
    X, y = textures
    clf = MicrostructureClassifier(**{**tiny, "epochs": 1})
    for unit in (1.0, 20.0):
        clf.fit(X, y, pixel_size=unit * np.linspace(0.1, 2.0, len(X)))
        least, most = np.exp(keras.ops.convert_to_numpy(clf.model_.head.log_range))
        np.testing.assert_allclose([least, most], [unit * 0.1, unit * 2.0], 1e-5)
    assert len(made) == 1


@pytest.mark.torch_only
def test_few_twins_are_kept(textures, tiny):
    for epochs in range(1, _twins.MOST_TWINS + 3):
        MicrostructureClassifier(**{**tiny, "epochs": epochs}).fit(*textures)
    assert len(_twins.for_training) == _twins.MOST_TWINS


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
    assert not len(_twins.for_training)


@pytest.fixture(scope="module")
def two_classifiers(textures, more_textures, tiny):
    options = {**tiny, "epochs": 2, "augment": None}
    return [
        MicrostructureClassifier(**options).fit(*d) for d in (textures, more_textures)
    ]


def own_probability(clf, X):
    """Return what the network says when it is called itself."""
    images = np.asarray(X, "float32")[..., None]
    logits = clf.model_(images, training=False)["logits_class"]
    return keras.ops.convert_to_numpy(keras.ops.softmax(logits))


def test_predictions_of_a_second_network_compile_nothing(
    two_classifiers, textures, monkeypatch
):
    made = count_compilations(monkeypatch, "predict")
    for clf in two_classifiers:
        clf.predict(textures[0])
        clf.predict(textures[0][:1])
    assert len(made) == 1


def test_samples_of_a_second_learned_prior_compile_nothing(
    small_textures, tiny_generator, monkeypatch
):
    made = count_compilations(monkeypatch, "predict")
    flow = {"prior": "flow", "prior_filters": 2, "prior_epochs": 1}
    params = {**tiny_generator, "epochs": 1, "field": "phase", **flow}
    first, second = (
        MicrostructureGenerator(**{**params, "random_state": seed}).fit(*small_textures)
        for seed in (0, 1)
    )
    drawn = [generator.sample(2, random_state=0) for generator in (first, second)]
    assert len(made) == 1
    assert np.abs(drawn[1] - drawn[0]).max() > 1e-3
    np.testing.assert_allclose(first.sample(2, random_state=0), drawn[0], atol=1e-6)


def test_every_network_predicts_with_its_own_weights(two_classifiers, textures):
    X = textures[0]
    for clf in [*two_classifiers, *two_classifiers]:
        expected = own_probability(clf, X)
        np.testing.assert_allclose(clf.predict_proba(X), expected, atol=1e-5)
    assert np.abs(expected - own_probability(two_classifiers[0], X)).max() > 1e-3


def test_a_prediction_follows_a_change_of_the_weights(two_classifiers, textures):
    X, clf = textures[0], two_classifiers[0]
    before = clf.predict_proba(X)
    bias = clf.model_.head.dense.bias
    value = keras.ops.convert_to_numpy(bias).copy()
    bias.assign(value + [3.0, 0.0])
    changed = clf.predict_proba(X)
    bias.assign(value)
    assert np.all(changed[:, 0] > before[:, 0])
    np.testing.assert_array_equal(clf.predict_proba(X), before)


@pytest.mark.torch_only
def test_threads_may_predict_at_the_same_time(two_classifiers, textures):
    X = textures[0]
    jobs = two_classifiers * 4
    expected = [clf.predict_proba(X) for clf in jobs]
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda clf: clf.predict_proba(X), jobs)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.torch_only
def test_a_large_network_predicts_itself(two_classifiers, textures, monkeypatch):
    expected = two_classifiers[0].predict_proba(textures[0])
    monkeypatch.setattr(_twins, "MOST_WEIGHTS", 10)
    _twins.for_prediction.clear()
    found = two_classifiers[0].predict_proba(textures[0])
    np.testing.assert_array_equal(found, expected)
    assert not len(_twins.for_prediction)


@pytest.mark.torch_only
def test_a_prediction_keeps_the_precision_of_the_training(small_textures, tiny):
    options = {**tiny, "epochs": 1, "augment": None, "mixed_precision": "bfloat16"}
    clf = MicrostructureClassifier(**options).fit(*small_textures)
    X = small_textures[0]
    np.testing.assert_allclose(clf.predict_proba(X), own_probability(clf, X), 1e-5)


@pytest.mark.torch_only
def test_a_prediction_draws_no_random_number(two_classifiers, textures):
    random.seed(3)
    expected = random.random()
    random.seed(3)
    two_classifiers[0].predict(textures[0])
    assert random.random() == expected


@pytest.mark.torch_only
def test_no_batches_hold_the_images_of_a_training_that_is_over(
    textures, tiny, monkeypatch
):
    given, run = [], _training.run

    def watch(model, *batches, **options):
        given.extend(batches)
        return run(model, *batches, **options)

    monkeypatch.setattr(_training, "run", watch)
    X, y = textures
    options = {**tiny, "epochs": 1, "early_stopping": True}
    MicrostructureClassifier(**options).fit(X, y)
    MicrostructureClassifier(**options).partial_fit(X, y, classes=np.unique(y))
    assert [len(batches.examples) for batches in given] == [0, 0, 0]


@pytest.mark.torch_only
def test_networks_that_nobody_holds_are_freed(textures, tiny, monkeypatch):
    clf = MicrostructureClassifier(**{**tiny, "epochs": 1})
    clf.fit(*textures)
    monkeypatch.setattr(_memory, "MOST_LEFT_OVER", 5 * clf.model_.count_params())
    left = weakref.ref(clf.fit(*textures).model_)
    for _ in range(5):
        clf.fit(*textures)
    assert left() is None

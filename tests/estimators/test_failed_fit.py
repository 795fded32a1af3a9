"""A training that fails or is interrupted leaves nothing half-learned."""

import random

import keras
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from morphokeras.estimators.classifier import MicrostructureClassifier
from morphokeras.estimators.generator import MicrostructureGenerator


class Interrupt(keras.callbacks.Callback):
    """What Ctrl-C in the second step of the second epoch does."""

    def on_train_batch_end(self, batch, logs=None):
        if self.seen and batch == 1:
            raise KeyboardInterrupt

    def on_epoch_begin(self, epoch, logs=None):
        self.seen = epoch


@pytest.fixture(scope="module")
def fitted(small_textures, tiny):
    """Return a classifier that every test leaves as it was."""
    params = {**tiny, "epochs": 1}
    return MicrostructureClassifier(**params).fit(*small_textures)


def learned(estimator):
    names = set(vars(estimator)) - set(estimator.get_params())
    return {name: getattr(estimator, name) for name in names}


def interrupt(estimator, X, y=None, **changes):
    params = estimator.get_params()
    with pytest.raises(KeyboardInterrupt):
        estimator.set_params(callbacks=[Interrupt()], epochs=2, **changes).fit(X, y)
    estimator.set_params(**params)


@pytest.mark.torch_only
def test_interrupted_first_fit_leaves_an_unfitted_estimator(small_textures, tiny):
    X, y = small_textures
    clf = MicrostructureClassifier(**tiny)
    interrupt(clf, X, y)
    assert learned(clf) == {}
    with pytest.raises(NotFittedError):
        clf.predict(X)


@pytest.mark.torch_only
def test_interrupted_second_fit_leaves_the_first(fitted, small_textures):
    X, _ = small_textures
    before, probability = learned(fitted), fitted.predict_proba(X)
    interrupt(fitted, np.zeros((24, 8, 12), "uint8"), np.arange(24) % 3)
    assert all(value is before[name] for name, value in learned(fitted).items())
    np.testing.assert_array_equal(fitted.predict_proba(X), probability)


def test_interrupted_warm_start_leaves_the_weights(fitted, small_textures):
    X, y = small_textures
    probability, history = fitted.predict_proba(X), fitted.history_
    interrupt(fitted, X, y, warm_start=True)
    np.testing.assert_array_equal(fitted.predict_proba(X), probability)
    assert fitted.history_ is history


@pytest.mark.torch_only
def test_interrupted_generator_still_draws_the_same(small_textures, tiny_generator):
    X, y = small_textures
    params = {**tiny_generator, "epochs": 1, "lambda_patch": 0.0}
    gen = MicrostructureGenerator(**params).fit(X, y)
    samples = gen.sample(2, random_state=0)
    interrupt(gen, X, y, warm_start=True)
    np.testing.assert_array_equal(gen.sample(2, random_state=0), samples)


@pytest.mark.torch_only
@pytest.mark.parametrize(
    "wrong",
    [
        {"sample_weight": [-1.0] * 24},
        {"groups": ["a"]},
        {"pixel_size": 0.0},
        {"validation_data": "X"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_refused_data_leave_the_earlier_fit(wrong, fitted, small_textures):
    X, _ = small_textures
    before = learned(fitted)
    with pytest.raises(ValueError):
        fitted.fit(np.zeros((24, 8, 12), "uint8"), np.arange(24) % 3, **wrong)
    assert all(value is before[name] for name, value in learned(fitted).items())


@pytest.mark.torch_only
def test_interruption_leaves_the_process_as_it_was(small_textures, tiny):
    policy, state = keras.config.dtype_policy().name, random.getstate()
    clf = MicrostructureClassifier(**{**tiny, "mixed_precision": "bfloat16"})
    interrupt(clf, *small_textures)
    assert random.getstate() == state
    assert keras.config.dtype_policy().name == policy

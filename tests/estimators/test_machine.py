"""Probabilities of a support vector machine."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.svm import SVC

from morphokeras.estimators._machine import CalibratedMachine

pytestmark = pytest.mark.backend_free


def test_probabilities_are_those_of_the_distributions(rng):
    # Two normal distributions: the logarithm of the odds is linear.
    y = rng.integers(2, size=4000)
    x = rng.normal(2.0 * y - 1.0, 1.5)[:, np.newaxis]
    machine = CalibratedMachine(C=0.1).fit(x[:1000], y[:1000])
    found = machine.predict_proba(x[1000:])[:, 1]
    np.testing.assert_allclose(found, expit(2 * x[1000:, 0] / 1.5**2), atol=0.1)


@pytest.mark.parametrize("num_classes", [2, 4])
def test_the_most_probable_class_is_the_machine_s(num_classes, rng):
    X = rng.normal(size=(60, 5))
    y = np.array(["a", "b", "c", "d"])[rng.integers(num_classes, size=60)]
    weights = rng.uniform(0.5, 2, 60)
    machine = CalibratedMachine(C=0.1, class_weight="balanced").fit(X, y, weights)
    alone = SVC(C=0.1, kernel="linear", class_weight="balanced").fit(X, y, weights)
    decisions = alone.decision_function(X)
    expected = decisions.argmax(axis=1) if num_classes > 2 else decisions > 0
    probability = machine.predict_proba(X)
    np.testing.assert_array_equal(probability.argmax(axis=1), expected)
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    np.testing.assert_array_equal(
        machine.predict(X), machine.classes_[probability.argmax(axis=1)]
    )


def test_two_images_a_class_are_not_believed_blindly(rng):
    # Classes far apart: without doubt the factor would be as great as allowed.
    X = np.repeat(10 * np.eye(3), 2, axis=0) + rng.normal(0, 0.1, (6, 3))
    machine = CalibratedMachine().fit(X, ["a", "a", "b", "b", "c", "c"])
    probability = machine.predict_proba(X).max(axis=1)
    assert (probability > 0.5).all()
    assert (probability < 0.95).all()


def test_noise_has_no_certain_class(rng):
    X, y = rng.normal(size=(200, 20)), rng.integers(2, size=200)
    machine = CalibratedMachine(C=1.0).fit(X, y)
    probability = machine.predict_proba(rng.normal(size=(100, 20)))
    assert np.abs(probability - 0.5).mean() < 0.15


def test_a_single_image_of_a_class_leaves_the_decisions_as_they_are(rng):
    machine = CalibratedMachine().fit(rng.normal(size=(5, 2)), list("aabbc"))
    assert machine.scale_ == 1

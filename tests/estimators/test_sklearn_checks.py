"""scikit-learn's own checks, on estimators that read tables."""

import keras
import pytest
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from tests.estimators.tabular import (
    EXPECTED_FAILURES,
    TabularClassifier,
    TabularGenerator,
)

# A hundred trainings of tables of thirty shapes: TensorFlow and JAX would compile each.
pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="needs a backend that compiles nothing"
)

ESTIMATORS = [TabularClassifier(), TabularGenerator()]

try:
    all_checks = parametrize_with_checks(
        ESTIMATORS, expected_failed_checks=lambda estimator: EXPECTED_FAILURES
    )
except TypeError:  # before scikit-learn 1.6, which reads them from the tags
    all_checks = pytest.mark.parametrize(
        ("estimator", "check"),
        [
            pair
            for estimator in ESTIMATORS
            for pair in check_estimator(estimator, generate_only=True)
        ],
    )


@all_checks
def test_scikit_learn_finds_nothing_odd(estimator, check):
    check(estimator)

"""scikit-learn's own checks, on estimators that read tables."""

import pytest
from sklearn.utils import estimator_checks

from tests.estimators.tabular import (
    EXPECTED_FAILURES,
    TabularClassifier,
    TabularGenerator,
)

# A hundred trainings of tables of thirty shapes: TensorFlow and JAX would compile each.
pytestmark = pytest.mark.torch_only


def pairs():
    """List the estimators with their checks, those marked that must fail."""
    for estimator in (TabularClassifier(), TabularGenerator()):
        try:
            yield from estimator_checks.estimator_checks_generator(
                estimator,
                expected_failed_checks=EXPECTED_FAILURES,
                mark="xfail",
            )
        except AttributeError:  # before scikit-learn 1.6, which reads the tags
            yield from estimator_checks.check_estimator(estimator, generate_only=True)


def name_of(value):
    return getattr(getattr(value, "func", value), "__name__", type(value).__name__)


@pytest.mark.parametrize(("estimator", "check"), list(pairs()), ids=name_of)
def test_scikit_learn_finds_nothing_odd(estimator, check):
    check(estimator)

"""A support vector machine whose decisions are probabilities."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC

FOLDS = 5
# Of the logarithm of the factor that decisions are multiplied by.
LEAST_SCALE, GREATEST_SCALE = -3.0, 4.0


class CalibratedMachine(ClassifierMixin, BaseEstimator):
    """Turn the decisions of a support vector machine into probabilities.

    The probabilities are the softmax of the decisions times one factor, so that they
    name the same class as the machine does, however few images there are. Platt's
    sigmoids, one a class, need more: with two images a class they name fewer right.

    Parameters
    ----------
    C, kernel, class_weight
        See `sklearn.svm.SVC`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    machine_ : SVC
        The fitted machine.
    scale_ : float
        The factor. It makes decisions on images that were left out of the training
        likeliest; 1 if some class has a single image.
    """

    def __init__(self, C=1.0, kernel="linear", class_weight=None):
        self.C = C
        self.kernel = kernel
        self.class_weight = class_weight

    def fit(self, X, y, sample_weight=None):
        """Train the machine, and find the factor by cross-validation.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), optional
            Weights.

        Returns
        -------
        self
        """
        X, y = np.asarray(X), np.asarray(y)
        weights = np.ones(len(X)) if sample_weight is None else sample_weight
        self.machine_ = self._make().fit(X, y, weights)
        self.classes_ = self.machine_.classes_
        self.scale_ = self._find_scale(X, y, np.asarray(weights, "float64"))
        return self

    def decision_function(self, X):
        """Return the decisions, of shape (n_samples, n_classes)."""
        return _decisions(self.machine_, X)

    def predict_proba(self, X):
        """Return the probabilities, of shape (n_samples, n_classes)."""
        return softmax(self.scale_ * self.decision_function(X), axis=1)

    def predict(self, X):
        """Return the most probable labels, of shape (n_samples,)."""
        return self.classes_[self.decision_function(X).argmax(axis=1)]

    def _make(self) -> SVC:
        return SVC(C=self.C, kernel=self.kernel, class_weight=self.class_weight)

    def _find_scale(self, X: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
        codes = np.searchsorted(self.classes_, y)
        folds = min(FOLDS, np.bincount(codes).min())
        if folds < 2:
            return 1.0
        decisions = np.zeros((len(X), len(self.classes_)))
        for training, test in StratifiedKFold(folds).split(X, codes):
            machine = self._make().fit(X[training], y[training], weights[training])
            decisions[test] = _decisions(machine, X[test])
        # Rare errors that few images do not show: one more image of each class.
        doubt = len(self.classes_) / (len(self.classes_) + len(X))

        def unlikeliness(log_scale):
            logs = log_softmax(np.exp(log_scale) * decisions, axis=1)
            right = logs[np.arange(len(codes)), codes]
            expected = (1 - doubt) * right + doubt * logs.mean(axis=1)
            return -np.average(expected, weights=weights)

        found = minimize_scalar(
            unlikeliness, bounds=(LEAST_SCALE, GREATEST_SCALE), method="bounded"
        )
        return float(np.exp(found.x))


def _decisions(machine: SVC, X: np.ndarray) -> np.ndarray:
    """Return the decisions for each class; of two classes one is the negative."""
    decisions = machine.decision_function(X)
    if decisions.ndim == 1:
        decisions = np.stack([-decisions, decisions], axis=1) / 2
    return decisions

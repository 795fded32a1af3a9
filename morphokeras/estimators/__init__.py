"""Scikit-learn estimators for micrographs and phase fields."""

from morphokeras.utils.backend import choose_backend

choose_backend()

from morphokeras.estimators.classifier import MicrostructureClassifier
from morphokeras.estimators.generator import MicrostructureGenerator
from morphokeras.estimators.recipes import ARTICLE_RECIPE

__all__ = ["ARTICLE_RECIPE", "MicrostructureClassifier", "MicrostructureGenerator"]

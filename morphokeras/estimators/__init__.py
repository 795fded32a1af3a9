"""Scikit-learn estimators for micrographs and phase fields."""

from morphokeras.utils.backend import choose_backend

choose_backend()

from morphokeras.estimators.baselines import PlainCNNClassifier, ResNet50Classifier
from morphokeras.estimators.classifier import MicrostructureClassifier
from morphokeras.estimators.descriptor import (
    DescriptorClassifier,
    make_descriptor_classifier,
)
from morphokeras.estimators.generator import MicrostructureGenerator
from morphokeras.estimators.loading import load
from morphokeras.estimators.plain_vae import PlainVAEGenerator
from morphokeras.estimators.recipes import ARTICLE_RECIPE
from morphokeras.estimators.splitting import SemiSupervisedSplit
from morphokeras.estimators.voting import MicrostructureVotingClassifier

__all__ = [
    "ARTICLE_RECIPE",
    "DescriptorClassifier",
    "MicrostructureClassifier",
    "MicrostructureGenerator",
    "MicrostructureVotingClassifier",
    "PlainCNNClassifier",
    "PlainVAEGenerator",
    "ResNet50Classifier",
    "SemiSupervisedSplit",
    "load",
    "make_descriptor_classifier",
]

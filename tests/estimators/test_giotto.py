"""The estimators beside giotto-tda, where it is installed."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from morphokeras.estimators.classifier import MicrostructureClassifier
from morphokeras.estimators.generator import MicrostructureGenerator
from morphokeras.features import BettiCurve, PersistenceFeatures
from morphokeras.topology import persistence_diagram

pytest.importorskip("gtda", reason="giotto-tda is in the card environment only")

from gtda.diagrams import Amplitude, PairwiseDistance, PersistenceEntropy
from gtda.homology import CubicalPersistence
from gtda.images import Binarizer, RadialFiltration

pytestmark = pytest.mark.torch_only


def test_codes_stand_beside_topological_features(small_textures, tiny_generator):
    X, y = small_textures
    topology = make_pipeline(CubicalPersistence(), PersistenceEntropy())
    codes = MicrostructureGenerator(**{**tiny_generator, "codes": "global"})
    union = make_union(topology, codes)
    pipeline = make_pipeline(union, LogisticRegression()).fit(X, y)
    assert pipeline[1].coef_.shape == (1, 2 + tiny_generator["latent_dim"])


def test_images_can_be_filtered_before_the_classifier(textures, tiny):
    X, y = textures
    pipeline = make_pipeline(
        Binarizer(threshold=0.5),
        RadialFiltration(center=np.array([16, 16])),
        MicrostructureClassifier(**{**tiny, "epochs": 1, "intensity": "minmax"}),
    )
    assert clone(pipeline).fit(X, y).predict(X).shape == (24,)


@pytest.mark.filterwarnings("ignore:`product` is deprecated:DeprecationWarning")
def test_our_diagrams_are_taken_for_giottos(small_textures):
    X, _ = small_textures
    theirs = CubicalPersistence(homology_dimensions=(0, 1)).fit_transform(X)
    ours = persistence_diagram(X, filtration="sublevel")
    for transformer in (PersistenceEntropy(), Amplitude(metric="persistence_image")):
        np.testing.assert_allclose(
            clone(transformer).fit_transform(ours),
            clone(transformer).fit_transform(theirs),
            rtol=1e-4,
        )
    distances = PairwiseDistance(metric="wasserstein").fit_transform(ours)
    assert distances.shape == (24, 24)


def test_our_features_stand_beside_giottos(small_textures):
    X, y = small_textures
    giotto = make_pipeline(CubicalPersistence(), PersistenceEntropy())
    options = {"intensity": "minmax"}
    union = make_union(
        giotto, PersistenceFeatures([0, 1], **options), BettiCurve(4, **options)
    )
    pipeline = make_pipeline(union, LogisticRegression(max_iter=1000)).fit(X, y)
    assert pipeline[1].coef_.shape == (1, 2 + 2 * 2 * 2 * 19 + 2 * 4)

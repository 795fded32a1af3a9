"""Hand-made features of images, as scikit-learn transformers; no Keras backend."""

from morphokeras.features.betti_curve import BettiCurve
from morphokeras.features.persistence import PersistenceFeatures
from morphokeras.features.scattering import ScatteringFeatures
from morphokeras.features.structure import StructureFeatures
from morphokeras.features.texture import TextureFeatures

__all__ = [
    "BettiCurve",
    "PersistenceFeatures",
    "ScatteringFeatures",
    "StructureFeatures",
    "TextureFeatures",
]

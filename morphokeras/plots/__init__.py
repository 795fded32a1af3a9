"""Figures of microstructures and of fitted estimators."""

from morphokeras.plots.attention import AttentionDisplay, add_scale_bar
from morphokeras.plots.betti_curve import BettiCurveDisplay
from morphokeras.plots.chords import ChordLengthDisplay
from morphokeras.plots.ebsd import EBSDMapDisplay
from morphokeras.plots.history import TrainingHistoryDisplay
from morphokeras.plots.persistence_diagram import PersistenceDiagramDisplay
from morphokeras.plots.persistent_pairs import PersistentPairsDisplay
from morphokeras.plots.sample_grid import SampleGridDisplay
from morphokeras.plots.traversal import LatentTraversalDisplay
from morphokeras.plots.two_point import TwoPointDisplay

__all__ = [
    "AttentionDisplay",
    "BettiCurveDisplay",
    "ChordLengthDisplay",
    "EBSDMapDisplay",
    "LatentTraversalDisplay",
    "PersistenceDiagramDisplay",
    "PersistentPairsDisplay",
    "SampleGridDisplay",
    "TrainingHistoryDisplay",
    "TwoPointDisplay",
    "add_scale_bar",
]

"""Figures of microstructures and of fitted estimators."""

from morphokeras.plots.attention import AttentionDisplay, add_scale_bar
from morphokeras.plots.history import TrainingHistoryDisplay
from morphokeras.plots.sample_grid import SampleGridDisplay
from morphokeras.plots.two_point import TwoPointDisplay

__all__ = [
    "AttentionDisplay",
    "SampleGridDisplay",
    "TrainingHistoryDisplay",
    "TwoPointDisplay",
    "add_scale_bar",
]

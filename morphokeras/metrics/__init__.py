"""Distances between two sets of fields."""

from morphokeras.metrics.comparison import compare
from morphokeras.metrics.scorers import StructureScorer
from morphokeras.metrics.structure import (
    chord_divergence,
    euler_number_error,
    persistence_distance,
    phase_size_error,
    two_point_error,
)

__all__ = [
    "StructureScorer",
    "chord_divergence",
    "compare",
    "euler_number_error",
    "persistence_distance",
    "phase_size_error",
    "two_point_error",
]

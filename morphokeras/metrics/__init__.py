"""Distances between two sets of fields; scores of classifiers, with intervals."""

from morphokeras.metrics.classification import (
    classification_report,
    classification_scores,
    format_report,
    score_runs,
)
from morphokeras.metrics.comparison import compare
from morphokeras.metrics.confounders import ConfounderWarning, probe_confounders
from morphokeras.metrics.cross_validation import cross_validate_groups
from morphokeras.metrics.description import describe
from morphokeras.metrics.leaks import LeakageWarning, find_leaks
from morphokeras.metrics.scorers import StructureScorer
from morphokeras.metrics.significance import mean_interval, paired_tests
from morphokeras.metrics.structure import (
    chord_divergence,
    euler_number_error,
    persistence_distance,
    phase_size_error,
    two_point_error,
)

__all__ = [
    "ConfounderWarning",
    "LeakageWarning",
    "StructureScorer",
    "chord_divergence",
    "classification_report",
    "classification_scores",
    "compare",
    "cross_validate_groups",
    "describe",
    "euler_number_error",
    "find_leaks",
    "format_report",
    "mean_interval",
    "paired_tests",
    "persistence_distance",
    "phase_size_error",
    "probe_confounders",
    "score_runs",
    "two_point_error",
]

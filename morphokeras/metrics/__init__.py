"""Distances between two sets of fields."""

from morphokeras.metrics.structure import two_point_error

__all__ = ["two_point_error"]

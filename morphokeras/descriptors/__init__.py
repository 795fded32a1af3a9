"""Measures of one field: NumPy in, arrays out."""

from morphokeras.descriptors.two_point import (
    axis_profile,
    radial_average,
    two_point_correlation,
    two_point_cross_correlation,
)

__all__ = [
    "axis_profile",
    "radial_average",
    "two_point_correlation",
    "two_point_cross_correlation",
]

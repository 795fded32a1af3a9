"""Measures of one field: NumPy in, arrays out."""

from morphokeras.descriptors.two_point import radial_average, two_point_correlation

__all__ = ["radial_average", "two_point_correlation"]

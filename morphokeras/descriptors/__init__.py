"""Measures of one field: NumPy in, arrays out."""

from morphokeras.descriptors.chords import chord_length_distribution
from morphokeras.descriptors.euler import euler_number
from morphokeras.descriptors.fraction import (
    integral_range,
    volume_fraction,
    volume_fraction_interval,
)
from morphokeras.descriptors.grain_size import (
    ebsd_grain_size,
    intercept_grain_size,
    mean_intercept_length,
    planimetric_grain_size,
)
from morphokeras.descriptors.lineal_path import lineal_path
from morphokeras.descriptors.minkowski import minkowski_functionals
from morphokeras.descriptors.misorientation import misorientation_histogram
from morphokeras.descriptors.persistence import persistence_statistics
from morphokeras.descriptors.phases import equivalent_diameters, label_components
from morphokeras.descriptors.surface import specific_surface
from morphokeras.descriptors.thickness import local_thickness
from morphokeras.descriptors.two_point import (
    axis_profile,
    radial_average,
    two_point_correlation,
    two_point_cross_correlation,
)

__all__ = [
    "axis_profile",
    "chord_length_distribution",
    "ebsd_grain_size",
    "equivalent_diameters",
    "euler_number",
    "integral_range",
    "intercept_grain_size",
    "label_components",
    "lineal_path",
    "local_thickness",
    "mean_intercept_length",
    "minkowski_functionals",
    "misorientation_histogram",
    "persistence_statistics",
    "planimetric_grain_size",
    "radial_average",
    "specific_surface",
    "two_point_correlation",
    "two_point_cross_correlation",
    "volume_fraction",
    "volume_fraction_interval",
]

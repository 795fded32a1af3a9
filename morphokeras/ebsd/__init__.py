"""Orientation maps: crystal symmetry, misorientation, grains and pictures of them.

A room of its own because three others use it: `datasets` reads files into an
`EBSDMap`, `descriptors` measures misorientations, `plots` draws maps with their colour
key. It needs NumPy and SciPy, no Keras backend.
"""

from morphokeras.ebsd.channels import orientation_channels
from morphokeras.ebsd.colors import direction_colors, ipf_colors, sector_corners
from morphokeras.ebsd.grains import (
    grain_boundaries,
    grain_labels,
    kernel_average_misorientation,
    neighbour_misorientations,
)
from morphokeras.ebsd.map import EBSDMap, Phase
from morphokeras.ebsd.misorientation import (
    mackenzie_density,
    misorientation_angle,
    orientations,
)
from morphokeras.ebsd.quality import quality_image
from morphokeras.ebsd.symmetry import LAUE_GROUPS, laue_group, symmetry_rotations

__all__ = [
    "EBSDMap",
    "LAUE_GROUPS",
    "Phase",
    "direction_colors",
    "grain_boundaries",
    "grain_labels",
    "ipf_colors",
    "kernel_average_misorientation",
    "laue_group",
    "mackenzie_density",
    "misorientation_angle",
    "neighbour_misorientations",
    "orientation_channels",
    "orientations",
    "quality_image",
    "sector_corners",
    "symmetry_rotations",
]

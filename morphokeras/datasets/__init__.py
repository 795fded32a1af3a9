"""Simulated microstructures with known answers, and loaders for real ones."""

from morphokeras.datasets.balls import balls_two_point_correlation, make_balls
from morphokeras.datasets.banner import banner_mask, find_banner
from morphokeras.datasets.blobs import (
    blobs_two_point_correlation,
    make_blobs,
    make_porous,
)
from morphokeras.datasets.ebsd import load_ebsd
from morphokeras.datasets.grains import make_voronoi_grains
from morphokeras.datasets.images import load_images
from morphokeras.datasets.lamellae import make_lamellae
from morphokeras.datasets.patches import extract_patches
from morphokeras.datasets.phase_field import (
    make_phase_field,
    phase_field_energy,
    simulate_phase_field,
)
from morphokeras.datasets.volume import load_volume
from morphokeras.datasets.volume_out import save_volume, save_vtk

__all__ = [
    "balls_two_point_correlation",
    "banner_mask",
    "blobs_two_point_correlation",
    "extract_patches",
    "find_banner",
    "load_ebsd",
    "load_images",
    "load_volume",
    "make_balls",
    "make_blobs",
    "make_lamellae",
    "make_phase_field",
    "make_porous",
    "make_voronoi_grains",
    "phase_field_energy",
    "save_volume",
    "save_vtk",
    "simulate_phase_field",
]

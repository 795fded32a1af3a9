"""Simulated microstructures with known answers, and loaders for real ones."""

from morphokeras.datasets.ebsd import load_ebsd
from morphokeras.datasets.images import load_images
from morphokeras.datasets.phase_field import (
    make_phase_field,
    phase_field_energy,
    simulate_phase_field,
)

__all__ = [
    "load_ebsd",
    "load_images",
    "make_phase_field",
    "phase_field_energy",
    "simulate_phase_field",
]

"""Cubical persistence, Betti numbers, distances of diagrams, soft Betti numbers.

The kernels need no Keras. `soft_betti` and `diagram_matching_loss` do, and are imported
when they are first used.
"""

from typing import Any

from morphokeras.topology.cubical import persistence_pairs
from morphokeras.topology.diagrams import persistence_diagram
from morphokeras.topology.euler import euler_characteristic
from morphokeras.topology.level_sets import betti_curves, betti_numbers
from morphokeras.topology.wasserstein import wasserstein_distance

__all__ = [
    "betti_curves",
    "betti_numbers",
    "diagram_matching_loss",
    "euler_characteristic",
    "persistence_diagram",
    "persistence_pairs",
    "soft_betti",
    "wasserstein_distance",
]


def __getattr__(name: str) -> Any:
    if name == "soft_betti":
        from morphokeras.topology.betti import soft_betti

        return soft_betti
    if name == "diagram_matching_loss":
        from morphokeras.topology.matching import diagram_matching_loss

        return diagram_matching_loss
    raise AttributeError(f"module 'morphokeras.topology' has no attribute {name!r}")

"""Cubical persistence and soft Betti numbers.

The kernels need no Keras. `soft_betti` and `diagram_matching_loss` do, and are imported
when they are first used.
"""

from typing import Any

from morphokeras.topology.cubical import persistence_pairs
from morphokeras.topology.diagrams import persistence_diagram

__all__ = [
    "diagram_matching_loss",
    "persistence_diagram",
    "persistence_pairs",
    "soft_betti",
]


def __getattr__(name: str) -> Any:
    if name == "soft_betti":
        from morphokeras.topology.betti import soft_betti

        return soft_betti
    if name == "diagram_matching_loss":
        from morphokeras.topology.matching import diagram_matching_loss

        return diagram_matching_loss
    raise AttributeError(f"module 'morphokeras.topology' has no attribute {name!r}")

"""Cubical persistence and soft Betti numbers.

The kernels need no Keras; `morphokeras.topology.betti` does, and is imported when
`soft_betti` is first used.
"""

from typing import Any

from morphokeras.topology.cubical import persistence_pairs
from morphokeras.topology.diagrams import persistence_diagram

__all__ = [
    "persistence_diagram",
    "persistence_pairs",
    "soft_betti",
]


def __getattr__(name: str) -> Any:
    if name == "soft_betti":
        from morphokeras.topology.betti import soft_betti

        return soft_betti
    raise AttributeError(f"module 'morphokeras.topology' has no attribute {name!r}")

"""Persistence pairs of one volume, its dimensions put together from two kernels."""

from collections.abc import Callable

import numpy as np

from morphokeras.topology._loops_kernel import loop_pairs
from morphokeras.topology._volume_kernel import sweep_pairs, voxel_masks
from morphokeras.topology._voxel_tables import voxel_tables


def volume_pairs(
    connectivity: str,
    is_periodic: bool,
    min_persistence: float,
    homology_dimensions: tuple[int, ...],
) -> Callable[[np.ndarray], list[np.ndarray]]:
    """Return the function that gives the pairs of one framed volume's sublevel sets."""
    is_full = connectivity == "full"
    minimum = np.float32(min_persistence)
    tables = voxel_tables()

    def framed_pairs(framed: np.ndarray) -> list[np.ndarray]:
        pairs = [np.empty((0, 2), np.int32)] * 3
        if 1 in homology_dimensions:
            inner = framed[1:-1, 1:-1, 1:-1]
            pairs[1] = loop_pairs(inner, connectivity, is_periodic, min_persistence)
        if homology_dimensions == (1,):
            return pairs
        masks, counts = voxel_masks(framed, is_full, is_periodic, tables)
        for dimension in {0, 2}.intersection(homology_dimensions):
            is_descending = dimension == 2
            pairs[dimension] = sweep_pairs(
                framed,
                masks,
                counts,
                is_full != is_descending,
                is_descending,
                is_periodic,
                tables,
                minimum,
            )
        return pairs

    return framed_pairs

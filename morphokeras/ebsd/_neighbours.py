"""Pairs of neighbouring points on square and hexagonal grids."""

import numpy as np
from scipy.sparse import csr_array, identity, triu

from morphokeras.ebsd.map import EBSDMap


def neighbour_pairs(ebsd: EBSDMap, order: int = 1) -> np.ndarray:
    """Return the pairs of points that are at most `order` steps apart.

    Parameters
    ----------
    ebsd : EBSDMap
        The map: its size and grid count.
    order : int, default=1
        Steps from neighbour to neighbour: a point has 4 neighbours on a square grid, 6
        on a hexagonal one.

    Returns
    -------
    ndarray of shape (n_pairs, 2), int
        Flat indices, each pair once, the smaller index first.
    """
    pairs = _direct_pairs(ebsd)
    if order == 1:
        return pairs
    size = ebsd.phase_id.size
    ones = np.ones(len(pairs), np.int32)
    upper = csr_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    step = upper + upper.T + csr_array(identity(size, np.int32))
    reach = step
    for _ in range(order - 1):
        reach = reach @ step
    return np.stack(triu(reach, k=1).nonzero(), axis=1)


def _direct_pairs(ebsd: EBSDMap) -> np.ndarray:
    """Return pairs of neighbours, those along rows first."""
    index = np.arange(ebsd.phase_id.size).reshape(ebsd.shape)
    pairs = [(index[:, :-1], index[:, 1:])]
    if ebsd.grid == "square":
        pairs.append((index[:-1], index[1:]))
    else:
        is_shifted = np.arange(ebsd.shape[0]) % 2 == ebsd.shifted_rows
        upper, lower = index[:-1], index[1:]
        pairs.append((upper, lower))
        # The second neighbour below: to the right of a shifted row's point.
        shifted, other = is_shifted[:-1], ~is_shifted[:-1]
        pairs.append((upper[shifted, :-1], lower[shifted, 1:]))
        pairs.append((upper[other, 1:], lower[other, :-1]))
    return np.concatenate([np.stack([a.ravel(), b.ravel()], 1) for a, b in pairs])

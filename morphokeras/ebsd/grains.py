"""Grains, their boundaries and the misorientation within them."""

from numbers import Integral, Real

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from morphokeras.ebsd._neighbours import neighbour_pairs
from morphokeras.ebsd.map import EBSDMap
from morphokeras.ebsd.misorientation import disorientation, orientations


def neighbour_misorientations(
    ebsd: EBSDMap, order: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Return the misorientation of neighbouring points.

    Parameters
    ----------
    ebsd : EBSDMap
        An orientation map.
    order : int, default=1
        How many steps from neighbour to neighbour two points may be apart; neighbours
        are the 4 of a square and the 6 of a hexagonal grid.

    Returns
    -------
    pairs : ndarray of shape (n_pairs, 2), int
        Flat indices of two points, each pair once.
    angles : ndarray of shape (n_pairs,)
        Degrees, under the phase's symmetry; infinite between two phases, NaN where a
        point is not indexed.

    Raises
    ------
    ValueError
        If the symmetry of a phase is not known, or `order` is no positive integer.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.ebsd import EBSDMap, Phase, neighbour_misorientations
    >>> y, x = np.indices((1, 3)) * 1.0
    >>> angles = np.deg2rad([[[0, 0, 0], [95, 0, 0], [115, 0, 0]]])
    >>> ebsd = EBSDMap(np.ones((1, 3), int), angles, x, y, (1.0, 1.0),
    ...                {1: Phase("ferrite", "m-3m")})
    >>> pairs, angles = neighbour_misorientations(ebsd)
    >>> pairs.tolist(), angles.round(6).tolist()
    ([[0, 1], [1, 2]], [5.0, 20.0])
    """
    _check_order(order)
    pairs = neighbour_pairs(ebsd, order)
    phase = ebsd.phase_id.ravel()[pairs]
    angles = np.full(len(pairs), np.inf)
    angles[(phase == 0).any(axis=1)] = np.nan
    euler = ebsd.euler_angles.reshape(-1, 3)
    for number, description in ebsd.phases.items():
        same = (phase == number).all(axis=1)
        if same.any():
            first, second = (orientations(euler[points]) for points in pairs[same].T)
            angles[same] = disorientation(first, second, description.rotations)
    return pairs, angles


def kernel_average_misorientation(
    ebsd: EBSDMap, *, threshold: float = 5.0, order: int = 1
) -> np.ndarray:
    """Return the mean misorientation of each point with its neighbours.

    A measure of local lattice bending, and so of geometrically necessary dislocations.

    Parameters
    ----------
    ebsd : EBSDMap
        An orientation map, on the grid that it was measured on.
    threshold : float, default=5.0
        Neighbours further apart, in degrees, belong to another grain and do not count;
        those of another phase never do.
    order : int, default=1
        Neighbours of neighbours: up to which step.

    Returns
    -------
    ndarray of shape (height, width)
        Degrees, from 0 to `threshold`; NaN where no neighbour counts.

    Raises
    ------
    ValueError
        If a symmetry is not known, or an option is out of its range.

    Examples
    --------
    A lattice that bends by one degree a point:

    >>> import numpy as np
    >>> from morphokeras.ebsd import EBSDMap, Phase, kernel_average_misorientation
    >>> y, x = np.indices((4, 5)) * 1.0
    >>> angles = np.deg2rad(np.stack([x, 0 * x, 0 * x], axis=-1))
    >>> ebsd = EBSDMap(np.ones((4, 5), int), angles, x, y, (1.0, 1.0),
    ...                {1: Phase("ferrite", "m-3m")})
    >>> kernel_average_misorientation(ebsd)[1].round(3).tolist()
    [0.333, 0.5, 0.5, 0.5, 0.333]
    """
    _check_threshold(threshold)
    pairs, angles = neighbour_misorientations(ebsd, order)
    inside = angles < threshold
    points, size = pairs[inside].ravel(), ebsd.phase_id.size
    total = np.bincount(points, np.repeat(angles[inside], 2), minlength=size)
    count = np.bincount(points, minlength=size)
    mean = np.full(size, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean.reshape(ebsd.shape)


def grain_boundaries(ebsd: EBSDMap, *, threshold: float = 5.0) -> np.ndarray:
    """Return where a point and a neighbour after it belong to different grains.

    Parameters
    ----------
    ebsd : EBSDMap
        An orientation map.
    threshold : float, default=5.0
        Degrees from which on a misorientation is a boundary. Between phases there is
        one always, towards points that are not indexed never.

    Returns
    -------
    ndarray of shape (height, width), bool
        True at the first point, in reading order, of a pair across a boundary: lines
        one pixel wide. Subgrain boundaries that end inside a grain are among them.

    Raises
    ------
    ValueError
        If a symmetry is not known, or `threshold` is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.ebsd import EBSDMap, Phase, grain_boundaries
    >>> y, x = np.indices((2, 4)) * 1.0
    >>> angles = np.deg2rad(np.stack([20 * (x > 1), 0 * x, 0 * x], axis=-1))
    >>> ebsd = EBSDMap(np.ones((2, 4), int), angles, x, y, (1.0, 1.0),
    ...                {1: Phase("ferrite", "m-3m")})
    >>> grain_boundaries(ebsd).astype(int).tolist()
    [[0, 1, 0, 0], [0, 1, 0, 0]]
    """
    _check_threshold(threshold)
    pairs, angles = neighbour_misorientations(ebsd)
    boundary = np.zeros(ebsd.phase_id.size, bool)
    boundary[pairs[angles >= threshold, 0]] = True
    return boundary.reshape(ebsd.shape)


def grain_labels(
    ebsd: EBSDMap, *, threshold: float = 5.0, min_points: int = 1
) -> np.ndarray:
    """Label the grains: points joined by misorientations below a threshold.

    Parameters
    ----------
    ebsd : EBSDMap
        An orientation map, on the grid that it was measured on.
    threshold : float, default=5.0
        Degrees from which on two neighbours are not joined; 5 is the tolerance of ASTM
        E2627, 10 and 15 are usual too.
    min_points : int, default=1
        Grains of fewer points, mostly wrong indexing, get the label 0; E2627 asks for
        at least 100.

    Returns
    -------
    ndarray of shape (height, width), int32
        1, 2 ... in the order of each grain's first point; 0 where there is no grain:
        not indexed, or too small.

    Raises
    ------
    ValueError
        If a symmetry is not known, or an option is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.ebsd import EBSDMap, Phase, grain_labels
    >>> y, x = np.indices((2, 4)) * 1.0
    >>> angles = np.deg2rad(np.stack([20 * (x > 1), 0 * x, 0 * x], axis=-1))
    >>> ebsd = EBSDMap(np.ones((2, 4), int), angles, x, y, (1.0, 1.0),
    ...                {1: Phase("ferrite", "m-3m")})
    >>> grain_labels(ebsd).tolist()
    [[1, 1, 2, 2], [1, 1, 2, 2]]
    """
    _check_threshold(threshold)
    if not isinstance(min_points, Integral) or min_points < 1:
        raise ValueError(
            f"`min_points` must be a positive integer. Received: {min_points!r}."
        )
    pairs, angles = neighbour_misorientations(ebsd)
    joined = pairs[angles < threshold]
    size = ebsd.phase_id.size
    ones = np.ones(len(joined), bool)
    graph = csr_array((ones, (joined[:, 0], joined[:, 1])), shape=(size, size))
    component = connected_components(graph, directed=False)[1]
    keep = ebsd.is_indexed.ravel()
    keep &= np.bincount(component)[component] >= min_points
    return _numbered(component, keep).reshape(ebsd.shape)


def _numbered(component: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Return numbers of the kept components, by their first points; 0 for others."""
    labels = np.zeros(component.size, np.int32)
    _, first, inverse = np.unique(
        component[keep], return_index=True, return_inverse=True
    )
    rank = np.empty(len(first), np.int32)
    rank[np.argsort(first)] = np.arange(1, len(first) + 1)
    labels[keep] = rank[inverse]
    return labels


def _check_threshold(threshold: float) -> None:
    if not isinstance(threshold, Real) or not 0 < threshold <= 180:
        raise ValueError(
            "`threshold` must be an angle in degrees, above 0 and at most 180. "
            f"Received: threshold={threshold!r}."
        )


def _check_order(order: int) -> None:
    if not isinstance(order, Integral) or order < 1:
        raise ValueError(
            f"`order` must be a positive integer. Received: order={order!r}."
        )

"""The Euler characteristic of images, by counting cells."""

from typing import Any

import numpy as np

from morphokeras.topology._levels import LevelSets
from morphokeras.topology._threads import map_images


def euler_characteristic(
    images: np.ndarray,
    *,
    threshold: Any = 0.5,
    filtration: str = "superlevel",
    connectivity: str = "full",
    boundary: str = "open",
    spatial_dims: int = 2,
    num_threads: int | None = None,
) -> np.ndarray:
    """Return components less holes of a phase, in volumes plus cavities.

    The Euler characteristic is a sum over places, and so the quickest to count of the
    topological numbers.

    Parameters
    ----------
    images : array_like of shape (n_images, height, width)
        Masks, or finite grey values; (n_images, depth, height, width) with
        ``spatial_dims=3``.
    threshold : float or array_like of shape (n_levels,), default=0.5
        The phase is what is at least as bright (superlevel) or at most as bright
        (sublevel). The default is right for masks of 0 and 1. Several thresholds give
        the Euler characteristic curve, in one pass over the images.
    filtration : {'superlevel', 'sublevel'}, default='superlevel'
        Whether the bright or the dark pixels are the phase.
    connectivity : {'full', 'face'}, default='full'
        Whether pixels of the phase that share only a corner are connected.
    boundary : {'open', 'periodic'}, default='open'
        Whether the phase ends at the border, or opposite borders are one.
    spatial_dims : {2, 3}, default=2
        The number of spatial axes.
    num_threads : int, optional
        Threads that share the images, as in `persistence_pairs`.

    Returns
    -------
    ndarray of shape (n_images,) or (n_images, n_levels), int64
        The Euler characteristic of each phase.

    Raises
    ------
    ValueError, TypeError
        If the images or an option are not as described.

    Notes
    -----
    The phase is a cubical complex, whose cells are counted with the sign of their
    dimension. With connectivity ``"full"`` pixels are its cubes, with ``"face"`` its
    vertices: scikit-image's ``euler_number`` with the greatest and with the least
    connectivity. A threshold is rounded to the precision of the images.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.topology import euler_characteristic
    >>> ring = np.ones((1, 5, 5), bool)
    >>> ring[0, 2, 2] = False
    >>> euler_characteristic(ring).tolist()
    [0]
    >>> euler_characteristic(ring, filtration="sublevel").tolist()
    [1]
    >>> grey = np.array([[[0.9, 0.2, 0.7]]])
    >>> euler_characteristic(grey, threshold=[0.1, 0.5, 0.8]).tolist()
    [[1, 2, 1]]
    """
    sets = LevelSets(filtration, connectivity, boundary, spatial_dims)
    images = sets.checked(images)
    num_pixels = images[0].size
    if np.ndim(threshold) == 0:
        phases = sets.phases(images, threshold)
        numbers = map_images(
            lambda i: euler_of_phase(phases[i], sets),
            len(images),
            num_pixels,
            num_threads,
        )
        return np.array(numbers, dtype="int64")
    ascending, places = sets.ordered(threshold, images.dtype, "threshold")
    curves = map_images(
        lambda i: euler_curve(sets.entries(images[i], ascending), len(ascending), sets),
        len(images),
        num_pixels,
        num_threads,
    )
    return np.stack(curves)[:, places]


def euler_of_phase(phase: np.ndarray, sets: LevelSets) -> int:
    """Return the Euler characteristic of one mask."""
    if not sets.has_corners:  # pixels are vertices
        return _signed_count(phase, np.logical_and, sets.is_periodic)
    # Pixels are cubes. A face, edge or vertex is there if one of its pixels is.
    cubes = phase if sets.is_periodic else np.pad(phase, 1)
    sign = (-1) ** phase.ndim
    return sign * _signed_count(cubes, np.logical_or, sets.is_periodic)


def euler_curve(entries: np.ndarray, num_levels: int, sets: LevelSets) -> np.ndarray:
    """Return the Euler characteristic at each level, in the order they are passed.

    Parameters
    ----------
    entries : ndarray of shape (height, width) or (depth, height, width), int32
        The level at which each pixel enters, `num_levels` for never.
    num_levels : int
        Number of levels.
    sets : LevelSets
        How pixels are connected.

    Returns
    -------
    ndarray of shape (num_levels,), int64
        The Euler characteristics.
    """
    # numba is loaded where it is first needed.
    from morphokeras.topology._cells import count_cells

    if sets.is_periodic:
        padded = np.pad(entries, (0, 1), mode="wrap")
    else:
        padded = np.pad(entries, 1, constant_values=num_levels)
    if sets.has_corners:
        padded = num_levels - padded  # cells enter with the first of their pixels
    if entries.ndim == 2:
        padded = padded[np.newaxis]
    counts = count_cells(padded, num_levels)
    if sets.has_corners:
        counts = (-1) ** entries.ndim * counts[::-1]
    return np.cumsum(counts[:-1])


def _signed_count(cells: np.ndarray, join: np.ufunc, around: bool) -> int:
    """Count blocks of one or two pixels an axis, -1 for each axis with two."""
    blocks = [(1, cells)]
    for axis in range(cells.ndim):
        blocks += [(-sign, _pairs(block, axis, join, around)) for sign, block in blocks]
    return sum(sign * int(np.count_nonzero(block)) for sign, block in blocks)


def _pairs(cells: np.ndarray, axis: int, join: np.ufunc, around: bool) -> np.ndarray:
    if around:
        return join(cells, np.roll(cells, -1, axis))
    first = cells.swapaxes(0, axis)
    return join(first[:-1], first[1:]).swapaxes(0, axis)

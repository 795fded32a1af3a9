"""Betti numbers of phases, at one threshold or at many."""

from collections.abc import Callable
from typing import Any

import numpy as np

from morphokeras.topology._checks import checked_dimensions
from morphokeras.topology._levels import LevelSets
from morphokeras.topology._threads import map_images
from morphokeras.topology.cubical import pairs_function
from morphokeras.topology.euler import euler_curve, euler_of_phase


def betti_numbers(
    images: np.ndarray,
    *,
    threshold: float = 0.5,
    filtration: str = "superlevel",
    connectivity: str = "full",
    boundary: str = "open",
    spatial_dims: int = 2,
    num_threads: int | None = None,
) -> np.ndarray:
    """Count the components and holes of a phase, in volumes also its cavities.

    Parameters
    ----------
    images : array_like of shape (n_images, height, width)
        Masks, or finite grey values; (n_images, depth, height, width) with
        ``spatial_dims=3``.
    threshold : float, default=0.5
        The phase is what is at least as bright (superlevel) or at most as bright
        (sublevel). The default is right for masks of 0 and 1.
    filtration : {'superlevel', 'sublevel'}, default='superlevel'
        Whether the bright or the dark pixels are the phase.
    connectivity : {'full', 'face'}, default='full'
        Whether pixels of the phase that share only a corner are connected. Those of
        the background are connected the other way.
    boundary : {'open', 'periodic'}, default='open'
        Whether the phase ends at the border, or opposite borders are one.
    spatial_dims : {2, 3}, default=2
        The number of spatial axes.
    num_threads : int, optional
        Threads that share the images, as in `persistence_pairs`.

    Returns
    -------
    ndarray of shape (n_images, spatial_dims), int64
        Components, holes (in volumes: tunnels, such as that of a ring) and, in
        volumes, cavities.

    Raises
    ------
    ValueError, TypeError
        If the images or an option are not as described.

    Notes
    -----
    Components are counted by a union-find over runs of pixels, cavities as components
    of the background, and the rest follows from the Euler characteristic chi, the
    alternating sum of the Betti numbers. In a periodic box a phase that reaches around
    has the holes of the torus: a stripe has one, all of a square two, all of a cube
    three tunnels and three cavities. The torus itself is one class more, of dimension
    `spatial_dims`, which is not counted. A threshold is rounded to the precision of
    the images.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.topology import betti_numbers
    >>> shell = np.ones((1, 5, 5, 5), bool)
    >>> shell[0, 2, 2, 2] = False
    >>> betti_numbers(shell, spatial_dims=3).tolist()
    [[1, 0, 1]]
    >>> betti_numbers(shell[0]).tolist()
    [[1, 0], [1, 0], [1, 1], [1, 0], [1, 0]]
    """
    sets = LevelSets(filtration, connectivity, boundary, spatial_dims)
    images = sets.checked(images)
    phases = np.ascontiguousarray(sets.phases(images, threshold))
    numbers = map_images(
        lambda i: _betti_of_phase(phases[i], sets),
        len(phases),
        phases[0].size,
        num_threads,
    )
    return np.array(numbers, dtype="int64")


def betti_curves(
    images: np.ndarray,
    levels: Any,
    *,
    homology_dimensions: tuple[int, ...] | None = None,
    filtration: str = "superlevel",
    connectivity: str = "full",
    boundary: str = "open",
    spatial_dims: int = 2,
    num_threads: int | None = None,
) -> np.ndarray:
    """Return the Betti numbers of each image at each of several thresholds.

    Parameters
    ----------
    images : array_like of shape (n_images, height, width)
        Finite grey values; (n_images, depth, height, width) with ``spatial_dims=3``.
    levels : array_like of shape (n_levels,)
        Thresholds, in any order, such as ``np.linspace(0, 1, 101)``.
    homology_dimensions : tuple of int, optional
        The dimensions wanted, in this order: 0 components, 1 holes, 2 cavities. By
        default all below `spatial_dims`.
    filtration, connectivity, boundary, spatial_dims, num_threads
        As in `betti_numbers`.

    Returns
    -------
    ndarray of shape (n_images, n_dimensions, n_levels), int64
        The Betti numbers.

    Raises
    ------
    ValueError, TypeError
        If the images, the levels or an option are not as described.

    Notes
    -----
    The curves are read from the pairs of the image on the levels. In volumes those of
    components and cavities suffice: the cells give the Euler characteristic chi, and
    the tunnels are ``b1 = b0 + b2 - chi``, less 1 where the phase is all of a periodic
    box. A hundred levels cost little more than four.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.topology import betti_curves
    >>> ring = np.zeros((1, 5, 5))
    >>> ring[0, 1:4, 1:4] = 0.8
    >>> ring[0, 2, 2] = 0.4
    >>> betti_curves(ring, [0.2, 0.6, 1.0]).tolist()
    [[[1, 1, 0], [0, 1, 0]]]
    """
    sets = LevelSets(filtration, connectivity, boundary, spatial_dims)
    dimensions = checked_dimensions(homology_dimensions, spatial_dims)
    images = sets.checked(images)
    one_image = curves_function(levels, sets, images.dtype)
    curves = map_images(
        lambda i: one_image(images[i]), len(images), images[0].size, num_threads
    )
    return np.stack(curves)[:, list(dimensions)]


def curves_function(
    levels: Any, sets: LevelSets, dtype: np.dtype
) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function that gives all Betti curves of one finite image."""
    ascending, places = sets.ordered(levels, dtype, "levels")

    def one_image(image: np.ndarray) -> np.ndarray:
        return _curves_in_order(image, ascending, sets)[:, places]

    return one_image


def _betti_of_phase(phase: np.ndarray, sets: LevelSets) -> list[int]:
    """Return the Betti numbers of one mask."""
    components, _, _ = _count(phase, sets.has_corners, sets)
    is_torus = int(sets.is_periodic and phase.all())
    euler = euler_of_phase(phase, sets)
    if phase.ndim == 2:
        return [components, components + is_torus - euler]
    cavities = _count_cavities(phase, sets)
    return [components, components + cavities - is_torus - euler, cavities]


def _count_cavities(phase: np.ndarray, sets: LevelSets) -> int:
    """Return the second Betti number of a volume.

    On the torus, Alexander duality: besides the components of the background but one,
    there is a surface for each direction in which the background does not go around.
    """
    components, enclosed, rank = _count(~phase, not sets.has_corners, sets)
    if not sets.is_periodic:
        return enclosed
    return components - 1 + 3 - rank if components else 3


def _count(phase: np.ndarray, has_corners: bool, sets: LevelSets) -> tuple:
    # numba is loaded where it is first needed.
    from morphokeras.topology._components import count_components

    around = np.full(3, sets.is_periodic)
    if phase.ndim == 2:
        around[0] = False
        phase = phase[np.newaxis]
    return count_components(phase, has_corners, around)


def _curves_in_order(
    image: np.ndarray, ascending: np.ndarray, sets: LevelSets
) -> np.ndarray:
    """Return the Betti numbers of one image at each level, in the order of passing."""
    # numba is loaded where it is first needed.
    from morphokeras.topology._cells import count_alive

    entries, num_levels = sets.entries(image, ascending), len(ascending)
    find_pairs = pairs_function(
        "sublevel",
        sets.connectivity,
        boundary=sets.boundary,
        spatial_dims=image.ndim,
        homology_dimensions=(0, 1) if image.ndim == 2 else (0, 2),
    )
    pairs = find_pairs(entries.astype(np.float32))
    curves = [count_alive(entries.ravel(), own, num_levels) for own in pairs]
    if image.ndim == 3:
        euler = euler_curve(entries, num_levels, sets)
        is_torus = sets.is_periodic & (np.arange(num_levels) >= entries.max())
        curves[1] = curves[0] + curves[2] - is_torus - euler
    return np.stack(curves)

"""Persistent homology of images and volumes, in NumPy arrays."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from morphokeras.topology._checks import (
    BOUNDARIES,
    CONNECTIVITIES,
    FILTRATIONS,
    check_finite,
    check_minimum_and_cap,
    check_options,
    check_size,
    checked_batch,
    checked_dimensions,
)
from morphokeras.topology._threads import map_images

__all__ = [
    "BOUNDARIES",
    "CONNECTIVITIES",
    "FILTRATIONS",
    "check_options",
    "end_of_range",
    "longest_pairs",
    "map_images",
    "pairs_function",
    "persistence_pairs",
]


def persistence_pairs(
    images: np.ndarray,
    *,
    filtration: str = "superlevel",
    connectivity: str = "full",
    boundary: str = "open",
    spatial_dims: int = 2,
    homology_dimensions: tuple[int, ...] | None = None,
    min_persistence: float = 0.0,
    max_pairs: int | None = None,
    return_num_dropped: bool = False,
    num_threads: int | None = None,
) -> Any:
    """Return the pixels at which topological features of each image are born and die.

    A threshold moves through the values of an image. Components (dimension 0), holes
    (dimension 1; in a volume, loops such as those around a tunnel) and the cavities of
    a volume (dimension 2) of the pixels that it has passed appear at one pixel and
    vanish at another. Use the indices to read births and deaths from any array of the
    same shape, such as a tensor that needs a gradient.

    Parameters
    ----------
    images : array_like of shape (n_images, height, width)
        Or (n_images, depth, height, width) with ``spatial_dims=3``. Finite values,
        compared in float32. Any size from one pixel up.
    filtration : {'superlevel', 'sublevel'}, default='superlevel'
        Whether the threshold falls from the highest value (bright pixels come first)
        or rises from the lowest.
    connectivity : {'full', 'face'}, default='full'
        Whether pixels that share only a corner (in a volume, an edge or a corner) are
        connected (8 or 26 neighbours, pixels as top cells of the cubical complex, the
        "T construction"), or not (4 or 6 neighbours, pixels as vertices, the "V
        construction"). The background is connected the other way, as it must be.
    boundary : {'open', 'periodic'}, default='open'
        Whether the image ends at its border, which closes no hole, or goes on at the
        opposite side (a torus). Periodic images need 3 pixels along each axis.
    spatial_dims : {2, 3}, default=2
        Whether `images` holds images or volumes.
    homology_dimensions : tuple of int, optional
        The dimensions wanted; all below `spatial_dims` by default. In a volume,
        dimensions 0 and 2 cost much less than dimension 1.
    min_persistence : float, default=0.0
        Only pairs whose values differ by more are returned, in the images' units.
    max_pairs : int, optional
        The most pairs of one image and one dimension; the longest are kept, and
        essential classes before all others.
    return_num_dropped : bool, default=False
        Whether to return also how many pairs `max_pairs` left out.
    num_threads : int, optional
        Threads that share the images. By default as many as numba would use: the
        processors open to this process, or ``NUMBA_NUM_THREADS``.

    Returns
    -------
    pairs : list of list of ndarray of shape (n_pairs, 2), int32
        For each image and each of the homology dimensions: birth and death pixel of
        each pair, as indices into the flattened image, in no promised order. A death
        of -1 marks an essential class, which never dies: one component; with a
        periodic boundary also two holes of an image, or three loops and three sheets
        (in dimension 2) of a volume. The class of the whole torus is left out.
    num_dropped : ndarray of shape (n_images, n_dimensions), int64
        Only with ``return_num_dropped=True``.

    Raises
    ------
    ValueError
        If `images` has another rank, no pixels, 2**31 pixels, or values that are not
        finite, or if an option is unknown.
    TypeError
        If `images` is not made of real numbers.

    Notes
    -----
    Equal pixels are ordered by raster index; pairs of equal value do not last and are
    left out. An image of N pixels with S saddles costs O(N + S log S), S being small
    on a smooth field; the loops of volumes cost more. Homology is taken with
    coefficients modulo 2, which matters only for a periodic volume.

    References
    ----------
    Robins, Wood, Sheppard (2011). Theory and algorithms for constructing discrete
    Morse complexes from grayscale digital images. IEEE TPAMI 33(8).

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.topology.cubical import persistence_pairs
    >>> ring = np.ones((1, 5, 5))
    >>> ring[0, 2, 2] = 0.25
    >>> components, holes = persistence_pairs(ring)[0]
    >>> len(components), len(holes)
    (1, 1)
    >>> ring[0].ravel()[holes].tolist()
    [[1.0, 0.25]]

    A stripe that goes around a periodic border is an essential hole, and so is what
    joins it to itself the other way:

    >>> stripe = np.zeros((1, 5, 5))
    >>> stripe[0, 2] = 1.0
    >>> _, holes = persistence_pairs(stripe, boundary="periodic")[0]
    >>> sorted(stripe[0].ravel()[holes[:, 0]].tolist()), holes[:, 1].tolist()
    ([0.0, 1.0], [-1, -1])
    """
    wanted = checked_dimensions(homology_dimensions, spatial_dims)
    check_minimum_and_cap(min_persistence, max_pairs)
    check_options(filtration, connectivity, boundary)
    images = checked_batch(images, spatial_dims, boundary == "periodic")
    find_pairs = pairs_function(
        filtration,
        connectivity,
        min_persistence,
        boundary=boundary,
        spatial_dims=spatial_dims,
        homology_dimensions=wanted,
    )

    def one_image(number: int) -> tuple[list[np.ndarray], list[int]]:
        image = images[number]
        check_finite(image, number)
        every = find_pairs(image)
        kept = [longest_pairs(image, every[k], max_pairs) for k in wanted]
        return kept, [len(every[k]) for k in wanted]

    found = map_images(one_image, len(images), images[0].size, num_threads)
    pairs = [kept for kept, _ in found]
    if not return_num_dropped:
        return pairs
    num_kept = np.array([[len(own) for own in kept] for kept in pairs])
    return pairs, np.array([number for _, number in found]) - num_kept


def longest_pairs(
    image: np.ndarray, pairs: np.ndarray, max_pairs: int | None
) -> np.ndarray:
    """Return the pairs of an image that last longest, essential classes first."""
    if max_pairs is None or len(pairs) <= max_pairs:
        return pairs
    births, deaths = pairs.T
    values = image.ravel()
    lengths = np.abs(values[births] - values[deaths])
    lengths[deaths < 0] = np.inf
    return pairs[np.argpartition(-lengths, max_pairs - 1)[:max_pairs]]


def end_of_range(value_range: tuple[float, float] | None, filtration: str) -> float:
    """Return the value at which essential classes are said to die."""
    low, high = (-np.inf, np.inf) if value_range is None else value_range
    if not low < high:
        raise ValueError(
            "`value_range` must be a pair (low, high) with low < high. Received: "
            f"value_range={value_range}."
        )
    return float(low if filtration == "superlevel" else high)


def pairs_function(
    filtration: str,
    connectivity: str,
    min_persistence: float = 0.0,
    *,
    boundary: str = "open",
    spatial_dims: int = 2,
    homology_dimensions: tuple[int, ...] | None = None,
) -> Callable[[np.ndarray], list[np.ndarray]]:
    """Return the function that gives the pairs of one finite float32 image.

    Its result has an array for each dimension below `spatial_dims`, which is left empty
    where the dimension is not wanted.
    """
    check_options(filtration, connectivity, boundary)
    check_minimum_and_cap(min_persistence, None)
    wanted = checked_dimensions(homology_dimensions, spatial_dims)
    is_periodic = boundary == "periodic"
    # numba is loaded, and its machine code with it, where it is first needed.
    make = _volume_function if spatial_dims == 3 else _plane_function
    find_pairs = make(filtration, connectivity, is_periodic, min_persistence, wanted)

    def one_image(image: np.ndarray) -> list[np.ndarray]:
        check_size(image.shape, is_periodic)
        return find_pairs(image)

    return one_image


@functools.lru_cache(maxsize=64)
def _plane_function(
    filtration: str,
    connectivity: str,
    is_periodic: bool,
    min_persistence: float,
    wanted: tuple[int, ...],
) -> Callable[[np.ndarray], list[np.ndarray]]:
    """Return the function of one image; both dimensions cost little more than one."""
    from morphokeras.topology._kernel import plane_pairs
    from morphokeras.topology._ring_tables import ring_tables

    is_superlevel = filtration == "superlevel"
    tables = tuple(ring_tables(connectivity))
    minimum = np.float32(min_persistence)

    def find_pairs(image: np.ndarray) -> list[np.ndarray]:
        # The kernel is compiled for one layout. Views and read-only arrays have others.
        if not (image.flags.carray and image.dtype == np.float32):
            image = np.array(image, np.float32, order="C")
        return list(plane_pairs(image, is_superlevel, is_periodic, tables, minimum))

    return find_pairs


@functools.lru_cache(maxsize=64)
def _volume_function(
    filtration: str,
    connectivity: str,
    is_periodic: bool,
    min_persistence: float,
    wanted: tuple[int, ...],
) -> Callable[[np.ndarray], list[np.ndarray]]:
    from morphokeras.topology._volumes import volume_pairs

    framed_pairs = volume_pairs(connectivity, is_periodic, min_persistence, wanted)
    return lambda volume: framed_pairs(_framed(volume, filtration, is_periodic))


def _framed(image: np.ndarray, filtration: str, is_periodic: bool) -> np.ndarray:
    """Return the image inside a frame, superlevel sets turned upside down.

    The frame is infinite, or repeats the pixels that follow around the border. Both
    filtrations also turn a negative zero, whose bits sort below those of zero, into an
    ordinary one.
    """
    framed = np.empty([size + 2 for size in image.shape], np.float32)
    turn = np.subtract if filtration == "superlevel" else np.add
    turn(np.float32(0), image, out=framed[(slice(1, -1),) * image.ndim])
    for axis in range(image.ndim):
        along = np.moveaxis(framed, axis, 0)
        along[0] = along[-2] if is_periodic else np.inf
        along[-1] = along[1] if is_periodic else np.inf
    return framed

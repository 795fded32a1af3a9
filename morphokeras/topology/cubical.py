"""Persistent homology of images, in NumPy arrays."""

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

FILTRATIONS = ("superlevel", "sublevel")
CONNECTIVITIES = ("full", "face")
BOUNDARIES = ("open", "periodic")
_PIXELS_WORTH_A_THREAD = 1 << 14


def persistence_pairs(
    images: np.ndarray,
    *,
    filtration: str = "superlevel",
    connectivity: str = "full",
    min_persistence: float = 0.0,
    num_threads: int | None = None,
) -> list[list[np.ndarray]]:
    """Return the pixels at which topological features of each image are born and die.

    A threshold moves through the values of an image. Components (dimension 0) and
    holes (dimension 1) of the pixels that it has passed appear at one pixel and vanish
    at another. Use the indices to read births and deaths from any array of the same
    shape, such as a tensor that needs a gradient.

    Parameters
    ----------
    images : array_like of shape (n_images, height, width)
        Finite values, compared in float32. Any size from one pixel up.
    filtration : {'superlevel', 'sublevel'}, default='superlevel'
        Whether the threshold falls from the highest value (bright pixels come first)
        or rises from the lowest.
    connectivity : {'full', 'face'}, default='full'
        Whether pixels that share only a corner are connected (8 neighbours, pixels as
        top cells of the cubical complex, the "T construction"), or not (4 neighbours,
        pixels as vertices, the "V construction"). The background is connected the
        other way, as it must be.
    min_persistence : float, default=0.0
        Only pairs whose values differ by more are returned, in the images' units.
    num_threads : int, optional
        Threads that share the images. By default as many as numba would use: the
        processors open to this process, or ``NUMBA_NUM_THREADS``.

    Returns
    -------
    list of list of ndarray of shape (n_pairs, 2), int32
        For each image and each homology dimension (0, 1): birth and death pixel of
        each pair, as indices into the flattened image, in no promised order. A death
        of -1 marks the essential class, the one component that never dies.

    Raises
    ------
    ValueError
        If `images` has another rank, no pixels, or values that are not finite, or if
        an option is unknown.
    TypeError
        If `images` is not made of real numbers.

    Notes
    -----
    Equal pixels are ordered by raster index; pairs of equal value do not last and are
    left out. An image of N pixels with S saddles costs O(N + S log S), S being small
    on a smooth field. The holes are those of an open image: its border closes none.

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
    """
    images = _checked_images(images)
    one_image = pairs_function(filtration, connectivity, min_persistence)
    num_pixels = images[0].size
    return map_images(
        lambda i: one_image(images[i]), len(images), num_pixels, num_threads
    )


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
    """Return the function that gives the pairs of one finite float32 image."""
    check_options(filtration, connectivity)
    check_rank(spatial_dims, "images")
    if boundary != "open":
        raise ValueError(f"`boundary` must be 'open'. Received: boundary={boundary!r}.")
    if not 0 <= min_persistence < np.inf:
        raise ValueError(
            "`min_persistence` must be a number of at least 0. Received: "
            f"min_persistence={min_persistence}."
        )
    # numba is loaded, and its machine code with it, where it is first needed.
    from morphokeras.topology import _kernel

    tables = _tables(connectivity)
    minimum = np.float32(min_persistence)

    def one_image(image: np.ndarray) -> list[np.ndarray]:
        padded = _padded(image, filtration)
        return list(_kernel.sublevel_pairs(padded, *tables, minimum))

    return one_image


def check_options(filtration: str, connectivity: str) -> None:
    """Raise unless both options are known words."""
    if filtration not in FILTRATIONS:
        raise ValueError(
            f"`filtration` must be one of {FILTRATIONS}. Received: "
            f"filtration={filtration!r}."
        )
    if connectivity not in CONNECTIVITIES:
        raise ValueError(
            f"`connectivity` must be one of {CONNECTIVITIES}. Received: "
            f"connectivity={connectivity!r}."
        )


def check_rank(spatial_rank: int, name: str) -> None:
    """Raise unless images have the two spatial axes that can be treated so far."""
    if spatial_rank == 3:
        raise ValueError(
            f"`{name}` holds volumes. Persistence in three dimensions is not available "
            "yet: pass images with two spatial axes, for example slices."
        )
    if spatial_rank != 2:
        raise ValueError(
            f"`{name}` must hold images with two spatial axes. Received: "
            f"{spatial_rank}."
        )


def map_images(
    function: Callable[[int], Any],
    num_images: int,
    num_pixels: int,
    num_threads: int | None = None,
) -> list[Any]:
    """Call a function that releases Python's lock with the number of each image."""
    if num_threads is None:
        num_threads = _default_num_threads(num_images * num_pixels)
    elif num_threads < 1:
        raise ValueError(
            "`num_threads` must be a positive integer or None. Received: "
            f"num_threads={num_threads}."
        )
    num_threads = min(num_threads, num_images)
    if num_threads <= 1:
        return [function(i) for i in range(num_images)]
    results: list[Any] = [None] * num_images
    numbers = iter(range(num_images))  # shared: each thread takes the next one

    def work() -> None:
        for i in numbers:
            results[i] = function(i)

    pool = _thread_pool(num_threads, os.getpid())
    for task in [pool.submit(work) for _ in range(num_threads)]:
        task.result()
    return results


def _checked_images(images: np.ndarray) -> np.ndarray:
    """Return the images in float32, or raise."""
    images = np.asarray(images)
    if images.dtype.kind not in "biuf":
        raise TypeError(
            "`images` must hold real numbers. Received: images of dtype "
            f"{images.dtype}."
        )
    if images.ndim != 3:
        check_rank(images.ndim - 1, "images")
    if images.size == 0:
        raise ValueError(
            "`images` must hold at least one image of at least one pixel. Received: "
            f"images with shape {images.shape}."
        )
    with np.errstate(over="ignore"):  # becomes infinity, refused below
        images = images.astype(np.float32, copy=False)
    finite = np.isfinite(images).all(axis=(1, 2))
    if not finite.all():
        raise ValueError(
            "`images` must hold finite values within float32's range. Received: NaN "
            f"or infinity in image number {np.argmin(finite)} (counted from 0). "
            "Replace these pixels first."
        )
    return images


def _padded(image: np.ndarray, filtration: str) -> np.ndarray:
    """Return the image inside a frame of infinity, superlevel sets turned upside down.

    Both branches also turn a negative zero, whose bits sort below those of zero, into
    an ordinary one.
    """
    height, width = image.shape
    padded = np.empty((height + 2, width + 2), np.float32)
    padded[0] = padded[-1] = np.inf
    padded[:, 0] = padded[:, -1] = np.inf
    inner = padded[1:-1, 1:-1]
    if filtration == "superlevel":
        np.subtract(np.float32(0), image, out=inner)
    else:
        np.add(np.float32(0), image, out=inner)
    return padded


@functools.cache
def _tables(connectivity: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    from morphokeras.topology import _kernel

    return _kernel.component_tables(connectivity)


def _default_num_threads(num_pixels: int) -> int:
    import numba

    # Below this size, handing work over costs more than it saves.
    worth = max(num_pixels // _PIXELS_WORTH_A_THREAD, 1)
    limit = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    return min(limit, worth)


@functools.cache
def _thread_pool(num_threads: int, process_id: int) -> ThreadPoolExecutor:
    """Make a pool once a process: the threads of a parent do not survive a fork."""
    return ThreadPoolExecutor(num_threads, thread_name_prefix="morphokeras-topology")

"""Persistence pairs of a tensor, as indices with which to read births and deaths."""

import dataclasses
import math
from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from morphokeras.topology import cubical
from morphokeras.topology._host import call_on_host
from morphokeras.utils.typing import Tensor


@dataclasses.dataclass(frozen=True)
class PairOptions:
    """What is looked for in the channels of a batch of images.

    Parameters
    ----------
    homology_dimensions : tuple of int
        Dimensions wanted, in this order.
    filtration, connectivity, boundary, data_format : str
        As in `morphokeras.topology.betti.soft_betti`.
    max_pairs : int, optional
        Room for the pairs of one channel and one dimension; the longest are kept. With
        None there is room for all, except on JAX, whose shapes are fixed before values
        are known: there it is `default_max_pairs`.
    """

    homology_dimensions: tuple[int, ...]
    filtration: str
    connectivity: str
    boundary: str
    data_format: str
    max_pairs: int | None

    def room(self, shape: tuple) -> int | None:
        """Return the room for pairs of images of this shape, None if all fit."""
        if self.max_pairs is None and keras.backend.backend() == "jax":
            return default_max_pairs(shape, self.data_format)
        return self.max_pairs


def padded_pairs(images: Tensor, options: PairOptions) -> tuple[Tensor, Tensor]:
    """Return birth and death indices into the flattened tensor, without a gradient.

    The whole batch goes to the host in one call, and only integers come back.

    Parameters
    ----------
    images : Tensor of shape (batch, *spatial, channels), float32
        Or channels first, as the options say.
    options : PairOptions
        What is looked for.

    Returns
    -------
    indices : Tensor of shape (2, batch, channels, dimensions, max_pairs), int32
        Births and deaths. A birth of -1 is an empty place, a death of -1 an essential
        class. A channel with values that are not finite has one essential class, born
        at such a pixel, so that it spoils the sum instead of stopping the program.
    num_dropped : Tensor of shape (batch, channels, dimensions), int32
        How many pairs found no room.
    """
    shape = tuple(images.shape)
    room = options.room(shape)
    counted = (shape[0], num_channels(shape, options), len(options.homology_dimensions))
    results = (((2, *counted, room), "int32"), (counted, "int32"))
    return call_on_host(_NumpyPairs(options, room), [images], results)


def births_and_deaths(
    images: Tensor, indices: Tensor, end: float
) -> tuple[Tensor, Tensor]:
    """Read births and deaths from the tensor, so that gradients reach them.

    An essential class dies at `end`. Empty places have a meaningless value.
    """
    values = ops.take(ops.reshape(images, (-1,)), ops.maximum(indices, 0), axis=0)
    return values[0], ops.where(indices[1] >= 0, values[1], end)


def num_channels(shape: tuple, options: PairOptions) -> int | None:
    """Return the number of channels of images of this shape."""
    return shape[-1] if options.data_format == "channels_last" else shape[1]


def default_max_pairs(shape: tuple, data_format: str) -> int | None:
    """Return a quarter of the number of pixels, each axis rounded up, if it is known.

    In two dimensions no image has more components with connectivity "full", and none
    more holes with "face". The other number could be twice as large on a chessboard,
    while white noise stays below a fifth of the pixels, and of the voxels.
    """
    spatial = shape[1:-1] if data_format == "channels_last" else shape[2:]
    if None in spatial:
        return None
    *others, height, width = spatial
    return math.prod(others) * math.ceil(height / 2) * math.ceil(width / 2)


def planes_of(images: np.ndarray, data_format: str) -> np.ndarray:
    """Return a view of shape (batch, channels, *spatial)."""
    return np.moveaxis(images, -1, 1) if data_format == "channels_last" else images


def plane_pairs(
    planes: np.ndarray, options: PairOptions, room: int | None
) -> Callable[[int], tuple[list[np.ndarray], list[int]]]:
    """Return the function that finds the pairs of the plane of a number.

    Its results are one array a dimension, with the indices of the plane's own pixels,
    and how many pairs found no room in each.
    """
    wanted = options.homology_dimensions
    find_pairs = cubical.pairs_function(
        options.filtration,
        options.connectivity,
        boundary=options.boundary,
        spatial_dims=planes.ndim - 2,
        homology_dimensions=wanted,
    )

    def find(number):
        plane = planes[divmod(number, planes.shape[1])]
        spoiled = ~np.isfinite(plane)
        if spoiled.any():
            pairs = [np.array([[np.argmax(spoiled), -1]], np.int32)] * len(wanted)
        else:
            every = find_pairs(plane)
            pairs = [every[k] for k in wanted]
        kept = [cubical.longest_pairs(plane, p, room) for p in pairs]
        return kept, [len(p) - len(k) for p, k in zip(pairs, kept, strict=True)]

    return find


def tensor_indices(
    pairs: np.ndarray, number: int, planes: np.ndarray, data_format: str
) -> np.ndarray:
    """Turn indices of a plane's pixels into indices of the whole flattened tensor."""
    num_pixels, channels = math.prod(planes.shape[2:]), planes.shape[1]
    image, channel = divmod(number, channels)
    if data_format == "channels_last":
        moved = (image * num_pixels + pairs) * channels + channel
    else:
        moved = number * num_pixels + pairs
    return np.where(pairs < 0, -1, moved)


@dataclasses.dataclass(frozen=True)
class _NumpyPairs:
    """The function of `padded_pairs` on arrays."""

    options: PairOptions
    room: int | None

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the two arrays of `padded_pairs`."""
        planes = planes_of(np.asarray(images), self.options.data_format)
        find = plane_pairs(planes, self.options, self.room)
        batch, channels = planes.shape[:2]
        num_pixels = math.prod(planes.shape[2:])
        found = cubical.map_images(find, batch * channels, num_pixels)
        flat = [
            tensor_indices(pairs, number, planes, self.options.data_format)
            for number, (kept, _) in enumerate(found)
            for pairs in kept
        ]
        counted = (batch, channels, len(self.options.homology_dimensions))
        indices = _stacked(flat, self.room)
        num_dropped = np.array([dropped for _, dropped in found], np.int32)
        indices = indices.reshape(2, *counted, indices.shape[-1])
        return indices, num_dropped.reshape(counted)


def _stacked(arrays, room):
    """Return arrays of pairs as one array (2, arrays, pairs), filled up with -1."""
    if room is None:
        room = max((len(pairs) for pairs in arrays), default=1) or 1
    stacked = np.full((2, len(arrays), room), -1, np.int32)
    for place, pairs in enumerate(arrays):
        stacked[:, place, : len(pairs)] = pairs.T
    return stacked

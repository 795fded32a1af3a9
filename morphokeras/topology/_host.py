"""Persistence pairs of a tensor, computed in NumPy on the host, on each backend."""

import dataclasses
import functools
import math

import keras
import numpy as np

from morphokeras.topology import cubical
from morphokeras.utils.typing import Tensor

_JAX_PIECE = 1 << 14  # values in one operand of a callback, 64 kB


def padded_pairs(
    images: Tensor,
    max_pairs: int | None,
    homology_dimensions: tuple[int, ...],
    filtration: str,
    connectivity: str,
    data_format: str,
) -> tuple[Tensor, Tensor]:
    """Return birth and death indices into the flattened tensor, without a gradient.

    The whole batch goes to the host in one call, and only integers come back.

    Parameters
    ----------
    images : Tensor of shape (batch, height, width, channels), float32
        Or channels before height, with ``data_format="channels_first"``.
    max_pairs : int, optional
        Room for the pairs of one channel and one dimension; the longest are kept. With
        None there is room for all, except on JAX, whose shapes are fixed before values
        are known: there it is `default_max_pairs`.
    homology_dimensions : tuple of int
        Dimensions wanted, in this order.
    filtration, connectivity, data_format : str
        As in `morphokeras.topology.betti.soft_betti`.

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
    channels = shape[-1] if data_format == "channels_last" else shape[1]
    counted = (shape[0], channels, len(homology_dimensions))
    if max_pairs is None and keras.backend.backend() == "jax":
        max_pairs = default_max_pairs(shape, data_format)
    shapes = ((2, *counted, max_pairs), counted)
    callback = _NumpyPairs(
        max_pairs, homology_dimensions, filtration, connectivity, data_format
    )
    call = {"tensorflow": _call_tensorflow, "jax": _call_jax, "torch": _call_torch}
    backend = keras.backend.backend()
    if backend not in call:
        raise NotImplementedError(
            "Persistence of tensors needs the TensorFlow, JAX or PyTorch backend. "
            f"Received: backend {backend!r}. Use "
            "morphokeras.topology.persistence_pairs on arrays instead."
        )
    return call[backend](callback, images, shapes)


def default_max_pairs(shape: tuple, data_format: str) -> int | None:
    """Return a quarter of the pixels, each axis halved and rounded up, if known.

    With connectivity "full" no image has more components, with "face" no image more
    holes. The other number could be twice as large on a chessboard, while white noise
    stays below a fifth of the pixels.
    """
    spatial = shape[1:-1] if data_format == "channels_last" else shape[2:]
    if None in spatial:
        return None
    return math.prod(-(-size // 2) for size in spatial)


def _call_tensorflow(callback, images, shapes):
    import tensorflow as tf

    results = tf.numpy_function(
        callback, [tf.stop_gradient(images)], [tf.int32, tf.int32], stateful=False
    )
    for result, shape in zip(results, shapes, strict=True):
        result.set_shape(shape)
    return tuple(results)


def _call_jax(callback, images, shapes):
    import jax

    return _jax_function(callback, shapes)(jax.lax.stop_gradient(images))


@functools.lru_cache(maxsize=256)
def _jax_function(callback, shapes):
    """Return the callback as a compiled function, the same one for equal arguments."""
    import jax

    results = tuple(jax.ShapeDtypeStruct(shape, np.int32) for shape in shapes)

    @jax.jit
    def function(images):
        # Before it calls us, JAX copies each operand, and above 100 kB it leaves that
        # to the thread pool that waits for us: with one core, or as many callbacks at
        # once as cores, the program would hang. Small pieces it copies at once.
        # https://github.com/jax-ml/jax/issues/24255
        pieces = [images]
        if jax.default_backend() == "cpu":
            flat = images.reshape(-1)
            starts = range(0, flat.size, _JAX_PIECE)
            pieces = [flat[start : start + _JAX_PIECE] for start in starts]
        join = _Joined(callback, tuple(images.shape))
        return jax.pure_callback(join, results, *pieces, vmap_method="sequential")

    return function


@dataclasses.dataclass(frozen=True)
class _Joined:
    """The callback on an array that comes in pieces."""

    callback: "_NumpyPairs"
    shape: tuple[int, ...]

    def __call__(self, *pieces):
        flat = np.concatenate([np.asarray(piece).reshape(-1) for piece in pieces])
        return self.callback(flat.reshape(self.shape))


def _call_torch(callback, images, shapes):
    import torch

    if images.device.type == "meta":  # Keras infers shapes there; no values exist.
        shapes = [[1 if size is None else size for size in s] for s in shapes]
        return tuple(torch.empty(s, dtype=torch.int32, device="meta") for s in shapes)
    results = callback(images.detach().cpu().numpy())
    return tuple(torch.from_numpy(result).to(images.device) for result in results)


@dataclasses.dataclass(frozen=True)
class _NumpyPairs:
    """The function of `padded_pairs` on arrays.

    It is a value, equal to another with the same options, because JAX compiles anew for
    each function that it has not met.
    """

    max_pairs: int | None
    homology_dimensions: tuple[int, ...]
    filtration: str
    connectivity: str
    data_format: str

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the two arrays of `padded_pairs`."""
        images = np.asarray(images)
        channels_last = self.data_format == "channels_last"
        planes = np.moveaxis(images, 3, 1) if channels_last else images
        batch, channels, height, width = planes.shape
        num_pixels, stride = height * width, channels if channels_last else 1
        find_pairs = cubical.pairs_function(self.filtration, self.connectivity)

        def find(number):
            image, channel = divmod(number, channels)
            plane = planes[image, channel]
            first = image * channels * num_pixels
            first += channel if channels_last else channel * num_pixels
            pairs = _pairs_or_spoiled(find_pairs, plane)
            pairs = [pairs[k] for k in self.homology_dimensions]
            kept = [_longest(plane, p, self.max_pairs) for p in pairs]
            num_dropped = [len(p) - len(k) for p, k in zip(pairs, kept, strict=True)]
            return [np.where(k < 0, -1, k * stride + first) for k in kept], num_dropped

        found = cubical.map_images(find, batch * channels, num_pixels)
        counted = (batch, channels, len(self.homology_dimensions))
        indices = _stacked(
            [pairs for flat, _ in found for pairs in flat], self.max_pairs
        )
        num_dropped = np.array([dropped for _, dropped in found], np.int32)
        indices = indices.reshape(2, *counted, indices.shape[-1])
        return indices, num_dropped.reshape(counted)


def _stacked(arrays, max_pairs):
    """Return arrays of pairs as one array (2, arrays, pairs), filled up with -1."""
    if max_pairs is None:
        max_pairs = max((len(pairs) for pairs in arrays), default=1) or 1
    stacked = np.full((2, len(arrays), max_pairs), -1, np.int32)
    for place, pairs in enumerate(arrays):
        stacked[:, place, : len(pairs)] = pairs.T
    return stacked


def _pairs_or_spoiled(find_pairs, plane):
    spoiled = ~np.isfinite(plane)
    if not spoiled.any():
        return find_pairs(plane)
    return [np.array([[np.argmax(spoiled), -1]], np.int32)] * 2


def _longest(plane, pairs, max_pairs):
    if max_pairs is None or len(pairs) <= max_pairs:
        return pairs
    births, deaths = pairs.T
    values = plane.ravel()
    lengths = np.abs(values[births] - values[deaths])
    lengths[deaths < 0] = np.inf
    return pairs[np.argpartition(-lengths, max_pairs - 1)[:max_pairs]]

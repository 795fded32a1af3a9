"""Gaussian pyramids: an image at ever coarser resolution."""

import functools
import math
from typing import Any

import keras
import numpy as np
from keras import ops

from morphokeras.ops.padding import check_boundary
from morphokeras.utils.typing import Tensor

_NUMPY_MODES: dict[str, Any] = {
    "periodic": "wrap",
    "symmetric": "symmetric",
    "zero": "constant",
}


def gaussian_pyramid(x: Tensor, levels: int, boundary: str = "symmetric") -> list:
    """Return `x` at `levels` resolutions, each half as fine as the one before.

    Use it to compare images at several scales at once: the operator is linear, so
    the pyramid of a difference is the difference of the pyramids.

    Parameters
    ----------
    x : tensor of shape (batch, *spatial, channels)
        Images or volumes. Its spatial sizes must be known.
    levels : int
        Number of levels, at least 1; the first is `x` itself.
    boundary : {'periodic', 'symmetric', 'zero'}, default='symmetric'
        What lies beyond the edges. With the first two, the mean of an image of even
        size is the same on every level.

    Returns
    -------
    list of tensors
        Finest first; level l has the sizes ceil(spatial / 2^l).

    Raises
    ------
    ValueError
        If `levels` is not positive, or the coarsest level would be under 2 pixels.

    Notes
    -----
    Along each axis the kernel is (1, 3, 3, 1) / 8, the even binomial filter: pixels
    keep their centres, as in resizing by two. It is the S_l of Eq. 22.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.ops.pyramid import gaussian_pyramid
    >>> image = np.random.default_rng(0).random((1, 16, 12, 1), "float32")
    >>> [tuple(level.shape) for level in gaussian_pyramid(image, 3)]
    [(1, 16, 12, 1), (1, 8, 6, 1), (1, 4, 3, 1)]
    """
    spatial = tuple(x.shape[1:-1])
    if levels < 1 or levels > num_levels(spatial):
        raise ValueError(
            "`levels` must be at least 1 and leave 2 pixels on the coarsest level. "
            f"Received: levels={levels} for images of {spatial} pixels. Use at most "
            f"{num_levels(spatial)} levels."
        )
    check_boundary(boundary)
    # A product with a matrix an axis is the quickest on a CPU with the channels apart:
    # the gradient of slices with a stride fills whole arrays.
    x = ops.convert_to_tensor(x)
    if not keras.backend.is_float_dtype(x.dtype):
        x = ops.cast(x, keras.config.floatx())
    pyramid = [ops.moveaxis(x, -1, 1)]
    for _ in range(levels - 1):
        pyramid.append(_halve(pyramid[-1], boundary))
    return [ops.moveaxis(level, 1, -1) for level in pyramid]


def num_levels(spatial: tuple[int, ...], smallest: int = 2) -> int:
    """Return how many levels keep every axis at `smallest` pixels or more.

    Examples
    --------
    >>> from morphokeras.ops.pyramid import num_levels
    >>> num_levels((64, 48)), num_levels((64, 48), smallest=7)
    (6, 3)
    """
    levels, size = 1, min(spatial)
    while (size := (size + 1) // 2) >= smallest and levels < 16:
        levels += 1
    return levels


def _halve(x: Tensor, boundary: str) -> Tensor:
    """Filter and subsample each spatial axis of (batch, channels, *spatial) in turn."""
    for axis in range(2, len(x.shape)):
        halving = ops.convert_to_tensor(_halving_matrix(x.shape[axis], boundary))
        x = _along(ops.cast(halving, x.dtype), x, axis)
    return x


def _along(matrix: Tensor, x: Tensor, axis: int) -> Tensor:
    """Multiply one axis of `x`, not the first two, by a matrix."""
    if axis == len(x.shape) - 1:
        return ops.matmul(x, ops.transpose(matrix))
    before, behind = tuple(x.shape[1:axis]), tuple(x.shape[axis + 1 :])
    columns = ops.reshape(x, (-1, *before, x.shape[axis], math.prod(behind)))
    product = ops.matmul(matrix, columns)
    return ops.reshape(product, (-1, *before, matrix.shape[0], *behind))


@functools.lru_cache(maxsize=128)
def _halving_matrix(size: int, boundary: str) -> np.ndarray:
    """Return the filter at every second pixel, of shape (ceil(size / 2), size)."""
    identity = np.eye(size, dtype="float32")
    # An odd axis is lengthened by one pixel, so that its last one counts.
    mode = _NUMPY_MODES[boundary]
    rows = np.pad(identity, [(1, 1 + size % 2), (0, 0)], mode=mode)
    parts = [rows[start : start + size + size % 2 : 2] for start in range(4)]
    return (parts[0] + 3.0 * parts[1] + 3.0 * parts[2] + parts[3]) / 8.0

"""Linear sampling of an image at displaced pixels: the native path of each backend."""

import itertools
import math

import keras
from keras import ops

from morphokeras.utils.typing import Tensor


def sample_linear(x: Tensor, displacement: Tensor, boundary: str) -> Tensor:
    """Sample `x` at every pixel plus its displacement.

    PyTorch has a kernel for this (`grid_sample`), several times faster than anything
    written from smaller operations; the other backends gather the corners of each cell.

    Parameters
    ----------
    x : tensor of shape (batch, *spatial, channels)
        Images, float32.
    displacement : tensor of shape (batch, *spatial, spatial_dims)
        Displacements in pixels, float32, in the order of the spatial axes.
    boundary : {'periodic', 'symmetric', 'zero'}
        What lies outside the image, see :func:`morphokeras.ops.warp.warp`.

    Returns
    -------
    tensor of shape (batch, *spatial, channels)
        The sampled images.
    """
    if keras.backend.backend() == "torch":
        return _sample_torch(x, displacement, boundary)
    return _sample_corners(x, displacement, boundary)


def _sample_torch(x: Tensor, displacement: Tensor, boundary: str) -> Tensor:
    import torch
    from torch.nn.functional import grid_sample

    grid = []
    for axis, size in enumerate(x.shape[1:-1]):
        position = torch.arange(size, dtype=torch.float32, device=x.device)
        shape = [1] * (x.ndim - 1)
        shape[axis + 1] = size
        position = position.reshape(shape) + displacement[..., axis]
        if boundary == "periodic":
            position = torch.remainder(position, size)
            x = torch.cat([x, x.narrow(axis + 1, 0, 1)], dim=axis + 1)
            size = size + 1
        grid.append((2 * position + 1) / size - 1)
    sampled = grid_sample(
        x.movedim(-1, 1),
        # grid_sample counts the last axis first.
        torch.stack(grid[::-1], dim=-1),
        padding_mode="reflection" if boundary == "symmetric" else "border",
        align_corners=False,
    )
    return sampled.movedim(1, -1)


def _sample_corners(x: Tensor, displacement: Tensor, boundary: str) -> Tensor:
    """Gather all corners of a cell as one row, so that one index serves them all."""
    batch, *sizes, channels = ops.shape(x)
    spatial_dims = len(sizes)
    cell, offset = [], []
    for axis, size in enumerate(sizes):
        shape = [1] * (spatial_dims + 1)
        shape[axis + 1] = size
        position = ops.reshape(ops.arange(size, dtype="float32"), shape)
        position = _fold(position + displacement[..., axis], size, boundary)
        corner = ops.clip(ops.floor(position), 0, ops.cast(size - 1, "float32"))
        cell.append(ops.cast(ops.stop_gradient(corner), "int32"))
        offset.append(position - ops.stop_gradient(corner))

    row = ops.reshape(ops.arange(batch, dtype="int32"), [batch] + [1] * spatial_dims)
    for size, index in zip(sizes, cell, strict=True):
        row = row * size + index
    table = _cell_corners(x, boundary)
    corners = 2**spatial_dims
    table = ops.reshape(table, (batch * math.prod(sizes), corners * channels))
    values = ops.take(table, row, axis=0)
    values = ops.reshape(values, (batch, *sizes, corners, channels))
    for weight in offset:
        weight = weight[..., None, None]
        half = values.shape[-2] // 2
        lower, upper = values[..., :half, :], values[..., half:, :]
        values = lower + weight * (upper - lower)
    return values[..., 0, :]


def _fold(position: Tensor, size: int, boundary: str) -> Tensor:
    """Bring positions in pixels into the image."""
    size = ops.cast(size, "float32")
    if boundary == "periodic":
        return position - size * ops.stop_gradient(ops.floor(position / size))
    if boundary == "symmetric":
        # The mirrors stand on the outer edges of the pixels, half a pixel outside.
        period = 2 * size
        position = position + 0.5
        position = position - period * ops.stop_gradient(ops.floor(position / period))
        position = size - ops.abs(position - size) - 0.5
    return ops.clip(position, 0.0, size - 1)


def _cell_corners(x: Tensor, boundary: str) -> Tensor:
    """Return (batch, *spatial, 2**spatial_dims * channels): a pixel and those after."""
    spatial_dims = len(x.shape) - 2
    for axis in range(1, spatial_dims + 1):
        before = (slice(None),) * axis
        edge = slice(0, 1) if boundary == "periodic" else slice(-1, None)
        x = ops.concatenate([x, x[(*before, edge)]], axis=axis)
    views = [
        x[(slice(None), *(slice(1, None) if bit else slice(None, -1) for bit in bits))]
        for bits in itertools.product((0, 1), repeat=spatial_dims)
    ]
    return ops.concatenate(views, axis=-1)

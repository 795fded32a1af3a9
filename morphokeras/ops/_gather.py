"""Linear sampling of an image at displaced pixels: the native path of each backend."""

import keras
from keras import ops

from morphokeras.utils.typing import Tensor


def sample_linear(x: Tensor, displacement: Tensor, boundary: str) -> Tensor:
    """Sample `x` at every pixel plus its displacement.

    PyTorch has a kernel for this (`grid_sample`), several times faster than anything
    written from smaller operations; the others gather the corners of each cell.

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
    """Interpolate between the corners of each cell, one channel after the other.

    Two neighbours along the last axis make one complex number, so that half as many
    are gathered and, in the gradient, scattered: the costliest part. Numbers, not
    rows of channels, for TensorFlow scatters numbers several times faster.
    """
    batch, *sizes, _ = ops.shape(x)
    spatial_dims = len(sizes)
    index = ops.reshape(ops.arange(batch, dtype="int32"), [batch] + [1] * spatial_dims)
    offsets = []
    # unstacked, not sliced: the gradient of a slice fills the rest with zeros
    components = ops.unstack(displacement, spatial_dims, axis=-1)
    for axis, (component, size) in enumerate(zip(components, sizes, strict=True)):
        shape = [1] * (spatial_dims + 1)
        shape[axis + 1] = size
        pixel = ops.reshape(ops.arange(size, dtype="float32"), shape)
        position = _fold(pixel + component, size, boundary)
        corner = ops.minimum(ops.floor(position), ops.cast(size - 1, "float32"))
        corner = ops.stop_gradient(corner)
        offsets.append(position - corner)
        rows = size if axis == spatial_dims - 1 else size + 1
        index = index * rows + ops.cast(corner, "int32")

    strides = [sizes[-1]]
    for size in sizes[-2:0:-1]:
        strides.append(strides[-1] * (size + 1))
    channels = [
        _interpolate(_pair_table(channel, boundary), index, strides[::-1], offsets)
        for channel in ops.unstack(x, x.shape[-1], axis=-1)
    ]
    return ops.stack(channels, axis=-1)


def _pair_table(channel: Tensor, boundary: str) -> Tensor:
    """List each pixel and its neighbour along the last axis as a complex number.

    The other spatial axes get the pixel after their last one, so that a corner is
    always a fixed number of places away.
    """
    *others, last = range(1, len(channel.shape))
    for axis in others:
        after = _after_the_end(channel, axis, boundary)
        channel = ops.concatenate([channel, after], axis=axis)
    after = _after_the_end(channel, last, boundary)
    neighbour = ops.concatenate([channel[..., 1:], after], axis=last)
    return ops.reshape(_complex(channel, neighbour), (-1,))


def _after_the_end(x: Tensor, axis: int, boundary: str) -> Tensor:
    edge = slice(0, 1) if boundary == "periodic" else slice(-1, None)
    return x[(*[slice(None)] * axis, edge)]


def _interpolate(table: Tensor, index: Tensor, strides: list, offsets: list) -> Tensor:
    if strides:
        lower = _interpolate(table, index, strides[1:], offsets[1:])
        upper = _interpolate(table, index + strides[0], strides[1:], offsets[1:])
    else:
        pair = _take(table, index)
        lower, upper = ops.real(pair), ops.imag(pair)
    return lower + offsets[0] * (upper - lower)


def _complex(real: Tensor, imaginary: Tensor) -> Tensor:
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.complex(real, imaginary)
    if keras.backend.backend() == "jax":
        import jax

        return jax.lax.complex(real, imaginary)
    return real + 1j * imaginary


def _take(flat: Tensor, index: Tensor) -> Tensor:
    """Take numbers by indices known to be valid, which `ops.take` would check."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.gather(flat, index)
    if keras.backend.backend() == "jax":
        return flat.at[index].get(mode="promise_in_bounds")
    return ops.take(flat, index, axis=0)


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

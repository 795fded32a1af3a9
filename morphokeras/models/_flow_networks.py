"""The two velocity networks of the latent flow: of the code, and of the field."""

import math

import keras
from keras import ops

from morphokeras.layers._plain_conv import plain_conv
from morphokeras.layers.latent_modulation import LatentModulation
from morphokeras.ops._silu import silu
from morphokeras.ops.padding import pad
from morphokeras.utils.typing import Tensor

# Waves of 1/2, 1, 2 ... periods over the time of the flow.
NUM_WAVES = 6
NUM_CODE_BLOCKS = 3


def time_features(time: Tensor) -> Tensor:
    """Return waves of growing frequency of times in [0, 1], (batch, 2 * NUM_WAVES).

    Parameters
    ----------
    time : tensor of shape (batch,)
        0 for noise, 1 for data.
    """
    frequencies = [math.pi * 2.0 ** (wave - 1) for wave in range(NUM_WAVES)]
    phases = ops.expand_dims(time, -1) * ops.convert_to_tensor(frequencies, "float32")
    return ops.concatenate([ops.sin(phases), ops.cos(phases)], axis=-1)


class CodeVelocity(keras.layers.Layer):
    """Velocity of the code: a residual network of dense layers.

    Parameters
    ----------
    width : int
        Width of the hidden layers.
    """

    def __init__(self, width: int, **kwargs):
        super().__init__(**kwargs)
        self.width = width

    def build(self, code_shape, context_shape):
        """Create the layers; the last starts at zero velocity."""
        policy = {"dtype": self.dtype_policy}
        self.enter = keras.layers.Dense(self.width, name="enter", **policy)
        self.enter.build((None, code_shape[-1] + context_shape[-1]))
        self.blocks = []
        for index in range(NUM_CODE_BLOCKS):
            first, second = (
                keras.layers.Dense(self.width, name=f"{name}_{index}", **policy)
                for name in ("first", "second")
            )
            first.build((None, self.width + context_shape[-1]))
            second.build((None, self.width))
            self.blocks.append((first, second))
        # The last layer and what is integrated are in single precision.
        self.leave = keras.layers.Dense(
            code_shape[-1], kernel_initializer="zeros", dtype="float32", name="leave"
        )
        self.leave.build((None, self.width))

    def call(self, code: Tensor, context: Tensor) -> Tensor:
        """Return the velocity of codes (batch, latent_dim) in their context."""
        x = self.enter(ops.concatenate([code, context], axis=-1))
        for first, second in self.blocks:
            inner = ops.concatenate([_normalise(x), ops.cast(context, x.dtype)], -1)
            x = x + second(silu(first(inner)))
        return self.leave(ops.cast(_normalise(x), "float32"))


class FieldVelocity(keras.layers.Layer):
    """Velocity of the latent field: two scales of residual blocks.

    It is a function of the neighbourhood alone, so that grids of any size may follow
    those of the training. The context modulates all features.

    Parameters
    ----------
    width : int
        Width of the finer scale; the coarser one has half as many features more.
    boundary : {'periodic', 'symmetric', 'zero'}
        What lies beyond the edges of the grid.
    """

    def __init__(self, width: int, boundary: str, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.boundary = boundary

    def build(self, field_shape, context_shape):
        """Create the layers; the last starts at zero velocity."""
        rank, channels = len(field_shape) - 2, field_shape[-1]
        fine, coarse = self.width, self.width + self.width // 2
        self.embed = keras.layers.Dense(4 * fine, dtype=self.dtype_policy, name="embed")
        self.embed.build(context_shape)
        context = (None, 4 * fine)
        make = {"boundary": self.boundary, "dtype": self.dtype_policy}
        self.enter = _Convolution(fine, name="enter", **make)
        self.enter.build((None,) * (rank + 1) + (channels,))
        self.down = [_Block(fine, dilation, **make) for dilation in (1, 2)]
        self.below = [_Block(coarse, dilation, **make) for dilation in (1, 2, 1)]
        self.up = [_Block(fine, dilation, **make) for dilation in (1,)]
        for blocks, width in ((self.down, fine), (self.below, coarse), (self.up, fine)):
            for block in blocks:
                block.build((None,) * (rank + 1) + (width,), context)
        self.widen = keras.layers.Dense(coarse, dtype=self.dtype_policy, name="widen")
        self.widen.build((None,) * (rank + 1) + (fine,))
        self.narrow = keras.layers.Dense(fine, dtype=self.dtype_policy, name="narrow")
        self.narrow.build((None,) * (rank + 1) + (coarse,))
        # The last layer and what is integrated are in single precision.
        self.leave = _Convolution(
            channels,
            boundary=self.boundary,
            kernel_initializer="zeros",
            dtype="float32",
            name="leave",
        )
        self.leave.build((None,) * (rank + 1) + (fine,))

    def call(self, field: Tensor, context: Tensor) -> Tensor:
        """Return the velocity of fields (batch, *grid, channels) in their context."""
        context = silu(self.embed(context))
        x = self.enter(field)
        for block in self.down:
            x = block(x, context)
        y = self.widen(_halve(x, self.boundary))
        for block in self.below:
            y = block(y, context)
        x = x + _double(self.narrow(y), ops.shape(x))
        for block in self.up:
            x = block(x, context)
        return self.leave(ops.cast(_normalise(x), "float32"))


class _Block(keras.layers.Layer):
    """Two normalised convolutions, the first one modulated, beside a shortcut."""

    def __init__(self, width, dilation, boundary, **kwargs):
        super().__init__(**kwargs)
        make = {"boundary": boundary, "dtype": self.dtype_policy}
        self.first = _Convolution(width, dilation, **make)
        self.second = _Convolution(width, **make)
        self.modulation = LatentModulation(dtype=self.dtype_policy)

    def build(self, features_shape, context_shape):
        self.first.build(features_shape)
        self.second.build(features_shape)
        self.modulation.build(features_shape, context_shape)

    def call(self, x, context):
        y = _normalise(self.first(silu(_normalise(x))))
        return x + self.second(silu(self.modulation(y, context)))


class _Convolution(keras.layers.Layer):
    """Convolution of side 3 that keeps the size, with the boundary of the material."""

    def __init__(self, width, dilation=1, boundary="symmetric", **kwargs):
        self.kernel_initializer = kwargs.pop("kernel_initializer", "he_normal")
        super().__init__(**kwargs)
        self.width = width
        self.dilation = dilation
        self.boundary = boundary

    def build(self, features_shape):
        self.inner = plain_conv(
            len(features_shape) - 2,
            self.width,
            3,
            dilation_rate=self.dilation,
            kernel_initializer=self.kernel_initializer,
            name="inner",
            dtype=self.dtype_policy,
        )
        self.inner.build((None,) * (len(features_shape) - 1) + (features_shape[-1],))

    def call(self, x):
        return self.inner(pad(x, self.dilation, self.boundary))


def _normalise(x: Tensor) -> Tensor:
    """Divide by the root mean square of the channels, which no grid size changes."""
    wide = ops.cast(x, "float32")
    scale = ops.rsqrt(ops.mean(ops.square(wide), axis=-1, keepdims=True) + 1e-4)
    return ops.cast(wide * scale, x.dtype)


def _halve(x: Tensor, boundary: str) -> Tensor:
    """Return the means of 2 x 2 cells, of an odd grid after one more row."""
    for axis in range(1, len(x.shape) - 1):
        x = _make_even(x, axis, boundary)
        # (..., n, ...) -> (..., n / 2, 2, ...)
        sizes = list(ops.shape(x))
        sizes[axis : axis + 1] = [sizes[axis] // 2, 2]
        x = ops.mean(ops.reshape(x, sizes), axis=axis + 1)
    return x


def _make_even(x: Tensor, axis: int, boundary: str) -> Tensor:
    """Return a map with one more row if it has an odd number of them."""
    # TensorFlow compiles for a size that is not known after it has met two.
    size = ops.shape(x)[axis]
    if isinstance(size, int) and size % 2 == 0:
        return x
    first = 0 if boundary == "periodic" else size - size % 2
    before = (slice(None),) * axis
    return ops.concatenate([x, x[(*before, slice(first, first + size % 2))]], axis)


def _double(x: Tensor, like: tuple) -> Tensor:
    """Repeat every cell along each axis, and crop to the grid of `like`."""
    for axis in range(1, len(x.shape) - 1):
        x = ops.repeat(x, 2, axis=axis)
    crop = tuple(slice(None, size) for size in like[1:-1])
    return x[(slice(None), *crop)]

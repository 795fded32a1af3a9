"""The multiscale generator: from a latent field and a code to an image."""

import math

import keras
from keras import ops

from morphokeras.layers.latent_field import LatentField
from morphokeras.layers.latent_modulation import LatentModulation
from morphokeras.layers.latent_warp import LatentWarp
from morphokeras.layers.spectral_upsample import SpectralUpsample
from morphokeras.layers.steerable_conv import SteerableConv
from morphokeras.layers.volume_fraction import VolumeFractionProjection
from morphokeras.ops._silu import silu
from morphokeras.utils.typing import Tensor


@keras.saving.register_keras_serializable(package="morphokeras")
class Generator(keras.layers.Layer):
    """Turn white noise on a coarse grid, and a code, into images of any size.

    The latent field says what lies where, the code how the whole image looks. From
    the coarsest scale on, features are upsampled, convolved with steerable filters,
    normalised and modulated by the code; every scale adds its share to the logits,
    which are then warped, projected on a volume fraction, and squashed to [0, 1].

    Parameters
    ----------
    channels : int
        Channels of an image: 1, or one a phase.
    filters : int, default=32
        Width of the coarsest scale. Each next one is half as wide, 8 at least.
    depth : int, default=3
        Number of scales L. Each halves the grid spacing, down to one pixel.
    kernel_size : int, default=5
        Side of the filters, in grid points.
    num_basis : int, optional
        Rank of the filters; by default all basis functions.
    boundary : {'periodic', 'symmetric', 'zero'}, default='symmetric'
        What lies beyond the edges.
    field_stride : int, default=4
        Grid spacing of the latent field, pixels, a power of two.
    energy_budget : float, optional
        See `SteerableConv`.
    max_displacement : float, default=0.0
        Largest displacement of the warp, pixels; 0 leaves the warp out.
    projection : {'logit', 'scale'}, default='logit'
        How a volume fraction is met.
    base_grid : tuple of int, optional
        Without a latent field: the coarsest grid, on which the code is laid out.

    Raises
    ------
    ValueError
        If `field_stride` is not a power of two, or a number is not positive.

    Notes
    -----
    ``G(z) = sigma(project(warp(sum_l U_l head_l(T_l))))`` with ``T_l = modulate_l o
    conv_l o U_2 T_(l-1)`` (Eq. 5, 7, 9, 10). Features are normalised by the root of
    their mean square over the channels of each pixel, which no image size changes.

    Examples
    --------
    >>> import keras
    >>> from morphokeras.models.generator import Generator
    >>> field = keras.random.normal((2, 8, 6, 4), seed=0)
    >>> code = keras.random.normal((2, 16), seed=1)
    >>> generator = Generator(channels=1, filters=8)
    >>> tuple(generator(field, code).shape)
    (2, 32, 24, 1)
    >>> tuple(generator(field, code, shape=(30, 23)).shape)
    (2, 30, 23, 1)
    """

    def __init__(
        self,
        channels: int,
        *,
        filters: int = 32,
        depth: int = 3,
        kernel_size: int = 5,
        num_basis: int | None = None,
        boundary: str = "symmetric",
        field_stride: int = 4,
        energy_budget: float | None = None,
        max_displacement: float = 0.0,
        projection: str = "logit",
        base_grid: tuple[int, ...] | None = None,
        **kwargs,
    ):
        super().__init__(**{"autocast": False, **kwargs})
        for name, value in {"filters": filters, "depth": depth}.items():
            if value < 1:
                raise ValueError(f"`{name}` must be positive. Received: {value}.")
        if field_stride < 1 or field_stride & (field_stride - 1):
            raise ValueError(
                "`field_stride` must be a power of two. "
                f"Received: field_stride={field_stride}."
            )
        self.channels = channels
        self.filters = filters
        self.depth = depth
        self.kernel_size = kernel_size
        self.num_basis = num_basis
        self.boundary = boundary
        self.field_stride = field_stride
        self.energy_budget = energy_budget
        self.max_displacement = max_displacement
        self.projection = projection
        self.base_grid = None if base_grid is None else tuple(base_grid)

    def build(self, field_shape, code_shape):
        """Create the scales for the rank and the channels of the latent field."""
        grid = (None,) * (len(field_shape) - 2)
        if self.base_grid is None:
            self.colour = LatentField(dtype="float32", name="colour")
            self.colour.build(field_shape)
        else:
            width = math.prod(self.base_grid) * self.filters
            self.layout = keras.layers.Dense(
                width, dtype=self.dtype_policy, name="layout"
            )
            self.layout.build(code_shape)
            field_shape = (None, *self.base_grid, self.filters)
        self.scales = []
        self.heads = []
        self.enlargers = []
        shape, stride = field_shape, self.field_stride
        for index in range(self.depth):
            factor = 1 if index == 0 or stride == 1 else 2
            stride //= factor
            scale = self._make_scale(index, factor)
            scale.build(shape, code_shape)
            shape = (None, *grid, scale.filters)
            self.scales.append(scale)
            self.heads.append(self._make_head(index, shape))
            self.enlargers.append(self._make_enlarger(stride, grid))
        if self.max_displacement > 0:
            self.warp = LatentWarp(
                self.max_displacement,
                boundary=self.boundary,
                data_format="channels_last",
                dtype=self.dtype_policy,
                name="warp",
            )
            self.warp.build((None, *grid, self.channels), shape)
        self.project = VolumeFractionProjection(
            self.projection, dtype="float32", name="project"
        )
        self.project.build((None, *grid, self.channels))

    def call(
        self,
        field: Tensor | None,
        code: Tensor,
        fraction: Tensor | None = None,
        shape: tuple[int, ...] | None = None,
        return_displacement: bool = False,
        sharpness: Tensor | float | None = None,
    ) -> Tensor | tuple[Tensor, Tensor | None]:
        """Generate images.

        Parameters
        ----------
        field : tensor of shape (batch, *grid, field_channels)
            White noise of unit variance. Not looked at with `base_grid`.
        code : tensor of shape (batch, code_dim)
            The latent code, with whatever else shall modulate the features.
        fraction : tensor of shape (batch,) or (batch, channels), optional
            Volume fractions to meet exactly.
        shape : tuple of int, optional
            Size to crop the images to, pixels; by default grid times `field_stride`.
        return_displacement : bool, default=False
            Whether the warp's displacement is returned too, None without a warp.
        sharpness : float or scalar tensor, optional
            Factor of the logits: above 1 it narrows the borders between phases.

        Returns
        -------
        tensor of shape (batch, *shape, channels), float32
            Images in [0, 1].
        """
        x = self._base(field, code)
        logits: Tensor = 0.0
        for scale, head, enlarge in zip(
            self.scales, self.heads, self.enlargers, strict=True
        ):
            x = scale(x, code)
            share = head(ops.cast(x, "float32"))
            logits = logits + (share if enlarge is None else enlarge(share))
        displacement = None
        if self.max_displacement > 0:
            features = x if self.enlargers[-1] is None else self.enlargers[-1](x)
            logits, displacement = self.warp(logits, features, return_displacement=True)
        if shape is not None:
            crop = tuple(slice(None, size) for size in shape)
            logits = logits[(slice(None), *crop)]
        if sharpness is not None:
            logits = logits * sharpness
        # Last, for the warp and the crop change the mean.
        images = self.project(ops.cast(logits, "float32"), fraction)
        return (images, displacement) if return_displacement else images

    def compute_output_shape(
        self, field_shape, code_shape, fraction_shape=None, shape=None
    ):
        """Return (batch, *shape, channels)."""
        grid = self.base_grid or field_shape[1:-1]
        full = [None if n is None else n * self.field_stride for n in grid]
        return (code_shape[0], *(shape or full), self.channels)

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "channels": self.channels,
            "filters": self.filters,
            "depth": self.depth,
            "kernel_size": self.kernel_size,
            "num_basis": self.num_basis,
            "boundary": self.boundary,
            "field_stride": self.field_stride,
            "energy_budget": self.energy_budget,
            "max_displacement": self.max_displacement,
            "projection": self.projection,
            "base_grid": self.base_grid,
        }

    def _base(self, field, code):
        if self.base_grid is None:
            return ops.cast(self.colour(field), self.compute_dtype)
        return ops.reshape(self.layout(code), (-1, *self.base_grid, self.filters))

    def _make_scale(self, index, factor):
        return _Scale(
            max(self.filters >> index, 8),
            factor,
            self._convolution_options(),
            residual=index == 0,
            dtype=self.dtype_policy,
            name=f"scale_{index}",
        )

    def _make_head(self, index, shape):
        # In single precision: these are the logits.
        head = SteerableConv(
            self.channels,
            **{**self._convolution_options(), "energy_budget": None},
            dtype="float32",
            name=f"head_{index}",
        )
        head.build(shape)
        return head

    def _make_enlarger(self, stride, grid):
        if stride == 1:
            return None
        enlarger = _upsampling(stride, self.boundary, dtype="float32")
        enlarger.build((None, *grid, self.channels))
        return enlarger

    def _convolution_options(self) -> dict:
        return {
            "kernel_size": self.kernel_size,
            "num_basis": self.num_basis,
            "boundary": self.boundary,
            "energy_budget": self.energy_budget,
            "data_format": "channels_last",
        }


class _Scale(keras.layers.Layer):
    """Upsample, convolve, normalise, modulate; twice at the coarsest scale."""

    def __init__(self, filters, factor, convolution_options, residual, **kwargs):
        super().__init__(**kwargs)
        options = {**convolution_options, "use_bias": False, "dtype": self.dtype_policy}
        self.filters = filters
        self.residual = residual
        self.upsample = None
        if factor > 1:
            self.upsample = _upsampling(
                factor, options["boundary"], dtype=self.dtype_policy
            )
        num = 2 if residual else 1
        # Named for the sake of TensorFlow's memory, see `Encoder`.
        self.convolutions = [
            SteerableConv(filters, name=f"convolution_{index}", **options)
            for index in range(num)
        ]
        self.modulations = [
            LatentModulation(dtype=self.dtype_policy, name=f"modulation_{index}")
            for index in range(num)
        ]

    def build(self, features_shape, code_shape):
        if self.upsample is not None:
            self.upsample.build(features_shape)
        shape = (None,) * (len(features_shape) - 1) + (self.filters,)
        for convolution, modulation in zip(
            self.convolutions, self.modulations, strict=True
        ):
            convolution.build(features_shape)
            modulation.build(shape, code_shape)
            features_shape = shape

    def call(self, x, code):
        if self.upsample is not None:
            x = self.upsample(x)
        x = self._convolve(0, x, code)
        return x + self._convolve(1, x, code) if self.residual else x

    def _convolve(self, index, x, code):
        x = _normalise(self.convolutions[index](x))
        return silu(self.modulations[index](x, code))


def _normalise(x: Tensor) -> Tensor:
    """Divide each pixel by the root mean square of its channels."""
    # Squares overflow in half precision.
    wide = ops.cast(x, "float32")
    scale = ops.rsqrt(ops.mean(ops.square(wide), axis=-1, keepdims=True) + 1e-4)
    return ops.cast(wide * scale, x.dtype)


def _upsampling(factor: int, boundary: str, dtype) -> SpectralUpsample:
    return SpectralUpsample(
        factor, boundary=boundary, data_format="channels_last", dtype=dtype
    )

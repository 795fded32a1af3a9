"""A convolution whose filters are combinations of steerable functions."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from morphokeras.ops._convolution import convolve
from morphokeras.ops.basis import SteerableBasis, steerable_basis
from morphokeras.ops.padding import check_boundary, check_data_format, pad
from morphokeras.utils.typing import Tensor

READ_OUT_EPSILON = 1e-6


@keras.saving.register_keras_serializable(package="morphokeras")
class SteerableConv(keras.layers.Layer):
    """Convolve with learned combinations of steerable filters.

    Use it in place of `keras.layers.Conv2D` or `Conv3D` where orientation should be
    handled alike in all directions: a rotated filter is again in the span of the
    basis, with half as many weights as pixels (13 of 25 for 5 x 5). The number of
    spatial axes follows from the input.

    Parameters
    ----------
    filters : int
        Number of output channels.
    kernel_size : int, default=5
        Width of the filters in pixels. Three steers well up to order 1, five up
        to order 3.
    strides : int, default=1
        Distance of the output's pixels in input pixels. A spatial size `n` becomes
        ``ceil(n / strides)``. The outputs lie symmetrically on the image, and the
        layer commutes with quarter turns, if ``kernel_size - strides`` is even and
        `strides` divides `n`, or if `strides` is 1 and `kernel_size` odd.
    num_basis : int, default=None
        Filter rank `r`: how many basis functions to use, low orders first. ``None``
        uses all.
    boundary : {'periodic', 'symmetric', 'zero'}, default='symmetric'
        How the image goes on outside. ``'zero'`` is the fastest.
    activation : str or callable, default=None
        Activation after the bias.
    use_bias : bool, default=True
        Whether to add a learned constant to each output channel.
    energy_budget : float, default=None
        Greatest energy of one sample's output: the sum over channels of the mean
        square over pixels (Eq. 8). Louder outputs are scaled down to it. It makes
        each pixel depend on the whole image; ``None`` leaves it out.
    invariant : bool, default=False
        Whether each output channel belongs to one angular order and gives the
        modulus of its responses: maps that turn with the image, with a spatial mean
        that does not change. Mirror images give the same.
    data_format : {'channels_last', 'channels_first'}, default=None
        Where the channels are; ``None`` is the default of Keras.
    kernel_initializer : str or `keras.initializers.Initializer`, default='he_normal'
        Initial coefficients. The basis functions have unit norm, so that initialisers
        that keep variances do so here too.
    kernel_regularizer : str or `keras.regularizers.Regularizer`, default=None
        Penalty on the coefficients.
    **kwargs
        Arguments of `keras.layers.Layer`, such as `name` and `dtype`.

    Raises
    ------
    ValueError
        If a number is not positive, `strides` exceeds `kernel_size`, `num_basis` does
        not fit, or `boundary` is unknown.

    Notes
    -----
    Eq. 6: ``K_ij(x) = sum_a lambda_ija psi_a(x)``. The kernel is made by one small
    matrix product, then convolved as any other. With `energy_budget` ``E0`` the
    output is multiplied by ``sqrt(E0 / max(E, E0))``, which has a gradient at
    ``E = 0`` where the article's ``min(1, sqrt(E0 / E))`` has none. With `invariant`
    the output is ``sqrt(sum_c a_c^2 + 1e-6)`` over the components `c` of an order.

    Examples
    --------
    >>> import keras
    >>> from morphokeras.layers.steerable_conv import SteerableConv
    >>> layer = SteerableConv(filters=8, strides=2, data_format="channels_last")
    >>> tuple(layer(keras.ops.ones((1, 32, 48, 3))).shape)
    (1, 16, 24, 8)
    >>> layer.count_params() == 13 * 3 * 8 + 8
    True
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int = 5,
        strides: int = 1,
        num_basis: int | None = None,
        boundary: str = "symmetric",
        activation: Any = None,
        use_bias: bool = True,
        energy_budget: float | None = None,
        invariant: bool = False,
        data_format: str | None = None,
        kernel_initializer: Any = "he_normal",
        kernel_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _check_positive(filters=filters, kernel_size=kernel_size, strides=strides)
        if strides > kernel_size:
            raise ValueError(
                "`strides` must not exceed `kernel_size`, or pixels would be skipped. "
                f"Received: strides={strides}, kernel_size={kernel_size}."
            )
        if energy_budget is not None and not energy_budget > 0:
            raise ValueError(
                "`energy_budget` must be a positive number or None. "
                f"Received: energy_budget={energy_budget}."
            )
        check_boundary(boundary)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.num_basis = num_basis
        self.boundary = boundary
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.energy_budget = energy_budget
        self.invariant = invariant
        self.data_format = check_data_format(data_format)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Choose the basis for the input's axes and make the coefficients."""
        if len(input_shape) not in (4, 5):
            raise ValueError(
                "`SteerableConv` expects images (4 axes with batch and channels) or "
                f"volumes (5 axes). Received input_shape={tuple(input_shape)}."
            )
        channels = input_shape[self._channel_axis]
        if channels is None:
            raise ValueError(
                "`SteerableConv` needs to know the number of input channels. Received "
                f"input_shape={tuple(input_shape)}; give the channel axis a size."
            )
        self.input_spec = keras.layers.InputSpec(
            ndim=len(input_shape), axes={self._channel_axis: channels}
        )
        self.basis = steerable_basis(
            self.kernel_size, len(input_shape) - 2, self.num_basis
        )
        self._parts = (
            _invariant_parts(self.basis, self.filters)
            if self.invariant
            else [_Part(self.basis.filters[None], self.filters)]
        )
        self.coefficients = [
            self.add_weight(
                shape=(part.functions.shape[1], channels, part.filters),
                initializer=self.kernel_initializer,
                regularizer=self.kernel_regularizer,
                name=f"coefficients_{index}",
            )
            for index, part in enumerate(self._parts)
        ]
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(self.filters,), initializer="zeros", name="bias"
            )
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """Convolve.

        Parameters
        ----------
        inputs : tensor of shape (batch, *spatial, channels)
            Images or volumes.

        Returns
        -------
        tensor of shape (batch, *ceil(spatial / strides), filters)
            The responses.
        """
        channels_first = self.data_format == "channels_first"
        if channels_first:
            # TensorFlow has no other convolution on CPUs; elsewhere it costs little
            inputs = ops.moveaxis(inputs, 1, -1)
        outputs = self._convolve(inputs, self._kernel())
        if self.invariant:
            outputs = self._read_out(outputs)
        if self.bias is not None:
            outputs = ops.add(outputs, self.bias)
        outputs = self.activation(outputs)
        if self.energy_budget is not None:
            outputs = self._limit_energy(outputs)
        return ops.moveaxis(outputs, -1, 1) if channels_first else outputs

    def compute_output_shape(
        self, input_shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        """Return the shape with `filters` channels and divided sizes."""
        shape = [
            None if size is None else -(-size // self.strides) for size in input_shape
        ]
        shape[0] = input_shape[0]
        shape[self._channel_axis] = self.filters
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "num_basis": self.num_basis,
            "boundary": self.boundary,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "energy_budget": self.energy_budget,
            "invariant": self.invariant,
            "data_format": self.data_format,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }

    @property
    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    def _kernel(self) -> Tensor:
        """Return the kernel of shape (*kernel, channels, maps) (Eq. 6)."""
        pieces = []
        for part, coefficients in zip(self._parts, self.coefficients, strict=True):
            num_basis, channels, filters = coefficients.shape
            weights = ops.reshape(coefficients, (num_basis, channels * filters))
            for functions in part.functions:
                sampled = functions.reshape(num_basis, -1).T
                sampled = ops.convert_to_tensor(sampled, dtype=self.compute_dtype)
                shape = (*functions.shape[1:], channels, filters)
                pieces.append(ops.reshape(ops.matmul(sampled, weights), shape))
        return pieces[0] if len(pieces) == 1 else ops.concatenate(pieces, axis=-1)

    def _convolve(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        padding = "same"
        if self.boundary != "zero" and self.kernel_size > 1:
            inputs, padding = self._pad(inputs), "valid"
        return convolve(inputs, kernel, self.strides, padding)

    def _pad(self, inputs: Tensor) -> Tensor:
        """Extend the image so that a valid convolution has the size of a "same" one."""
        rank = len(inputs.shape) - 2
        before, after = (self.kernel_size - 1) // 2, self.kernel_size // 2
        extended = pad(inputs, [(before, after)] * rank, self.boundary)
        if self.strides == 1:
            return extended
        # the right widths depend on the sizes, which TensorFlow may not know yet: so
        # pad as for stride 1 and leave out what lies before the first filter
        cuts = [slice(None)]
        for size in ops.shape(inputs)[1:-1]:
            total = self.kernel_size - self.strides + (-size) % self.strides
            cuts.append(slice(before - total // 2, None))
        return extended[tuple(cuts)]

    def _read_out(self, outputs: Tensor) -> Tensor:
        """Return the modulus over the components of each order."""
        counts = [p.filters for p in self._parts for _ in p.functions]
        ends = np.cumsum(counts)[:-1].tolist()
        maps = iter(ops.split(outputs, ends, axis=-1))
        channels = []
        for part in self._parts:
            members = [next(maps) for _ in part.functions]
            if part.isotropic:
                channels.append(members[0])
                continue
            # squares overflow in float16
            squares = [ops.square(ops.cast(m, "float32")) for m in members]
            modulus = ops.sqrt(sum(squares) + READ_OUT_EPSILON)
            channels.append(ops.cast(modulus, outputs.dtype))
        return ops.concatenate(channels, axis=-1)

    def _limit_energy(self, outputs: Tensor) -> Tensor:
        """Scale each sample down to the energy budget (Eq. 8)."""
        wide = ops.cast(outputs, "float32")
        axes = list(range(1, len(outputs.shape)))
        # sum over channels of spatial means
        energy = self.filters * ops.mean(ops.square(wide), axis=axes, keepdims=True)
        factor = ops.sqrt(self.energy_budget / ops.maximum(energy, self.energy_budget))
        return ops.multiply(outputs, ops.cast(factor, outputs.dtype))


class _Part:
    """Filters that share coefficients over the components of one angular order.

    ``functions`` has the shape (components, num_basis, *kernel).
    """

    def __init__(
        self, functions: np.ndarray, filters: int, isotropic: bool = False
    ) -> None:
        self.functions = functions
        self.filters = filters
        self.isotropic = isotropic


def _invariant_parts(basis: SteerableBasis, filters: int) -> list[_Part]:
    """Share the filters out among the orders, and group the components."""
    orders = np.unique(basis.orders)
    parts = []
    for order, channels in zip(
        orders, np.array_split(np.arange(filters), len(orders)), strict=True
    ):
        if len(channels) == 0:
            continue
        chosen = basis.orders == order
        components = np.unique(basis.components[chosen])
        functions = np.stack(
            [basis.filters[chosen & (basis.components == c)] for c in components]
        )
        parts.append(_Part(functions, len(channels), isotropic=bool(order == 0)))
    return parts


def _check_positive(**numbers: int) -> None:
    for name, number in numbers.items():
        if not isinstance(number, int) or number < 1:
            raise ValueError(
                f"`{name}` must be a positive integer. Received: {name}={number}."
            )

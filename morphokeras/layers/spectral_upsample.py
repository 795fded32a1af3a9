"""A layer that upsamples by zero-padding the spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from morphokeras.ops.padding import check_data_format
from morphokeras.ops.spectral import check_upsampling, spectral_upsample
from morphokeras.utils.typing import Tensor


@keras.saving.register_keras_serializable(package="morphokeras")
class SpectralUpsample(keras.layers.Layer):
    """Upsample images or volumes without changing their spectrum.

    Use it where `keras.layers.UpSampling2D` would do, when frequencies should be kept
    as they are: a field without detail finer than two pixels is reproduced exactly.

    Parameters
    ----------
    size : int or tuple of int, default=2
        How many times as many pixels, for all spatial axes or for each one.
    boundary : {'periodic', 'symmetric', 'zero'}, default='symmetric'
        How the field goes on outside: repeated, mirrored with the edge repeated, or
        zeros.
    align : {'center', 'corner'}, default='center'
        Whether the two grids share the image's borders, as in resizing, or the centre
        of the first pixel (Eq. 7 to the letter). Only the former commutes with
        rotations.
    method : {'matrix', 'fft'}, default='matrix'
        One small matrix product for each axis, or Fourier transforms, which compute
        the same and need images of known size.
    data_format : {'channels_last', 'channels_first'}, default=None
        Where the channels are; ``None`` is the default of Keras.
    **kwargs
        Arguments of `keras.layers.Layer`, such as `name` and `dtype`.

    Raises
    ------
    ValueError
        If an argument is unknown or a size is not a positive integer.

    Notes
    -----
    Eq. 7. See `morphokeras.ops.spectral.upsample_matrix` for the formula.

    Examples
    --------
    >>> import keras
    >>> from morphokeras.layers.spectral_upsample import SpectralUpsample
    >>> image = keras.ops.ones((1, 8, 12, 3))
    >>> fine = SpectralUpsample(size=2, data_format="channels_last")(image)
    >>> tuple(fine.shape)
    (1, 16, 24, 3)
    >>> round(float(keras.ops.max(abs(fine - 1.0))), 3)
    0.0
    """

    def __init__(
        self,
        size: int | Sequence[int] = 2,
        boundary: str = "symmetric",
        align: str = "center",
        method: str = "matrix",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        sizes = (size,) if isinstance(size, int) else tuple(size)
        for axis_size in sizes:
            check_upsampling(axis_size, boundary, align, method)
        self.size = size if isinstance(size, int) else sizes
        self.boundary = boundary
        self.align = align
        self.method = method
        self.data_format = check_data_format(data_format)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Check the number of axes."""
        if len(input_shape) not in (4, 5):
            raise ValueError(
                "`SpectralUpsample` expects images (4 axes with batch and channels) "
                f"or volumes (5 axes). Received input_shape={tuple(input_shape)}."
            )
        self._sizes(len(input_shape) - 2)
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """Upsample.

        Parameters
        ----------
        inputs : tensor of shape (batch, *spatial, channels)
            Images or volumes.

        Returns
        -------
        tensor of shape (batch, *[size * spatial], channels)
            The finer fields.
        """
        return spectral_upsample(
            inputs,
            self.size,
            boundary=self.boundary,
            align=self.align,
            method=self.method,
            data_format=self.data_format,
        )

    def compute_output_shape(
        self, input_shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        """Return the shape with each spatial size multiplied."""
        sizes = self._sizes(len(input_shape) - 2)
        first = 1 if self.data_format == "channels_last" else 2
        shape = list(input_shape)
        for axis, size in enumerate(sizes, start=first):
            known = shape[axis]
            shape[axis] = None if known is None else known * size
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "size": self.size,
            "boundary": self.boundary,
            "align": self.align,
            "method": self.method,
            "data_format": self.data_format,
        }

    def _sizes(self, rank: int) -> tuple[int, ...]:
        sizes = (self.size,) * rank if isinstance(self.size, int) else self.size
        if len(sizes) != rank:
            raise ValueError(
                f"`size` must be an integer or {rank} integers for an input with "
                f"{rank} spatial axes. Received: size={self.size}."
            )
        return sizes

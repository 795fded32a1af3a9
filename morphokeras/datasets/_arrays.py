"""Fourier transforms and arithmetic of the phase-field solver, in NumPy or Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft

BACKENDS = ("numpy", "keras")


def make_arrays(backend: str, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """Return the arithmetic of a backend for fields of one shape.

    Parameters
    ----------
    backend : {'numpy', 'keras'}
        Where to compute.
    shape : tuple of int
        Pixels along each spatial axis.
    dtype : dtype
        Precision: float32, or with NumPy float64.

    Returns
    -------
    NumpyArrays or KerasArrays
    """
    return (NumpyArrays if backend == "numpy" else KerasArrays)(shape, dtype)


def check_backend(backend: str) -> None:
    """Refuse a word that names no backend."""
    if backend not in BACKENDS:
        raise ValueError(
            f"`backend` must be 'numpy' or 'keras'. Received: backend={backend!r}."
        )


class NumpyArrays:
    """Fields are arrays, spectra complex arrays."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype):
        self.shape, self.dtype = shape, dtype
        self.axes = tuple(range(1, len(shape) + 1))

    def constant(self, values: Any) -> np.ndarray:
        """Return real numbers in the precision of the fields."""
        return np.asarray(values, dtype=self.dtype)

    def to_numpy(self, fields: np.ndarray) -> np.ndarray:
        """Return fields as they are."""
        return fields

    def forward(self, fields: np.ndarray) -> np.ndarray:
        """Return the half spectrum; the fields may be lost."""
        return scipy.fft.rfftn(fields, axes=self.axes, overwrite_x=True)

    def backward(self, spectrum: np.ndarray) -> np.ndarray:
        """Return the fields of a half spectrum."""
        return scipy.fft.irfftn(spectrum, self.shape, axes=self.axes)

    def largest_norm(self, spectrum: np.ndarray, power: np.ndarray) -> float:
        """Return the largest norm of a sample, frequencies weighted with `power`."""
        square = spectrum.real**2
        square += spectrum.imag**2
        square *= power
        return float(np.sqrt(square.sum(axis=self.axes).max()))


class KerasArrays:
    """Fields are tensors; spectra are real tensors, with a last axis for the parts.

    The weights of the solver are real, so that complex numbers, which not all
    backends multiply alike, are never needed outside the transforms.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype):
        from morphokeras.utils.backend import choose_backend

        choose_backend()
        from keras import ops

        self.ops, self.shape = ops, shape
        self.dtype = np.dtype("float32")

    def constant(self, values: Any) -> Any:
        """Return real numbers as a tensor that fits the parts of a spectrum."""
        values = np.asarray(values, dtype=self.dtype)
        if values.ndim == len(self.shape):
            values = values[..., np.newaxis]
        return self.ops.convert_to_tensor(values)

    def to_numpy(self, fields: Any) -> np.ndarray:
        """Return fields as an array."""
        return np.asarray(self.ops.convert_to_numpy(fields))

    def forward(self, fields: Any) -> Any:
        """Return the half spectrum, of shape (n_samples, *half, 2)."""
        real, imaginary = self.ops.rfft(self.ops.convert_to_tensor(fields))
        for axis in range(len(self.shape) - 1, 0, -1):
            real, imaginary = self._fft(real, imaginary, axis)
        return self.ops.stack([real, imaginary], axis=-1)

    def backward(self, spectrum: Any) -> Any:
        """Return the fields of a half spectrum."""
        real, imaginary = spectrum[..., 0], -spectrum[..., 1]
        for axis in range(1, len(self.shape)):
            real, imaginary = self._fft(real, imaginary, axis)
        # Conjugate in, conjugate out: the inverse of all axes but the last.
        scale = 1.0 / float(np.prod(self.shape[:-1]))
        return self.ops.irfft(
            (scale * real, -scale * imaginary), fft_length=self.shape[-1]
        )

    def largest_norm(self, spectrum: Any, power: Any) -> float:
        """Return the largest norm of a sample, frequencies weighted with `power`."""
        square = self.ops.square(spectrum) * power
        axes = tuple(range(1, len(self.shape) + 2))
        return float(self.ops.sqrt(self.ops.max(self.ops.sum(square, axis=axes))))

    def _fft(self, real: Any, imaginary: Any, axis: int) -> tuple[Any, Any]:
        """Transform along one axis."""
        move = self.ops.moveaxis
        parts = self.ops.fft((move(real, axis, -1), move(imaginary, axis, -1)))
        return move(parts[0], -1, axis), move(parts[1], -1, axis)

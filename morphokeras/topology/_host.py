"""A NumPy function called on tensors, on each backend."""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import keras
import numpy as np

from morphokeras.utils.typing import Tensor

_JAX_PIECE = 1 << 14  # values in one operand of a callback, 64 kB

Spec = tuple[tuple[int | None, ...], str]
"""Shape and dtype of one result; None is a size that is not known before the call."""


def call_on_host(
    function: Callable[..., tuple[np.ndarray, ...]],
    operands: Sequence[Tensor],
    results: Sequence[Spec],
) -> tuple[Tensor, ...]:
    """Return what a NumPy function makes of tensors, without a gradient.

    All operands go to the host in one call, and all results come back in one.

    Parameters
    ----------
    function : callable
        From one array an operand to one array a result. It is best a value, equal to
        others that do the same: JAX compiles anew for each one it has not met.
    operands : sequence of Tensor
        The tensors, float32.
    results : sequence of (shape, dtype)
        Of each result. On JAX no size may be None.

    Returns
    -------
    tuple of Tensor
        The results, on the device of the first operand.
    """
    call = {"tensorflow": _call_tensorflow, "jax": _call_jax, "torch": _call_torch}
    backend = keras.backend.backend()
    if backend not in call:
        raise NotImplementedError(
            "Persistence of tensors needs the TensorFlow, JAX or PyTorch backend. "
            f"Received: backend {backend!r}. Use "
            "morphokeras.topology.persistence_pairs on arrays instead."
        )
    return call[backend](function, tuple(operands), tuple(results))


def _call_tensorflow(function, operands, results):
    import tensorflow as tf

    arrays = tf.numpy_function(
        function,
        [tf.stop_gradient(operand) for operand in operands],
        [tf.dtypes.as_dtype(dtype) for _, dtype in results],
        stateful=False,
    )
    for array, (shape, _) in zip(arrays, results, strict=True):
        array.set_shape(shape)
    return tuple(arrays)


def _call_jax(function, operands, results):
    import jax

    fixed = [jax.lax.stop_gradient(operand) for operand in operands]
    return _jax_function(function, results)(*fixed)


@functools.lru_cache(maxsize=256)
def _jax_function(function, results):
    """Return the callback as a compiled function, the same one for equal arguments."""
    import jax

    specs = tuple(jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in results)

    @jax.jit
    def compiled(*operands):
        # Before it calls us, JAX copies each operand, and above 100 kB it leaves that
        # to the thread pool that waits for us: with one core, or as many callbacks at
        # once as cores, the program would hang. Small pieces it copies at once.
        # https://github.com/jax-ml/jax/issues/24255
        piece = _JAX_PIECE if jax.default_backend() == "cpu" else max(_sizes(operands))
        pieces = [
            flat[start : start + piece]
            for flat in (operand.reshape(-1) for operand in operands)
            for start in range(0, flat.size, piece)
        ]
        join = _Joined(function, tuple(operand.shape for operand in operands))
        return jax.pure_callback(join, specs, *pieces, vmap_method="sequential")

    return compiled


def _sizes(operands):
    return [max(operand.size, 1) for operand in operands]


@dataclasses.dataclass(frozen=True)
class _Joined:
    """The function on arrays that come in pieces, one after the other."""

    function: Callable[..., tuple[np.ndarray, ...]]
    shapes: tuple[tuple[int, ...], ...]

    def __call__(self, *pieces):
        flat = np.concatenate([np.asarray(piece).reshape(-1) for piece in pieces])
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes])
        parts = np.split(flat, ends[:-1])
        return self.function(
            *(p.reshape(shape) for p, shape in zip(parts, self.shapes, strict=True))
        )


def _call_torch(function, operands, results):
    import torch

    device = operands[0].device
    if device.type == "meta":  # Keras infers shapes there; no values exist.
        return tuple(
            torch.empty(
                [1 if size is None else size for size in shape],
                dtype=getattr(torch, dtype),
                device="meta",
            )
            for shape, dtype in results
        )
    arrays = function(*(operand.detach().cpu().numpy() for operand in operands))
    return tuple(torch.from_numpy(array).to(device) for array in arrays)

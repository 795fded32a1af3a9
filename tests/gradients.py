"""Gradients of a scalar function on whichever backend runs, for tests only."""

import keras
import numpy as np


def gradients(function, arrays, variables=()):
    """Return the gradients of ``function(*arrays)``, inputs first, then variables.

    ``function`` maps tensors to a scalar tensor and may read the Keras ``variables``.
    What it does not depend on has a gradient of zeros.
    """
    arrays = [np.asarray(array, "float32") for array in arrays]
    variables = list(variables)
    find = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
    found = find[keras.backend.backend()](function, arrays, variables)
    shapes = [array.shape for array in arrays] + [tuple(v.shape) for v in variables]
    return [
        np.zeros(shape, "float32")
        if gradient is None
        else np.array(keras.ops.convert_to_numpy(gradient), "float32")
        for gradient, shape in zip(found, shapes, strict=True)
    ]


def _tensorflow(function, arrays, variables):
    import tensorflow as tf

    tensors = [tf.convert_to_tensor(array) for array in arrays]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value = function(*tensors)
    sources = tensors + [variable.value for variable in variables]
    return [
        None if gradient is None else tf.convert_to_tensor(gradient)
        for gradient in tape.gradient(value, sources)
    ]


def _jax(function, arrays, variables):
    import jax
    import jax.numpy as jnp

    def stateless(tensors, values):
        pairs = list(zip(variables, values, strict=True))
        with keras.StatelessScope(state_mapping=pairs):
            return function(*tensors)

    tensors = [jnp.asarray(array) for array in arrays]
    values = [variable.value for variable in variables]
    of_tensors, of_values = jax.grad(stateless, argnums=(0, 1))(tensors, values)
    return [*of_tensors, *of_values]


def _torch(function, arrays, variables):
    import torch

    device = keras.ops.convert_to_tensor(0.0).device
    tensors = [torch.tensor(a, device=device, requires_grad=True) for a in arrays]
    sources = tensors + [variable.value for variable in variables]
    value = function(*tensors)
    return torch.autograd.grad(value, sources, allow_unused=True)

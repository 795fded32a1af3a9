"""Keras' batch normalisation, on each backend's own kernel."""

import math

import keras
from keras import ops

from morphokeras.utils.typing import Tensor


@keras.saving.register_keras_serializable(package="morphokeras")
class BatchNorm(keras.layers.BatchNormalization):
    """Normalise each channel, the last axis of maps, over a batch.

    In training, PyTorch's and TensorFlow's own kernels read the maps a few times less
    than Keras' composition of operations, which takes a third of a step of a narrow
    network on a CPU. XLA, for JAX, joins the operations itself.

    Parameters
    ----------
    **kwargs
        Of ``keras.layers.BatchNormalization``, which it is, weights and all. The axis
        stays the last, and the maps are scaled and shifted.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.layers._batch_norm import BatchNorm
    >>> maps = np.random.default_rng(0).normal(3.0, 2.0, (8, 9, 9, 2))
    >>> normal = BatchNorm()(maps.astype("float32"), training=True)
    >>> deviations = ops.convert_to_numpy(normal).std(axis=(0, 1, 2))
    >>> bool(abs(deviations - 1).max() < 1e-3)
    True
    """

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """Return the normalised maps, of the shape of `inputs`."""
        normalise = _NORMALISE.get(keras.backend.backend())
        learns = training and self.trainable and mask is None
        if normalise is None or not learns or not _suits_a_kernel(inputs):
            return super().call(inputs, training=training, mask=mask)
        inputs = ops.cast(inputs, "float32")
        outputs, mean, variance = normalise(inputs, self.gamma, self.beta, self.epsilon)
        for average, value in (
            (self.moving_mean, mean),
            (self.moving_variance, variance),
        ):
            average.assign(average * self.momentum + value * (1 - self.momentum))
        return ops.cast(outputs, self.compute_dtype)


def _suits_a_kernel(inputs: Tensor) -> bool:
    """Return whether `inputs` are maps with values, of single precision or less."""
    return (
        not isinstance(inputs, keras.KerasTensor)
        and keras.backend.standardize_dtype(inputs.dtype) != "float64"
        and len(inputs.shape) in (4, 5)
        and math.prod(n or 2 for n in inputs.shape[1:-1]) > 1
    )


def _normalise_torch(x, gamma, beta, epsilon):
    import torch

    number = x.numel() // x.shape[-1]
    mean, variance = torch.zeros_like(beta.value), torch.zeros_like(beta.value)
    outputs = torch.nn.functional.batch_norm(
        x.movedim(-1, 1),
        *(mean, variance, gamma.value, beta.value),
        training=True,
        momentum=1.0,
        eps=epsilon,
    )
    # The variance of a sample, as PyTorch has it, is larger than that of the batch.
    return outputs.movedim(1, -1), mean, variance * ((number - 1) / number)


def _normalise_tensorflow(x, gamma, beta, epsilon):
    import tensorflow as tf

    shape = tf.shape(x)
    # Of a volume, planes become rows: the kernel takes images alone on a CPU.
    images = tf.reshape(x, (shape[0], -1, shape[-2], x.shape[-1]))
    outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
        images, gamma.value, beta.value, epsilon=epsilon, is_training=True
    )[:3]
    number = tf.cast(tf.size(x) // shape[-1], variance.dtype)
    return tf.reshape(outputs, shape), mean, variance * ((number - 1) / number)


_NORMALISE = {"torch": _normalise_torch, "tensorflow": _normalise_tensorflow}

"""The part of a classifying network that reads hand-made descriptors."""

import keras
import numpy as np
from keras import ops

from morphokeras.utils.typing import Tensor

# Descriptors that deviate by less than this are taken for constant.
LEAST_DEVIATION = 1e-6
# No image is further from the mean than this, in deviations: what hardly varies among
# the training images would else drown all other descriptors of another image.
FARTHEST = 10.0


@keras.saving.register_keras_serializable(package="morphokeras")
class DescriptorBranch(keras.layers.Layer):
    """Turn the descriptors of an image into features for a `ClassHead`.

    The inverse hyperbolic sine brings counts, which range over decades, to a
    logarithmic scale and leaves small numbers as they are. It is standardised with the
    mean and the deviation of the training images, cut at ten deviations, mapped by a
    dense layer, normalised and bent.

    Parameters
    ----------
    units : int, default=64
        Number of features.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.models._descriptor_branch import DescriptorBranch
    >>> descriptors = np.random.default_rng(0).exponential(9, (8, 5)).astype("float32")
    >>> branch = DescriptorBranch(units=3)
    >>> branch.build(descriptors.shape)
    >>> branch.adapt(descriptors)
    >>> tuple(branch(descriptors).shape)
    (8, 3)
    """

    def __init__(self, units: int = 64, **kwargs):
        super().__init__(**{"autocast": False, "dtype": "float32", **kwargs})
        self.units = units

    def build(self, descriptors_shape):
        """Create the statistics and the layers."""
        num_descriptors = descriptors_shape[-1]
        # Not `keras.layers.Normalization`: it keeps copies that do not follow weights
        # that are set, and divides what is constant by next to nothing.
        self.mean = self._add_statistic("mean", num_descriptors, "zeros")
        self.deviation = self._add_statistic("deviation", num_descriptors, "ones")
        self.dense = keras.layers.Dense(self.units, dtype="float32", name="dense")
        self.norm = keras.layers.BatchNormalization(
            momentum=0.9, dtype="float32", name="norm"
        )
        self.dense.build((None, num_descriptors))
        self.norm.build((None, self.units))
        self.built = True

    def adapt(self, descriptors: np.ndarray) -> None:
        """Learn the mean and the deviation of the training images' descriptors."""
        values = np.arcsinh(np.asarray(descriptors, "float64"))
        deviation = values.std(axis=0)
        self.mean.assign(values.mean(axis=0))
        self.deviation.assign(np.where(deviation < LEAST_DEVIATION, 1.0, deviation))

    def call(self, descriptors: Tensor, training: bool | None = None) -> Tensor:
        """Return the features, (batch, units), of descriptors (batch, num)."""
        x = ops.arcsinh(ops.cast(descriptors, "float32"))
        x = ops.clip((x - self.mean) / self.deviation, -FARTHEST, FARTHEST)
        return keras.activations.gelu(self.norm(self.dense(x), training=training))

    def get_config(self):
        """Return the constructor's arguments."""
        return {**super().get_config(), "units": self.units}

    def _add_statistic(self, name: str, size: int, initializer: str):
        return self.add_weight(
            shape=(size,),
            initializer=initializer,
            dtype="float32",
            trainable=False,
            autocast=False,
            name=name,
        )

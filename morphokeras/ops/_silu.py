"""The activation between convolutions: the native path of each backend."""

import keras
from keras import ops

from morphokeras.utils.typing import Tensor


def silu(x: Tensor) -> Tensor:
    """Return x times the logistic function of x, of the shape of `x`.

    TensorFlow's own registers the gradient of every use with the process, which keeps
    the whole traced network, and the variables it holds, until the process ends: some
    4 MB for each network that was ever traced. The product costs as much time.
    """
    if keras.backend.backend() == "tensorflow":
        return x * ops.sigmoid(x)
    return ops.silu(x)

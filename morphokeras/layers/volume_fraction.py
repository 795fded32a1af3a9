"""Last step of a phase-field generator: logits to fields of a given fraction."""

import keras
from keras import ops

from morphokeras.ops.projection import METHODS, plain_fields, project_volume_fraction
from morphokeras.utils.typing import Tensor


@keras.saving.register_keras_serializable(package="morphokeras")
class VolumeFractionProjection(keras.layers.Layer):
    """Turn logits into phase fields whose volume fraction is the one asked for.

    The fraction holds exactly, so this is to be the last step of a generator: whatever
    comes after it (a warp, a filter) changes the mean again.

    Parameters
    ----------
    method : {'logit', 'scale'}, default='logit'
        How the fraction is imposed, see
        :func:`morphokeras.ops.projection.project_volume_fraction`.
    **kwargs
        Keras layer arguments. In a model of mixed precision give ``dtype="float32"``:
        logits rounded to half precision lose the fraction in the fourth digit.

    Raises
    ------
    ValueError
        If `method` is unknown.

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.layers.volume_fraction import VolumeFractionProjection
    >>> layer = VolumeFractionProjection()
    >>> logits = ops.reshape(ops.arange(16.0), (1, 4, 4, 1))
    >>> round(float(ops.mean(layer(logits, fraction=ops.ones(1) * 0.25))), 4)
    0.25
    """

    def __init__(self, method: str = "logit", **kwargs):
        super().__init__(**kwargs)
        if method not in METHODS:
            raise ValueError(
                f"`method` must be one of {METHODS}. Received: method={method!r}."
            )
        self.method = method

    def call(self, logits: Tensor, fraction: Tensor | None = None) -> Tensor:
        """Project the logits, or only squash them where no fraction is given.

        Parameters
        ----------
        logits : tensor of shape (batch, *spatial, phases)
            One channel (sigmoid) or one a phase (softmax).
        fraction : tensor of shape (batch,) or (batch, phases), optional
            Volume fractions in [0, 1].

        Returns
        -------
        tensor of shape (batch, *spatial, phases)
            Phase fields in [0, 1].
        """
        if fraction is None:
            return plain_fields(logits)
        fields = project_volume_fraction(logits, fraction, self.method)
        return ops.cast(fields, self.compute_dtype)

    def compute_output_shape(self, logits_shape: tuple, fraction_shape=None) -> tuple:
        """Return the shape of the logits."""
        return tuple(logits_shape)

    def get_config(self) -> dict:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "method": self.method}

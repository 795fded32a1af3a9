"""The layer that counts components and holes."""

from typing import Any

import keras

from morphokeras.topology import betti, cubical
from morphokeras.utils.typing import Tensor


@keras.saving.register_keras_serializable(package="morphokeras")
class SoftBetti(keras.layers.Layer):
    """Count the components and holes of images softly, by how long they persist.

    Use it to compare the topology of generated and real microstructures in a loss, or
    as a feature extractor. It has no weights.

    Parameters
    ----------
    homology_dimensions : tuple of int, optional
        Which numbers are wanted: 0 components, 1 holes (of volumes: tunnels), and of
        volumes 2 cavities. By default all that the images have.
    filtration : {'superlevel', 'sublevel'}, default='superlevel'
        Whether bright or dark pixels are the phase that is counted.
    connectivity : {'full', 'face'}, default='full'
        Whether pixels that share only a corner are connected (8 neighbours) or not
        (4 neighbours); of volumes 26 or 6.
    boundary : {'open', 'periodic'}, default='open'
        Whether the image ends at its border, or goes on at the opposite one.
    soft_count : {'rectified', 'article'}, default='rectified'
        How persistence becomes a count; ``"article"`` is Eq. 16 to the letter.
    threshold : float, default=0.5
        Persistence that counts a half, in the images' units (rectified count only).
    temperature : float, default=0.05
        Width of the step from 0 to 1, in the images' units.
    value_range : tuple of two floats, default=(0.0, 1.0)
        Range of the images' values. The one component that never dies is capped at
        its end.
    max_pairs : int, optional
        Room for the features of one channel and one dimension; the longest are kept.
        By default all, or on JAX, whose shapes are fixed, a quarter of the number of
        pixels, which white noise does not reach.
    data_format : {'channels_last', 'channels_first'}, optional
        Where the channels are. By default Keras' own setting.
    **kwargs
        Passed on to `keras.layers.Layer`.

    Raises
    ------
    ValueError
        If an option is unknown or out of range, or the images have neither two
        nor three spatial axes.

    Notes
    -----
    See `morphokeras.topology.soft_betti` for the equation. Input and output are float32
    in every precision policy. The pairs are found on the CPU; on TensorFlow the layer
    therefore cannot be compiled by XLA, and says so.

    Examples
    --------
    >>> import numpy as np
    >>> from keras import ops
    >>> from morphokeras.layers.soft_betti import SoftBetti
    >>> ring = np.zeros((1, 7, 7, 1), "float32")
    >>> ring[0, 1:6, 1:6] = 1.0
    >>> ring[0, 2:5, 2:5] = 0.0
    >>> counts = SoftBetti(data_format="channels_last")(ring)
    >>> ops.convert_to_numpy(counts).round(3).tolist()
    [[[1.0, 1.0]]]
    """

    def __init__(
        self,
        homology_dimensions: tuple[int, ...] | None = None,
        filtration: str = "superlevel",
        connectivity: str = "full",
        boundary: str = "open",
        soft_count: str = "rectified",
        threshold: float = 0.5,
        temperature: float = 0.05,
        value_range: tuple[float, float] = (0.0, 1.0),
        max_pairs: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        # Without autocast, half precision does not tie pixels that differ.
        super().__init__(**{"autocast": False, **kwargs})
        betti.check_arguments(
            homology_dimensions, soft_count, threshold, temperature, max_pairs
        )
        cubical.check_options(filtration, connectivity)
        betti.check_boundary(boundary)
        cubical.end_of_range(value_range, filtration)
        self.homology_dimensions = (
            None if homology_dimensions is None else tuple(homology_dimensions)
        )
        self.filtration = filtration
        self.connectivity = connectivity
        self.boundary = boundary
        self.soft_count = soft_count
        self.threshold = threshold
        self.temperature = temperature
        self.value_range = (value_range[0], value_range[1])
        self.max_pairs = max_pairs
        self.data_format = betti.resolved_data_format(data_format)
        # XLA on TensorFlow cannot compile a call back to Python.
        self.supports_jit = keras.backend.backend() != "tensorflow"

    def build(self, input_shape: tuple) -> None:
        """Check that images have the axes that the dimensions need."""
        self._dimensions(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the counts of each channel.

        Parameters
        ----------
        inputs : Tensor of shape (batch, *spatial, channels)
            Values in `value_range`.

        Returns
        -------
        Tensor of shape (batch, channels, dimensions), float32
            Soft Betti numbers.
        """
        return betti.soft_betti(
            inputs,
            homology_dimensions=self.homology_dimensions,
            filtration=self.filtration,
            connectivity=self.connectivity,
            boundary=self.boundary,
            soft_count=self.soft_count,
            threshold=self.threshold,
            temperature=self.temperature,
            value_range=self.value_range,
            max_pairs=self.max_pairs,
            data_format=self.data_format,
        )

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Return (batch, channels, dimensions)."""
        channels = input_shape[-1 if self.data_format == "channels_last" else 1]
        return (input_shape[0], channels, len(self._dimensions(input_shape)))

    def compute_output_spec(self, inputs: Tensor) -> keras.KerasTensor:
        """Return shape and dtype of the counts."""
        shape = self.compute_output_shape(inputs.shape)
        return keras.KerasTensor(shape, dtype="float32")

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "homology_dimensions": self.homology_dimensions,
            "filtration": self.filtration,
            "connectivity": self.connectivity,
            "boundary": self.boundary,
            "soft_count": self.soft_count,
            "threshold": self.threshold,
            "temperature": self.temperature,
            "value_range": self.value_range,
            "max_pairs": self.max_pairs,
            "data_format": self.data_format,
        }

    def _dimensions(self, input_shape):
        return betti.resolved_dimensions(
            self.homology_dimensions, len(input_shape), "inputs"
        )

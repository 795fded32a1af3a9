"""What a model remembers of its training images, saved with its weights."""

import keras
import numpy as np
from keras import ops

from morphokeras.ops.two_point import two_point_correlation
from morphokeras.topology.betti import soft_betti
from morphokeras.utils.typing import Tensor

NUM_FRACTIONS = 256
LEAST_DEVIATION = 0.5


class DataStatistics(keras.layers.Layer):
    """Hold soft Betti numbers, volume fractions and two-point statistics of the data.

    One row a class and a last row for all images together.

    Parameters
    ----------
    num_classes : int
        Number of classes, 0 for none.
    image_shape : tuple of int
        (*spatial, channels).
    betti_options : dict, optional
        Arguments of `soft_betti`; by default its counts are not wanted.
    two_point : bool, default=False
        Whether the mean two-point correlation is wanted.
    """

    def __init__(
        self,
        num_classes: int,
        image_shape: tuple[int, ...],
        betti_options: dict | None = None,
        two_point: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        rows, channels = num_classes + 1, image_shape[-1]
        self.num_classes = num_classes
        self.betti_options = betti_options
        self.fractions = self._make("fractions", (rows, NUM_FRACTIONS, channels), 0.5)
        self.class_shares = self._make("class_shares", (rows,), 1.0 / rows)
        self.two_point = None
        if betti_options is not None:
            dimensions = len(betti_options["homology_dimensions"])
            shape = (channels, dimensions)
            self.betti_mean = self._make("betti_mean", (rows, *shape), 0.0)
            self.betti_deviation = self._make("betti_deviation", shape, 1.0)
        if two_point:
            self.two_point = self._make("two_point", tuple(image_shape), 0.0)
        self.sharpness = self._make("sharpness", (), 1.0)
        self.built = True

    def adapt(self, images: np.ndarray, labels: np.ndarray | None = None) -> None:
        """Learn the statistics of images (num, *spatial, channels) in [0, 1]."""
        images = np.asarray(images, "float32")
        labels = np.full(len(images), -1) if labels is None else np.asarray(labels)
        rows = [labels == c for c in range(self.num_classes)]
        rows.append(np.ones(len(images), bool))
        fractions = images.mean(axis=tuple(range(1, images.ndim - 1)))
        self.fractions.assign(np.stack([_spread(fractions, row) for row in rows]))
        shares = np.array([row.mean() for row in rows])
        shares[-1] = np.mean(labels < 0) if self.num_classes else 1.0
        self.class_shares.assign(shares)
        if self.betti_options is not None:
            betti = _in_batches(self._count, images)
            mean = np.stack(
                [betti[row if row.any() else rows[-1]].mean(0) for row in rows]
            )
            self.betti_mean.assign(mean)
            self.betti_deviation.assign(np.maximum(betti.std(0), LEAST_DEVIATION))
        if self.two_point is not None:
            self.two_point.assign(_in_batches(two_point_correlation, images).mean(0))

    def load_own_variables(self, store):
        """Read the weights; older files have no sharpness, the last one."""
        missing = str(len(self.weights) - 1)
        if missing not in store.keys():
            store = {**{key: store[key] for key in store.keys()}, missing: 1.0}
        super().load_own_variables(store)

    def mean_fraction(self, labels: Tensor) -> Tensor:
        """Return the mean fractions of the class of each label, -1 for all classes."""
        means = ops.mean(ops.convert_to_tensor(self.fractions), axis=1)
        return ops.take(means, self._row(labels), axis=0)

    def mean_betti(self, labels: Tensor) -> Tensor:
        """Return the mean soft Betti numbers of the class of each label."""
        betti = ops.convert_to_tensor(self.betti_mean)
        return ops.take(betti, self._row(labels), axis=0)

    def draw_labels(self, num: int, rng: np.random.Generator) -> np.ndarray:
        """Draw labels as frequent as in the data, -1 for images without one."""
        shares = np.asarray(ops.convert_to_numpy(self.class_shares), "float64")
        rows = rng.choice(len(shares), size=num, p=shares / shares.sum())
        return np.where(rows == self.num_classes, -1, rows)

    def draw_fractions(
        self, labels: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw fractions of training images of the given classes, (num, channels)."""
        table = np.asarray(ops.convert_to_numpy(self.fractions))
        rows = np.where(labels < 0, self.num_classes, labels)
        return table[rows, rng.integers(NUM_FRACTIONS, size=len(rows))]

    def _row(self, labels):
        labels = ops.convert_to_tensor(labels)
        return ops.where(labels < 0, self.num_classes, labels)

    def _count(self, images):
        return soft_betti(
            images, data_format="channels_last", **(self.betti_options or {})
        )

    def _make(self, name, shape, value):
        return self.add_weight(
            shape=shape,
            initializer=keras.initializers.Constant(value),
            trainable=False,
            dtype="float32",
            name=name,
        )


def _spread(fractions: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return NUM_FRACTIONS rows, evenly from the chosen ones in order of size."""
    rows = fractions[chosen] if chosen.any() else fractions
    rows = rows[np.lexsort(rows.T[::-1])]
    return rows[
        ((np.arange(NUM_FRACTIONS) + 0.5) * len(rows) / NUM_FRACTIONS).astype(int)
    ]


def _in_batches(function, images: np.ndarray, size: int = 64) -> np.ndarray:
    parts = range(0, len(images), size)
    return np.concatenate(
        [ops.convert_to_numpy(function(images[i : i + size])) for i in parts]
    )

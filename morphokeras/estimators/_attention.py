"""Where a fitted classifier looks."""

from typing import Any

import numpy as np
from skimage.transform import resize


class AttentionMaps:
    """Mixin of classifiers whose network has a `ClassHead`."""

    image_shape_: tuple[int, ...]
    _ask: Any
    _features: Any
    _validate: Any

    def attention_maps(self, X):
        """Return where the classifier looks.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of the size of the training images.

        Returns
        -------
        ndarray of shape (n_samples, height, width)
            The gate of the last feature map, interpolated to the pixels, in [0, 1].
        """
        examples = self._validate(X)
        maps = self._ask(examples, self._attention)[..., 0]
        shape = self.image_shape_[:-1]
        return np.stack([resize(m, shape, order=1, mode="edge") for m in maps])

    def _attention(self, network, batch):
        return self._features(network, batch)["attention"]

"""Hand-made descriptors that a classifying network reads beside the images."""

import dataclasses

import numpy as np
from tqdm.auto import tqdm

from morphokeras.estimators import _training
from morphokeras.estimators._data import Examples
from morphokeras.estimators._predictions import Predictions
from morphokeras.estimators.descriptor import make_descriptor_features

# Smaller images have few descriptors, and a network sees them whole.
LEAST_SIDE = 32
IMAGES_AT_ONCE = 32


class ReadsDescriptors(Predictions):
    """Mixin of a classifier with a parameter `descriptors`."""

    descriptors: bool | str
    verbose: int

    def _measured(self, examples: Examples, first: bool = False) -> Examples:
        if not (self._wants_descriptors() if first else self._knows_descriptors()):
            return examples
        descriptors = measure(examples.images, progress=self.verbose == 1)
        return dataclasses.replace(examples, descriptors=descriptors)

    def _features(self, network, batch):
        # Attention comes before the descriptors: they may stay unknown.
        if number := network.head.num_descriptors:
            unknown = np.zeros((len(batch["image"]), number), "float32")
            batch = {"descriptors": unknown, **batch}
        return super()._features(network, batch)

    def _reads_descriptors(self) -> bool:
        """Return whether the network that `fit` trains reads them."""
        if _training.resumes(self):
            return self._knows_descriptors()
        return self._wants_descriptors()

    def _knows_descriptors(self) -> bool:
        return self._network().head.num_descriptors > 0

    def _wants_descriptors(self) -> bool:
        is_flat = self.spatial_dims == 2
        if self.descriptors == "auto":
            return is_flat and min(self.image_shape_[:-1]) >= LEAST_SIDE
        if self.descriptors and not is_flat:
            raise ValueError(
                "Descriptors are measured on images, not on volumes. Received: "
                f"descriptors={self.descriptors!r}, spatial_dims={self.spatial_dims}. "
                "Leave `descriptors` at 'auto', or set it to False."
            )
        return bool(self.descriptors)


def measure(images: np.ndarray, progress: bool = False) -> np.ndarray:
    """Return the persistence, texture and scattering descriptors of images.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width, channels)
        Images with grey values in [0, 1].
    progress : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    ndarray of shape (n_samples, n_descriptors), float32
        As `make_descriptor_features` has them before they are standardised.
    """
    features = make_descriptor_features((0.0, 1.0), n_jobs=-1)[0]
    features.set_output(transform="default").fit(images[:1])
    starts = range(0, len(images), IMAGES_AT_ONCE)
    parts = [
        features.transform(images[start : start + IMAGES_AT_ONCE])
        for start in tqdm(starts, desc="descriptors", disable=not progress)
    ]
    return np.concatenate(parts).astype("float32")

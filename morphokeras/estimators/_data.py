"""Images on their way from the user to the training loop."""

import dataclasses
from typing import Any

import keras
import numpy as np
from sklearn.model_selection import (
    GroupShuffleSplit,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedShuffleSplit,
)

from morphokeras.estimators._augment import Augmentation


@dataclasses.dataclass
class Examples:
    """Images and what is known of each, one entry an image.

    Attributes
    ----------
    images : ndarray of shape (n_samples, *spatial, channels) and dtype float32
        Grey values in [0, 1].
    labels : ndarray of shape (n_samples,) and dtype int32, or None
        Class indices; -1 marks an image without label.
    sample_weight, log_pixel_size : ndarray of shape (n_samples,) or None
        Weights, and natural logarithms of micrometres per pixel.
    groups : ndarray of shape (n_samples,) or None
        The specimen, say, of each image.
    """

    images: np.ndarray
    labels: np.ndarray | None = None
    sample_weight: np.ndarray | None = None
    log_pixel_size: np.ndarray | None = None
    groups: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: np.ndarray) -> "Examples":
        """Return the examples of these indices."""
        values = (getattr(self, field.name) for field in dataclasses.fields(self)[1:])
        known = (None if value is None else value[indices] for value in values)
        return Examples(self.images[indices], *known)

    def batch(self) -> dict[str, np.ndarray]:
        """Return the dictionary that the models take."""
        entries = {
            "image": self.images,
            "label": self.labels,
            "sample_weight": self.sample_weight,
            "log_pixel_size": self.log_pixel_size,
        }
        return {name: v for name, v in entries.items() if v is not None}

    def drop_weightless(self) -> "Examples":
        """Return the examples whose weight is not zero."""
        if self.sample_weight is None:
            return self
        return self.take(np.flatnonzero(self.sample_weight))


class TrainingBatches(keras.utils.PyDataset):
    """Shuffled, augmented batches of one size, the same for the same seed.

    Parameters
    ----------
    examples : Examples
        The training images.
    batch_size : int
        Images a batch; capped at their number. What is left over after the last full
        batch of an epoch is left out of it, other images every time.
    augmentation : Augmentation
        The random changes of each image.
    seed : int
        Seed of the order and of the changes.
    with_target : bool, default=False
        Whether to give clean targets of the reconstruction beside noisy images.
    """

    def __init__(
        self,
        examples: Examples,
        batch_size: int,
        augmentation: Augmentation,
        seed: int,
        with_target: bool = False,
    ):
        super().__init__()
        self.examples = examples
        self.batch_size = min(batch_size, len(examples))
        self.augmentation = augmentation
        self.seed = seed
        self.with_target = with_target
        self.epoch = -1
        self.on_epoch_begin()

    def __len__(self) -> int:
        return len(self.examples) // self.batch_size

    def on_epoch_begin(self) -> None:
        """Shuffle the images anew."""
        self.epoch += 1
        rng = np.random.default_rng((self.seed, self.epoch))
        self.order = rng.permutation(len(self.examples))

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray]]:
        chosen = self.order[index * self.batch_size :][: self.batch_size]
        rng = np.random.default_rng((self.seed, self.epoch, index))
        batch = self.examples.take(chosen).batch()
        if self.with_target:
            batch["target"] = batch["image"]
        return (self.augmentation(batch, rng),)


class EvaluationBatches(keras.utils.PyDataset):
    """Images in their order, as they are, in batches of at most one size."""

    def __init__(self, examples: Examples, batch_size: int):
        super().__init__()
        self.examples = examples
        self.batch_size = batch_size

    def __len__(self) -> int:
        return -(-len(self.examples) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray]]:
        start = index * self.batch_size
        stop = min(start + self.batch_size, len(self.examples))
        return (self.examples.take(np.arange(start, stop)).batch(),)


def hold_out(
    examples: Examples, fraction: float, seed: int
) -> tuple[Examples, Examples]:
    """Split off validation images: whole groups where there are groups.

    Parameters
    ----------
    examples : Examples
        All images.
    fraction : float
        Share of the images (of the groups) to hold out, in (0, 1).
    seed : int
        Seed of the choice.

    Returns
    -------
    (Examples, Examples)
        Training and validation images. Classes keep their shares as far as they can.
    """
    labels, groups = examples.labels, examples.groups
    rows = np.zeros(len(examples))
    splitter: Any
    if groups is not None and labels is not None:
        number = _number_of_folds(fraction, len(np.unique(groups)))
        splitter = StratifiedGroupKFold(number, shuffle=True, random_state=seed)
    elif groups is not None:
        splitter = GroupShuffleSplit(1, test_size=fraction, random_state=seed)
    elif labels is not None and np.unique(labels, return_counts=True)[1].min() > 1:
        least = len(np.unique(labels))
        count = max(least, round(fraction * len(labels)))
        splitter = StratifiedShuffleSplit(1, test_size=count, random_state=seed)
    else:
        splitter = ShuffleSplit(1, test_size=fraction, random_state=seed)
    training, validation = next(iter(splitter.split(rows, labels, groups)))
    return examples.take(training), examples.take(validation)


def _number_of_folds(fraction: float, n_groups: int) -> int:
    if n_groups < 2:
        raise ValueError(
            "A validation split by `groups` needs at least two groups. Received one: "
            "give `validation_data`, or `early_stopping=False`."
        )
    return max(2, min(n_groups, round(1 / fraction)))

"""Images on their way from the user to the training loop."""

import dataclasses
import warnings

import keras
import numpy as np
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold

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
    descriptors : ndarray of shape (n_samples, n_descriptors) or None
        What was measured on each image.
    """

    images: np.ndarray
    labels: np.ndarray | None = None
    sample_weight: np.ndarray | None = None
    log_pixel_size: np.ndarray | None = None
    groups: np.ndarray | None = None
    descriptors: np.ndarray | None = None

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
            "descriptors": self.descriptors,
        }
        return {name: v for name, v in entries.items() if v is not None}

    def drop_weightless(self) -> "Examples":
        """Return the examples whose weight is not zero, with weights of mean one.

        So the size of a step does not depend on the unit of the weights, and a weight
        of two pulls as hard as a copy of the image would.
        """
        if self.sample_weight is None:
            return self
        heavy = np.flatnonzero(self.sample_weight)
        weights = self.sample_weight[heavy] / self.sample_weight[heavy].mean()
        return dataclasses.replace(self.take(heavy), sample_weight=weights)


class Batches(keras.utils.PyDataset):
    """Batches of examples, until they are let go."""

    examples: Examples

    def let_go(self) -> None:
        """Forget the images: TensorFlow never lets go of a data set it was given."""
        self.examples = self.examples.take(np.arange(0))


class TrainingBatches(Batches):
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


class EvaluationBatches(Batches):
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
        Training and validation images. Classes keep their shares as far as they can;
        the only image of a class is trained on.

    Raises
    ------
    ValueError
        If there are too few images or groups to hold one out.
    """
    if examples.groups is None:
        held = _hold_out_images(examples, fraction, seed)
    else:
        held = _hold_out_groups(examples, examples.groups, fraction, seed)
    return examples.take(np.flatnonzero(~held)), examples.take(np.flatnonzero(held))


def _hold_out_images(examples: Examples, fraction: float, seed: int) -> np.ndarray:
    """Return which images to hold out: the same share of every class."""
    labels = examples.labels
    if labels is None:
        labels = np.zeros(len(examples), int)
    rng = np.random.default_rng(seed)
    held = np.zeros(len(examples), bool)
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        held[rows[: _count_to_hold_out(fraction, len(rows))]] = True
    if not held.any():
        raise ValueError(
            "A validation split needs two images of a class. Received one of each: "
            "give `validation_data`, or `early_stopping=False`."
        )
    return held


def _hold_out_groups(
    examples: Examples, groups: np.ndarray, fraction: float, seed: int
) -> np.ndarray:
    """Return which images to hold out: groups that leave every class to both parts."""
    labels = examples.labels
    n_groups = len(np.unique(groups))
    if n_groups < 2:
        raise ValueError(
            "A validation split by `groups` needs at least two groups. Received one: "
            "give `validation_data`, or `early_stopping=False`."
        )
    if labels is None:
        count = _count_to_hold_out(fraction, n_groups)
        splitter = GroupShuffleSplit(1, test_size=count, random_state=seed)
        folds = splitter.split(examples.images, groups=groups)
    else:
        most = min(n_groups, np.unique(labels, return_counts=True)[1].max())
        number = max(2, min(most, round(1 / fraction)))
        splitter = StratifiedGroupKFold(number, shuffle=True, random_state=seed)
        folds = splitter.split(examples.images, labels, groups)
    with warnings.catch_warnings():
        # A class with fewer images than folds is looked after below.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        parts = list(folds)
    held = np.zeros(len(examples), bool)
    held[_most_classes(parts, labels)[1]] = True
    return held


def _most_classes(parts: list[tuple], labels: np.ndarray | None) -> tuple:
    """Return the parts with the most classes in the first, then in the second."""
    if labels is None:
        return parts[0]
    return max(parts, key=lambda part: [len(np.unique(labels[rows])) for rows in part])


def _count_to_hold_out(fraction: float, number: int) -> int:
    """Return how many of a number: at least one, but not the last."""
    return min(max(1, round(fraction * number)), number - 1)

"""Signs that training and test images are not independent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import ndimage

from morphokeras.utils.entries import check_labels, check_names

FEWEST_GROUPS = 5
# Fingerprints of overlapping crops: windows of this side, one in so many kept.
WINDOW = 16
SAMPLING = 16
# Shared windows at one offset that make two images overlap.
SHARED_WINDOWS = 4
MOST_SHARED = 8
LEAST_OVERLAP = 0.1
THUMBNAIL = 32

Folds = Sequence[tuple[np.ndarray, np.ndarray]]


class LeakageWarning(UserWarning):
    """Scores may be too good: training and test images are not independent."""


def find_leaks(
    X: Any,
    y: Any,
    folds: Folds,
    *,
    groups: Any = None,
    correlation: float = 0.9,
) -> list[str]:
    """Look for ways in which test images are known from training.

    Parameters
    ----------
    X : array-like of shape (n_samples, height, width[, channels]) or list of images
        The images; they may differ in size.
    y : array-like of shape (n_samples,)
        Class labels.
    folds : list of (training, test)
        Indices, from a splitter's `split`.
    groups : array-like of shape (n_samples,), default=None
        The specimen of each image.
    correlation : float, default=0.9
        Images whose details, at 32 pixels a side, correlate at least so much count as
        near-duplicates.

    Returns
    -------
    list of str
        One sentence a finding, with what to do; empty if nothing was found. Found are:

        - groups with images on both sides of a fold;
        - the same image, near-duplicates, or crops that overlap (and share pixels as
          they are, not resampled) on both sides of a fold;
        - groups that each hold one class, with fewer than five groups of some class;
        - folds that test a class which they do not train on.

        Not found can be what leaves no trace in the pixels, such as two places of one
        specimen: only `groups` tell of that.

    Raises
    ------
    ValueError
        If lengths do not fit.

    Notes
    -----
    Overlapping crops are found by fingerprints: of all windows of 16 by 16 pixels, one
    in 16, chosen by its content, is remembered; two images that share at least four,
    all at one displacement, overlap if a tenth of their pixels or more then coincide
    and are equal. Windows that repeat within an image, or in more than eight, are left
    out.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.metrics import find_leaks
    >>> micrographs = np.random.default_rng(0).random((4, 64, 64))
    >>> crops = np.concatenate([micrographs[:, :48, :48], micrographs[:, 16:, 16:]])
    >>> y = ["a", "b"] * 4
    >>> for finding in find_leaks(crops, y, [(np.arange(4), np.arange(4, 8))]):
    ...     print(finding)
    4 of 4 test images overlap with or nearly equal a training image (for example 4 \
and 0). Give `groups`, one name a micrograph or specimen.
    """
    images = [np.asarray(image) for image in getattr(X, "values", X)]
    labels = check_labels(y, len(images))
    names = None if groups is None else check_names(groups, len(images), "groups")
    findings = [
        *_split_groups(names, folds),
        *_duplicates(images, folds, names, correlation),
        *_pure_groups(labels, names),
        *_untrained_classes(labels, folds),
    ]
    return findings


def near_duplicates(images: Sequence[np.ndarray], correlation: float) -> np.ndarray:
    """Return the pairs of images that are the same, nearly, or overlap.

    Parameters
    ----------
    images : list of ndarray of shape (height, width[, channels])
        The images.
    correlation : float
        Least correlation of the details of two thumbnails.

    Returns
    -------
    ndarray of shape (n_pairs, 2), int
        Sorted, each pair once, the smaller index first.
    """
    if any(image.ndim < 2 for image in images):
        return _same_rows(images)
    grey = [_grey(image) for image in images]
    pairs = _correlated(grey, correlation) | _overlapping(grey)
    return np.array(sorted(pairs), dtype=int).reshape(-1, 2)


def _split_groups(names: np.ndarray | None, folds: Folds) -> list[str]:
    """Tell of groups on both sides."""
    if names is None:
        return []
    both = [np.intersect1d(names[training], names[test]) for training, test in folds]
    number = sum(len(shared) > 0 for shared in both)
    if not number:
        return []
    shared = np.unique(np.concatenate(both))
    return [
        f"{len(shared)} groups (for example {shared[0]}) have images on both sides of "
        f"{number} of {len(folds)} folds. Take a splitter that keeps groups together, "
        "such as `StratifiedGroupKFold`."
    ]


def _duplicates(
    images: list[np.ndarray],
    folds: Folds,
    names: np.ndarray | None,
    correlation: float,
) -> list[str]:
    """Tell of images that test and training have in common."""
    pairs = near_duplicates(images, correlation)
    if names is not None:
        pairs = pairs[names[pairs[:, 0]] != names[pairs[:, 1]]]
    both = [np.concatenate([pairs, pairs[:, ::-1]])] if len(pairs) else []
    found: dict[int, int] = {}
    for training, test in folds if both else []:
        across = np.isin(both[0][:, 0], test) & np.isin(both[0][:, 1], training)
        found |= {int(a): int(b) for a, b in both[0][across]}
    if not found:
        return []
    tested = len(np.unique(np.concatenate([test for _, test in folds])))
    first = min(found)
    advice = (
        "Give `groups`, one name a micrograph or specimen."
        if names is None
        else f"Their groups, {names[first]} and {names[found[first]]}, ought to be one."
    )
    return [
        f"{len(found)} of {tested} test images overlap with or nearly equal a training "
        f"image (for example {first} and {found[first]}). {advice}"
    ]


def _pure_groups(labels: np.ndarray, names: np.ndarray | None) -> list[str]:
    """Tell of classes that few groups stand for, if each group has one class."""
    if names is None:
        return []
    classes, class_index = np.unique(labels, return_inverse=True)
    groups, group_index = np.unique(names, return_inverse=True)
    counts = np.zeros((len(groups), len(classes)), int)
    np.add.at(counts, (group_index, class_index), 1)
    per_class = (counts > 0).sum(axis=0)
    pure = ((counts > 0).sum(axis=1) == 1).all()
    if not pure or len(groups) == len(labels) or per_class.min() >= FEWEST_GROUPS:
        return []
    least = per_class.argmin()
    return [
        "Every group has images of one class only, so that what marks a group passes "
        f"for its class; class {classes[least]} has {per_class[least]} group(s) in "
        f"{counts[:, least].sum()} images. Scores speak of {len(groups)} groups: add "
        "specimens of the rare classes, and read intervals with that in mind."
    ]


def _untrained_classes(labels: np.ndarray, folds: Folds) -> list[str]:
    """Tell of classes that a fold tests and does not train on."""
    missing = [np.setdiff1d(labels[test], labels[training]) for training, test in folds]
    number = sum(len(classes) > 0 for classes in missing)
    if not number:
        return []
    classes = np.unique(np.concatenate(missing)).tolist()
    return [
        f"{number} of {len(folds)} folds test classes that they do not train on: "
        f"{classes}. Such images are lost: a class needs images in at least two groups."
    ]


def _same_rows(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Return the pairs of rows of a table that are equal."""
    _, index = np.unique(np.stack(rows), axis=0, return_inverse=True)
    index = np.ravel(index)
    equal = np.triu(index[:, None] == index, k=1)
    return np.argwhere(equal)


def _grey(image: np.ndarray) -> np.ndarray:
    """Return a 2D image: channels averaged; of a volume the middle slice."""
    while image.ndim > 3 or (image.ndim == 3 and image.shape[-1] > 4):
        image = image[len(image) // 2]
    return image.mean(axis=-1) if image.ndim == 3 else image


def _correlated(images: list[np.ndarray], least: float) -> set[tuple[int, int]]:
    """Return pairs whose thumbnails agree in detail."""
    details = np.stack([_details(image) for image in images])
    # What most images show, such as a banner, is not theirs.
    if len(images) > 4:
        details -= np.median(details, axis=0)
    lengths = np.linalg.norm(details, axis=1, keepdims=True)
    details /= np.where(lengths > 1e-6, lengths, np.inf)
    pairs = set()
    # Blocks keep the memory small with many images.
    for start in range(0, len(details), 1024):
        block = details[start : start + 1024] @ details.T
        for i, j in np.argwhere(block >= least):
            if start + i < j:
                pairs.add((int(start + i), int(j)))
    return pairs


def _details(image: np.ndarray) -> np.ndarray:
    """Return a thumbnail without its slow changes and of unit contrast, as a vector."""
    small = image.astype(float)
    for axis, size in enumerate(image.shape):
        blocks = np.array_split(np.arange(size), min(size, THUMBNAIL))
        small = np.add.reduceat(small, [block[0] for block in blocks], axis=axis)
        lengths = np.array([len(block) for block in blocks])
        small /= lengths.reshape((-1, 1) if axis == 0 else (1, -1))
    # Light that falls off towards the corners is alike in all images of a microscope.
    small -= ndimage.uniform_filter(small, 5)
    vector = np.zeros(THUMBNAIL**2)
    vector[: small.size] = small.ravel()
    length = np.linalg.norm(vector)
    greatest = float(np.abs(image).max())
    return vector / length if length > 1e-9 * (1 + greatest) else 0 * vector


def _overlapping(images: list[np.ndarray]) -> set[tuple[int, int]]:
    """Return pairs that share windows at one displacement."""
    marks = [_fingerprints(image) for image in images]
    values = np.concatenate([hashes for hashes, _ in marks])
    places = np.concatenate([corners for _, corners in marks])
    owners = np.repeat(np.arange(len(images)), [len(hashes) for hashes, _ in marks])
    order = np.argsort(values, kind="stable")
    _, number, counts = np.unique(values, return_inverse=True, return_counts=True)
    # What many images have in common, such as a banner, is no overlap.
    order = order[counts[np.ravel(number)[order]] <= MOST_SHARED]
    found = [np.zeros((0, 4), int)]
    for apart in range(1, MOST_SHARED):
        first, second = order[:-apart], order[apart:]
        equal = values[first] == values[second]
        first, second = first[equal], second[equal]
        shift = places[second] - places[first]
        found.append(np.column_stack([owners[first], owners[second], shift]))
    votes, counts = np.unique(np.concatenate(found), axis=0, return_counts=True)
    return {
        (int(a), int(b))
        for a, b, *shift in votes[counts >= SHARED_WINDOWS]
        if _is_overlap(images[a], images[b], shift)
    }


def _is_overlap(first: np.ndarray, second: np.ndarray, shift: list) -> bool:
    """Return whether two images are equal where they overlap, shifted so."""
    parts = []
    for image, other, sign in ((first, second, 1), (second, first, -1)):
        low = [max(0, -sign * int(step)) for step in shift]
        high = [
            min(size, extent - sign * int(step))
            for size, extent, step in zip(image.shape, other.shape, shift, strict=True)
        ]
        parts.append(image[low[0] : high[0], low[1] : high[1]])
    if parts[0].size < LEAST_OVERLAP * min(first.size, second.size):
        return False
    # Few shapes, such as discs of one size, look alike by chance, but not all over.
    return float(np.mean(parts[0] == parts[1])) > 0.99


def _fingerprints(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the hashes and corners of windows that are chosen by their content."""
    if min(image.shape) < WINDOW:
        return np.zeros(0, np.uint64), np.zeros((0, 2), int)
    bits = np.ascontiguousarray(image, dtype=np.float32).view(np.uint32)
    hashes = bits.astype(np.uint64)
    for axis in (0, 1):
        hashes = _rolling_hash(_mixed(hashes), axis)
    hashes = _mixed(hashes)
    corners = np.argwhere(hashes % np.uint64(SAMPLING) == 0)
    chosen = hashes[tuple(corners.T)]
    # What repeats in one image, such as a flat background, tells nothing.
    values, first, counts = np.unique(chosen, return_index=True, return_counts=True)
    return values[counts == 1], corners[first[counts == 1]]


def _mixed(values: np.ndarray) -> np.ndarray:
    """Return well-scattered 64-bit numbers (the finaliser of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _rolling_hash(values: np.ndarray, axis: int) -> np.ndarray:
    """Return a polynomial of each run of `WINDOW` values along an axis, mod 2^64."""
    values = np.moveaxis(values, axis, 0)
    size = len(values) - WINDOW + 1
    total = np.zeros_like(values[:size])
    for i in range(WINDOW):
        total = total * np.uint64(0x9E3779B97F4A7C15) + values[i : i + size]
    return np.moveaxis(total, 0, axis)

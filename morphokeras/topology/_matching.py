"""Matching of persistence diagrams on the host, in NumPy."""

import dataclasses
import math

import numpy as np

from morphokeras.topology import cubical
from morphokeras.topology._tensor_pairs import (
    PairOptions,
    plane_pairs,
    planes_of,
    tensor_indices,
)


@dataclasses.dataclass(frozen=True)
class Match:
    """Pairs of images, what each should become, and the cost of the rest, as arrays.

    Subclasses say where the targets come from. Called with arrays they return

    indices : ndarray of shape (2, batch, channels, pairs), int32
        Births and deaths in the flattened images. -1 as in `padded_pairs`.
    targets : ndarray of shape (2, batch, channels, pairs), float32
        The values wanted there.
    missing : ndarray of shape (batch, channels), float32
        Squared distance from no persistence of the targets that no pair is matched to.
    """

    options: PairOptions
    room: int | None
    end: float
    reduced: bool

    def _points(self, planes):
        """Return the pairs of every plane, and their values, dimension by dimension."""
        find = plane_pairs(planes, self.options, self.room)

        def points(number):
            kept, _ = find(number)
            values = planes[divmod(number, planes.shape[1])].ravel()
            return self._with_values(values, kept)

        return cubical.map_images(points, *_size(planes))

    def _with_values(self, values, pairs):
        if self.reduced and 0 in self.options.homology_dimensions:
            place = self.options.homology_dimensions.index(0)
            spoiled = ~np.isfinite(values[pairs[place][:, 0]])
            pairs[place] = pairs[place][(pairs[place][:, 1] >= 0) | spoiled]
        deaths = [np.where(p[:, 1] >= 0, values[p[:, 1]], self.end) for p in pairs]
        births = [values[p[:, 0]] for p in pairs]
        return pairs, [np.stack(v, axis=1) for v in zip(births, deaths, strict=True)]

    def _matched(self, planes, own, wanted):
        """Return the three arrays, given both sides' points."""

        def match(number):
            pairs, points = own[number]
            matches = [
                _best_matching(*sides)
                for sides in zip(points, wanted[number], strict=True)
            ]
            become, missing = zip(*matches, strict=True)
            indices = tensor_indices(
                np.concatenate(pairs), number, planes, self.options.data_format
            )
            return indices, np.concatenate(become), sum(missing)

        found = cubical.map_images(match, *_size(planes))
        return self._stacked(found, planes.shape[:2])

    def _stacked(self, found, counted):
        """Return the planes' results in three arrays, filled up with -1 and 0."""
        room = max((len(own) for own, _, _ in found), default=0)
        if self.room is not None:
            room = self.room * len(self.options.homology_dimensions)
        indices = np.full((2, len(found), max(room, 1)), -1, np.int32)
        targets = np.zeros(indices.shape, np.float32)
        for place, (own, wanted, _) in enumerate(found):
            indices[:, place, : len(own)] = own.T
            targets[:, place, : len(own)] = wanted.T
        missing = np.array([rest for _, _, rest in found], np.float32)
        shape = (2, *counted, indices.shape[-1])
        return indices.reshape(shape), targets.reshape(shape), missing.reshape(counted)


class MatchDiagrams(Match):
    """Targets are diagrams of shape (batch or 1, channels, points, 3)."""

    def __call__(
        self, images: np.ndarray, diagrams: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the three arrays."""
        planes = planes_of(np.asarray(images), self.options.data_format)
        diagrams = np.broadcast_to(diagrams, (*planes.shape[:2], *diagrams.shape[2:]))
        wanted = [
            [diagram[diagram[:, 2] == k, :2] for k in self.options.homology_dimensions]
            for diagram in diagrams.reshape(-1, *diagrams.shape[2:])
        ]
        return self._matched(planes, self._points(planes), wanted)


class MatchImages(Match):
    """Targets are the diagrams of other images, paired within groups."""

    def __call__(
        self, images: np.ndarray, references: np.ndarray, groups: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the three arrays."""
        planes, others = (
            planes_of(np.asarray(each), self.options.data_format)
            for each in (images, references)
        )
        own, theirs = self._points(planes), self._points(others)
        shape = planes.shape[:2]
        lengths = [
            np.reshape([_total_persistence(points) for _, points in side], shape)
            for side in (own, theirs)
        ]
        wanted: list = [None] * len(own)
        for channel in range(shape[1]):
            ours, paired = (
                np.lexsort((length[:, channel], groups)) for length in lengths
            )
            for image, reference in zip(ours, paired, strict=True):
                place = reference * shape[1] + channel
                wanted[image * shape[1] + channel] = theirs[place][1]
        return self._matched(planes, own, wanted)


def _size(planes):
    """Return the number of planes, and of the pixels of one."""
    return math.prod(planes.shape[:2]), math.prod(planes.shape[2:])


def _total_persistence(points):
    return sum(float(np.abs(p[:, 1] - p[:, 0]).sum()) for p in points)


def _best_matching(points: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, float]:
    """Return what each point should become, and the cost of the targets left over."""
    from scipy.optimize import linear_sum_assignment

    points = points.astype("float64")
    targets = targets[targets[:, 0] != targets[:, 1]].astype("float64")
    become = np.repeat(points.mean(axis=1, keepdims=True), 2, axis=1)
    alone = np.square(targets[:, 1] - targets[:, 0]) / 2
    if not np.isfinite(points).all():  # the image is spoiled, and so is its distance
        return become, 0.0
    pairwise = np.square(points[:, None] - targets[None]).sum(axis=2)
    saved = pairwise - np.square(points[:, 1:] - points[:, :1]) / 2 - alone
    rows, columns = linear_sum_assignment(np.minimum(saved, 0.0))
    worth = saved[rows, columns] < 0
    rows, columns = rows[worth], columns[worth]
    become[rows] = targets[columns]
    return become, float(alone.sum() - alone[columns].sum())

"""A differentiable distance from images to persistence diagrams."""

from morphokeras.utils.backend import choose_backend

choose_backend()


import dataclasses
import math

import numpy as np
from keras import ops

from morphokeras.topology import betti, cubical
from morphokeras.topology._host import call_on_host
from morphokeras.topology._tensor_pairs import (
    PairOptions,
    births_and_deaths,
    num_channels,
    plane_pairs,
    planes_of,
    tensor_indices,
)
from morphokeras.utils.typing import Tensor


def diagram_matching_loss(
    images: Tensor,
    diagrams: Tensor,
    homology_dimensions: tuple[int, ...] | None = None,
    filtration: str = "superlevel",
    connectivity: str = "full",
    boundary: str = "open",
    reduced: bool = True,
    value_range: tuple[float, float] = (0.0, 1.0),
    max_pairs: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Return how far the persistence of images is from that of target diagrams.

    Use it instead of `soft_betti` where the features that are wanted are known one by
    one: it tells each feature of an image at which values it should be born and die,
    while a count only tells it to become longer or shorter. A feature that the target
    lacks is pulled towards no persistence.

    Parameters
    ----------
    images : Tensor of shape (batch, *spatial, channels)
        Values in `value_range`, two or three spatial axes.
    diagrams : Tensor of shape (batch or 1, points, 3)
        Birth, death and dimension of each point that is wanted, as
        `persistence_diagram` returns them for the same options. With more than one
        channel, (batch or 1, channels, points, 3). Points that die where they are born
        do not count.
    homology_dimensions : tuple of int, optional
        Which dimensions are compared. By default all that the images have.
    filtration, connectivity, boundary : str
        As in `soft_betti`.
    reduced : bool, default=True
        Whether the one component that never dies is left out, as in
        `persistence_diagram`.
    value_range : tuple of two floats, default=(0.0, 1.0)
        What never dies is said to die at its end.
    max_pairs : int, optional
        As in `soft_betti`.
    data_format : {'channels_last', 'channels_first'}, optional
        Where the channels are. By default Keras' own setting.

    Returns
    -------
    Tensor of shape (batch, channels), float32
        The squared distance of each channel.

    Raises
    ------
    ValueError
        If an option is unknown or out of range, or a tensor has another shape.

    Notes
    -----
    The square of the Wasserstein-2 distance of two diagrams with Euclidean ground::

        min over matchings  sum_i (b_i - b'_i)^2 + (d_i - d'_i)^2

    summed over the dimensions, where a point may also be matched with its nearest
    point of no persistence, at ((b + d) / 2, (b + d) / 2). The matching is exact. It
    is found on the CPU, in one call for the whole batch, at a cost of
    O(n m min(n, m)) for n features and m targets of one dimension, and held fixed for
    the gradient, which is that of the distance wherever no two matchings tie.

    References
    ----------
    Gabrielsson et al. (2020). A topology layer for machine learning. AISTATS.
    Hu, Li, Samaras, Chen (2019). Topology-preserving deep image segmentation. NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.topology import diagram_matching_loss, persistence_diagram
    >>> image = np.full((1, 5, 5), 0.75, "float32")
    >>> image[0, 2, 2] = 0.25
    >>> ring = np.ones((1, 5, 5), "float32")
    >>> ring[0, 2, 2] = 0.0
    >>> loss = diagram_matching_loss(
    ...     image[..., None], persistence_diagram(ring), data_format="channels_last"
    ... )
    >>> float(loss[0, 0])  # birth and death are each 0.25 away
    0.125
    """
    if homology_dimensions is not None:
        betti.check_dimensions(homology_dimensions)
    cubical.check_options(filtration, connectivity)
    betti.check_boundary(boundary)
    images = ops.cast(ops.convert_to_tensor(images), "float32")
    options = PairOptions(
        betti.resolved_dimensions(homology_dimensions, len(images.shape), "images"),
        filtration,
        connectivity,
        boundary,
        betti.resolved_data_format(data_format),
        max_pairs,
    )
    end = cubical.end_of_range(value_range, filtration)
    diagrams = _checked_diagrams(diagrams, images, options)
    indices, targets, missing = _matched_pairs(images, diagrams, options, end, reduced)
    births, deaths = births_and_deaths(images, indices, end)
    square = ops.square(births - targets[0]) + ops.square(deaths - targets[1])
    return ops.sum(ops.where(indices[0] >= 0, square, 0.0), axis=-1) + missing


def _checked_diagrams(diagrams, images, options):
    """Return the targets in the shape (batch or 1, channels or 1, points, 3)."""
    diagrams = ops.cast(ops.convert_to_tensor(diagrams), "float32")
    channels = num_channels(tuple(images.shape), options)
    if len(diagrams.shape) == 3 and channels in (1, None):
        diagrams = ops.expand_dims(diagrams, 1)
    shape, batch = tuple(diagrams.shape), images.shape[0]
    fits = (
        len(shape) == 4
        and shape[3] == 3
        and (channels is None or shape[1] == channels)
        and (batch is None or shape[0] in (1, batch, None))
    )
    if not fits:
        raise ValueError(
            f"`diagrams` must have shape ({batch} or 1, {channels} channels, points, "
            "3), the channels left out if there is one. Received: diagrams with shape "
            f"{shape} for images with shape {tuple(images.shape)}."
        )
    return diagrams


def _matched_pairs(images, diagrams, options, end, reduced):
    """Return pairs of the images, what each should become, and the cost of the rest.

    Returns
    -------
    indices : Tensor of shape (2, batch, channels, pairs), int32
        Births and deaths in the flattened tensor, as `padded_pairs` gives them.
    targets : Tensor of shape (2, batch, channels, pairs), float32
        The values wanted there.
    missing : Tensor of shape (batch, channels), float32
        Squared distance from no persistence of the targets that no pair is matched to.
    """
    shape = tuple(images.shape)
    room = options.room(shape)
    counted = (shape[0], num_channels(shape, options))
    total = None if room is None else room * len(options.homology_dimensions)
    pairs = (2, *counted, total)
    results = ((pairs, "int32"), (pairs, "float32"), (counted, "float32"))
    function = _NumpyMatches(options, room, end, reduced)
    return call_on_host(function, [images, diagrams], results)


@dataclasses.dataclass(frozen=True)
class _NumpyMatches:
    """The function of `_matched_pairs` on arrays."""

    options: PairOptions
    room: int | None
    end: float
    reduced: bool

    def __call__(
        self, images: np.ndarray, diagrams: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the three arrays of `_matched_pairs`."""
        planes = planes_of(np.asarray(images), self.options.data_format)
        counted = planes.shape[:2]
        diagrams = np.broadcast_to(diagrams, (*counted, *diagrams.shape[2:]))
        find = plane_pairs(planes, self.options, self.room)

        def match(number):
            place = divmod(number, counted[1])
            kept, _ = find(number)
            own, wanted, missing = self._match_plane(
                planes[place].ravel(), kept, diagrams[place]
            )
            format_ = self.options.data_format
            return tensor_indices(own, number, planes, format_), wanted, missing

        number_of_planes, num_pixels = math.prod(counted), math.prod(planes.shape[2:])
        found = cubical.map_images(match, number_of_planes, num_pixels)
        return self._stacked(found, counted)

    def _match_plane(self, values, pairs, diagram):
        """Match the pairs of one plane, dimension by dimension."""
        own, wanted, missing = [], [], 0.0
        for k, of_k in zip(self.options.homology_dimensions, pairs, strict=True):
            if self.reduced and k == 0:
                spoiled = ~np.isfinite(values[of_k[:, 0]])
                of_k = of_k[(of_k[:, 1] >= 0) | spoiled]
            deaths = np.where(of_k[:, 1] >= 0, values[of_k[:, 1]], self.end)
            points = np.stack([values[of_k[:, 0]], deaths], axis=1)
            targets = diagram[(diagram[:, 2] == k), :2]
            become, left_over = _best_matching(points, targets)
            own.append(of_k)
            wanted.append(become)
            missing += left_over
        return np.concatenate(own), np.concatenate(wanted), missing

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

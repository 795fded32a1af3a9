"""A differentiable distance from images to persistence diagrams."""

from morphokeras.utils.backend import choose_backend

choose_backend()


from keras import ops

from morphokeras.topology import betti, cubical
from morphokeras.topology._host import call_on_host
from morphokeras.topology._matching import MatchDiagrams, MatchImages
from morphokeras.topology._tensor_pairs import (
    PairOptions,
    births_and_deaths,
    num_channels,
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
    room = options.room(tuple(images.shape))
    match = MatchDiagrams(options, room, end, reduced)
    return _matched_loss(match, [images, diagrams])


def image_matching_loss(
    images: Tensor,
    references: Tensor,
    groups: Tensor | None = None,
    connectivity: str = "full",
    boundary: str = "open",
    data_format: str | None = None,
) -> Tensor:
    """Return how far the persistence of images is from that of reference images.

    Parameters
    ----------
    images, references : Tensor of shape (batch, *spatial, channels)
        Values in [0, 1], two or three spatial axes. Only `images` get a gradient.
    groups : Tensor of shape (batch,), optional
        Within a group, images and references are paired in the order of their total
        persistence: the least featured with the least featured. By default each image
        has the reference of its own number.
    connectivity, boundary, data_format : str
        As in `soft_betti`.

    Returns
    -------
    Tensor of shape (batch, channels), float32
        The squared distance of each channel of each image, as `diagram_matching_loss`
        defines it, for superlevel sets and all dimensions.

    Raises
    ------
    ValueError
        If an option is unknown, or the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> from keras import ops
    >>> from morphokeras.topology.matching import image_matching_loss
    >>> rings = np.ones((2, 5, 5, 1), "float32")
    >>> rings[:, 2, 2] = [[0.0], [0.5]]
    >>> exchanged = rings[::-1].copy()
    >>> options = {"data_format": "channels_last"}
    >>> losses = image_matching_loss(rings, exchanged, **options)
    >>> ops.convert_to_numpy(losses)[:, 0].tolist()
    [0.25, 0.25]
    >>> losses = image_matching_loss(rings, exchanged, np.zeros(2), **options)
    >>> ops.convert_to_numpy(losses)[:, 0].tolist()
    [0.0, 0.0]
    """
    cubical.check_options("superlevel", connectivity)
    betti.check_boundary(boundary)
    images = ops.cast(ops.convert_to_tensor(images), "float32")
    references = ops.cast(ops.convert_to_tensor(references), "float32")
    if tuple(images.shape[1:]) != tuple(references.shape[1:]):
        raise ValueError(
            "`references` must have the shape of `images`. Received: references with "
            f"shape {tuple(references.shape)}, images with shape {tuple(images.shape)}."
        )
    if groups is None:
        groups = ops.arange(ops.shape(images)[0])
    options = PairOptions(
        betti.resolved_dimensions(None, len(images.shape), "images"),
        "superlevel",
        connectivity,
        boundary,
        betti.resolved_data_format(data_format),
        None,
    )
    room = options.room(tuple(images.shape))
    match = MatchImages(options, room, 0.0, reduced=True)
    return _matched_loss(match, [images, references, ops.cast(groups, "float32")])


def _matched_loss(match, operands):
    """Return the squared distance of each image from what it is matched with."""
    images = operands[0]
    indices, targets, missing = _matched_pairs(match, operands)
    births, deaths = births_and_deaths(images, indices, match.end)
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


def _matched_pairs(match, operands):
    """Return the three arrays of `Match` as tensors."""
    shape = tuple(operands[0].shape)
    counted = (shape[0], num_channels(shape, match.options))
    total = match.room and match.room * len(match.options.homology_dimensions)
    pairs = (2, *counted, total)
    results = ((pairs, "int32"), (pairs, "float32"), (counted, "float32"))
    return call_on_host(match, operands, results)

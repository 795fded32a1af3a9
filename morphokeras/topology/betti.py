"""Soft Betti numbers: differentiable counts of components and holes."""

from morphokeras.utils.backend import choose_backend

choose_backend()


import math

import keras
from keras import ops

from morphokeras.topology import cubical
from morphokeras.topology._tensor_pairs import (
    PairOptions,
    births_and_deaths,
    padded_pairs,
)
from morphokeras.utils.typing import Tensor

SOFT_COUNTS = ("rectified", "article")


def soft_betti(
    images: Tensor,
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
    return_num_dropped: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """Count the components and holes of images softly, by how long they persist.

    Each feature of an image lives over a range of thresholds, its persistence. Here it
    counts as nearly 1 if that is long and nearly 0 if it is short, so that noise hardly
    counts and the number has a gradient. The gradient of a feature reaches exactly the
    two pixels at which it is born and dies.

    Parameters
    ----------
    images : Tensor of shape (batch, height, width, channels)
        Or (batch, depth, height, width, channels). Values in `value_range`, such as
        probabilities of a phase. Each channel is counted by itself. On hard 0/1 images
        ties decide where gradients go.
    homology_dimensions : tuple of int, optional
        Which numbers are wanted: 0 components, 1 holes (of volumes: tunnels), and of
        volumes 2 cavities. By default all that the images have.
    filtration : {'superlevel', 'sublevel'}, default='superlevel'
        Whether bright or dark pixels are the phase that is counted.
    connectivity : {'full', 'face'}, default='full'
        Whether pixels that share only a corner (of volumes: or an edge) are connected.
    boundary : {'open', 'periodic'}, default='open'
        Whether the image ends at its border, or goes on at the opposite one. Then the
        loops around the torus, two of an image and three of a volume, count as any
        other; so do the three cavities that its planes enclose.
    soft_count : {'rectified', 'article'}, default='rectified'
        How persistence becomes a count, see Notes.
    threshold : float, default=0.5
        Persistence that counts a half, in the images' units (rectified count only).
    temperature : float, default=0.05
        Width of the step from 0 to 1, in the images' units.
    value_range : tuple of two floats, default=(0.0, 1.0)
        The range in which the threshold moves. What never dies, one component (and the
        torus's loops and cavities), is capped at its end.
    max_pairs : int, optional
        Room for the features of one channel and one dimension; the longest are kept.
        By default all, or on JAX, whose shapes are fixed, a quarter of the number of
        pixels, which white noise does not reach.
    data_format : {'channels_last', 'channels_first'}, optional
        Where the channels are. By default Keras' own setting.
    return_num_dropped : bool, default=False
        Whether to return also how many features found no room.

    Returns
    -------
    betti : Tensor of shape (batch, channels, len(homology_dimensions)), float32
        The soft counts. An image with NaN or infinity has NaN or a meaningless count.
    num_dropped : Tensor of shape (batch, channels, len(homology_dimensions)), int32
        Only with ``return_num_dropped=True``.

    Raises
    ------
    ValueError
        If an option is unknown or out of range, or `images` have another rank.

    Notes
    -----
    The count is a sum over the pairs of a dimension, with p their persistence and s
    the logistic function::

        betti = sum_i count(p_i)
        article:    count(p) = s(p / temperature)                               (Eq. 16)
        rectified:  count(p) = [s((p - threshold) / temperature) - c] / (1 - c),
                    c = s(-threshold / temperature)

    The article's form counts a half for each pair of no length, so that noise counts;
    the rectified form counts 0 there. On a binary image the rectified count tends to
    the Betti numbers as the temperature tends to 0. Everything is computed in float32,
    whatever the input: half precision would tie pixels that differ. The pairs are found
    on the CPU in one call for the whole batch.

    Examples
    --------
    >>> import numpy as np
    >>> from keras import ops
    >>> from morphokeras.topology.betti import soft_betti
    >>> image = np.zeros((1, 9, 9, 1), "float32")
    >>> image[0, 1:6, 1:6] = 1.0
    >>> image[0, 3, 3] = 0.0
    >>> image[0, 7, 7] = 1.0
    >>> counts = soft_betti(image, data_format="channels_last")
    >>> ops.convert_to_numpy(counts).round(3).tolist()
    [[[2.0, 1.0]]]
    """
    check_arguments(homology_dimensions, soft_count, threshold, temperature, max_pairs)
    cubical.check_options(filtration, connectivity)
    check_boundary(boundary)
    end = cubical.end_of_range(value_range, filtration)
    images = ops.cast(ops.convert_to_tensor(images), "float32")
    options = PairOptions(
        resolved_dimensions(homology_dimensions, len(images.shape), "images"),
        filtration,
        connectivity,
        boundary,
        resolved_data_format(data_format),
        max_pairs,
    )
    indices, num_dropped = padded_pairs(images, options)
    births, deaths = births_and_deaths(images, indices, end)
    persistence = births - deaths if filtration == "superlevel" else deaths - births
    count = _count(persistence, soft_count, threshold, temperature)
    betti = ops.sum(ops.where(indices[0] >= 0, count, 0.0), axis=-1)
    return (betti, num_dropped) if return_num_dropped else betti


def check_arguments(
    homology_dimensions: tuple[int, ...] | None,
    soft_count: str,
    threshold: float,
    temperature: float,
    max_pairs: int | None,
) -> None:
    """Raise unless the arguments of a soft count make sense."""
    if homology_dimensions is not None:
        check_dimensions(homology_dimensions)
    if soft_count not in SOFT_COUNTS:
        raise ValueError(
            f"`soft_count` must be one of {SOFT_COUNTS}. Received: "
            f"soft_count={soft_count!r}."
        )
    if not temperature > 0:
        raise ValueError(
            "`temperature` must be positive. Received: "
            f"temperature={temperature}. Use a small one for sharp counts."
        )
    if not threshold >= 0:
        raise ValueError(
            f"`threshold` must be at least 0. Received: threshold={threshold}."
        )
    if max_pairs is not None and max_pairs < 1:
        raise ValueError(
            "`max_pairs` must be a positive integer or None. Received: "
            f"max_pairs={max_pairs}."
        )


def check_dimensions(homology_dimensions: tuple[int, ...]) -> None:
    """Raise unless these are dimensions of homology, none of them twice."""
    dimensions = tuple(homology_dimensions)
    known = set(dimensions) <= {0, 1, 2} and len(set(dimensions)) == len(dimensions)
    if not dimensions or not known:
        raise ValueError(
            "`homology_dimensions` must name at least one of 0 (components), 1 (holes) "
            "and, of volumes, 2 (cavities), each once. Received: "
            f"homology_dimensions={homology_dimensions}."
        )


def resolved_dimensions(
    homology_dimensions: tuple[int, ...] | None, rank: int, name: str
) -> tuple[int, ...]:
    """Return the dimensions that are wanted of tensors of this rank, or raise."""
    spatial_dims = rank - 2
    if spatial_dims not in (2, 3):
        raise ValueError(
            f"`{name}` must hold images with two spatial axes, or volumes with three, "
            f"beside batch and channels. Received: {spatial_dims} spatial axes."
        )
    if homology_dimensions is None:
        return tuple(range(spatial_dims))
    if max(homology_dimensions) >= spatial_dims:
        raise ValueError(
            "`homology_dimensions` may hold 2 (cavities) for volumes only. Received: "
            f"homology_dimensions={tuple(homology_dimensions)} with images of "
            f"{spatial_dims} spatial axes."
        )
    return tuple(homology_dimensions)


def check_boundary(boundary: str) -> None:
    """Raise unless this is a boundary of images that topology knows."""
    if boundary not in cubical.BOUNDARIES:
        raise ValueError(
            f"`boundary` must be one of {cubical.BOUNDARIES}. Received: "
            f"boundary={boundary!r}."
        )


def resolved_data_format(data_format: str | None) -> str:
    """Return the data format asked for, or Keras' own."""
    if data_format is None:
        return keras.config.image_data_format()
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(
            "`data_format` must be 'channels_last', 'channels_first' or None. "
            f"Received: data_format={data_format!r}."
        )
    return data_format


def _count(persistence, soft_count, threshold, temperature):
    if soft_count == "article":
        return ops.sigmoid(persistence / temperature)
    at_zero = 1 / (1 + math.exp(min(threshold / temperature, 700.0)))
    count = ops.sigmoid((persistence - threshold) / temperature)
    return (count - at_zero) / (1 - at_zero)

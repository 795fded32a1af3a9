"""Soft Betti numbers: differentiable counts of components and holes."""

from morphokeras.utils.backend import choose_backend

choose_backend()


import math

import keras
from keras import ops

from morphokeras.topology import _host, cubical
from morphokeras.utils.typing import Tensor

SOFT_COUNTS = ("rectified", "article")


def soft_betti(
    images: Tensor,
    homology_dimensions: tuple[int, ...] = (0, 1),
    filtration: str = "superlevel",
    connectivity: str = "full",
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
        Values in `value_range`, such as probabilities of a phase. Each channel is
        counted by itself. On hard 0/1 images ties decide where gradients go.
    homology_dimensions : tuple of int, default=(0, 1)
        Which numbers are wanted: 0 components, 1 holes.
    filtration : {'superlevel', 'sublevel'}, default='superlevel'
        Whether bright or dark pixels are the phase that is counted.
    connectivity : {'full', 'face'}, default='full'
        Whether pixels that share only a corner are connected.
    soft_count : {'rectified', 'article'}, default='rectified'
        How persistence becomes a count, see Notes.
    threshold : float, default=0.5
        Persistence that counts a half, in the images' units (rectified count only).
    temperature : float, default=0.05
        Width of the step from 0 to 1, in the images' units.
    value_range : tuple of two floats, default=(0.0, 1.0)
        The range in which the threshold moves. The one component that never dies is
        capped at its end.
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
    end = cubical.end_of_range(value_range, filtration)
    data_format = resolved_data_format(data_format)
    images = ops.cast(ops.convert_to_tensor(images), "float32")
    cubical.check_rank(len(images.shape) - 2, "images")
    indices, num_dropped = _host.padded_pairs(
        images,
        max_pairs,
        tuple(homology_dimensions),
        filtration,
        connectivity,
        data_format,
    )
    persistence = _persistence(images, indices, end, filtration)
    count = _count(persistence, soft_count, threshold, temperature)
    betti = ops.sum(ops.where(indices[0] >= 0, count, 0.0), axis=-1)
    return (betti, num_dropped) if return_num_dropped else betti


def check_arguments(
    homology_dimensions: tuple[int, ...],
    soft_count: str,
    threshold: float,
    temperature: float,
    max_pairs: int | None,
) -> None:
    """Raise unless the arguments of a soft count make sense."""
    dimensions = tuple(homology_dimensions)
    if not dimensions or not set(dimensions) <= {0, 1}:
        raise ValueError(
            "`homology_dimensions` must name at least one of 0 (components) and 1 "
            f"(holes). Received: homology_dimensions={homology_dimensions}."
        )
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


def _persistence(images, indices, end, filtration):
    """Read births and deaths from the tensor, so that gradients reach them."""
    values = ops.take(ops.reshape(images, (-1,)), ops.maximum(indices, 0), axis=0)
    births, deaths = values[0], ops.where(indices[1] >= 0, values[1], end)
    return births - deaths if filtration == "superlevel" else deaths - births


def _count(persistence, soft_count, threshold, temperature):
    if soft_count == "article":
        return ops.sigmoid(persistence / temperature)
    at_zero = 1 / (1 + math.exp(min(threshold / temperature, 700.0)))
    count = ops.sigmoid((persistence - threshold) / temperature)
    return (count - at_zero) / (1 - at_zero)

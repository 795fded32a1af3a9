"""Distances between the small patches of two sets of images."""

import math

import keras
from keras import ops

from morphokeras.ops._convolution import convolve
from morphokeras.utils.typing import Tensor


def random_filters(
    kernel_size: int,
    channels: int,
    num_filters: int = 16,
    spatial_dims: int = 2,
    zero_mean: bool = False,
    seed=None,
) -> Tensor:
    """Return random filters of unit norm, as directions to project patches on.

    Parameters
    ----------
    kernel_size : int
        Side of a patch, in pixels.
    channels : int
        Channels of the images.
    num_filters : int, default=16
        Number of directions.
    spatial_dims : {2, 3}, default=2
        Number of spatial axes.
    zero_mean : bool, default=False
        Whether the filters are blind to the patches' mean.
    seed : int or keras.random.SeedGenerator, optional
        Source of the randomness; a SeedGenerator gives new filters at every call.

    Returns
    -------
    tensor of shape (*kernel, channels, num_filters)
        A kernel for `keras.ops.conv`.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.ops.patches import random_filters
    >>> from keras import ops
    >>> filters = ops.convert_to_numpy(random_filters(7, 1, 4, seed=0))
    >>> filters.shape, [round(float(x), 3) for x in np.sum(filters**2, (0, 1, 2))]
    ((7, 7, 1, 4), [1.0, 1.0, 1.0, 1.0])
    """
    shape = (kernel_size,) * spatial_dims + (channels, num_filters)
    filters = keras.random.normal(shape, dtype="float32", seed=seed)
    space = tuple(range(spatial_dims))
    if zero_mean:
        filters = filters - ops.mean(filters, axis=space, keepdims=True)
    axes = tuple(range(spatial_dims + 1))
    norm = ops.sqrt(ops.sum(ops.square(filters), axis=axes, keepdims=True))
    return filters / ops.maximum(norm, 1e-6)


def patch_distance(
    images: Tensor, references: Tensor, filters: Tensor, max_patches: int = 400
) -> Tensor:
    """Return the sliced Wasserstein distance between the patches of two image sets.

    Every patch is projected on every filter; for each filter the sorted responses of
    the two sets are compared. The distance is small when textures agree, wherever
    in the image they lie.

    Parameters
    ----------
    images, references : tensors of shape (batch, *spatial, channels)
        The two sets, of one shape.
    filters : tensor of shape (*kernel, channels, num_filters)
        Directions, from `random_filters`.
    max_patches : int, default=400
        Patches are left out, evenly, until at most this many an image remain: sorting
        is what costs.

    Returns
    -------
    scalar tensor
        Mean absolute difference of the sorted responses, in the images' unit.

    Raises
    ------
    ValueError
        If the two sets differ in shape, or are smaller than a patch.

    Notes
    -----
    For filter w with responses r and s of the two sets, sorted ascending,
    ``mean_i |r_i - s_i|`` is the Wasserstein-1 distance of their distributions; the
    result is its mean over the filters. Cost: one convolution and one sort a set.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.ops.patches import patch_distance, random_filters
    >>> images = np.random.default_rng(0).random((4, 16, 16, 1), "float32")
    >>> filters = random_filters(7, 1, seed=0)
    >>> round(float(patch_distance(images, images[::-1].copy(), filters)), 4)
    0.0
    """
    shape, other = tuple(images.shape), tuple(references.shape)
    kernel = tuple(filters.shape[:-2])
    if shape[1:] != other[1:]:
        raise ValueError(
            "`images` and `references` must have one shape. Received: "
            f"images.shape={shape}, references.shape={other}."
        )
    if any(size < side for size, side in zip(shape[1:-1], kernel, strict=True)):
        raise ValueError(
            f"Images of {shape[1:-1]} pixels are smaller than the patches, {kernel}. "
            "Use smaller filters."
        )
    stride = _stride(shape[1:-1], kernel, max_patches)
    difference = _sorted_responses(images, filters, stride) - _sorted_responses(
        references, filters, stride
    )
    return ops.mean(ops.abs(difference))


def _stride(spatial: tuple, kernel: tuple, max_patches: int) -> int:
    """Return the least odd stride that leaves at most `max_patches` an image."""
    stride = 1
    # Odd strides meet every phase of a grid that was upsampled by two.
    while _num_patches(spatial, kernel, stride) > max_patches:
        stride += 2
    return stride


def _num_patches(spatial: tuple, kernel: tuple, stride: int) -> int:
    sizes = zip(spatial, kernel, strict=True)
    return math.prod((size - side) // stride + 1 for size, side in sizes)


def _sorted_responses(images: Tensor, filters: Tensor, stride: int) -> Tensor:
    """Return the responses of each filter, ascending, (num_filters, patches)."""
    responses = convolve(ops.cast(images, "float32"), filters, stride, "valid")
    flat = ops.reshape(responses, (-1, filters.shape[-1]))
    return ops.sort(ops.transpose(flat), axis=-1)

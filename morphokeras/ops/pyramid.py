"""Gaussian pyramids: an image at ever coarser resolution."""

from keras import ops

from morphokeras.ops.padding import pad
from morphokeras.utils.typing import Tensor


def gaussian_pyramid(x: Tensor, levels: int, boundary: str = "symmetric") -> list:
    """Return `x` at `levels` resolutions, each half as fine as the one before.

    Use it to compare images at several scales at once: the operator is linear, so
    the pyramid of a difference is the difference of the pyramids.

    Parameters
    ----------
    x : tensor of shape (batch, *spatial, channels)
        Images or volumes. Its spatial sizes must be known.
    levels : int
        Number of levels, at least 1; the first is `x` itself.
    boundary : {'periodic', 'symmetric', 'zero'}, default='symmetric'
        What lies beyond the edges. With the first two, the mean of an image of even
        size is the same on every level.

    Returns
    -------
    list of tensors
        Finest first; level l has the sizes ceil(spatial / 2^l).

    Raises
    ------
    ValueError
        If `levels` is not positive, or the coarsest level would be under 2 pixels.

    Notes
    -----
    Along each axis the kernel is (1, 3, 3, 1) / 8, the even binomial filter: pixels
    keep their centres, as in resizing by two. It is the S_l of Eq. 22.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.ops.pyramid import gaussian_pyramid
    >>> image = np.random.default_rng(0).random((1, 16, 12, 1), "float32")
    >>> [tuple(level.shape) for level in gaussian_pyramid(image, 3)]
    [(1, 16, 12, 1), (1, 8, 6, 1), (1, 4, 3, 1)]
    """
    spatial = tuple(x.shape[1:-1])
    if levels < 1 or levels > num_levels(spatial):
        raise ValueError(
            "`levels` must be at least 1 and leave 2 pixels on the coarsest level. "
            f"Received: levels={levels} for images of {spatial} pixels. Use at most "
            f"{num_levels(spatial)} levels."
        )
    pyramid = [ops.convert_to_tensor(x)]
    for _ in range(levels - 1):
        pyramid.append(_halve(pyramid[-1], boundary))
    return pyramid


def num_levels(spatial: tuple[int, ...], smallest: int = 2) -> int:
    """Return how many levels keep every axis at `smallest` pixels or more.

    Examples
    --------
    >>> from morphokeras.ops.pyramid import num_levels
    >>> num_levels((64, 48)), num_levels((64, 48), smallest=7)
    (6, 3)
    """
    levels, size = 1, min(spatial)
    while (size := (size + 1) // 2) >= smallest and levels < 16:
        levels += 1
    return levels


def _halve(x: Tensor, boundary: str) -> Tensor:
    """Filter and subsample each spatial axis in turn."""
    rank = len(x.shape) - 2
    for axis in range(1, rank + 1):
        widths = [(0, 0)] * rank
        # An odd axis is lengthened by one pixel, so that its last one counts.
        widths[axis - 1] = (1, 1 + x.shape[axis] % 2)
        x = pad(x, widths, boundary)
        even = _every_second(x, axis, 0)
        odd = _every_second(x, axis, 1)
        outer = _without_last(even, axis) + _without_first(odd, axis)
        inner = _without_last(odd, axis) + _without_first(even, axis)
        x = (outer + 3.0 * inner) / 8.0
    return x


def _every_second(x: Tensor, axis: int, start: int) -> Tensor:
    return x[(slice(None),) * axis + (slice(start, None, 2),)]


def _without_last(x: Tensor, axis: int) -> Tensor:
    return x[(slice(None),) * axis + (slice(None, -1),)]


def _without_first(x: Tensor, axis: int) -> Tensor:
    return x[(slice(None),) * axis + (slice(1, None),)]

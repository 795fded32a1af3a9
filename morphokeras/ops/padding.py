"""Padding of images and volumes by the boundary condition of the material."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from morphokeras.utils.typing import Tensor

BOUNDARIES = ("periodic", "symmetric", "zero")


def pad(
    x: Tensor,
    widths: int | Sequence[int | tuple[int, int]],
    boundary: str = "symmetric",
) -> Tensor:
    """Extend the spatial axes of a tensor past its borders.

    Parameters
    ----------
    x : tensor of shape (batch, *spatial, channels)
        Images or volumes.
    widths : int or sequence of int or (int, int)
        Pixels to add at both ends of every axis, or for each spatial axis one number
        or a pair (before, after).
    boundary : {'periodic', 'symmetric', 'zero'}, default='symmetric'
        What lies outside: the other side of the image, the image mirrored with its
        edge repeated, or zeros.

    Returns
    -------
    tensor of shape (batch, *padded, channels)
        The extended tensor, of the same dtype.

    Raises
    ------
    ValueError
        If `boundary` is unknown or `widths` does not fit the spatial axes.

    Notes
    -----
    Widths beyond the image's size continue the periodic or mirrored pattern, where the
    size is known; where it is unknown, widths must not exceed it.

    Examples
    --------
    >>> import numpy as np
    >>> from keras import ops
    >>> from morphokeras.ops.padding import pad
    >>> row = np.arange(4.0, dtype="float32").reshape(1, 1, 4, 1)
    >>> padded = pad(row, [0, (1, 2)], boundary="periodic")
    >>> ops.convert_to_numpy(padded)[0, 0, :, 0].tolist()
    [3.0, 0.0, 1.0, 2.0, 3.0, 0.0, 1.0]
    """
    check_boundary(boundary)
    pairs = _pairs(widths, len(x.shape) - 2)
    if boundary == "zero":
        return ops.pad(x, [(0, 0), *pairs, (0, 0)])
    for axis, (before, after) in enumerate(pairs, start=1):
        if before or after:
            x = _extend(x, axis, before, after, boundary)
    return x


def check_boundary(boundary: str) -> None:
    """Refuse a boundary that no layer knows.

    Parameters
    ----------
    boundary : str
        The argument as the user gave it.

    Raises
    ------
    ValueError
        If `boundary` is not one of ``'periodic'``, ``'symmetric'``, ``'zero'``.

    Examples
    --------
    >>> from morphokeras.ops.padding import check_boundary
    >>> check_boundary("periodic")
    """
    if boundary not in BOUNDARIES:
        raise ValueError(
            f"`boundary` must be one of {BOUNDARIES}. Received: boundary={boundary!r}."
        )


def check_data_format(data_format: str | None) -> str:
    """Return the data format, or that of Keras for ``None``.

    Parameters
    ----------
    data_format : {'channels_last', 'channels_first'} or None
        The argument as the user gave it.

    Returns
    -------
    str
        ``'channels_last'`` or ``'channels_first'``.

    Raises
    ------
    ValueError
        If it is neither of the two.

    Examples
    --------
    >>> from morphokeras.ops.padding import check_data_format
    >>> check_data_format("channels_first")
    'channels_first'
    """
    chosen = keras.config.image_data_format() if data_format is None else data_format
    if chosen not in ("channels_last", "channels_first"):
        raise ValueError(
            "`data_format` must be 'channels_last', 'channels_first' or None. "
            f"Received: data_format={data_format!r}."
        )
    return chosen


def _pairs(
    widths: int | Sequence[int | tuple[int, int]], rank: int
) -> list[tuple[int, int]]:
    given = [widths] * rank if isinstance(widths, int) else list(widths)
    pairs = [(w, w) if isinstance(w, int) else (int(w[0]), int(w[1])) for w in given]
    if len(pairs) != rank or any(width < 0 for pair in pairs for width in pair):
        raise ValueError(
            "`widths` must be one non-negative integer, or one integer or pair for "
            f"each of the {rank} spatial axes. Received: widths={widths}."
        )
    return pairs


def _extend(x: Tensor, axis: int, before: int, after: int, boundary: str) -> Tensor:
    size = x.shape[axis]
    if size is not None and max(before, after) > size:
        return _extend_far(x, axis, before, after, boundary)
    mirrored = boundary == "symmetric"
    first, last = (before, after) if mirrored else (after, before)
    if size is not None and first + last <= size:
        # Of pieces the gradient is one concatenation; each slice would fill an array.
        head, middle, tail = ops.split(x, [first, size - last], axis=axis)
        pieces = [head, middle, tail]
    else:
        # `x[-a:]`, not `x[n - a:]`: the size may be unknown
        head, tail = _cut(x, axis, None, first), _cut(x, axis, -last, None)
        pieces = [x]
    if mirrored:
        left, right = ops.flip(head, axis=axis), ops.flip(tail, axis=axis)
    else:
        left, right = tail, head
    parts = [left] * (before > 0) + pieces + [right] * (after > 0)
    return ops.concatenate([p for p in parts if p.shape[axis] != 0], axis=axis)


def _cut(x: Tensor, axis: int, start: int | None, stop: int | None) -> Tensor:
    return x[(slice(None),) * axis + (slice(start, stop),)]


def _extend_far(x: Tensor, axis: int, before: int, after: int, boundary: str) -> Tensor:
    size = x.shape[axis]
    places = np.arange(-before, size + after)
    if boundary == "symmetric":
        places = np.mod(places, 2 * size)
        places = np.minimum(places, 2 * size - 1 - places)
    return ops.take(x, np.mod(places, size).astype("int32"), axis=axis)

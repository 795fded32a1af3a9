"""Patches of images and volumes, with groups and masks."""

import warnings
from collections.abc import Iterator, Sequence
from itertools import product
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import Bunch, check_random_state

from morphokeras.utils.validation import AXES

Size = int | Sequence[int]


def extract_patches(
    images: np.ndarray | Sequence[np.ndarray],
    size: Size,
    *,
    stride: Size | None = None,
    n_patches: int | None = None,
    groups: Sequence[Any] | np.ndarray | None = None,
    regions: Size = 1,
    mask: np.ndarray | Sequence[np.ndarray] | None = None,
    max_unknown: float = 0.0,
    spatial_dims: int = 2,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch:
    """Cut images or volumes into patches that remember where they come from.

    Parameters
    ----------
    images : ndarray or sequence of ndarray, each (*spatial) or (*spatial, channels)
        Images; as a sequence they may differ in size. One volume alone is given as
        ``[volume]``, with ``spatial_dims=3``.
    size : int or sequence of int
        Height and width of a patch in pixels (depth first in volumes).
    stride : int or sequence of int, default=None
        Distance of patches on a regular grid; by default `size`: patches touch and do
        not overlap.
    n_patches : int, default=None
        Draw so many patches of each region at random, all at different places but
        overlapping, instead of a regular grid.
    groups : array-like of shape (n_images,), default=None
        Which images belong together, such as specimens. By default each image is a
        group of its own.
    regions : int or sequence of int, default=1
        Divide each image, along each axis, into so many boxes: no patch crosses their
        borders, and each box is a group of its own. For cross-validation on a single
        large image; boxes of one image still resemble each other.
    mask : ndarray or sequence of ndarray of bool, each (*spatial), default=None
        True where a pixel is known: see :func:`banner_mask`, or
        ``ebsd.is_indexed``. One for each image.
    max_unknown : float, default=0.0
        Patches whose unknown share is above this are left out, in [0, 1].
    spatial_dims : {2, 3}, default=2
        Number of spatial axes.
    random_state : int, RandomState or None, default=None
        For `n_patches`.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the items

        patches : ndarray of shape (n, *size) or (n, *size, channels)
            Of the images' dtype.
        groups : ndarray of shape (n,)
            Group of each patch, for ``GroupKFold``: patches of one image resemble each
            other. With several regions the string ``"group/region"``.
        image_index : ndarray of shape (n,), int
            Which image: ``y[data.image_index]`` are the patches' labels.
        position : ndarray of shape (n, spatial_dims), int
            First pixel of the patch in its image.
        unknown : ndarray of shape (n,)
            Share of its pixels that are unknown.

    Raises
    ------
    ValueError
        If an option is out of its range, shapes do not agree, an image or a region is
        smaller than a patch, or no patch is left.

    Warns
    -----
    UserWarning
        If an image leaves no patch, or has fewer places than `n_patches`.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.datasets import extract_patches
    >>> images = np.arange(2 * 6 * 9).reshape(2, 6, 9)
    >>> mask = np.ones((2, 6, 9), bool)
    >>> mask[1, 4:] = False
    >>> data = extract_patches(images, 3, groups=["a", "b"], mask=mask)
    >>> data.patches.shape, data.groups.tolist()
    ((9, 3, 3), ['a', 'a', 'a', 'a', 'a', 'a', 'b', 'b', 'b'])
    """
    fields = _check_images(images, spatial_dims)
    shape = _check_sizes(size, spatial_dims, "size")
    if stride is not None and n_patches is not None:
        raise ValueError("Give `stride` or `n_patches`, not both.")
    steps = _check_sizes(shape if stride is None else stride, spatial_dims, "stride")
    boxes = _check_sizes(regions, spatial_dims, "regions")
    _check_numbers(n_patches, max_unknown)
    names = _check_groups(groups, len(fields))
    masks = _check_masks(mask, fields, spatial_dims)
    random = check_random_state(random_state)
    rows: list[tuple[int, int, tuple[int, ...], float]] = []
    for index, (field, known) in enumerate(zip(fields, masks, strict=True)):
        found = len(rows)
        for region, (start, stop) in enumerate(_boxes(field.shape, boxes)):
            _check_box(index, start, stop, shape)
            unknown = _unknown_shares(known, start, stop, shape)
            places = _places(unknown, steps, n_patches, max_unknown, random)
            if n_patches is not None and 0 < len(places) < n_patches:
                _warn_of_few(index, len(places), n_patches)
            for place in places:
                corner = tuple(int(a + b) for a, b in zip(start, place, strict=True))
                rows.append((index, region, corner, float(unknown[tuple(place)])))
        if len(rows) == found:
            _warn_of_none(index, max_unknown)
    if not rows:
        raise ValueError(
            "No patch is left: every one has more than `max_unknown="
            f"{max_unknown:g}` unknown pixels. Choose smaller patches or a larger "
            "share."
        )
    return _bunch(rows, fields, names, shape, int(np.prod(boxes)) > 1)


def _check_images(images: Any, spatial_dims: int) -> list[np.ndarray]:
    """Return images as a list of arrays of one dtype and one number of axes."""
    if spatial_dims not in AXES:
        raise ValueError(
            f"`spatial_dims` must be 2 or 3. Received: spatial_dims={spatial_dims!r}."
        )
    fields = [np.asarray(image) for image in images]
    ranks = {field.ndim for field in fields}
    if len(ranks) != 1 or not ranks <= {spatial_dims, spatial_dims + 1}:
        axes = AXES[spatial_dims]
        raise ValueError(
            f"`images` must have shape {axes} or {axes[:-1]}, channels), or be a "
            f"sequence of such images; give one alone as [image]. Received "
            f"{len(fields)} of {sorted(ranks)} axes with spatial_dims={spatial_dims}."
        )
    kinds = {(field.dtype, field.shape[spatial_dims:]) for field in fields}
    if len(kinds) > 1 or fields[0].dtype.kind not in "biuf":
        raise ValueError(
            "`images` must be real numbers of one dtype, with the same channels. "
            f"Received: {sorted(str(kind) for kind in kinds)}."
        )
    return fields


def _check_sizes(value: Any, spatial_dims: int, name: str) -> tuple[int, ...]:
    """Return one positive integer an axis."""
    values = (value,) * spatial_dims if isinstance(value, Integral) else value
    is_sequence = isinstance(values, Sequence | np.ndarray) and not isinstance(
        values, str
    )
    if is_sequence and len(values) == spatial_dims:
        if all(isinstance(n, int | np.integer) and n > 0 for n in values):
            return tuple(int(n) for n in values)
    raise ValueError(
        f"`{name}` must be a positive integer, or {spatial_dims} of them. Received: "
        f"{name}={value!r}."
    )


def _check_numbers(n_patches: int | None, max_unknown: float) -> None:
    if n_patches is not None and not (
        isinstance(n_patches, Integral) and n_patches > 0
    ):
        raise ValueError(
            f"`n_patches` must be None or a positive integer. Received: {n_patches!r}."
        )
    if not isinstance(max_unknown, Real) or not 0 <= max_unknown <= 1:
        raise ValueError(
            f"`max_unknown` must be a share in [0, 1]. Received: {max_unknown!r}."
        )


def _check_groups(groups: Any, count: int) -> np.ndarray:
    names = np.arange(count) if groups is None else np.asarray(groups)
    if names.shape != (count,):
        raise ValueError(
            f"`groups` must have one entry an image: {count}. Received shape "
            f"{names.shape}."
        )
    return names


def _check_masks(
    mask: Any, fields: list[np.ndarray], spatial_dims: int
) -> list[np.ndarray | None]:
    """Return a mask, or None, for each image."""
    if mask is None:
        return [None] * len(fields)
    masks = [np.asarray(known) for known in mask]
    if len(masks) != len(fields):
        raise ValueError(
            f"`mask` must hold one mask an image: {len(fields)}. Received {len(masks)}."
        )
    for index, (known, field) in enumerate(zip(masks, fields, strict=True)):
        if known.dtype != bool or known.shape != field.shape[:spatial_dims]:
            raise ValueError(
                "`mask` must be boolean, True where a pixel is known, and of the size "
                f"of its image. For image {index} of shape {field.shape} received "
                f"shape {known.shape}, dtype {known.dtype}."
            )
    return list(masks)


def _boxes(
    shape: tuple[int, ...], counts: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield first and last corner of equal boxes."""
    edges = [
        [length * i // count for i in range(count + 1)]
        for length, count in zip(shape, counts, strict=False)
    ]
    for index in product(*(range(count) for count in counts)):
        start = tuple(e[i] for e, i in zip(edges, index, strict=True))
        yield start, tuple(e[i + 1] for e, i in zip(edges, index, strict=True))


def _check_box(
    index: int, start: tuple[int, ...], stop: tuple[int, ...], shape: tuple[int, ...]
) -> None:
    extent = tuple(b - a for a, b in zip(start, stop, strict=True))
    if any(have < want for have, want in zip(extent, shape, strict=True)):
        raise ValueError(
            "`size` must fit into each image, and into each region of it. Image "
            f"{index} offers {extent}, the patches need {shape}."
        )


def _unknown_shares(
    known: np.ndarray | None,
    start: tuple[int, ...],
    stop: tuple[int, ...],
    shape: tuple[int, ...],
) -> np.ndarray:
    """Return the unknown share of the patch at each place of a box."""
    extent = [b - a - n + 1 for a, b, n in zip(start, stop, shape, strict=True)]
    if known is None:
        return np.zeros(extent)
    inside = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    total = (~known[inside]).astype(np.int64)
    # Sums over windows, one axis after the other, from running sums.
    for axis, length in enumerate(shape):
        running = np.cumsum(total, axis=axis)
        padded = np.insert(running, 0, 0, axis=axis)
        ends = np.arange(length, padded.shape[axis])
        total = padded.take(ends, axis) - padded.take(ends - length, axis)
    return total / np.prod(shape)


def _places(
    unknown: np.ndarray,
    steps: tuple[int, ...],
    n_patches: int | None,
    max_unknown: float,
    random: np.random.RandomState,
) -> np.ndarray:
    """Return places of patches within a box: on a grid, or drawn."""
    allowed = unknown <= max_unknown + 1e-12
    if n_patches is None:
        on_grid = np.zeros(unknown.shape, bool)
        on_grid[tuple(slice(None, None, step) for step in steps)] = True
        return np.argwhere(allowed & on_grid)
    flat = np.flatnonzero(allowed)
    drawn = random.choice(flat, min(n_patches, len(flat)), replace=False)
    return np.stack(np.unravel_index(drawn, unknown.shape), axis=1)


def _warn_of_few(index: int, found: int, wanted: int) -> None:
    warnings.warn(
        f"Image {index} has {found} places for patches, fewer than "
        f"`n_patches={wanted}`: all were taken.",
        UserWarning,
        stacklevel=3,
    )


def _warn_of_none(index: int, max_unknown: float) -> None:
    warnings.warn(
        f"Image {index} leaves no patch with at most `max_unknown={max_unknown:g}` "
        "unknown pixels.",
        UserWarning,
        stacklevel=3,
    )


def _bunch(
    rows: list[tuple[int, int, tuple[int, ...], float]],
    fields: list[np.ndarray],
    names: np.ndarray,
    shape: tuple[int, ...],
    has_regions: bool,
) -> Bunch:
    """Cut the patches and say where they come from."""
    patches = [
        fields[index][
            tuple(slice(a, a + n) for a, n in zip(corner, shape, strict=True))
        ]
        for index, _, corner, _ in rows
    ]
    index = np.array([row[0] for row in rows])
    groups = names[index]
    if has_regions:
        pairs = zip(groups.tolist(), rows, strict=True)
        groups = np.array([f"{group}/{row[1]}" for group, row in pairs])
    return Bunch(
        patches=np.stack(patches),
        groups=groups,
        image_index=index,
        position=np.array([row[2] for row in rows]),
        unknown=np.array([row[3] for row in rows]),
    )

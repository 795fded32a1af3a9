"""Checks of images, with plain messages."""

import warnings
from typing import Any

import numpy as np

AXES = {2: "(n, height, width)", 3: "(n, depth, height, width)"}


def check_images(X: Any, *, spatial_dims: int = 2, name: str = "X") -> np.ndarray:
    """Return images as one array with a channel axis.

    Parameters
    ----------
    X : array-like of shape (n_samples, *spatial) or (n_samples, *spatial, channels)
        Real, finite images of one size.
    spatial_dims : {2, 3}, default=2
        The number of spatial axes.
    name : str, default='X'
        What the messages call the images.

    Returns
    -------
    ndarray of shape (n_samples, *spatial, channels)
        The images, of their own dtype.

    Raises
    ------
    TypeError
        If X is not a dense array of numbers.
    ValueError
        If X is ragged, empty, of another rank, masked, or not finite.

    Warns
    -----
    UserWarning
        If the channels seem to come first.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.utils.validation import check_images
    >>> check_images(np.zeros((4, 32, 32))).shape
    (4, 32, 32, 1)
    """
    images = _as_array(X, name)
    if len(images) == 0:
        raise ValueError(
            f"`{name}` must hold at least one image. Received shape {images.shape}."
        )
    if images.ndim == spatial_dims + 2:
        _warn_of_channels_first(images.shape, name)
    if images.ndim == spatial_dims + 1:
        images = images[..., np.newaxis]
    if images.ndim != spatial_dims + 2:
        axes = AXES[spatial_dims]
        hint = _rank_hint(images.ndim, spatial_dims)
        raise ValueError(
            f"`{name}` must have shape {axes} or {axes[:-1]}, channels). "
            f"Received shape {images.shape}. {hint}"
        )
    if 0 in images.shape:
        raise ValueError(
            f"The images of `{name}` must have at least one pixel. Received shape "
            f"{images.shape}."
        )
    _check_finite(images, name)
    return images


def check_length(values: Any, n_samples: int, name: str) -> np.ndarray:
    """Return values as an array; refuse another length than one entry an image.

    Parameters
    ----------
    values : array-like of shape (n_samples,)
        One value an image.
    n_samples : int
        The number of images.
    name : str
        What the message calls the values.

    Returns
    -------
    ndarray of shape (n_samples,)
        The values.

    Raises
    ------
    ValueError
        If there is not one entry an image.

    Examples
    --------
    >>> from morphokeras.utils.validation import check_length
    >>> check_length(["a", "b"], 2, "groups").tolist()
    ['a', 'b']
    """
    values = np.asarray(values)
    if values.shape != (n_samples,):
        raise ValueError(
            f"`{name}` must have one entry an image: {n_samples}. Received "
            f"{name} of shape {values.shape}."
        )
    return values


def check_size(shape: Any, spatial_dims: int) -> tuple[int, ...]:
    """Return the size of images as a tuple.

    Parameters
    ----------
    shape : sequence of int
        Pixels along each spatial axis.
    spatial_dims : {2, 3}
        The number of spatial axes.

    Returns
    -------
    tuple of int
        The size.

    Raises
    ------
    ValueError
        If there is not one positive integer an axis.

    Examples
    --------
    >>> from morphokeras.utils.validation import check_size
    >>> check_size([16, 24], 2)
    (16, 24)
    """
    sizes = tuple(shape) if isinstance(shape, list | tuple | np.ndarray) else ()
    is_size = [isinstance(size, int | np.integer) and size > 0 for size in sizes]
    if len(sizes) != spatial_dims or not all(is_size):
        raise ValueError(
            f"`shape` must hold {spatial_dims} positive integers, "
            f"{AXES[spatial_dims].replace('n, ', '')}. Received: shape={shape!r}."
        )
    return tuple(int(size) for size in sizes)


def _as_array(X: Any, name: str) -> np.ndarray:
    """Return a numeric array; say which image spoils it otherwise."""
    if hasattr(X, "toarray"):
        raise TypeError(
            f"`{name}` must be a dense array of images. Received a sparse matrix of "
            f"type {type(X).__name__}: convert it with `{name}.toarray()`."
        )
    if not hasattr(X, "__len__") or isinstance(X, str | bytes | dict | set):
        raise TypeError(
            f"`{name}` must be an array of images, or a list of them. Received "
            f"{type(X).__name__}. Read files with `datasets.load_images`."
        )
    _refuse_masked(X, name)
    try:
        images = np.asarray(X)
    except ValueError:
        _refuse_ragged(X, name)
        raise
    if images.dtype == object:
        if images.ndim == 1 and len(images):
            _refuse_ragged(images, name)
        images = _from_objects(images, name)
    if images.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: `{name}` must be real. Received dtype "
            f"{images.dtype}. Take, for example, `np.abs({name})`."
        )
    if images.dtype.kind not in "biuf":
        raise TypeError(
            f"`{name}` must be a numeric array of images. Received dtype "
            f"{images.dtype}. Read files with `datasets.load_images`."
        )
    return images


def _refuse_masked(X: Any, name: str) -> None:
    if not np.ma.is_masked(X):
        return
    bad = np.flatnonzero(np.ma.getmaskarray(X).reshape(len(X), -1).any(axis=1))
    raise ValueError(
        f"`{name}` must know every pixel. Received masked pixels in image {bad[0]} "
        f"({bad.size} such images). Fill them, for example with `{name}.filled(0)`."
    )


def _refuse_ragged(images: Any, name: str) -> None:
    """Raise an error that says why a sequence of arrays is no array."""
    shapes = sorted({np.shape(image) for image in images})
    if len(shapes) > 1:
        raise ValueError(
            f"The images of `{name}` must have one shape. Received shapes {shapes}. "
            "Crop or resize them, for example with `datasets.load_images(size=...)`."
        )
    if shapes[0] != ():
        raise TypeError(
            f"`{name}` must be one array of images. Received an array of objects of "
            f"type {type(images[0]).__name__}. Join them with `np.stack({name})`."
        )


def _from_objects(images: np.ndarray, name: str) -> np.ndarray:
    try:
        return images.astype("float64")
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"`{name}` must be a numeric array of images. Received dtype object "
            f"that is not numeric: {error}."
        ) from None


def _warn_of_channels_first(shape: tuple[int, ...], name: str) -> None:
    if shape[1] in (1, 3, 4) and min(shape[2:]) > 4:
        warnings.warn(
            f"The channels of `{name}` are expected last. Received shape {shape}, with "
            f"channels first as it seems: if so, pass `np.moveaxis({name}, 1, -1)`.",
            UserWarning,
            stacklevel=2,
        )


def _rank_hint(ndim: int, spatial_dims: int) -> str:
    if ndim == spatial_dims:
        return (
            "Reshape your data: for a single image, pass `X[np.newaxis]`; for a table "
            "of pixels, `X.reshape(len(X), *size)`."
        )
    if ndim == 5 and spatial_dims == 2:
        return "For volumes, give `spatial_dims=3`."
    if ndim == 3 and spatial_dims == 3:
        return "For images, give `spatial_dims=2`."
    return "Reshape your data."


def _check_finite(images: np.ndarray, name: str) -> None:
    if images.dtype.kind != "f":
        return
    finite = np.isfinite(images).all(axis=tuple(range(1, images.ndim)))
    if finite.all():
        return
    bad = np.flatnonzero(~finite)
    kind = "NaN" if np.isnan(images[bad[0]]).any() else "infinity"
    raise ValueError(
        f"Input {name} contains {kind}: image {bad[0]} ({bad.size} such images). "
        "Replace or leave out the pixels that are not finite."
    )

"""Checks of images, labels and weights, with plain messages."""

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
        If X is not numeric.
    ValueError
        If X is ragged, empty, of another rank, or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.utils.validation import check_images
    >>> check_images(np.zeros((4, 32, 32))).shape
    (4, 32, 32, 1)
    """
    images = _as_array(X, name)
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
            f"`{name}` must hold at least one image with at least one pixel. "
            f"Received shape {images.shape}."
        )
    _check_finite(images, name)
    return images


def check_labels(y: Any, n_samples: int) -> np.ndarray:
    """Return labels as one flat array with one entry an image.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Class labels: strings, integers or booleans.
    n_samples : int
        The number of images.

    Returns
    -------
    ndarray of shape (n_samples,)
        The labels.

    Raises
    ------
    ValueError
        If y is missing, of another length, or holds measurements instead of classes.

    Examples
    --------
    >>> from morphokeras.utils.validation import check_labels
    >>> check_labels(["pearlite", "network"], 2).tolist()
    ['pearlite', 'network']
    """
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import column_or_1d

    if y is None:
        raise ValueError(
            "requires y to be passed, but the target y is None: give one class label "
            "an image."
        )
    labels = column_or_1d(y, warn=True)
    check_length(labels, n_samples, "y")
    check_classification_targets(labels)
    return labels


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


def check_pixel_size(pixel_size: Any, n_samples: int) -> np.ndarray:
    """Return the edge lengths of a pixel in micrometres, one an image.

    Parameters
    ----------
    pixel_size : float or array-like of shape (n_samples,)
        Positive lengths in micrometres.
    n_samples : int
        The number of images.

    Returns
    -------
    ndarray of shape (n_samples,) and dtype float32
        The pixel sizes.

    Raises
    ------
    ValueError
        If one is not a positive number.

    Examples
    --------
    >>> from morphokeras.utils.validation import check_pixel_size
    >>> check_pixel_size(0.5, 2).tolist()
    [0.5, 0.5]
    """
    sizes = np.asarray(pixel_size, dtype="float32")
    if sizes.ndim == 0:
        sizes = np.full(n_samples, sizes, dtype="float32")
    check_length(sizes, n_samples, "pixel_size")
    bad = np.flatnonzero(~(np.isfinite(sizes) & (sizes > 0)))
    if bad.size:
        raise ValueError(
            "`pixel_size` must be a positive number of micrometres for every image. "
            f"Received {sizes[bad[0]]} for image {bad[0]} ({bad.size} such images)."
        )
    return sizes


def _as_array(X: Any, name: str) -> np.ndarray:
    """Return a numeric array; say which image spoils it otherwise."""
    if hasattr(X, "toarray"):
        raise TypeError(
            f"`{name}` must be a dense array of images. Received a sparse matrix of "
            f"type {type(X).__name__}: convert it with `{name}.toarray()`."
        )
    try:
        images = np.asarray(X)
    except ValueError:
        shapes = sorted({np.shape(image) for image in X})
        raise ValueError(
            f"The images of `{name}` must have one shape. Received shapes {shapes}. "
            "Crop or resize them, for example with `datasets.load_images(size=...)`."
        ) from None
    if images.dtype == object:
        try:
            return images.astype("float64")
        except (TypeError, ValueError) as error:
            raise type(error)(
                f"`{name}` must be a numeric array of images. Received dtype object "
                f"that is not numeric: {error}."
            ) from None
    if images.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: `{name}` must be real.")
    if images.dtype.kind not in "biuf":
        raise TypeError(
            f"`{name}` must be a numeric array of images. Received dtype "
            f"{images.dtype}."
        )
    return images


def _rank_hint(ndim: int, spatial_dims: int) -> str:
    if ndim == spatial_dims:
        return "Reshape your data: for a single image, pass `X[np.newaxis]`."
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

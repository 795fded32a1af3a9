"""Checks of what is known of each image: labels, weights, sizes."""

from numbers import Number
from typing import Any

import numpy as np

from morphokeras.utils.validation import check_length


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
    TypeError
        If y mixes strings with numbers, or holds neither.
    ValueError
        If y or an entry of it is missing, if its shape is another one, or if it holds
        measurements instead of classes.

    Examples
    --------
    >>> from morphokeras.utils.entries import check_labels
    >>> check_labels(["pearlite", "network"], 2).tolist()
    ['pearlite', 'network']
    """
    from sklearn.utils.multiclass import check_classification_targets

    if y is None:
        raise ValueError(
            "requires y to be passed, but the target y is None: give one class label "
            "an image."
        )
    labels = check_names(_flat(y), n_samples, "y")
    if labels.dtype.kind not in "biufUO":
        raise TypeError(
            "`y` must hold strings, integers or booleans. Received dtype "
            f"{labels.dtype}. Convert it, for example with `y.astype(str)`."
        )
    check_classification_targets(labels)
    return labels


def check_names(values: Any, n_samples: int, name: str) -> np.ndarray:
    """Return names or numbers that sort images, one an image and none missing.

    Parameters
    ----------
    values : array-like of shape (n_samples,)
        All strings or all numbers.
    n_samples : int
        The number of images.
    name : str
        What the messages call the values.

    Returns
    -------
    ndarray of shape (n_samples,)
        The values.

    Raises
    ------
    TypeError
        If strings and numbers are mixed.
    ValueError
        If there is not one entry an image, or if one is missing.

    Examples
    --------
    >>> from morphokeras.utils.entries import check_names
    >>> check_names(["A1", "A2"], 2, "groups").tolist()
    ['A1', 'A2']
    """
    # NumPy would turn a list of strings and numbers, or of strings and NaN, into
    # strings without a word.
    as_objects = isinstance(values, list | tuple)
    array = np.asarray(values, dtype=object if as_objects else None)
    check_length(array, n_samples, name)
    bad = np.flatnonzero(_is_missing(array))
    if bad.size:
        raise ValueError(
            f"Input {name} contains a missing value: {array.tolist()[bad[0]]!r} for "
            f"image {bad[0]} ({bad.size} such images). Leave these images out or give "
            "them a name (for labels, that of `unlabeled`)."
        )
    if array.dtype.kind != "O":
        return array
    kinds = {_kind(value) for value in array}
    if len(kinds) > 1:
        raise TypeError(
            f"`{name}` must hold strings or numbers, not both. Received "
            f"{' and '.join(sorted(kinds))}. Convert them, for example with "
            f"`[str(value) for value in {name}]`."
        )
    return np.asarray(array.tolist()) if as_objects or kinds == {"numbers"} else array


def check_weights(sample_weight: Any, n_samples: int) -> np.ndarray:
    """Return the weights of images, none of them negative.

    Parameters
    ----------
    sample_weight : float or array-like of shape (n_samples,)
        Weights.
    n_samples : int
        The number of images.

    Returns
    -------
    ndarray of shape (n_samples,) and dtype float32
        The weights.

    Raises
    ------
    TypeError
        If they are not numbers.
    ValueError
        If there is not one an image, if one is negative or not finite, or if all are
        zero.

    Examples
    --------
    >>> from morphokeras.utils.entries import check_weights
    >>> check_weights([0, 2.5], 2).tolist()
    [0.0, 2.5]
    """
    weights = _one_number_each(sample_weight, n_samples, "sample_weight")
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if bad.size:
        raise ValueError(
            "`sample_weight` must hold finite numbers that are not negative. Received "
            f"{weights[bad[0]]} for image {bad[0]} ({bad.size} such images)."
        )
    if not weights.any():
        raise ValueError(
            "`sample_weight` is zero for every image: there is nothing to learn from. "
            "Give at least one positive weight."
        )
    return weights


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
    TypeError
        If they are not numbers.
    ValueError
        If there is not one an image, or if one is not positive.

    Examples
    --------
    >>> from morphokeras.utils.entries import check_pixel_size
    >>> check_pixel_size(0.5, 2).tolist()
    [0.5, 0.5]
    """
    sizes = _one_number_each(pixel_size, n_samples, "pixel_size")
    bad = np.flatnonzero(~(np.isfinite(sizes) & (sizes > 0)))
    if bad.size:
        raise ValueError(
            "`pixel_size` must be a positive number of micrometres for every image. "
            f"Received {sizes[bad[0]]} for image {bad[0]} ({bad.size} such images)."
        )
    return sizes


def check_fractions(fractions: Any, n_samples: int) -> np.ndarray:
    """Return volume fractions of images, between 0 and 1.

    Parameters
    ----------
    fractions : float or array-like of shape (n_samples,) or (n_samples, channels)
        The fractions.
    n_samples : int
        The number of images.

    Returns
    -------
    ndarray of dtype float32
        The fractions, of their own shape, (n_samples,) if it was one number.

    Raises
    ------
    TypeError
        If they are not numbers.
    ValueError
        If there is not one an image, or if one lies outside [0, 1].

    Examples
    --------
    >>> from morphokeras.utils.entries import check_fractions
    >>> check_fractions(0.5, 2).tolist()
    [0.5, 0.5]
    """
    values = _as_floats(fractions, "volume_fraction")
    if values.ndim < 2:
        values = _one_number_each(values, n_samples, "volume_fraction")
    elif values.ndim > 2 or len(values) != n_samples:
        raise ValueError(
            f"`volume_fraction` must have shape ({n_samples},) or ({n_samples}, "
            f"channels). Received shape {values.shape}."
        )
    wrong = values[~((values >= 0) & (values <= 1))]
    if wrong.size:
        raise ValueError(
            f"`volume_fraction` must lie in [0, 1]. Received {wrong[0]:g}."
        )
    return values


def _flat(y: Any) -> Any:
    """Return labels without a superfluous second axis, lists as they are."""
    from sklearn.utils.validation import column_or_1d

    try:
        shape = np.asarray(y).shape
    except ValueError:
        raise ValueError(
            "`y` must hold one class label an image. Received lists of several lengths."
        ) from None
    if len(shape) == 2 and shape[1] == 1:
        return column_or_1d(y, warn=True)
    if len(shape) != 1:
        raise ValueError(
            "`y` must have one axis, with one class label an image. Received shape "
            f"{shape}. Make one-hot labels classes with `y.argmax(axis=1)`."
        )
    return y


def _is_missing(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "f":
        return ~np.isfinite(values)
    if values.dtype.kind not in "OMm":
        return np.zeros(len(values), bool)
    import pandas

    return pandas.isna(values)


def _kind(value: Any) -> str:
    if isinstance(value, Number | np.bool_):
        return "numbers"
    return "strings" if isinstance(value, str) else type(value).__name__


def _one_number_each(values: Any, n_samples: int, name: str) -> np.ndarray:
    """Return one number an image; a single one counts for all."""
    numbers = _as_floats(values, name)
    if numbers.ndim == 0:
        numbers = np.full(n_samples, numbers, "float32")
    return check_length(numbers, n_samples, name)


def _as_floats(values: Any, name: str) -> np.ndarray:
    try:
        # What is too great becomes infinite, and is refused as such.
        with np.errstate(over="ignore"):
            return np.asarray(values, "float64").astype("float32")
    except (TypeError, ValueError) as error:
        raise TypeError(f"`{name}` must be a number or numbers. {error}.") from None

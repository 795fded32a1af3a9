"""Grey values of images brought to [0, 1]."""

from numbers import Real
from typing import Any

import numpy as np

Range = tuple[float, float]
"""The grey values that become 0 and 1."""

GREATEST = float(np.finfo("float32").max)


def learn_range(
    images: np.ndarray, intensity: str | tuple[float, float] | None = None
) -> Range:
    """Return the grey values that are to become 0 and 1.

    Parameters
    ----------
    images : ndarray
        Training images of any shape.
    intensity : {None, 'minmax', 'percentile'} or (float, float), default=None
        None takes the range of an integer or boolean dtype, and [0, 1] for floats,
        which then must lie in it. ``'minmax'`` takes the least and the greatest value,
        ``'percentile'`` the 1st and the 99th percentile, a pair is taken as it is.

    Returns
    -------
    (float, float)
        The low and the high value.

    Raises
    ------
    ValueError
        If floats leave [0, 1] or integers look like a mask though nothing was said
        about their range, or if the range is empty.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.utils.intensity import learn_range
    >>> learn_range(np.zeros((2, 8, 8), "uint8"))
    (0.0, 255.0)
    >>> learn_range(np.array([[-1.0, 3.0]]), "minmax")
    (-1.0, 3.0)
    """
    if intensity is None:
        _refuse_masks(images)
        return natural_range(images)
    if isinstance(intensity, str) and intensity == "minmax":
        low, high = float(images.min()), float(images.max())
    elif isinstance(intensity, str) and intensity == "percentile":
        low, high = (float(v) for v in np.percentile(images, (1, 99)))
    else:
        low, high = _given_range(intensity)
    if not 0 < high - low < GREATEST:
        raise ValueError(
            f"The range of grey values is empty or not finite: {intensity!r} gives "
            f"({low:g}, {high:g}). Give `intensity=(low, high)` with low < high."
        )
    return low, high


def natural_range(images: np.ndarray) -> Range:
    """Return the grey values that are black and white by the dtype alone.

    Parameters
    ----------
    images : ndarray
        Images of any shape.

    Returns
    -------
    (float, float)
        The range of 8- and 16-bit integers; (0, 1) for booleans and floats.

    Raises
    ------
    ValueError
        If integers are wider, or if floats leave [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.utils.intensity import natural_range
    >>> natural_range(np.zeros((2, 8, 8), "uint16"))
    (0.0, 65535.0)
    """
    if images.dtype == bool:
        return 0.0, 1.0
    if images.dtype.kind in "iu":
        # A 32- or 64-bit integer image is a label map or a count, whose range is not
        # its dtype's: scaled by it, it would be black.
        if images.dtype.itemsize > 2:
            raise ValueError(
                "Integer images must have 8 or 16 bits, whose range is taken as black "
                f"to white. Received dtype {images.dtype} with values in "
                f"[{images.min()}, {images.max()}]. Convert it, for example with "
                '`X.astype("uint8")`, or give `intensity="minmax"` or (low, high).'
            )
        limits = np.iinfo(images.dtype)
        return float(limits.min), float(limits.max)
    low, high = float(images.min()), float(images.max())
    if low < 0 or high > 1:
        raise ValueError(
            "Floating-point images must lie in [0, 1]. Received values in "
            f"[{low:g}, {high:g}]. Scale them, or give `intensity='minmax'`, "
            "'percentile' or (low, high)."
        )
    return 0.0, 1.0


def scale_intensity(images: np.ndarray, limits: Range) -> np.ndarray:
    """Return images as float32 in [0, 1]; values beyond the limits are clipped.

    Parameters
    ----------
    images : ndarray
        Images of any shape and any real dtype.
    limits : (float, float)
        The grey values that become 0 and 1.

    Returns
    -------
    ndarray of float32
        The scaled images, of the same shape.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.utils.intensity import scale_intensity
    >>> scale_intensity(np.array([0, 51, 255], "uint8"), (0.0, 255.0)).round(2).tolist()
    [0.0, 0.20000000298023224, 1.0]
    """
    low, high = limits
    # Wide numbers are scaled as they are: single precision may not tell them apart.
    scaled = images.astype(np.result_type(images.dtype, "float32"))
    scaled -= low
    scaled /= high - low
    return np.clip(scaled, 0.0, 1.0, out=scaled).astype("float32", copy=False)


def _refuse_masks(images: np.ndarray) -> None:
    """Refuse integers of 0 and 1: taken for grey values they would be black."""
    if images.dtype.kind in "iu" and images.min() == 0 and images.max() == 1:
        raise ValueError(
            f"Integer images are taken as grey values, whose white is that of the "
            f"dtype. Received dtype {images.dtype} with values in [0, 1]. For masks "
            'pass `X.astype(bool)`, or give `intensity="minmax"` or (0, 1).'
        )


def _given_range(intensity: Any) -> Range:
    """Return a pair of floats; refuse anything else."""
    is_sequence = isinstance(intensity, tuple | list)
    if is_sequence and len(intensity) == 2:
        if all(isinstance(value, Real) for value in intensity):
            return float(intensity[0]), float(intensity[1])
    raise ValueError(
        "`intensity` must be None, 'minmax', 'percentile' or a pair of numbers (low, "
        f"high). Received: intensity={intensity!r}."
    )

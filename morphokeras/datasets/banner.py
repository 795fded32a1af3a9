"""The bar at the bottom of a micrograph, with its scale and settings."""

import numpy as np

GREATEST_SHARE = 0.3
FEWEST_ROWS = 6
TOLERANCE = 0.03


def find_banner(image: np.ndarray) -> int:
    """Return how many rows at the bottom of a micrograph are its information bar.

    Parameters
    ----------
    image : ndarray of shape (height, width)
        Grey values of any range; a bar is white, black or of any one grey, with text
        and a scale bar on it.

    Returns
    -------
    int
        Rows from the bottom; 0 if there is no bar that is beyond doubt.

    Raises
    ------
    ValueError
        If `image` is no array of two axes.

    Notes
    -----
    The background is the value that most pixels of the last rows have, within 3 % of
    the image's range. The bar is the longest run of rows from the bottom that are
    either background in 30 % of their pixels or more, or a line of one value. It counts
    as a bar only if

    - it has 6 rows or more, and at most 30 % of the image's height;
    - 60 % of its pixels are background;
    - one of its first four rows is one value in 95 % of its pixels: a straight upper
      edge, which no structure has;
    - in the rows above, as many as those of the bar, the background takes less than
      half of the share that it takes in the bar.

    A bar over a structure of its own colour, laid over the image, or blurred by strong
    JPEG compression, is not found: look at the images.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.datasets import find_banner
    >>> image = np.random.default_rng(0).integers(40, 200, (100, 120))
    >>> find_banner(image)
    0
    >>> image[88:] = 0
    >>> image[92:96, 10:60:4] = 255
    >>> find_banner(image)
    12
    """
    values = np.asarray(image)
    if values.ndim != 2 or values.size == 0 or values.dtype.kind not in "biuf":
        raise ValueError(
            "`image` must be one grey image of shape (height, width). Received shape "
            f"{values.shape}, dtype {values.dtype}."
        )
    grey = values.astype(np.float32)
    span = float(grey.max() - grey.min())
    if span == 0 or len(grey) < FEWEST_ROWS / GREATEST_SHARE:
        return 0
    tolerance = TOLERANCE * span
    last = grey[-max(4, len(grey) // 50) :]
    is_background = np.abs(grey - _usual(last.ravel(), tolerance)) <= tolerance
    share = is_background.mean(axis=1)
    is_flat = np.array([_flatness(row, tolerance) >= 0.95 for row in grey])
    is_bar = (share >= 0.3) | is_flat
    height = len(grey) if is_bar.all() else int(np.argmin(is_bar[::-1]))
    return height if _is_beyond_doubt(height, share, is_flat) else 0


def banner_mask(images: np.ndarray) -> np.ndarray:
    """Return where micrographs show the specimen, not their information bar.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width)
        Grey micrographs.

    Returns
    -------
    ndarray of shape (n_samples, height, width), bool
        False in the bars that :func:`find_banner` finds: a mask for
        :func:`extract_patches` and the descriptors.

    Raises
    ------
    ValueError
        If `images` has other axes.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.datasets import banner_mask
    >>> images = np.random.default_rng(0).random((2, 60, 80))
    >>> images[1, 50:] = 1.0
    >>> banner_mask(images)[:, 45:, 0].sum(axis=1).tolist()
    [15, 5]
    """
    if np.ndim(images) != 3:
        raise ValueError(
            "`images` must have shape (n_samples, height, width). Received shape "
            f"{np.shape(images)}."
        )
    mask = np.ones(np.shape(images), bool)
    for known, image in zip(mask, images, strict=True):
        known[len(known) - find_banner(image) :] = False
    return mask


def _usual(values: np.ndarray, tolerance: float) -> float:
    """Return the middle of the values that are most frequent."""
    counts, edges = np.histogram(values, bins=64)
    most = int(np.argmax(counts))
    middle = float(
        np.median(values[(values >= edges[most]) & (values <= edges[most + 1])])
    )
    return float(np.median(values[np.abs(values - middle) <= tolerance]))


def _flatness(row: np.ndarray, tolerance: float) -> float:
    """Return the share of a row that has one value."""
    return float(np.mean(np.abs(row - np.median(row)) <= tolerance))


def _is_beyond_doubt(height: int, share: np.ndarray, is_flat: np.ndarray) -> bool:
    """Return whether rows at the bottom are a bar, by the rules of `find_banner`."""
    if not FEWEST_ROWS <= height <= GREATEST_SHARE * len(share):
        return False
    bar, above = share[-height:], share[-2 * height : -height]
    has_edge = bool(is_flat[-height:][:4].any())
    return has_edge and bar.mean() >= 0.6 and above.mean() < 0.5 * bar.mean()

"""The symmetric views of an image that a prediction is averaged over."""

import itertools

import numpy as np


def symmetric_views(
    images: np.ndarray, symmetry: str | None, spatial_dims: int
) -> list[np.ndarray]:
    """Return the images under each exact symmetry of the pixel grid that is declared.

    Parameters
    ----------
    images : ndarray of shape (n_samples, *spatial, channels)
        Images.
    symmetry : {'flips', 'dihedral', 'rotation'} or None
        ``'flips'``: all combinations of mirrored axes. ``'dihedral'`` and
        ``'rotation'``: those of the transposed image as well, where it is square.
    spatial_dims : int
        Number of spatial axes.

    Returns
    -------
    list of ndarray
        The views, the images themselves first.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.estimators._views import symmetric_views
    >>> len(symmetric_views(np.zeros((1, 8, 8, 1)), "dihedral", 2))
    8
    """
    if symmetry is None:
        return [images]
    axes = range(1, spatial_dims + 1)
    flips = [
        subset
        for size in range(spatial_dims + 1)
        for subset in itertools.combinations(axes, size)
    ]
    views = [np.flip(images, subset) for subset in flips]
    if symmetry != "flips" and images.shape[-3] == images.shape[-2]:
        turned = images.swapaxes(-3, -2)
        views += [np.flip(turned, subset) for subset in flips]
    return [np.ascontiguousarray(view) for view in views]

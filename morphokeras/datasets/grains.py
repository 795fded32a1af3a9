"""Grain structures by Voronoi tessellation."""

import numpy as np
from scipy.spatial import cKDTree
from sklearn.utils import Bunch, check_random_state

from morphokeras.datasets._classes import (
    Levels,
    check_aspect,
    check_axis,
    check_boundary,
    check_levels,
    check_samples,
    check_shape,
    draw_classes,
)


def make_voronoi_grains(
    n_samples: int = 100,
    *,
    shape: tuple[int, ...] = (64, 64),
    n_grains: Levels = 20,
    anisotropy: float = 1.0,
    axis: int = -1,
    boundary: str = "periodic",
    random_state: int | np.random.RandomState | None = None,
    return_X_y: bool = True,
) -> tuple[np.ndarray, np.ndarray] | Bunch:
    r"""Make label maps of grains that grew from random points at one speed.

    Every pixel belongs to the nearest of `n_grains` points. Give several values of
    `n_grains` to get one class for each. Each grain has an orientation drawn evenly
    from all rotations.

    Parameters
    ----------
    n_samples : int, default=100
        Number of samples over all classes.
    shape : tuple of int, default=(64, 64)
        Pixels along each axis; two axes or three, each at least 8.
    n_grains : int, sequence of int or dict of int, default=20
        Number of grains of a sample, at most one to four pixels. A dict names the
        classes: ``{"coarse": 10, "fine": 80}``.
    anisotropy : float, default=1.0
        Aspect ratio of the grains, from 0.1 to 10. Above 1 they are long along `axis`,
        below 1 across it.
    axis : int, default=-1
        Axis of `anisotropy`, counted in `shape`: -1 is horizontal in an image.
    boundary : {'periodic', 'open'}, default='periodic'
        ``'periodic'``: grains that leave on one side enter on the other. ``'open'``:
        the points lie inside the window only, so that grains at its border end there.
    random_state : int, RandomState or None, default=None
        Seed of the points, the orientations and the order of the samples.
    return_X_y : bool, default=True
        Return ``(X, y)``; otherwise a Bunch with what else is known of each sample.

    Returns
    -------
    X : ndarray of shape (n_samples, \*shape), int32
        The grain of each pixel, from 1 to `n_grains`. A grain much smaller than a pixel
        may have none.
    y : ndarray of shape (n_samples,), str
        Class of each sample: the name given in the dict, or the number of grains.
    data : :class:`~sklearn.utils.Bunch`
        Instead, if `return_X_y` is False, with the items `images` (X), `target` (y),
        `target_names`, `n_grains`, ndarray of shape (n_samples,), and two lists of one
        array a sample: `seeds` of shape (n_grains, n_axes), the points in pixels, whole
        numbers being the centres of pixels, and `euler_angles` of shape (n_grains, 3),
        Bunge's angles in radians. Row ``i`` belongs to grain ``i + 1``.

    Raises
    ------
    ValueError
        If a parameter is out of its range; the message names it and its value.

    Notes
    -----
    Expectations of the Poisson-Voronoi tessellation with ``rho`` grains a pixel [1]_:
    mean area ``1 / rho`` with a variance of ``0.280 / rho^2``, boundary length
    ``2 sqrt(rho)`` a pixel, mean intercept ``pi / (4 sqrt(rho))``; in volumes mean
    volume ``1 / rho``, boundary area ``2.910 rho^(1/3)`` a voxel and mean intercept
    ``0.6872 / rho^(1/3)``. Time is about a second for four million pixels.

    References
    ----------
    .. [1] A. Okabe, B. Boots, K. Sugihara, S. N. Chiu, "Spatial Tessellations", Wiley,
       2000, chapter 5.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.datasets import make_voronoi_grains
    >>> X, y = make_voronoi_grains(4, n_grains={"coarse": 10, "fine": 80},
    ...                            random_state=0)
    >>> {str(label): [len(np.unique(image)) for image in X[y == label]]
    ...  for label in sorted(y)}
    {'coarse': [10, 10], 'fine': [80, 80]}
    """
    shape = check_shape(shape)
    numbers = check_levels("n_grains", n_grains, 0.0, np.prod(shape) / 4 + 0.5)
    if not all(number.is_integer() for number in numbers.values()):
        raise ValueError(
            f"`n_grains` must be a whole number. Received: n_grains={n_grains!r}."
        )
    check_samples(n_samples, numbers)
    check_boundary(boundary)
    stretch = np.ones(len(shape))
    stretch[check_axis(axis, shape)] = check_aspect(anisotropy)
    random = check_random_state(random_state)

    drawn = draw_classes(n_samples, random, n_grains=numbers)
    drawn.n_grains = drawn.n_grains.astype(int)
    images = np.empty((n_samples, *shape), np.int32)
    seeds, euler_angles = [], []
    for image, count in zip(images, drawn.n_grains, strict=True):
        seeds.append(random.uniform(-0.5, np.array(shape) - 0.5, (count, len(shape))))
        euler_angles.append(_draw_orientations(count, random))
        image[...] = 1 + _nearest(seeds[-1], shape, stretch, boundary == "periodic")
    if return_X_y:
        return images, drawn.target
    return Bunch(images=images, seeds=seeds, euler_angles=euler_angles, **drawn)


def _nearest(
    seeds: np.ndarray, shape: tuple[int, ...], stretch: np.ndarray, periodic: bool
) -> np.ndarray:
    """Return the row of the seed that is nearest to each pixel."""
    # Along a stretched axis distances count less; from 0 to the box, as the tree wants.
    box = np.array(shape) / stretch
    tree = cKDTree((seeds + 0.5) / stretch, boxsize=box if periodic else None)
    pixels = np.moveaxis(np.indices(shape), 0, -1) + 0.5
    return np.asarray(tree.query(pixels / stretch)[1])


def _draw_orientations(count: int, random: np.random.RandomState) -> np.ndarray:
    """Return Bunge's Euler angles of rotations drawn evenly, shape (count, 3)."""
    # Rotations are even where phi1, cos(Phi) and phi2 are.
    angles = random.uniform(0, 2 * np.pi, (count, 3))
    angles[:, 1] = np.arccos(random.uniform(-1, 1, count))
    return angles

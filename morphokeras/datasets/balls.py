"""Boolean models of discs and balls, whose statistics are known in closed form."""

from collections.abc import Sequence

import numpy as np
from sklearn.utils import Bunch, check_random_state

from morphokeras.datasets._classes import (
    Levels,
    check_boundary,
    check_levels,
    check_positive,
    check_samples,
    check_shape,
    draw_classes,
)


def make_balls(
    n_samples: int = 100,
    *,
    shape: tuple[int, ...] = (64, 64),
    volume_fraction: Levels = 0.3,
    radius: Levels = 5.0,
    boundary: str = "periodic",
    random_state: int | np.random.RandomState | None = None,
    return_X_y: bool = True,
) -> tuple[np.ndarray, np.ndarray] | Bunch:
    r"""Make two-phase structures of discs or balls that lie anywhere and may overlap.

    The Boolean model: centres are a Poisson process, so that their number varies, and
    so does the volume fraction about its expectation. Use it to test measures, whose
    answers are known here. Give several values of `volume_fraction` or `radius` (or of
    both) to get one class for each.

    Parameters
    ----------
    n_samples : int, default=100
        Number of samples over all classes.
    shape : tuple of int, default=(64, 64)
        Pixels along each axis, each at least 8: two axes for discs, three for balls.
    volume_fraction : float, sequence of float or dict of float, default=0.3
        Expected share of the balls, in (0, 1). A dict names the classes.
    radius : float, sequence of float or dict of float, default=5.0
        Radius in pixels; for periodic structures at most half of the least size.
    boundary : {'periodic', 'open'}, default='periodic'
        ``'periodic'``: balls that leave on one side enter on the other. ``'open'``: a
        window of an endless structure.
    random_state : int, RandomState or None, default=None
        Seed of the centres and of the order of the samples.
    return_X_y : bool, default=True
        Return ``(X, y)``; otherwise a Bunch with what else is known of each sample.

    Returns
    -------
    X : ndarray of shape (n_samples, \*shape), float32
        1 at pixels whose centre lies in a ball, else 0.
    y : ndarray of shape (n_samples,), str
        Class of each sample, as in :func:`make_phase_field`.
    data : :class:`~sklearn.utils.Bunch`
        Instead, if `return_X_y` is False, with the items `images` (X), `target` (y),
        `target_names`, `volume_fraction` (expected) and `radius`, ndarrays of shape
        (n_samples,), and `centers`, a list of arrays of shape (n_balls, n_axes) in
        pixels, where whole numbers are the centres of pixels.

    Raises
    ------
    ValueError
        If a parameter is out of its range; the message names it and its value.

    See Also
    --------
    balls_two_point_correlation : What the two-point correlation is expected to be.

    Notes
    -----
    With a mean of ``rho`` centres a pixel, a ball of volume ``V`` leaves a point free
    with probability ``exp(-rho V)`` [1]_: the expected fraction is
    ``1 - exp(-rho V)``, with ``V = pi r^2`` or ``4 pi r^3 / 3``, and ``rho`` is chosen
    by it. Pixels sample the structure; they do not blur it, so that every expectation
    that concerns points is exact for any radius.

    References
    ----------
    .. [1] S. N. Chiu, D. Stoyan, W. S. Kendall, J. Mecke, "Stochastic Geometry and its
       Applications", Wiley, 2013, chapter 3.

    Examples
    --------
    >>> from morphokeras.datasets import make_balls
    >>> X, y = make_balls(40, volume_fraction=(0.2, 0.5), random_state=0)
    >>> X.shape, sorted({str(label) for label in y})
    ((40, 64, 64), ['0.2', '0.5'])
    >>> [round(float(X[y == label].mean()), 1) for label in ("0.2", "0.5")]
    [0.2, 0.5]
    """
    fractions = check_levels("volume_fraction", volume_fraction, 0.0, 1.0)
    radii = check_levels("radius", radius, 0.0, np.inf)
    check_samples(n_samples, fractions, radii)
    shape = check_shape(shape)
    check_boundary(boundary)
    if boundary == "periodic" and 2 * max(radii.values()) > min(shape):
        raise ValueError(
            "`radius` must be at most half of the least size of a periodic structure. "
            f"Received: radius={radius!r}, shape={shape}. Enlarge `shape` or take "
            "`boundary='open'`."
        )
    random = check_random_state(random_state)

    drawn = draw_classes(n_samples, random, volume_fraction=fractions, radius=radii)
    images = np.zeros((n_samples, *shape), np.float32)
    centers = []
    for image, share, size in zip(
        images, drawn.volume_fraction, drawn.radius, strict=True
    ):
        centers.append(_draw_centers(shape, share, size, boundary, random))
        for center in centers[-1]:
            _paint(image, center, size, boundary == "periodic")
    if return_X_y:
        return images, drawn.target
    return Bunch(images=images, centers=centers, **drawn)


def balls_two_point_correlation(
    distance: np.ndarray,
    *,
    volume_fraction: float,
    radius: float,
    spatial_dims: int = 2,
) -> np.ndarray:
    """Return the expected two-point correlation of a Boolean model of balls.

    Parameters
    ----------
    distance : array-like
        Distances of two points, of the unit of `radius`, none negative. In a periodic
        structure, those up to half its size.
    volume_fraction : float
        Expected share of the balls, in (0, 1).
    radius : float
        Radius of the balls.
    spatial_dims : {2, 3}, default=2
        2 for discs, 3 for balls.

    Returns
    -------
    ndarray, of the shape of `distance`
        Probability that both ends of a line of that length lie in balls.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    Notes
    -----
    ``S2(h) = 2 phi - 1 + (1 - phi)^2 exp(rho K(h))``, where ``K`` is the volume that
    two balls at the distance ``h`` have in common.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.datasets import balls_two_point_correlation
    >>> found = balls_two_point_correlation([0, 4, 20], volume_fraction=0.3, radius=5)
    >>> [round(float(value), 3) for value in found]
    [0.3, 0.187, 0.09]
    """
    check_levels("volume_fraction", volume_fraction, 0.0, 1.0)
    check_positive(radius=radius)
    if spatial_dims not in (2, 3):
        raise ValueError(
            f"`spatial_dims` must be 2 or 3. Received: spatial_dims={spatial_dims!r}."
        )
    half = np.asarray(distance, dtype=float) / (2 * radius)
    if not (half >= 0).all():
        raise ValueError(
            f"`distance` must not be negative. Received a least of {np.min(distance)}."
        )
    half = np.minimum(half, 1.0)
    if spatial_dims == 2:
        common = 2 / np.pi * (np.arccos(half) - half * np.sqrt(1 - half**2))
    else:
        common = (1 - half) ** 2 * (2 + half) / 2
    empty = 1 - volume_fraction
    # empty^2 exp(rho K) is a power of `empty`, as rho V = -log(empty).
    return 1 - 2 * empty + empty ** (2 - common)


def ball_volume(radius: float, spatial_dims: int) -> float:
    """Return the area of a disc or the volume of a ball."""
    return np.pi * radius**2 * (1.0 if spatial_dims == 2 else 4 / 3 * radius)


def _draw_centers(
    shape: tuple[int, ...],
    volume_fraction: float,
    radius: float,
    boundary: str,
    random: np.random.RandomState,
) -> np.ndarray:
    """Return a Poisson process in the window, widened by the radius if it is open."""
    margin = radius if boundary == "open" else 0.0
    low = np.full(len(shape), -0.5 - margin)
    high = np.array(shape) - 0.5 + margin
    density = -np.log1p(-volume_fraction) / ball_volume(radius, len(shape))
    count = random.poisson(density * np.prod(high - low))
    return random.uniform(low, high, (count, len(shape)))


def _paint(
    image: np.ndarray, center: Sequence[float], radius: float, periodic: bool
) -> None:
    """Set the pixels of one ball to 1."""
    pixels, squares = [], []
    for i, (size, middle) in enumerate(zip(image.shape, center, strict=True)):
        near = np.arange(np.ceil(middle - radius), np.floor(middle + radius) + 1)
        if not periodic:
            near = near[(near >= 0) & (near < size)]
        pixels.append(near.astype(int) % size)
        square = (near - middle) ** 2
        squares.append(square.reshape([-1] + [1] * (image.ndim - i - 1)))
    inside = sum(squares) <= radius**2
    window = np.ix_(*pixels)
    image[window] = np.maximum(image[window], inside)

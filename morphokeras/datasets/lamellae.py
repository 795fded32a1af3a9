"""Lamellar structures of known spacing, direction and fraction."""

from collections.abc import Sequence

import numpy as np
from sklearn.utils import Bunch, check_random_state

from morphokeras.datasets._classes import (
    Levels,
    check_boundary,
    check_levels,
    check_samples,
    check_shape,
    draw_classes,
)
from morphokeras.datasets.blobs import gaussian_field


def make_lamellae(
    n_samples: int = 100,
    *,
    shape: tuple[int, ...] = (64, 64),
    spacing: Levels = 8.0,
    volume_fraction: Levels = 0.5,
    normal: Sequence[float] | None = None,
    waviness: float = 0.0,
    boundary: str = "open",
    random_state: int | np.random.RandomState | None = None,
    return_X_y: bool = True,
) -> tuple[np.ndarray, np.ndarray] | Bunch:
    r"""Make stacks of parallel plates, such as those of pearlite.

    Give several values of `spacing` or `volume_fraction` (or of both) to get one class
    for each.

    Parameters
    ----------
    n_samples : int, default=100
        Number of samples over all classes.
    shape : tuple of int, default=(64, 64)
        Pixels along each axis; two axes or three, each at least 8.
    spacing : float, sequence of float or dict of float, default=8.0
        Distance from one bright plate to the next in pixels, at least 2. A dict names
        the classes.
    volume_fraction : float, sequence of float or dict of float, default=0.5
        Share of the bright plates' thickness in the spacing, in (0, 1).
    normal : sequence of float or None, default=None
        Direction across the plates, one number an axis of `shape`, of any length:
        ``(1, 0)`` makes horizontal plates in an image. None draws a direction for each
        sample, evenly.
    waviness : float, default=0.0
        Standard deviation of the plates' displacement along their normal, in pixels. It
        varies smoothly, over a distance of three spacings.
    boundary : {'periodic', 'open'}, default='open'
        Whether opposite sides fit. If so, spacing and normal are moved to the nearest
        that the shape allows; the Bunch has those that were used.
    random_state : int, RandomState or None, default=None
        Seed of directions, positions, waves and the order of the samples.
    return_X_y : bool, default=True
        Return ``(X, y)``; otherwise a Bunch with what else is known of each sample.

    Returns
    -------
    X : ndarray of shape (n_samples, \*shape), float32
        1 in bright plates, 0 between them.
    y : ndarray of shape (n_samples,), str
        Class of each sample, as in :func:`make_phase_field`.
    data : :class:`~sklearn.utils.Bunch`
        Instead, if `return_X_y` is False, with the items `images` (X), `target` (y),
        `target_names`, `spacing` (as used) and `volume_fraction`, ndarrays of shape
        (n_samples,), and `normal` (as used, of length 1), ndarray of shape
        (n_samples, n_axes).

    Raises
    ------
    ValueError
        If a parameter is out of its range; the message names it and its value.

    Notes
    -----
    A pixel is bright if ``(n . x + u(x)) / spacing + a`` has a fractional part below
    the volume fraction, with the normal n, the displacement u and an even random
    position a; so the fraction holds in the mean over samples. Straight plates have the
    chord ``volume_fraction * spacing / |n_i|`` along axis i.

    Examples
    --------
    >>> from morphokeras.datasets import make_lamellae
    >>> X, y = make_lamellae(2, shape=(8, 8), spacing=4.0, normal=(0, 1),
    ...                      random_state=0)
    >>> X[0, :2].astype(int)
    array([[0, 0, 1, 1, 0, 0, 1, 1],
           [0, 0, 1, 1, 0, 0, 1, 1]])
    """
    spacings = check_levels("spacing", spacing, 0.0, np.inf)
    fractions = check_levels("volume_fraction", volume_fraction, 0.0, 1.0)
    check_samples(n_samples, spacings, fractions)
    shape = check_shape(shape)
    check_boundary(boundary)
    _check_plates(min(spacings.values()), waviness)
    fixed = None if normal is None else _check_normal(normal, len(shape))
    random = check_random_state(random_state)

    drawn = draw_classes(n_samples, random, spacing=spacings, volume_fraction=fractions)
    normals = np.empty((n_samples, len(shape)))
    images = np.empty((n_samples, *shape), np.float32)
    for i, share in enumerate(drawn.volume_fraction):
        direction = _draw_direction(len(shape), random) if fixed is None else fixed
        wave = direction / drawn.spacing[i]
        if boundary == "periodic":
            wave = _fitting_wave(wave, shape)
        drawn.spacing[i] = 1 / np.linalg.norm(wave)
        normals[i] = wave * drawn.spacing[i]
        phase = _phase(shape, wave) + random.uniform()
        if waviness:
            lengths = np.full(len(shape), 3 * drawn.spacing[i])
            field = gaussian_field(shape, lengths, boundary, random)
            phase += waviness / drawn.spacing[i] * field
        images[i] = phase % 1.0 < share
    if return_X_y:
        return images, drawn.target
    return Bunch(images=images, normal=normals, **drawn)


def _check_plates(least_spacing: float, waviness: float) -> None:
    if least_spacing < 2:
        raise ValueError(
            "`spacing` must be at least 2 pixels, or the grid cannot show it. "
            f"Received a least of {least_spacing:g}."
        )
    if not 0 <= waviness < np.inf:
        raise ValueError(
            "`waviness` must be a finite number that is not negative. "
            f"Received: waviness={waviness!r}."
        )


def _check_normal(normal: Sequence[float], spatial_dims: int) -> np.ndarray:
    """Return the direction as a vector of length 1."""
    direction = np.asarray(normal, dtype=float)
    length = np.linalg.norm(direction)
    if direction.shape != (spatial_dims,) or not 0 < length < np.inf:
        raise ValueError(
            f"`normal` must hold {spatial_dims} finite numbers, one an axis of "
            f"`shape`, not all zero. Received: normal={normal!r}."
        )
    return direction / length


def _draw_direction(spatial_dims: int, random: np.random.RandomState) -> np.ndarray:
    direction = random.standard_normal(spatial_dims)
    return direction / np.linalg.norm(direction)


def _fitting_wave(wave: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the nearest wave vector (periods a pixel) of whole periods, not zero."""
    sizes = np.array(shape)
    periods = np.rint(wave * sizes)
    if not periods.any():
        longest = np.argmax(np.abs(wave * sizes))
        periods[longest] = np.copysign(1, wave[longest])
    return periods / sizes


def _phase(shape: tuple[int, ...], wave: np.ndarray) -> np.ndarray:
    """Return the phase of a plane wave, in periods."""
    grids = np.indices(shape, sparse=True)
    return sum((w * grid for w, grid in zip(wave, grids, strict=True)), np.zeros(shape))

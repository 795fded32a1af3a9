"""Level sets of Gaussian random fields: blobs and pores of a given fraction."""

from typing import Any

import numpy as np
import scipy.fft
from scipy import integrate, stats
from sklearn.utils import Bunch, check_random_state

from morphokeras.datasets._cahn_hilliard import wave_numbers
from morphokeras.datasets._classes import (
    Levels,
    check_aspect,
    check_axis,
    check_boundary,
    check_levels,
    check_positive,
    check_samples,
    check_shape,
    draw_classes,
)

POROSITIES = (0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)


def make_blobs(
    n_samples: int = 100,
    *,
    shape: tuple[int, ...] = (64, 64),
    volume_fraction: Levels = 0.5,
    correlation_length: Levels = 8.0,
    anisotropy: float = 1.0,
    axis: int = -1,
    boundary: str = "periodic",
    random_state: int | np.random.RandomState | None = None,
    return_X_y: bool = True,
) -> tuple[np.ndarray, np.ndarray] | Bunch:
    r"""Make two-phase structures by thresholding smooth Gaussian random fields.

    Every sample has exactly the volume fraction asked for, to the pixel. Give several
    values of `volume_fraction` or `correlation_length` (or of both) to get one class
    for each.

    Parameters
    ----------
    n_samples : int, default=100
        Number of samples over all classes.
    shape : tuple of int, default=(64, 64)
        Pixels along each axis; two axes or three, each at least 8.
    volume_fraction : float, sequence of float or dict of float, default=0.5
        Share of the bright phase, in (0, 1). A dict names the classes.
    correlation_length : float, sequence of float or dict of float, default=8.0
        Distance in pixels at which the correlation of the Gaussian field has fallen to
        1/e. The mean chord at a fraction of one half is 2.2 times as long.
    anisotropy : float, default=1.0
        Aspect ratio of the blobs, from 0.1 to 10: the correlation length along `axis`
        is multiplied by it.
    axis : int, default=-1
        Axis of `anisotropy`, counted in `shape`: -1 is horizontal in an image.
    boundary : {'periodic', 'open'}, default='periodic'
        Whether opposite sides fit.
    random_state : int, RandomState or None, default=None
        Seed of the fields and of the order of the samples.
    return_X_y : bool, default=True
        Return ``(X, y)``; otherwise a Bunch with what else is known of each sample.

    Returns
    -------
    X : ndarray of shape (n_samples, \*shape), float32
        1 in the bright phase, 0 in the other.
    y : ndarray of shape (n_samples,), str
        Class of each sample, as in :func:`make_phase_field`.
    data : :class:`~sklearn.utils.Bunch`
        Instead, if `return_X_y` is False, with the items `images` (X), `target` (y),
        `target_names`, and `volume_fraction` and `correlation_length`, ndarrays of
        shape (n_samples,).

    Raises
    ------
    ValueError
        If a parameter is out of its range; the message names it and its value.

    See Also
    --------
    blobs_two_point_correlation : What the two-point correlation is expected to be.
    make_porous : The same structures, named by their pores.

    Notes
    -----
    White noise is smoothed so that its correlation at the distance r is
    ``exp(-(r / correlation_length)^2)``; the brightest pixels, as many as the fraction
    asks for, become the bright phase. Fixing the fraction of each sample instead of the
    threshold takes a little from the correlation at large distances, the less the
    larger the sample.

    Examples
    --------
    >>> from morphokeras.datasets import make_blobs
    >>> X, y = make_blobs(4, volume_fraction=(0.25, 0.5), random_state=0)
    >>> {str(label): X[y == label].mean(axis=(1, 2)).tolist() for label in sorted(y)}
    {'0.25': [0.25, 0.25], '0.5': [0.5, 0.5]}
    """
    fractions = check_levels("volume_fraction", volume_fraction, 0.0, 1.0)
    lengths = check_levels("correlation_length", correlation_length, 0.0, np.inf)
    check_samples(n_samples, fractions, lengths)
    shape = check_shape(shape)
    check_boundary(boundary)
    stretch = np.ones(len(shape))
    stretch[check_axis(axis, shape)] = check_aspect(anisotropy)
    random = check_random_state(random_state)

    drawn = draw_classes(
        n_samples, random, volume_fraction=fractions, correlation_length=lengths
    )
    images = np.empty((n_samples, *shape), np.float32)
    for image, share, length in zip(
        images, drawn.volume_fraction, drawn.correlation_length, strict=True
    ):
        field = gaussian_field(shape, length * stretch, boundary, random)
        image[...] = _brightest(field, share)
    return (images, drawn.target) if return_X_y else Bunch(images=images, **drawn)


def make_porous(
    n_samples: int = 100,
    *,
    shape: tuple[int, ...] = (64, 64),
    porosity: Levels = POROSITIES,
    pore_size: Levels = 8.0,
    anisotropy: float = 1.0,
    axis: int = -1,
    boundary: str = "periodic",
    random_state: int | np.random.RandomState | None = None,
    return_X_y: bool = True,
) -> tuple[np.ndarray, np.ndarray] | Bunch:
    r"""Make porous structures, by default a series of porosities from 25 to 60 %.

    Every sample has exactly the porosity asked for, to the pixel. Use the series to
    see how far a model, trained on some porosities, holds on others.

    Parameters
    ----------
    n_samples : int, default=100
        Number of samples over all classes.
    shape : tuple of int, default=(64, 64)
        Pixels along each axis; two axes or three, each at least 8.
    porosity : float, sequence of float or dict of float, default=(0.25, 0.3, ..., 0.6)
        Share of the pores, in (0, 1); one class for each.
    pore_size : float, sequence of float or dict of float, default=8.0
        The correlation length of :func:`make_blobs`, in pixels.
    anisotropy, axis, boundary, random_state, return_X_y
        As in :func:`make_blobs`.

    Returns
    -------
    X : ndarray of shape (n_samples, \*shape), float32
        0 in pores, 1 in the solid.
    y : ndarray of shape (n_samples,), str
        Class of each sample, as in :func:`make_phase_field`.
    data : :class:`~sklearn.utils.Bunch`
        Instead, if `return_X_y` is False, with the items `images` (X), `target` (y),
        `target_names`, and `porosity` and `pore_size`, ndarrays of shape (n_samples,).

    Raises
    ------
    ValueError
        If a parameter is out of its range; the message names it and its value.

    Examples
    --------
    >>> from morphokeras.datasets import make_porous
    >>> X, y = make_porous(8, random_state=0)
    >>> sorted(y.tolist())
    ['0.25', '0.3', '0.35', '0.4', '0.45', '0.5', '0.55', '0.6']
    >>> float((X[y == "0.25"] == 0).mean())
    0.25
    """
    porosities = check_levels("porosity", porosity, 0.0, 1.0)
    sizes = check_levels("pore_size", pore_size, 0.0, np.inf)
    data: Any = make_blobs(
        n_samples,
        shape=shape,
        volume_fraction=porosities,
        correlation_length=sizes,
        anisotropy=anisotropy,
        axis=axis,
        boundary=boundary,
        random_state=random_state,
        return_X_y=False,
    )
    images = 1 - data.images
    if return_X_y:
        return images, data.target
    return Bunch(
        images=images,
        target=data.target,
        target_names=data.target_names,
        porosity=data.volume_fraction,
        pore_size=data.correlation_length,
    )


def blobs_two_point_correlation(
    distance: np.ndarray, *, volume_fraction: float, correlation_length: float
) -> np.ndarray:
    """Return the expected two-point correlation of :func:`make_blobs`.

    Parameters
    ----------
    distance : array-like
        Distances of two points, of the unit of `correlation_length`.
    volume_fraction : float
        Share of the bright phase, in (0, 1).
    correlation_length : float
        Along the line between the points.

    Returns
    -------
    ndarray, of the shape of `distance`
        Probability that both points lie in the bright phase.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    Notes
    -----
    With the threshold a and the correlation C of the Gaussian field,
    ``S2 = phi - 1 / (2 pi) integral from C to 1 of exp(-a^2 / (1 + t)) /
    sqrt(1 - t^2) dt`` [1]_; at one half, ``S2 = 1/4 + asin(C) / (2 pi)``.

    References
    ----------
    .. [1] N. F. Berk, "Scattering properties of a model bicontinuous structure with a
       well defined length scale", Phys. Rev. Lett. 58, 2718 (1987).

    Examples
    --------
    >>> from morphokeras.datasets import blobs_two_point_correlation
    >>> found = blobs_two_point_correlation(
    ...     [0, 8, 80], volume_fraction=0.3, correlation_length=8
    ... )
    >>> [round(float(value), 3) for value in found]
    [0.3, 0.137, 0.09]
    """
    check_levels("volume_fraction", volume_fraction, 0.0, 1.0)
    check_positive(correlation_length=correlation_length)
    distance = np.asarray(distance, dtype=float)
    threshold = stats.norm.isf(volume_fraction)
    # With t = cos(u) the integrand is smooth.
    angles = np.arccos(np.exp(-((distance / correlation_length) ** 2)))
    lost = [
        integrate.quad(lambda u: np.exp(-(threshold**2) / (1 + np.cos(u))), 0, angle)[0]
        for angle in angles.ravel()
    ]
    return volume_fraction - np.reshape(lost, distance.shape) / (2 * np.pi)


def gaussian_field(
    shape: tuple[int, ...],
    lengths: np.ndarray,
    boundary: str,
    random: np.random.RandomState,
) -> np.ndarray:
    """Return a field of unit variance and correlation ``exp(-sum (r_i / length_i)^2)``.

    Parameters
    ----------
    shape : tuple of int
        Pixels along each axis.
    lengths : ndarray of shape (n_axes,)
        Correlation length along each axis, in pixels.
    boundary : {'periodic', 'open'}
        An open field is cut out of a larger periodic one.
    random : RandomState
        Source of the noise.

    Returns
    -------
    ndarray of `shape`
        The variance is that of many fields; one field has its own.
    """
    whole = shape
    if boundary == "open":
        # At three lengths the correlation is 1e-4.
        whole = tuple(
            scipy.fft.next_fast_len(size + int(np.ceil(3 * length)), real=True)
            for size, length in zip(shape, lengths, strict=True)
        )
    smoother = np.exp(
        -sum(
            (length * wave) ** 2 / 8
            for length, wave in zip(lengths, wave_numbers(whole), strict=True)
        )
    )
    spectrum = scipy.fft.rfftn(random.standard_normal(whole)) * smoother
    field = scipy.fft.irfftn(spectrum, whole) / _deviation(whole, lengths)
    return field[tuple(slice(size) for size in shape)]


def _deviation(shape: tuple[int, ...], lengths: np.ndarray) -> float:
    """Return the standard deviation of white noise after smoothing."""
    # The filter is a product over the axes, and so is its mean square.
    squares = [
        np.mean(np.exp(-((length * 2 * np.pi * np.fft.fftfreq(size)) ** 2) / 4))
        for size, length in zip(shape, lengths, strict=True)
    ]
    return float(np.sqrt(np.prod(squares)))


def _brightest(field: np.ndarray, share: float) -> np.ndarray:
    """Return the indicator of the brightest pixels, exactly as many as asked for."""
    count = round(share * field.size)
    bright = np.zeros(field.size, bool)
    order = np.argpartition(-field.ravel(), min(count, field.size - 1))
    bright[order[:count]] = True
    return bright.reshape(field.shape)

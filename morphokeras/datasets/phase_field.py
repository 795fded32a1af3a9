"""Simulated two-phase microstructures: spinodal decomposition by Cahn-Hilliard."""

import warnings
from collections.abc import Callable, Sequence
from numbers import Real

import numpy as np
import scipy.fft
from sklearn.utils import Bunch, check_random_state
from tqdm.auto import tqdm

from morphokeras.datasets._arrays import check_backend
from morphokeras.datasets._cahn_hilliard import evolve, wave_numbers
from morphokeras.datasets._classes import (
    Levels,
    check_axis,
    check_levels,
    check_positive,
    check_samples,
    check_shape,
    draw_classes,
)

SPINODAL = (0.5 - np.sqrt(1 / 12), 0.5 + np.sqrt(1 / 12))
# What fits the cache of a processor, and what keeps a GPU busy.
PIXELS_PER_BATCH = {"numpy": 2**16, "keras": 2**24}


def make_phase_field(
    n_samples: int = 100,
    *,
    shape: tuple[int, ...] = (64, 64),
    composition: Levels = 0.5,
    composition_spread: float = 0.0,
    time: Levels = 100.0,
    gradient_energy: float = 1.0,
    mobility: float = 1.0,
    anisotropy: float = 1.0,
    axis: int = -1,
    noise: float = 0.05,
    tolerance: float = 5e-5,
    backend: str = "numpy",
    random_state: int | np.random.RandomState | None = None,
    return_X_y: bool = True,
    verbose: int = 0,
) -> tuple[np.ndarray, np.ndarray] | Bunch:
    r"""Simulate periodic two-phase microstructures, with labels.

    Each sample starts as its own uniform mixture with a little noise and separates
    into two phases, which then coarsen, by the Cahn-Hilliard equation. Give several
    values of `composition` or `time` (or of both) to get one class for each: as many
    samples of every class as of the others, give or take one, in random order.
    Samples of different times are different simulations, never frames of one.

    Parameters
    ----------
    n_samples : int, default=100
        Number of samples over all classes.
    shape : tuple of int, default=(64, 64)
        Pixels along each axis; two axes or three, each at least 8.
    composition : float, sequence of float or dict of float, default=0.5
        Mean composition in (0, 1), which is the volume fraction of the bright phase
        once the phases have separated. Below 0.21 and above 0.79 a mixture is stable
        and stays as it is. A dict names the classes: ``{"lean": 0.3, "rich": 0.7}``.
    composition_spread : float, default=0.0
        Half width of the uniform distribution of compositions inside a class.
    time : float, sequence of float or dict of float, default=100.0
        Dimensionless time, see Notes. A dict names the classes.
    gradient_energy : float, default=1.0
        Gradient energy coefficient, squared pixels. Interfaces (10 to 90 %) are
        ``3.1 * sqrt(gradient_energy)`` pixels wide.
    mobility : float, default=1.0
        Constant mobility: twice the mobility is half the time.
    anisotropy : float, default=1.0
        Aspect ratio of the domains that the interface energy prefers, from 0.25 to 4.
        Above 1 they are long along `axis`, below 1 across it.
    axis : int, default=-1
        Axis of `anisotropy`, counted in `shape`: -1 is horizontal in an image.
    noise : float, default=0.05
        Standard deviation of the starting noise, smooth over a pixel.
    tolerance : float, default=5e-5
        Largest error of a time step (root mean square of composition). At the default,
        fields at time 300 are within about 5e-4 of the converged ones.
    backend : {'numpy', 'keras'}, default='numpy'
        ``'keras'`` computes with Keras, for a GPU: the same scheme, many samples at
        once, equal within the tolerance. On a processor NumPy is faster.
    random_state : int, RandomState or None, default=None
        Seed of the starting noise, the compositions and the order of the samples.
    return_X_y : bool, default=True
        Return ``(X, y)``; otherwise a Bunch with what else is known of each sample.
    verbose : int, default=0
        Above 0, show a progress bar.

    Returns
    -------
    X : ndarray of shape (n_samples, \*shape), float32
        Composition fraction in [0, 1]. The mean of a sample is its composition.
    y : ndarray of shape (n_samples,), str
        Class of each sample: the name given in the dict, or the number as written, such
        as ``"0.3"``; with classes of both kinds ``"0.3, 100.0"``.
    data : :class:`~sklearn.utils.Bunch`
        Instead, if `return_X_y` is False, with the items `images` (X), `target` (y),
        `target_names`, and `composition` and `time`, ndarrays of shape (n_samples,).

    Raises
    ------
    ValueError
        If a parameter is out of its range; the message names it and its value.

    Warns
    -----
    UserWarning
        If a composition lies where a mixture does not separate.

    Notes
    -----
    The composition c obeys ``dc/dt = M laplace(f'(c) - div(K grad c))`` with
    ``f(c) = c^2 (1 - c)^2``, the mobility M and the diagonal gradient energy K. It
    lowers the energy of :func:`phase_field_energy` and conserves the mean of c. The
    pattern appears with wave length ``8.9 sqrt(gradient_energy)`` pixels after about
    ``20 gradient_energy`` units of time and coarsens roughly as the cube root of time.
    Fields that pass 0 or 1 inside small curved domains (by 2 % at most) are brought
    into the interval by a lower contrast about their mean, which keeps the mean.

    References
    ----------
    .. [1] J. W. Cahn and J. E. Hilliard, "Free energy of a nonuniform system. I.
       Interfacial free energy", J. Chem. Phys. 28, 258 (1958).

    Examples
    --------
    >>> from morphokeras.datasets.phase_field import make_phase_field
    >>> X, y = make_phase_field(6, shape=(32, 32), composition=(0.3, 0.5),
    ...                         time=40.0, random_state=0)
    >>> X.shape
    (6, 32, 32)
    >>> sorted({str(label) for label in y})
    ['0.3', '0.5']
    >>> [round(float(image.mean()), 3) for image in X[y == "0.3"]]
    [0.3, 0.3, 0.3]
    """
    compositions = check_levels("composition", composition, 0.0, 1.0)
    times = check_levels("time", time, 0.0, np.inf)
    check_samples(n_samples, compositions, times)
    _check_start(compositions, composition_spread, noise)
    stiffness = _stiffness(check_shape(shape), gradient_energy, anisotropy, axis)
    check_positive(mobility=mobility, tolerance=tolerance)
    check_backend(backend)
    random = check_random_state(random_state)

    drawn = draw_classes(n_samples, random, composition=compositions, time=times)
    mean = drawn.composition + composition_spread * random.uniform(-1, 1, n_samples)
    end = drawn.time
    fields = _starting_fields(mean, shape, noise, random)
    with tqdm(
        total=float(end.sum()),
        desc="phase field",
        disable=not verbose,
        bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}",
    ) as bar:
        for batch in _batches(end, int(np.prod(shape)), PIXELS_PER_BATCH[backend]):
            last = evolve(
                fields[batch],
                end[batch[:1]],
                stiffness,
                mobility,
                tolerance,
                _reporter(bar, len(batch)),
                backend,
            )
            fields[batch] = next(last)
    images = _into_interval(fields, mean)
    if return_X_y:
        return images, drawn.target
    drawn.composition = mean
    return Bunch(images=images, **drawn)


def simulate_phase_field(
    initial: np.ndarray,
    times: Sequence[float],
    *,
    gradient_energy: float = 1.0,
    mobility: float = 1.0,
    anisotropy: float = 1.0,
    axis: int = -1,
    tolerance: float = 5e-5,
    backend: str = "numpy",
) -> np.ndarray:
    r"""Follow fields through Cahn-Hilliard and store them at several times.

    Use it for time series and for starting fields of your own; for sets of independent
    samples use :func:`make_phase_field`.

    Parameters
    ----------
    initial : ndarray of shape (n_samples, \*shape)
        Composition at time 0, float32 or float64. Two or three spatial axes.
    times : sequence of float
        Ascending, not negative.
    gradient_energy, mobility, anisotropy, axis, tolerance, backend
        As in :func:`make_phase_field`.

    Returns
    -------
    ndarray of shape (n_times, n_samples, \*shape)
        Compositions as computed, in the precision of `initial` (with Keras float32).
        Values may pass 0 or 1 by some 2 %.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or `initial` is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.datasets.phase_field import simulate_phase_field
    >>> start = 0.5 + 0.05 * np.random.default_rng(0).standard_normal((2, 32, 32))
    >>> simulate_phase_field(start, [0.0, 10.0, 40.0]).shape
    (3, 2, 32, 32)
    """
    initial = np.asarray(initial)
    if initial.dtype not in (np.float32, np.float64):
        initial = initial.astype(np.float64)
    if initial.ndim not in (3, 4) or not np.isfinite(initial).all():
        raise ValueError(
            "`initial` must be finite, of shape (n_samples, height, width) or "
            f"(n_samples, depth, height, width). Received: shape={initial.shape}."
        )
    stored = np.asarray(times, dtype=float)
    if (
        stored.ndim != 1
        or not stored.size
        or stored[0] < 0
        or np.any(np.diff(stored) < 0)
    ):
        raise ValueError(
            "`times` must be a list of ascending numbers, none negative. "
            f"Received: times={times}."
        )
    stiffness = _stiffness(
        check_shape(initial.shape[1:]), gradient_energy, anisotropy, axis
    )
    check_positive(mobility=mobility, tolerance=tolerance)
    check_backend(backend)
    path = evolve(initial, stored, stiffness, mobility, tolerance, backend=backend)
    return np.stack(list(path))


def phase_field_energy(
    fields: np.ndarray,
    *,
    gradient_energy: float = 1.0,
    anisotropy: float = 1.0,
    axis: int = -1,
) -> np.ndarray:
    r"""Compute the free energy of fields, per pixel.

    Parameters
    ----------
    fields : ndarray of shape (n_samples, \*shape)
        Composition, with two or three spatial axes.
    gradient_energy, anisotropy, axis
        As in :func:`make_phase_field`.

    Returns
    -------
    ndarray of shape (n_samples,)
        Mean over the pixels of ``c^2 (1 - c)^2 + grad(c) . K grad(c) / 2``.

    Raises
    ------
    ValueError
        If `fields` has not three or four axes.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.datasets.phase_field import phase_field_energy
    >>> phase_field_energy(np.full((1, 8, 8), 0.5))
    array([0.0625])
    """
    fields = np.asarray(fields, dtype=np.float64)
    if fields.ndim not in (3, 4):
        raise ValueError(
            "`fields` must be of shape (n_samples, height, width) or (n_samples, "
            f"depth, height, width). Received: shape={fields.shape}."
        )
    shape = fields.shape[1:]
    stiffness = _stiffness(check_shape(shape), gradient_energy, anisotropy, axis)
    axes = tuple(range(1, fields.ndim))
    energy = np.mean((fields * (1 - fields)) ** 2, axis=axes)
    spectrum = scipy.fft.rfftn(fields, axes=axes)
    for weight, wave in zip(stiffness, wave_numbers(shape), strict=True):
        # By Parseval with |wave|, not through the derivative, whose highest frequency
        # would be lost on even grids.
        part = scipy.fft.irfftn(np.abs(wave) * spectrum, shape, axes=axes)
        energy += 0.5 * weight * np.mean(part**2, axis=axes)
    return energy


def _check_start(compositions: dict[str, float], spread: float, noise: float) -> None:
    """Check what makes the starting fields."""
    if spread < 0 or noise <= 0:
        raise ValueError(
            "`composition_spread` must not be negative and `noise` must be positive. "
            f"Received: composition_spread={spread}, noise={noise}."
        )
    low, high = min(compositions.values()) - spread, max(compositions.values()) + spread
    if low <= 0 or high >= 1:
        raise ValueError(
            "`composition` plus or minus `composition_spread` must stay inside (0, 1). "
            f"Received: from {low:g} to {high:g}."
        )
    if low < SPINODAL[0] or high > SPINODAL[1]:
        warnings.warn(
            f"Mixtures with a composition outside ({SPINODAL[0]:.2f}, "
            f"{SPINODAL[1]:.2f}) are stable and may stay uniform. Compositions from "
            f"{low:g} to {high:g} were asked for: move them inside.",
            UserWarning,
            stacklevel=3,
        )


def _stiffness(
    shape: tuple[int, ...], gradient_energy: float, anisotropy: float, axis: int
) -> tuple[float, ...]:
    """Return the gradient energy along each axis."""
    check_positive(gradient_energy=gradient_energy)
    if not isinstance(anisotropy, Real) or not 0.25 <= anisotropy <= 4:
        raise ValueError(
            "`anisotropy` must be an aspect ratio from 0.25 to 4. "
            f"Received: anisotropy={anisotropy!r}."
        )
    along_axis = check_axis(axis, shape)
    # The softer direction keeps the given energy, so that no interface becomes thinner
    # than asked for and the grid resolves all of them.
    along, across = max(anisotropy, 1.0) ** 2, max(1 / anisotropy, 1.0) ** 2
    return tuple(
        gradient_energy * (along if i == along_axis else across)
        for i in range(len(shape))
    )


def _starting_fields(
    mean: np.ndarray,
    shape: tuple[int, ...],
    noise: float,
    random: np.random.RandomState,
) -> np.ndarray:
    """Return uniform fields with noise of zero mean, smooth over about a pixel."""
    axes = tuple(range(1, len(shape) + 1))
    white = random.standard_normal((len(mean), *shape))
    # White noise would hold steps short while diffusion removes what no grid resolves.
    smoother = np.exp(-0.5 * sum(wave**2 for wave in wave_numbers(shape)))
    smooth = scipy.fft.irfftn(
        scipy.fft.rfftn(white, axes=axes) * smoother, shape, axes=axes
    )
    smooth -= smooth.mean(axis=axes, keepdims=True)
    smooth *= noise / smooth.std(axis=axes, keepdims=True)
    smooth += mean.reshape(-1, *[1] * len(shape))
    return smooth.astype(np.float32)


def _batches(end: np.ndarray, pixels: int, most: int) -> list[np.ndarray]:
    """Return index groups of one time each, of at most so many pixels."""
    size = max(1, most // pixels)
    batches = []
    for value in np.unique(end):
        index = np.flatnonzero(end == value)
        batches += [index[i : i + size] for i in range(0, len(index), size)]
    return batches


def _reporter(bar: tqdm, count: int) -> Callable[[float], object]:
    """Return a function that moves the bar by the time of `count` samples."""
    return lambda advanced: bar.update(count * advanced)


def _into_interval(fields: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Scale fields about their mean into [0, 1] where they pass it."""
    axes = tuple(range(1, fields.ndim))
    mean = mean.reshape(-1, *[1] * len(axes))
    highest = fields.max(axis=axes, keepdims=True) - mean
    lowest = mean - fields.min(axis=axes, keepdims=True)
    scale = np.minimum(1, np.minimum((1 - mean) / highest, mean / lowest))
    # float32 rounding may pass the interval by one unit.
    return np.clip(mean + scale * (fields - mean), 0, 1).astype(np.float32)

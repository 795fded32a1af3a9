"""An adaptive spectral solver of the Cahn-Hilliard equation on periodic grids."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from morphokeras.datasets._arrays import make_arrays

# Curvature of the bulk free energy at its wells, treated exactly with the linear part:
# only then is the explicit rest weak where most pixels are.
WELL_CURVATURE = 2.0
SMALLEST_STEP = 2.0**-10
FIRST_STEP = 2.0**-6
LARGEST_STEP = 4.0


def wave_numbers(shape: tuple[int, ...]) -> list[np.ndarray]:
    """Return the angular wave numbers (radians per pixel) of `rfftn`, broadcastable."""
    axes = [np.fft.fftfreq(size) for size in shape[:-1]] + [np.fft.rfftfreq(shape[-1])]
    return [
        (2 * np.pi * axis).reshape([-1 if i == j else 1 for j in range(len(shape))])
        for i, axis in enumerate(axes)
    ]


def evolve(
    fields: np.ndarray,
    times: np.ndarray,
    stiffness: tuple[float, ...],
    mobility: float,
    tolerance: float,
    report: Callable[[float], object] | None = None,
    backend: str = "numpy",
) -> Iterator[np.ndarray]:
    """Yield the fields at each of the ascending `times`, starting from time 0.

    A third-order exponential multistep scheme: the stiff linear part is integrated
    exactly, the cubic rest through a parabola over the last three steps, so a step
    costs one pair of FFTs. The step is halved or doubled to keep the difference to the
    second-order result below `tolerance` (root mean square, worst field).

    Parameters
    ----------
    fields : ndarray of shape (n_samples, *shape)
        Composition at time 0, float32 or float64, which also sets the precision.
    times : ndarray of shape (n_times,)
        Ascending times at which to store the fields.
    stiffness : tuple of float
        Gradient energy along each axis.
    mobility : float
        Constant mobility.
    tolerance : float
        Largest local error of a step.
    report : callable, optional
        Called with the time advanced by each step.
    backend : {'numpy', 'keras'}, default='numpy'
        Where to compute; Keras in float32 only.
    """
    scheme = _Scheme(fields, stiffness, mobility, backend)
    elapsed, step = 0.0, FIRST_STEP
    for target in times:
        while target - elapsed > 1e-9 * max(target, 1.0):
            step, error = scheme.advance(min(step, target - elapsed), step, tolerance)
            elapsed += scheme.steps[0]
            if report is not None:
                report(scheme.steps[0])
            if error < tolerance / 16:
                step = min(2 * step, LARGEST_STEP)
        yield scheme.fields()


class _Scheme:
    """State of the multistep scheme: spectrum, last forces and last step sizes."""

    def __init__(
        self,
        fields: np.ndarray,
        stiffness: tuple[float, ...],
        mobility: float,
        backend: str = "numpy",
    ):
        shape = fields.shape[1:]
        self.arrays = make_arrays(backend, shape, fields.dtype)
        waves = wave_numbers(shape)
        square = sum((wave**2 for wave in waves), np.zeros(()))
        gradient = sum(
            (s * wave**2 for s, wave in zip(stiffness, waves, strict=True)),
            np.zeros(()),
        )
        self.rate = -mobility * square * (gradient + WELL_CURVATURE)
        self.push = self.arrays.constant(-mobility * square)
        # Parseval over the half spectrum: interior columns stand for two.
        count = np.full(square.shape, 2.0)
        count[..., 0] = 1.0
        if shape[-1] % 2 == 0:
            count[..., -1] = 1.0
        self.power = self.arrays.constant(count / np.prod(shape) ** 2)
        self.weights: dict[float, tuple[Any, ...]] = {}
        self.spectrum = self.arrays.forward(fields.astype(self.arrays.dtype))
        self.forces: list[Any] = []
        self.steps: list[float] = []

    def fields(self) -> np.ndarray:
        """Return the fields in real space."""
        return self.arrays.to_numpy(self.arrays.backward(self.spectrum))

    def advance(
        self, step: float, planned: float, tolerance: float
    ) -> tuple[float, float]:
        """Take one step, halved until accurate; return the next step and the error.

        `step` may be shorter than `planned` to end on a stored time; the next step then
        goes back to the planned one.
        """
        self.forces = [self._force(), *self.forces[:2]]
        while True:
            spectrum, correction = self._propose(step)
            error = self.arrays.largest_norm(correction, self.power)
            if error <= tolerance or step <= SMALLEST_STEP:
                break
            step = planned = step / 2
        self.spectrum = spectrum
        self.steps = [step, *self.steps[:1]]
        return planned, error

    def _force(self) -> Any:
        """Return the spectrum of the explicit part, c^2 (4 c - 6) under a Laplacian."""
        c = self.arrays.backward(self.spectrum)
        rest = 4 * c
        rest -= 6
        rest *= c
        rest *= c
        force = self.arrays.forward(rest)
        force *= self.push
        return force

    def _propose(self, step: float) -> tuple[Any, Any]:
        """Return the spectrum after `step` and its highest-order part."""
        number = self.arrays.constant
        decay, first, second, third = self._weights(step)
        force = self.forces[0]
        spectrum = decay * self.spectrum
        spectrum += first * force
        if not self.steps:
            return spectrum, first * force
        slope = (force - self.forces[1]) * number(step / self.steps[0])
        if len(self.steps) == 1:
            correction = second * slope
            spectrum += correction
            return spectrum, correction
        last, before = self.steps
        bend = slope - (self.forces[1] - self.forces[2]) * number(step / before)
        bend *= number(step / (last + before))
        correction = (second * number(last / step) + 2 * third) * bend
        spectrum += second * slope
        spectrum += correction
        return spectrum, correction

    def _weights(self, step: float) -> tuple[Any, ...]:
        """Return exp(z) and step * phi_k(z), k = 1, 2, 3, for z = rate * step."""
        if step not in self.weights:
            z = self.rate * step
            phi = phi_functions(z)
            weights = (np.exp(z), *(step * p for p in phi))
            self.weights[step] = tuple(self.arrays.constant(w) for w in weights)
        return self.weights[step]


def phi_functions(z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return phi_1, phi_2, phi_3 of z <= 0, phi_k = (phi_{k-1} - 1/(k-1)!) / z."""
    small = np.abs(z) < 0.5
    safe = np.where(small, 1.0, z)
    first = np.expm1(safe) / safe
    second = (first - 1) / safe
    third = (second - 0.5) / safe
    # The recurrence cancels near zero, where the series converges at once.
    series = np.zeros_like(z)
    for n in range(16, 2, -1):
        series = (series * z + 1) / n
    third = np.where(small, series / 2, third)
    second = np.where(small, 0.5 + z * third, second)
    first = np.where(small, 1 + z * second, first)
    return first, second, third

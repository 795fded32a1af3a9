"""What structural metrics know of each field, and how far two weighted sets lie apart.

A statistic is computed once for every field. A set is then a weight for each field, so
that resampling (whole groups, with repetition) costs no new measurement.
"""

import dataclasses
import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from morphokeras.descriptors.chords import chord_length_distribution
from morphokeras.descriptors.euler import euler_number
from morphokeras.descriptors.phases import equivalent_diameters
from morphokeras.descriptors.two_point import (
    axis_profile,
    radial_average,
    two_point_correlation,
)
from morphokeras.topology import persistence_diagram, wasserstein_distance


@dataclasses.dataclass(frozen=True)
class Conventions:
    """How fields are measured. The metrics' arguments, under their own names."""

    spatial_dims: int = 2
    boundary: str = "open"
    threshold: float = 0.5
    phase: int | None = None
    lags: str = "radial"
    axis: int | None = None
    connectivity: str = "full"
    cut: str = "keep"
    bin_width: int = 2
    smoothing: float = 0.5
    divergence: str = "kl"
    aggregate: str = "energy"
    min_persistence: float = 0.01
    per_area: bool = False

    def words(self, *names: str) -> str:
        """Return the conventions of these names as one line.

        A phase has no threshold, and is named in its place.
        """
        if self.phase is not None:
            names = ("phase", *[name for name in names if name != "threshold"])
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


class Statistic(ABC):
    """One number or more for each field of several sets, and a distance of sets.

    Parameters
    ----------
    sets : sequence of ndarray of shape (n, *shape)
        Phase fractions or grey values in [0, 1], float32. Numbers of fields and sizes
        may differ from set to set.
    conventions : Conventions
        How they are measured.
    """

    def __init__(self, sets: Sequence[np.ndarray], conventions: Conventions):
        self.conventions = conventions
        self.widths = [min(fields.shape[1:]) for fields in sets]
        self.sizes = [math.prod(fields.shape[1:]) for fields in sets]
        self._measure(sets)

    @abstractmethod
    def _measure(self, sets: Sequence[np.ndarray]) -> None:
        """Compute the statistic of every field."""

    @abstractmethod
    def distance(self, first: np.ndarray, second: np.ndarray) -> float:
        """Return the distance of two sets, given as weights of shape (n_fields,)."""

    @property
    def may_be_negative(self) -> bool:
        """Return whether the distance of two like sets may be estimated below 0."""
        return False

    @property
    @abstractmethod
    def convention(self) -> str:
        """Return one line that says how fields are measured and compared."""

    def _phases(self, fields: np.ndarray) -> np.ndarray:
        return fields > self.conventions.threshold


class TwoPointStatistic(Statistic):
    """Two-point correlations; their means are compared."""

    def _measure(self, sets):
        reach = min(self.widths) // 2
        if reach < 1:
            raise ValueError(
                "Fields must be at least 2 pixels wide along each axis. Received: "
                f"fields of least width {min(self.widths)}."
            )
        self.profiles = np.concatenate([self._profiles(f, reach) for f in sets])

    def _profiles(self, fields: np.ndarray, reach: int) -> np.ndarray:
        """Return each field's correlation at the lags that are compared."""
        own = self.conventions
        maps = two_point_correlation(
            fields, boundary=own.boundary, spatial_dims=own.spatial_dims
        )
        if own.lags == "radial":
            return radial_average(maps)[1][:, 1 : reach + 1]
        axes = range(own.spatial_dims)
        if own.lags == "axes":
            lines = [axis_profile(maps, axis)[1][:, 1 : reach + 1] for axis in axes]
            return np.concatenate(lines, axis=1)
        for axis in axes:
            maps = np.take(maps, np.arange(-reach, reach + 1), axis=axis + 1)
        flat = maps.reshape(len(maps), -1)
        return np.delete(flat, flat.shape[1] // 2, axis=1)

    def distance(self, first, second):
        means = [weights @ self.profiles / weights.sum() for weights in (first, second)]
        return float(np.abs(means[0] - means[1]).mean())

    @property
    def convention(self):
        own = self.conventions
        where = {
            "radial": "radial, 0 < r <= width / 2",
            "axes": "along each axis, 0 < r <= width / 2",
            "all": "all lags up to width / 2 along each axis",
        }[own.lags]
        what = "values" if own.phase is None else "the phase"
        return f"mean |S2 - S2| of {what}, {where}; {own.words('boundary')}"


class ChordStatistic(Statistic):
    """Counts of chords of each length; the distributions of the sets are compared."""

    def _measure(self, sets):
        own = self.conventions
        counts = [
            chord_length_distribution(
                self._phases(fields),
                axis=own.axis,
                boundary=own.boundary,
                cut=own.cut,
                spatial_dims=own.spatial_dims,
            )[1]
            for fields in sets
        ]
        limit = max(min(self.widths) // 2, 1)
        self.histograms = np.concatenate(
            [_binned(each, own.bin_width, limit) for each in counts]
        )

    def distance(self, first, second):
        own = self.conventions
        real, generated = (
            _smoothed(weights @ self.histograms, own.smoothing)
            for weights in (first, second)
        )
        if own.divergence == "kl":
            return _kullback_leibler(real, generated)
        middle = (real + generated) / 2
        parts = _kullback_leibler(real, middle), _kullback_leibler(generated, middle)
        return sum(parts) / 2

    @property
    def convention(self):
        own = self.conventions
        name = {"kl": "KL(real | generated)", "js": "Jensen-Shannon"}[own.divergence]
        words = own.words("threshold", "boundary", "cut", "bin_width", "smoothing")
        axes = "all axes" if own.axis is None else f"axis {own.axis}"
        return f"{name}, nats, chords of {axes}, by number; {words}"


class SizeStatistic(Statistic):
    """Equivalent diameters of a phase's parts; their variances are compared."""

    def _measure(self, sets):
        own = self.conventions
        moments = []
        for fields, width in zip(sets, self.widths, strict=True):
            diameters = equivalent_diameters(
                self._phases(fields),
                connectivity=own.connectivity,
                boundary=own.boundary,
                cut=own.cut,
                spatial_dims=own.spatial_dims,
            )
            shares = [each / width for each in diameters]
            moments += [[len(s), s.sum(), np.square(s).sum()] for s in shares]
        self.moments = np.array(moments)

    def distance(self, first, second):
        real, generated = (
            _variance(weights @ self.moments) for weights in (first, second)
        )
        if not real > 0:
            return math.nan
        return float(abs(generated - real) / real)

    @property
    def convention(self):
        words = self.conventions.words("threshold", "connectivity", "boundary", "cut")
        text = "|Var - Var| / Var real, equivalent diameter / width"
        if self._is_one_piece():
            text += (
                "; not a number: hardly a field has more than one part, compare "
                "local_thickness instead"
            )
        return f"{text}; {words}"

    def _is_one_piece(self):
        return not _variance(self.moments.sum(axis=0)) > 0


class EulerStatistic(Statistic):
    """Euler numbers; their means are compared."""

    def _measure(self, sets):
        own = self.conventions
        numbers = []
        for fields, size in zip(sets, self.sizes, strict=True):
            own_numbers = euler_number(
                self._phases(fields),
                connectivity=own.connectivity,
                boundary=own.boundary,
                spatial_dims=own.spatial_dims,
            )
            numbers.append(own_numbers / (size if own.per_area else 1))
        if not own.per_area and len(set(self.sizes)) > 1:
            raise ValueError(
                "Euler numbers of fields of different sizes cannot be compared. "
                f"Received: fields of {sorted(set(self.sizes))} pixels. Pass "
                "`per_area=True`, or crop the fields to one size."
            )
        self.numbers = np.concatenate(numbers)

    def distance(self, first, second):
        means = [weights @ self.numbers / weights.sum() for weights in (first, second)]
        return float(abs(means[0] - means[1]))

    @property
    def convention(self):
        words = self.conventions.words("threshold", "connectivity", "boundary")
        unit = "per pixel" if self.conventions.per_area else "per field"
        return f"|mean - mean|, {unit}; {words}"


class PersistenceStatistic(Statistic):
    """Distances between persistence diagrams of all pairs of fields."""

    def _measure(self, sets):
        own = self.conventions
        diagrams = []
        for fields in sets:
            each = persistence_diagram(
                fields,
                connectivity=own.connectivity,
                boundary=own.boundary,
                spatial_dims=own.spatial_dims,
                min_persistence=own.min_persistence,
            )
            diagrams += [diagram[diagram[:, 0] != diagram[:, 1]] for diagram in each]
        self.distances = np.zeros((len(diagrams), len(diagrams)))
        with warnings.catch_warnings():
            # Each pair of a large diagram would warn; min_persistence is stated.
            warnings.filterwarnings("once", message="Only the .* longest points")
            for i, diagram in enumerate(diagrams):
                for j in range(i):
                    self.distances[i, j] = wasserstein_distance(diagram, diagrams[j])
        self.distances += self.distances.T

    def distance(self, first, second):
        between = self._mean(first, second)
        if self.conventions.aggregate == "mean":
            return between
        return 2 * between - self._mean(first, first) - self._mean(second, second)

    @property
    def may_be_negative(self):
        return self.conventions.aggregate == "energy"

    def _mean(self, first, second):
        """Return the mean distance over pairs of different fields."""
        pairs = first.sum() * second.sum() - first @ second
        return float(first @ self.distances @ second / pairs) if pairs else 0.0

    @property
    def convention(self):
        own = self.conventions
        text = "mean W1 between real and generated diagrams"
        if own.aggregate == "energy":
            text = "energy distance 2 E(g, r) - E(g, g') - E(r, r') with W1"
        words = own.words("connectivity", "boundary", "min_persistence")
        return f"{text}, L-infinity ground, all dimensions, superlevel; {words}"


def _binned(counts: np.ndarray, bin_width: int, limit: int) -> np.ndarray:
    """Sum counts of lengths 1, 2, ... in bins up to a length, and one for the rest."""
    last = math.ceil(limit / bin_width)
    places = np.minimum(np.arange(counts.shape[1]) // bin_width, last)
    histogram = np.zeros((len(counts), last + 1))
    for place in range(last + 1):
        histogram[:, place] = counts[:, places == place].sum(axis=1)
    return histogram


def _smoothed(counts: np.ndarray, smoothing: float) -> np.ndarray:
    counts = counts + smoothing
    return counts / counts.sum()


def _kullback_leibler(p: np.ndarray, q: np.ndarray) -> float:
    known = p > 0
    with np.errstate(divide="ignore"):
        return float(np.sum(p[known] * np.log(p[known] / q[known])))


def _variance(moments: np.ndarray) -> float:
    """Return the variance, given the number, the sum and the sum of squares."""
    number, total, squares = moments
    if number < 2:
        return math.nan
    return max(squares / number - (total / number) ** 2, 0.0)


STATISTICS: dict[str, type[Statistic]] = {
    "two_point": TwoPointStatistic,
    "chords": ChordStatistic,
    "phase_size": SizeStatistic,
    "persistence": PersistenceStatistic,
    "euler": EulerStatistic,
}
"""The metrics by their short names, in the order in which tables show them."""

"""Orientation maps as they come from electron backscatter diffraction (EBSD)."""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.spatial.transform import Rotation

from morphokeras.ebsd.symmetry import laue_group, symmetry_rotations


@dataclass(frozen=True)
class Phase:
    """A crystalline phase of an orientation map.

    Parameters
    ----------
    name : str
        As the file says.
    symmetry : str or None
        The point group or TSL's number as the file says it; None if it says nothing.
    lattice : tuple of 6 floats, default=None
        a, b, c in angstrom and alpha, beta, gamma in degrees.
    space_group : int, default=None
        Number of the space group.
    x_axis : {'a', 'a*'}, default='a'
        What the crystal's Cartesian x axis is parallel to: see
        :func:`symmetry_rotations`.

    Examples
    --------
    >>> from morphokeras.ebsd import Phase
    >>> ferrite = Phase("ferrite", "43")
    >>> ferrite.laue_group, len(ferrite.rotations)
    ('m-3m', 24)
    """

    name: str
    symmetry: str | None
    lattice: tuple[float, ...] | None = None
    space_group: int | None = None
    x_axis: str = "a"

    @property
    def laue_group(self) -> str:
        """The Laue group; a ValueError where the file did not say the symmetry."""
        if self.symmetry is None:
            raise ValueError(
                f"The symmetry of the phase {self.name!r} is not known: give it to "
                '`load_ebsd`, for example with `phases={1: "m-3m"}`.'
            )
        return laue_group(self.symmetry)

    @property
    def rotations(self) -> Rotation:
        """The proper rotations of the Laue group."""
        return symmetry_rotations(
            self.laue_group, x_axis=self.x_axis, unique_axis=self._unique_axis()
        )

    def _unique_axis(self) -> str:
        """Return the Cartesian axis of a monoclinic crystal's twofold rotation."""
        if self.lattice is None:
            return "y"
        alpha, beta, gamma = (abs(angle - 90) > 1e-3 for angle in self.lattice[3:])
        if beta or not (alpha or gamma):
            return "y"
        return "x" if alpha else "z"


@dataclass(eq=False, repr=False)
class EBSDMap:
    """An orientation map: a phase, an orientation and qualities at each point.

    :func:`morphokeras.datasets.load_ebsd` makes one of a file. All arrays are images,
    rows from top to bottom; on a hexagonal grid every other row is shifted by half a
    step to the right, see :meth:`to_square`.

    Parameters
    ----------
    phase_id : ndarray of shape (height, width), int
        Key into `phases`; 0 where the point was not indexed or not measured.
    euler_angles : ndarray of shape (height, width, 3)
        Bunge's phi1, Phi, phi2 in radians: the rotations about z, x and z that take the
        sample's axes to the crystal's. NaN where not indexed.
    x, y : ndarray of shape (height, width)
        Coordinates in micrometres, as the file has them.
    step : tuple of 2 floats
        Distance of rows, and of points in a row, in micrometres.
    phases : dict of Phase
        Phases by number, from 1.
    quality : dict of ndarray of shape (height, width)
        The file's other columns by name, in lower case: for example ``iq`` and ``ci``
        (.ang), ``bc``, ``bs``, ``mad``, ``bands`` and ``error`` (.ctf). NaN where the
        point was not measured.
    grid : {'square', 'hexagonal'}, default='square'
        How the points lie.
    shifted_rows : {0, 1}, default=1
        On a hexagonal grid: whether the first, third ... rows (0) or the second, fourth
        ... (1) are those that begin half a step further to the right.
    header : dict of str
        The file's header, by its own words.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.ebsd import EBSDMap, Phase
    >>> y, x = np.indices((2, 3)) * 0.5
    >>> ebsd = EBSDMap(
    ...     phase_id=np.array([[1, 1, 1], [1, 1, 0]]),
    ...     euler_angles=np.zeros((2, 3, 3)), x=x, y=y, step=(0.5, 0.5),
    ...     phases={1: Phase("ferrite", "m-3m")},
    ... )
    >>> ebsd
    <EBSDMap of 2 x 3 points, square grid, step 0.5 x 0.5 um, 83.3 % indexed
      1 ferrite (m-3m): 5 points
      quality: none>
    """

    phase_id: np.ndarray
    euler_angles: np.ndarray
    x: np.ndarray
    y: np.ndarray
    step: tuple[float, float]
    phases: dict[int, Phase]
    quality: dict[str, np.ndarray] = field(default_factory=dict)
    grid: str = "square"
    shifted_rows: int = 1
    header: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        shape = self.phase_id.shape
        if len(shape) != 2 or self.euler_angles.shape != (*shape, 3):
            raise ValueError(
                "`phase_id` must have shape (height, width) and `euler_angles` shape "
                f"(height, width, 3). Received shapes {shape} and "
                f"{self.euler_angles.shape}."
            )
        if self.grid not in ("square", "hexagonal"):
            raise ValueError(
                f"`grid` must be 'square' or 'hexagonal'. Received: grid={self.grid!r}."
            )
        if unknown := set(np.unique(self.phase_id).tolist()) - {0, *self.phases}:
            raise ValueError(
                f"`phases` must name every number of `phase_id`. Received phases "
                f"{sorted(self.phases)}; {sorted(unknown)} are missing."
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in points."""
        return self.phase_id.shape[0], self.phase_id.shape[1]

    @property
    def is_indexed(self) -> np.ndarray:
        """Where the phase and the orientation are known, bool (height, width)."""
        return self.phase_id > 0

    def to_square(self, step: float | None = None) -> "EBSDMap":
        """Return the map on square pixels, each with the values of the nearest point.

        Parameters
        ----------
        step : float, default=None
            Side of a pixel in micrometres; by default the distance of rows, so that on
            a hexagonal grid none is lost.

        Returns
        -------
        EBSDMap
            On a square grid, with `step` equal on both axes. A map that is so already
            is returned itself.
        """
        side = self._check_step(step)
        if self.grid == "square" and np.allclose(self.step, side, rtol=1e-6):
            return self
        rows, columns = np.indices(self._square_shape(side)) * side
        left, top = float(np.min(self.x)), float(np.min(self.y))
        return replace(
            self,
            phase_id=self.resample(self.phase_id, side),
            euler_angles=self.resample(self.euler_angles, side),
            x=left + columns,
            y=top + rows,
            step=(side, side),
            quality={k: self.resample(v, side) for k, v in self.quality.items()},
            grid="square",
        )

    def resample(self, values: np.ndarray, step: float | None = None) -> np.ndarray:
        """Return values of the points, for example grain labels, on square pixels.

        What depends on neighbours is best computed on the map as it was measured, and
        resampled afterwards: doubled points are no neighbours.

        Parameters
        ----------
        values : ndarray of shape (height, width, ...)
            One value, or some, a point.
        step : float, default=None
            As in :meth:`to_square`.

        Returns
        -------
        ndarray of shape (new_height, new_width, ...)
            The values of the nearest points.
        """
        if values.shape[:2] != self.shape:
            raise ValueError(
                f"`values` must have shape {self.shape}, one a point. Received shape "
                f"{values.shape}."
            )
        side = self._check_step(step)
        row, column = self._nearest(*np.indices(self._square_shape(side)) * side)
        return values[row, column]

    def _check_step(self, step: float | None) -> float:
        if step is None:
            return float(self.step[0])
        if not 0 < step < np.inf:
            raise ValueError(
                "`step` must be a positive number of micrometres. Received: "
                f"step={step!r}."
            )
        return float(step)

    def _square_shape(self, side: float) -> tuple[int, int]:
        """Return how many pixels cover the points."""
        half = 0.5 * (self.grid == "hexagonal" and self.shape[0] > 1)
        extents = (self.shape[0] - 1, self.shape[1] - 1 + half)
        height, width = (
            int(n * step / side + 1e-6) + 1
            for n, step in zip(extents, self.step, strict=True)
        )
        return height, width

    def _nearest(self, y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return row and column of the point nearest to places from the corner on."""
        dy, dx = self.step
        best = np.full(y.shape, np.inf)
        found_row, found_column = np.zeros((2, *y.shape), int)
        for row in (np.floor(y / dy), np.floor(y / dy) + 1):
            row = np.clip(row, 0, self.shape[0] - 1).astype(int)
            is_shifted = (self.grid == "hexagonal") & (row % 2 == self.shifted_rows)
            shift = 0.5 * is_shifted
            column = np.rint(x / dx - shift).astype(int)
            column = np.clip(column, 0, self.shape[1] - 1)
            distance = (y - row * dy) ** 2 + (x - (column + shift) * dx) ** 2
            # The tiny part keeps the upper row where both are as far.
            nearer = distance < best - 1e-9 * dx**2
            best = np.where(nearer, distance, best)
            found_row = np.where(nearer, row, found_row)
            found_column = np.where(nearer, column, found_column)
        return found_row, found_column

    def __repr__(self) -> str:
        height, width = self.shape
        dy, dx = self.step
        share = 100 * np.mean(self.is_indexed)
        lines = [
            f"<EBSDMap of {height} x {width} points, {self.grid} grid, step {dy:.4g} x "
            f"{dx:.4g} um, {share:.1f} % indexed"
        ]
        for number, phase in self.phases.items():
            count = np.count_nonzero(self.phase_id == number)
            symmetry = phase.symmetry and phase.laue_group
            known = symmetry or "symmetry unknown"
            lines.append(f"  {number} {phase.name} ({known}): {count} points")
        lines.append(f"  quality: {', '.join(self.quality) or 'none'}>")
        return "\n".join(lines)

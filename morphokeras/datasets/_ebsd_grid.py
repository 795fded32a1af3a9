"""The grid of an orientation map, found in the coordinates of its points."""

from dataclasses import dataclass, field

import numpy as np

LARGEST_SHIFT = 0.25
"""How far a point may lie from its place on the grid, in steps."""


class OffGrid(ValueError):
    """Points do not form a grid; `row` is the first point that is wrong."""

    def __init__(self, message: str, row: int):
        super().__init__(message)
        self.row = row


@dataclass
class Stated:
    """What a header says of the grid: None where it says nothing."""

    dx: float | None = None
    dy: float | None = None
    width: int | None = None
    height: int | None = None
    grid: str | None = None


@dataclass
class Grid:
    """Where the points of a file lie.

    `index` is the flat index of each point, `x` and `y` are the places of all points of
    the grid, measured or not; `remarks` say where the header was wrong.
    """

    shape: tuple[int, int]
    step: tuple[float, float]
    kind: str
    shifted_rows: int
    index: np.ndarray
    x: np.ndarray
    y: np.ndarray
    remarks: list[str] = field(default_factory=list)


def find_grid(x: np.ndarray, y: np.ndarray, stated: Stated) -> Grid:
    """Find the grid of points from their coordinates.

    Coordinates may be rounded, points may be missing; the order of the points does not
    count, save that rows of a file in reading order are told apart even where their
    rounded coordinates are equal.

    Parameters
    ----------
    x, y : ndarray of shape (n_points,)
        Micrometres.
    stated : Stated
        What the header says: taken where the coordinates agree with it.

    Returns
    -------
    Grid

    Raises
    ------
    OffGrid
        If the points form no square and no hexagonal grid.
    """
    order, starts = _rows(x, y)
    row_x, row_y = x[order[starts]], y[order[starts]]
    lengths = np.diff([*starts, len(x)])
    dy, level = _levels(row_y, stated.dy)
    dx = _row_step(x[order], starts, lengths, stated.dx) or dy or stated.dx or 1.0
    dy = dy or stated.dy or dx
    left = x.min()
    is_shifted = np.abs((row_x - left) / dx % 1 - 0.5) < LARGEST_SHIFT
    parity = _shifted_parity(level, is_shifted)
    row = np.empty(len(x), int)
    row[order] = np.repeat(level, lengths)
    shift = 0.5 * (row % 2 == parity)
    column = np.rint((x - left) / dx - shift).astype(int)
    _check_places(x - left - (column + shift) * dx, y - y.min() - row * dy, dx, dy)
    shape = int(row.max()) + 1, int(column.max()) + 1
    index = row * shape[1] + column
    _check_once(index)
    all_rows, all_columns = np.indices(shape)
    places_x = left + (all_columns + 0.5 * (all_rows % 2 == parity)) * dx
    kind = "hexagonal" if parity in (0, 1) else "square"
    grid = Grid(
        shape=shape,
        step=(float(dy), float(dx)),
        kind=kind,
        shifted_rows=parity if kind == "hexagonal" else 1,
        index=index,
        x=places_x,
        y=y.min() + all_rows * dy,
    )
    grid.remarks = [*_header_remarks(grid, stated), *_missing_remarks(grid)]
    return grid


def _rows(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the order of the points by rows, and where each row starts in it."""
    order = np.arange(len(x))
    if (np.diff(y) < 0).any() or _starts(x, y).size > 2 * np.unique(y).size:
        order = np.lexsort((x, y))
    return order, _starts(x[order], y[order])


def _starts(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return where x falls back: there a row starts."""
    falls = (np.diff(x) < 0) | ((np.diff(x) == 0) & (np.diff(y) > 0))
    return np.concatenate([[0], np.flatnonzero(falls) + 1])


def _row_step(
    x: np.ndarray, starts: np.ndarray, lengths: np.ndarray, stated: float | None
) -> float | None:
    """Return the distance of points in a row; None if each row has one place only."""
    gaps = np.diff(x)
    if lengths.max() == 1 or not (gaps > 0).any():
        return None
    long = lengths >= max(2, lengths.max() / 2)
    first, count = starts[long], lengths[long] - 1
    mean = float(np.median((x[first + count] - x[first]) / count))
    usual = float(np.median(gaps[gaps > 0]))
    return _best_step(x - np.repeat(x[starts], lengths), stated, mean, usual)


def _levels(row_y: np.ndarray, stated: float | None) -> tuple[float | None, np.ndarray]:
    """Return the distance of rows, and the number of each."""
    if row_y[-1] <= row_y[0]:
        return None, np.zeros(len(row_y), int)
    offsets = row_y - row_y[0]
    gaps = np.diff(row_y)
    usual = float(np.median(gaps[gaps > 0]))
    step = _best_step(offsets, stated, float(offsets[-1] / len(gaps)), usual)
    return step, np.rint(offsets / step).astype(int)


def _best_step(
    offsets: np.ndarray, stated: float | None, mean: float, usual: float
) -> float:
    """Return the step that fits all distances from the first point of a line.

    The header's comes first, being free of rounding, then the mean distance, in which
    rounding cancels, then the usual one, for lines that lack points.
    """
    measured = [mean, usual]
    near = (
        [stated] if stated and min(abs(stated / m - 1) for m in measured) < 0.05 else []
    )
    for step in [*near, *measured]:
        steps = offsets / step
        if (np.abs(steps - np.rint(steps)) <= LARGEST_SHIFT).all():
            return step
    return mean


def _shifted_parity(level: np.ndarray, is_shifted: np.ndarray) -> int:
    """Return 0 or 1 if every other row is shifted, -1 if none is."""
    if not is_shifted.any():
        return -1
    parities = set((level[is_shifted] % 2).tolist())
    if len(parities) == 1 and not set((level[~is_shifted] % 2).tolist()) & parities:
        return parities.pop()
    return -1


def _check_places(off_x: np.ndarray, off_y: np.ndarray, dx: float, dy: float) -> None:
    """Refuse points that lie beside the grid."""
    beside = (np.abs(off_x) > LARGEST_SHIFT * dx) | (np.abs(off_y) > LARGEST_SHIFT * dy)
    if beside.any():
        raise OffGrid(
            f"its point does not lie on the grid of the others, with steps of {dy:.4g} "
            f"and {dx:.4g} micrometres in y and x ({beside.sum()} such points). A map "
            "must be a square or hexagonal grid along x and y.",
            int(np.argmax(beside)),
        )


def _check_once(index: np.ndarray) -> None:
    """Refuse two points at one place."""
    order = np.argsort(index, kind="stable")
    twice = np.flatnonzero(np.diff(index[order]) == 0)
    if twice.size:
        raise OffGrid(
            f"there is another point at its place ({twice.size} such points). Are two "
            "maps in one file?",
            int(order[twice + 1].min()),
        )


def _header_remarks(grid: Grid, stated: Stated) -> list[str]:
    """Say where the header is wrong."""
    remarks = []
    found = {
        "step in x": (stated.dx, grid.step[1]),
        "step in y": (stated.dy, grid.step[0]),
        "columns": (stated.width, grid.shape[1]),
        "rows": (stated.height, grid.shape[0]),
    }
    for name, (said, is_so) in found.items():
        if said is None:
            continue
        if abs(said - is_so) > (0.002 * is_so if name.startswith("step") else 0):
            remarks.append(f"the header says {said:g} for {name}, it is {is_so:.6g}")
    if stated.grid is not None and stated.grid != grid.kind:
        remarks.append(f"the header says {stated.grid}, the grid is {grid.kind}")
    return remarks


def _missing_remarks(grid: Grid) -> list[str]:
    """Say how many points of the grid are not in the file."""
    height, width = grid.shape
    present = np.zeros(height * width, bool)
    present[grid.index] = True
    present = present.reshape(grid.shape)
    # The rows of one kind may be a point shorter.
    for rows in (slice(0, None, 2), slice(1, None, 2)):
        if grid.kind == "hexagonal" and not present[rows, -1].any():
            present[rows, -1] = True
    if present.all():
        return []
    missing = int(np.count_nonzero(~present))
    where = ""
    in_last = int(np.count_nonzero(present[-1]))
    if present[:-1].all() and present[-1, :in_last].all():
        where = f": the last row holds {in_last} of {width}"
    return [f"{missing} points of the grid are missing{where}"]

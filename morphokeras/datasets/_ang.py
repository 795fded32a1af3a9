"""The ``.ang`` files of TSL and EDAX."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from morphokeras.datasets._ebsd_grid import Stated
from morphokeras.datasets._ebsd_text import (
    is_numeric,
    name_all_phases,
    phase_numbers,
    read_header,
    read_table,
)
from morphokeras.ebsd import Phase

COLUMNS = "phi1 phi phi2 x y iq ci phase sem fit".split()
FEWEST_COLUMNS = 8
NOT_INDEXED = 4 * np.pi - 0.01
"""Euler angles of 4 pi mark points that were not indexed."""

# The words of the header line COLUMN_HEADERS that are not those above.
OTHER_WORDS = {"phase_index": "phase", "phase_id": "phase"}


def read_ang(path: Path) -> dict:
    """Return the content of an ``.ang`` file, before its points are put on a grid.

    Parameters
    ----------
    path : Path
        A file.

    Returns
    -------
    dict
        ``points`` (DataFrame with phi1, phi, phi2, x, y, phase and qualities),
        ``phases`` (dict), ``is_indexed``, ``stated``, ``header``, ``unit`` of the
        angles, ``remarks``, ``n_header``, ``encoding``.

    Raises
    ------
    ValueError
        With the line, if a line cannot be read.
    """
    lines, encoding = read_header(
        path, lambda line: line.strip() != "" and not line.lstrip().startswith("#")
    )
    table, remarks = read_table(path, len(lines), encoding)
    header = _header(lines)
    points = table.set_axis(_names(table.shape[1], header, path), axis=1)
    column = phase_numbers(path, points["phase"], len(lines), encoding)
    numbers, phases = match_phases(column, _phases(lines), remarks)
    return {
        "points": points.assign(phase=numbers),
        "phases": phases,
        "is_indexed": has_orientation(points) & (numbers > 0),
        "stated": _stated(header),
        "header": header,
        "unit": "radians",
        "remarks": remarks,
        "n_header": len(lines),
        "encoding": encoding,
    }


def _header(lines: list[str]) -> dict[str, str]:
    """Return the header's entries; of the phases', the last."""
    entries = {}
    for line in lines:
        words = line.strip().lstrip("#").strip().split(None, 1)
        if words:
            entries[words[0].rstrip(":")] = "".join(words[1:]).strip()
    return entries


def _names(count: int, header: dict[str, str], path: Path) -> list[str]:
    """Return the names of the columns."""
    if count < FEWEST_COLUMNS:
        raise ValueError(
            f"{path}: an .ang file must have at least {FEWEST_COLUMNS} columns, "
            f"{', '.join(COLUMNS[:FEWEST_COLUMNS])}. It has {count}."
        )
    said = re.split(r"\s*,\s*", header.get("COLUMN_HEADERS", "").lower())
    said = [re.sub(r"\W+", "_", name) for name in said]
    said = [OTHER_WORDS.get(name, name) for name in said]
    needed = set(COLUMNS[:5]) | {"phase"}
    if len(said) == len(set(said)) == count and needed <= set(said):
        return said
    return COLUMNS[:count] + [f"extra_{i}" for i in range(1, count - len(COLUMNS) + 1)]


def _phases(lines: list[str]) -> dict[int, Phase]:
    """Return the phases of the header by its numbers."""
    found: dict[int, dict[str, str]] = {}
    entry: dict[str, str] = {}
    for line in lines:
        words = line.strip().lstrip("#").strip().split(None, 1)
        if len(words) == 2 and words[0].rstrip(":").lower() == "phase":
            entry = {}
            if (number := words[1].strip()).isdigit():
                found[int(number)] = entry
        elif words:
            entry.setdefault(words[0].rstrip(":"), "".join(words[1:]).strip())
    return {number: _phase(number, entry) for number, entry in found.items()}


def _phase(number: int, entry: dict[str, str]) -> Phase:
    words = entry.get("LatticeConstants", "").split()
    lattice = [float(word.replace(",", ".")) for word in words if is_numeric([word])]
    return Phase(
        name=entry.get("MaterialName") or f"phase {number}",
        symmetry=entry.get("Symmetry") or None,
        lattice=tuple(lattice[:6]) if len(lattice) >= 6 else None,
    )


def match_phases(
    numbers: np.ndarray, stated: dict[int, Phase], remarks: list[str]
) -> tuple[np.ndarray, dict[int, Phase]]:
    """Return the phase of each point, 0 for none, and the phases from 1 on.

    Files of one phase have 0 in the column whatever the header's number is; in those of
    several, 0 is no phase unless the header has one of that number.
    """
    present = sorted(set(numbers[numbers >= 0].tolist()))
    if len(stated) == 1 and len(present) == 1:
        number, phase = next(iter(stated.items()))
        number = max(number, 1)
        return np.where(numbers >= 0, number, 0), {number: phase}
    if 0 in stated or (not stated and 0 in present):
        numbers = numbers + 1
        stated = {number + 1: phase for number, phase in stated.items()}
    return np.maximum(numbers, 0), name_all_phases(numbers, stated, remarks)


def has_orientation(points: pd.DataFrame) -> np.ndarray:
    """Return which points have an orientation.

    TSL marks the others by a confidence index of -1 or by angles of 4 pi; points that a
    map was filled up with have zeros everywhere.
    """
    euler = points[["phi1", "phi", "phi2"]].to_numpy()
    known = np.isfinite(euler).all(axis=1) & ~(np.abs(euler - 4 * np.pi) < 0.01).any(1)
    filled = ~euler.any(axis=1)
    for name in ("iq", "ci"):
        if name in points:
            filled &= points[name].to_numpy() == 0
    if "ci" in points:
        known &= ~(points["ci"].to_numpy() < 0)
    return known & ~filled


def _stated(header: dict[str, str]) -> Stated:
    """Return what the header says of the grid."""
    widths = [_number(header.get(name)) for name in ("NCOLS_ODD", "NCOLS_EVEN")]
    height = _number(header.get("NROWS"))
    known = [int(width) for width in widths if width]
    kind = header.get("GRID", "").lower()
    return Stated(
        dx=_number(header.get("XSTEP")),
        dy=_number(header.get("YSTEP")),
        width=max(known) if known else None,
        height=int(height) if height else None,
        grid={"sqrgrid": "square", "hexgrid": "hexagonal"}.get(kind),
    )


def _number(text: str | None) -> float | None:
    """Return a positive number, or None if the text is none."""
    try:
        value = float((text or "").replace(",", "."))
    except ValueError:
        return None
    return value if 0 < value < np.inf else None

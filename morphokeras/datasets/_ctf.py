"""The ``.ctf`` files of Oxford Instruments, formerly HKL."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from morphokeras.datasets._ang import _number
from morphokeras.datasets._ebsd_grid import Stated
from morphokeras.datasets._ebsd_text import (
    is_numeric,
    name_all_phases,
    phase_numbers,
    read_header,
    read_table,
)
from morphokeras.ebsd import LAUE_GROUPS, Phase, laue_group

COLUMNS = "phase x y bands error euler1 euler2 euler3 mad bc bs".split()
NEEDED = ("phase", "x", "y", "euler1", "euler2", "euler3")
ANGLES = {"euler1": "phi1", "euler2": "phi", "euler3": "phi2"}


def read_ctf(path: Path) -> dict:
    """Return the content of a ``.ctf`` file, before its points are put on a grid.

    Parameters
    ----------
    path : Path
        A file.

    Returns
    -------
    dict
        As `read_ang` does.

    Raises
    ------
    ValueError
        With the line, if a line cannot be read.
    """
    lines, encoding = read_header(path, _is_data)
    table, remarks = read_table(path, len(lines), encoding)
    names, more = _names(lines, table.shape[1], path)
    points = table.set_axis(names, axis=1).rename(columns=ANGLES)
    numbers = phase_numbers(path, points["phase"], len(lines), encoding)
    phases = name_all_phases(numbers, _phases(lines), remarks, x_axis="a*")
    header = _header(lines)
    euler = points[list(ANGLES.values())].to_numpy()
    return {
        "points": points.assign(phase=np.maximum(numbers, 0)),
        "phases": phases,
        "is_indexed": (numbers > 0) & np.isfinite(euler).all(axis=1),
        "stated": _stated(header),
        "header": header,
        "unit": "degrees",
        "remarks": remarks + more,
        "n_header": len(lines),
        "encoding": encoding,
    }


def _is_data(line: str) -> bool:
    fields = line.split()
    return len(fields) >= len(NEEDED) and is_numeric(fields)


def _names(lines: list[str], count: int, path: Path) -> tuple[list[str], list[str]]:
    """Return the names of the columns, and what is to be said of them."""
    said = lines[-1].lower().split() if lines else []
    if not set(NEEDED) <= set(said):
        if count != len(COLUMNS):
            raise ValueError(
                f"{path}: no line names the columns (Phase, X, Y ...), and there are "
                f"{count} instead of the usual {len(COLUMNS)}, {', '.join(COLUMNS)}. "
                "Add that line before the data."
            )
        return list(COLUMNS), ["no line names the columns; the usual order was taken"]
    if len(said) == count:
        return said, []
    rest = said[count:]
    if count < len(said) and not set(rest) & set(NEEDED):
        return said[:count], [
            f"{len(said)} columns are named and {count} are there; those named last "
            f"were taken as missing: {', '.join(rest)}"
        ]
    raise ValueError(
        f"{path}, line {len(lines)}: it names {len(said)} columns, and the data have "
        f"{count}. Correct the line."
    )


def _phases(lines: list[str]) -> dict[int, Phase]:
    """Return the phases of the header, numbered from 1."""
    phases: dict[int, Phase] = {}
    for line in lines:
        fields = [field.strip() for field in line.strip().split("\t")]
        if len(fields) < 3:
            fields = line.split()
        lengths, angles = (
            [_number(v) for v in f.split(";")] for f in [*fields, "", ""][:2]
        )
        if len(lengths) == len(angles) == 3 and all(lengths) and all(angles):
            number = len(phases) + 1
            values = tuple(float(v) for v in [*lengths, *angles] if v is not None)
            phases[number] = _phase(number, fields[2:], values)
    return phases


def _phase(number: int, fields: list[str], lattice: tuple[float, ...]) -> Phase:
    name, laue, space = [*fields, "", "", ""][:3]
    group = int(space) if space.isdigit() and 0 < int(space) <= 230 else None
    symmetry = None
    if laue.isdigit() and 0 < int(laue) <= len(LAUE_GROUPS):
        symmetry = LAUE_GROUPS[int(laue) - 1]
    elif group is not None:
        symmetry = laue_group(group)
    return Phase(name or f"phase {number}", symmetry, lattice, group, x_axis="a*")


def _header(lines: list[str]) -> dict[str, str]:
    """Return the header's entries; those of the microscope's line each by itself."""
    entries = {}
    for line in lines:
        fields = [field.strip() for field in re.split(r"\t", line)]
        if len(fields) == 1:
            fields = line.split(None, 1)
        if len(fields) == 2:
            entries[fields[0]] = fields[1]
        elif fields and fields[0].startswith("Euler angles"):
            entries |= dict(zip(fields[1::2], fields[2::2], strict=False))
    return entries


def _stated(header: dict[str, str]) -> Stated:
    """Return what the header says of the grid."""
    width, height = (_number(header.get(name)) for name in ("XCells", "YCells"))
    return Stated(
        dx=_number(header.get("XStep")),
        dy=_number(header.get("YStep")),
        width=int(width) if width else None,
        height=int(height) if height else None,
    )


def quality_columns(points: pd.DataFrame) -> list[str]:
    """Return the names of the columns that are no places, angles or phases."""
    return [
        n for n in points.columns if n not in ("x", "y", "phi1", "phi", "phi2", "phase")
    ]

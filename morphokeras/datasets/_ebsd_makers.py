"""Orientation maps in the HDF5 files of Oxford Instruments and EDAX."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from morphokeras.datasets._ang import has_orientation, match_phases
from morphokeras.datasets._ebsd_grid import Stated
from morphokeras.datasets._ebsd_text import name_all_phases
from morphokeras.ebsd import LAUE_GROUPS, Phase, laue_group

OXFORD = {"Phase", "Euler"}
EDAX = {"Phase", "Phi1", "Phi", "Phi2", "X Position", "Y Position"}
GRIDS = {"SqrGrid": "square", "HexGrid": "hexagonal"}
# Names of the makers' text files, where those have the same column.
SHORT = {
    "band_contrast": "bc",
    "band_slope": "bs",
    "mean_angular_deviation": "mad",
    "sem_signal": "sem",
}


def read_makers_hdf5(path: Path, key: str | None) -> dict | None:
    """Return the content of a file of Oxford Instruments or EDAX.

    Parameters
    ----------
    path : Path
        A file.
    key : str or None
        Which map, if there are several.

    Returns
    -------
    dict or None
        As `read_ang` does, but for ``n_header`` and ``encoding``. None if the file
        holds no such map.

    Raises
    ------
    ValueError
        If it is no HDF5 file, if the map is not chosen, or if its columns differ in
        length.
    """
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            "HDF5 files are read by h5py, which is not installed. Install it with "
            "`pip install h5py`, or export the map as .ang or .ctf."
        ) from error
    try:
        with h5py.File(path, "r") as file:
            maps = dict(_maps(file))
            if not maps:
                return None
            group = maps[_chosen(path, list(maps), key)]
            columns = _columns(path, group["Data"])
            header = group["Header"] if "Header" in group else {}
            read = _oxford if set(group["Data"]) >= OXFORD else _edax
            return read(columns, header)
    except OSError as error:
        raise ValueError(f"{path} cannot be read as HDF5: {error}.") from error


def _maps(file: Any) -> Iterator[tuple[str, Any]]:
    """Yield the groups of orientation maps by their names."""
    names: list[str] = []
    file.visit(names.append)
    for name in names:
        if name == "EBSD/Data" or name.endswith("/EBSD/Data"):
            columns = set(file[name])
            if columns >= OXFORD or columns >= EDAX:
                own = name.removesuffix("/Data")
                yield own.removesuffix("EBSD").strip("/") or "EBSD", file[own]


def _chosen(path: Path, names: list[str], key: str | None) -> str:
    """Return the wanted name, or the only one there is."""
    if key is None and len(names) == 1:
        return names[0]
    if key not in names:
        raise ValueError(
            f"`key` must name one of the {len(names)} maps of {path}: "
            f"{', '.join(names)}. Received: key={key!r}."
        )
    return key


def _columns(path: Path, data: Any) -> dict[str, np.ndarray]:
    """Return what has one value a point, and the Euler angles; no patterns."""
    number = data["Phase"].size
    columns = {}
    for name, values in data.items():
        shape: tuple[int, ...] = getattr(values, "shape", ())
        is_column = len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)
        if name != "Euler" and not (is_column and values.dtype.kind in "biuf"):
            continue
        if shape[0] != number or (name == "Euler" and shape != (number, 3)):
            raise ValueError(
                f"{path}, {values.name}: its shape is {shape}, and Phase has {number} "
                "points. Is the file whole? Export the map again."
            )
        kind = np.int64 if values.dtype.kind in "biu" else np.float64
        columns[name] = np.asarray(values[()], kind).reshape(number, *shape[1:])
    return columns


def _oxford(columns: dict[str, np.ndarray], header: Any) -> dict:
    """Return the content of a map of Oxford Instruments (``.h5oina``).

    The format's specification, https://github.com/oinanoanalysis/h5oina, has angles in
    radians, the phase 0 where not indexed, and the crystal's x across b and c.
    """
    euler = columns.pop("Euler")
    stated = Stated(
        dx=_number(header, "X Step"),
        dy=_number(header, "Y Step"),
        width=_whole(header, "X Cells"),
        height=_whole(header, "Y Cells"),
    )
    place = np.arange(len(euler))
    width = stated.width or len(euler)
    points = {
        "phi1": euler[:, 0],
        "phi": euler[:, 1],
        "phi2": euler[:, 2],
        "x": columns.pop("X", place % width * (stated.dx or 1.0)),
        "y": columns.pop("Y", place // width * (stated.dy or 1.0)),
        "phase": columns.pop("Phase"),
        **_qualities(columns),
    }
    if "mad" in points:  # degrees, as in .ctf files
        points["mad"] = np.rad2deg(points["mad"])
    table = _inside(pd.DataFrame({k: v.ravel() for k, v in points.items()}))
    numbers = table["phase"].to_numpy()
    remarks: list[str] = []
    phases = name_all_phases(numbers, dict(_oxford_phases(header)), remarks, "a*")
    angles = table[["phi1", "phi", "phi2"]].to_numpy()
    return {
        "points": table,
        "phases": phases,
        "is_indexed": (numbers > 0) & np.isfinite(angles).all(axis=1),
        "stated": stated,
        "header": _entries(header),
        "unit": "radians",
        "remarks": remarks,
    }


def _edax(columns: dict[str, np.ndarray], header: Any) -> dict:
    """Return the content of a map of EDAX; its conventions are those of ``.ang``."""
    points = {
        "phi1": columns.pop("Phi1"),
        "phi": columns.pop("Phi"),
        "phi2": columns.pop("Phi2"),
        "x": columns.pop("X Position"),
        "y": columns.pop("Y Position"),
        "phase": columns.pop("Phase"),
        **_qualities(columns),
    }
    table = _inside(pd.DataFrame({k: v.ravel() for k, v in points.items()}))
    stated = Stated(
        dx=_number(header, "Step X"),
        dy=_number(header, "Step Y"),
        width=_whole(header, "nColumns"),
        height=_whole(header, "nRows"),
        grid=GRIDS.get(_text(header, "Grid Type")),
    )
    remarks: list[str] = []
    numbers, phases = match_phases(
        table["phase"].to_numpy(), dict(_edax_phases(header)), remarks
    )
    return {
        "points": table.assign(phase=numbers),
        "phases": phases,
        "is_indexed": has_orientation(table) & (numbers > 0),
        "stated": stated,
        "header": _entries(header),
        "unit": "radians",
        "remarks": remarks,
    }


def _entries(header: Any) -> dict[str, str]:
    """Return the header's own entries as texts."""
    texts = {name: _text(header, name) for name in header}
    return {name: text for name, text in texts.items() if text}


def _inside(points: pd.DataFrame) -> pd.DataFrame:
    """Return the points that were measured; the others have no coordinates.

    Oxford Instruments marks these by NaN, EDAX by -1111111.
    """
    places = points[["x", "y"]].to_numpy()
    is_known = np.isfinite(places).all(axis=1) & (places > -1111110).all(axis=1)
    return points[is_known].reset_index(drop=True)


def _qualities(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the other columns by names such as ``ci`` and ``band_slope``."""
    names = {name: re.sub(r"\W+", "_", name.lower()) for name in columns}
    return {
        SHORT.get(names[name], names[name]): values.astype(float)
        for name, values in columns.items()
    }


def _oxford_phases(header: Any) -> Iterator[tuple[int, Phase]]:
    for number, group in _numbered(header, "Phases"):
        lengths, angles = (
            _values(group, f"Lattice {name}") for name in ("Dimensions", "Angles")
        )
        space = _whole(group, "Space Group")
        is_known = len(lengths) == len(angles) == 3
        degrees = [float(f"{v:.6g}") for v in np.rad2deg(angles)]
        lattice = (*lengths, *degrees) if is_known else None
        yield (
            number,
            Phase(
                _text(group, "Phase Name") or f"phase {number}",
                _oxford_symmetry(group, space),
                lattice,
                space,
                x_axis="a*",
            ),
        )


def _oxford_symmetry(group: Any, space: int | None) -> str | None:
    """Return the Laue group: the number is that of ``.ctf`` files."""
    number = _whole(group, "Laue Group")
    if number is not None and number <= len(LAUE_GROUPS):
        return LAUE_GROUPS[number - 1]
    return None if space is None else laue_group(space)


def _edax_phases(header: Any) -> Iterator[tuple[int, Phase]]:
    names = "a b c alpha beta gamma".split()
    for number, group in _numbered(header, "Phase"):
        lattice = [
            v for n in names for v in _values(group, f"Lattice Constant {n}")[:1]
        ]
        symmetry = _whole(group, "Symmetry")
        yield (
            number,
            Phase(
                _text(group, "MaterialName") or f"phase {number}",
                None if symmetry is None else str(symmetry),
                tuple(lattice) if len(lattice) == len(names) else None,
            ),
        )


def _numbered(header: Any, name: str) -> list[tuple[int, Any]]:
    """Return the groups of a group that bear a number, in its order."""
    groups = header[name] if name in header else {}
    return sorted((int(key), groups[key]) for key in groups if key.isdigit())


def _values(group: Any, name: str) -> list[float]:
    """Return the numbers of a dataset; none if there is no such."""
    kind = getattr(group[name], "dtype", np.dtype("O")).kind if name in group else "O"
    if kind not in "biuf":
        return []
    # Single precision has seven digits: 0.3 and not 0.30000001.
    return [float(f"{v:.7g}") for v in np.ravel(group[name][()]).astype(float)]


def _number(group: Any, name: str) -> float | None:
    """Return a positive number, or None."""
    values = _values(group, name)
    return values[0] if len(values) == 1 and 0 < values[0] < np.inf else None


def _whole(group: Any, name: str) -> int | None:
    value = _number(group, name)
    return None if value is None else int(value)


def _text(group: Any, name: str) -> str:
    """Return a dataset of one entry as text; of others and of groups, none."""
    if name not in group or getattr(group[name], "size", 0) != 1:
        return ""
    value = np.ravel(group[name][()])[0]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    return str(value).strip()

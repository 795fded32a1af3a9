"""Loading of orientation maps from electron backscatter diffraction."""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from morphokeras.datasets._ang import NOT_INDEXED, read_ang
from morphokeras.datasets._ctf import quality_columns, read_ctf
from morphokeras.datasets._ebsd_grid import OffGrid, find_grid
from morphokeras.datasets._ebsd_hdf5 import read_hdf5
from morphokeras.datasets._ebsd_makers import read_makers_hdf5
from morphokeras.datasets._ebsd_text import line_of_row, place
from morphokeras.ebsd import EBSDMap, Phase, laue_group

HDF5_SUFFIXES = (".h5", ".hdf5", ".h5ebsd", ".h5oina")


def load_ebsd(
    path: str | Path,
    *,
    phases: Mapping[int, str | Phase] | None = None,
    angle_unit: str | None = None,
    key: str | None = None,
) -> EBSDMap:
    """Load an orientation map from an ``.ang``, ``.ctf`` or HDF5 file.

    Parameters
    ----------
    path : str or Path
        The file; its suffix, in either case, says what it is: ``.ang`` (TSL, EDAX),
        ``.ctf`` (Oxford Instruments), or ``.h5``, ``.hdf5``, ``.h5ebsd``, ``.h5oina``.
        Of the latter, those of Oxford Instruments and EDAX are read as they are; those
        of Bruker, EMsoft and orix by orix: ``pip install "morphokeras[ebsd]"``.
    phases : dict of str or Phase, default=None
        Point groups, such as ``{1: "m-3m"}``, or whole phases, that take the place of
        what the file says; for files without a header.
    angle_unit : {'radians', 'degrees'}, default=None
        Unit of the Euler angles in the file. By default radians in ``.ang`` files,
        unless an angle is beyond the circle, degrees in ``.ctf`` files and radians in
        HDF5 files.
    key : str, default=None
        Which map of an HDF5 file of Oxford Instruments or EDAX, by the name of its
        group such as ``"1"`` or ``"Scan 2"``; needed if there are several.

    Returns
    -------
    EBSDMap
        Phases, Euler angles in radians, coordinates and step in micrometres, and the
        file's qualities, as images. Points that were not indexed, or are missing in the
        file, have the phase 0 and no angles.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If the file is HDF5, and h5py or, where it is needed, orix is not installed.
    TypeError
        If `phases` is no dict of point groups or phases.
    ValueError
        If the file is of another kind, or cannot be read right: with line and reason.

    Warns
    -----
    UserWarning
        If the file is mended: a header that disagrees with the coordinates, missing
        points, a last line cut short, columns without a name, phases that the header
        does not name.

    Notes
    -----
    The size, the step and the kind of the grid are those of the coordinates; the header
    is compared with them. Phases are numbered as in the file, save that 0 always stands
    for no phase: where an ``.ang`` file has a phase 0, all numbers are raised by one,
    or, if it has only one phase, that has the header's number, 1 at least. Points of
    ``.ang`` files and of EDAX's HDF5 files are not indexed if the confidence index is
    negative, an angle is 4 pi or no number, or angles, image quality and confidence
    index all are 0. The mean angular deviation, ``mad``, is in degrees always.

    Euler angles are not changed save for their unit: they refer to the sample axes that
    the maker's program used, which need not be those of the map's x and y.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from morphokeras.datasets import load_ebsd
    >>> rows = [f"0.1 0.2 0.3 {x} {y} 99 0.9 1" for y in (0, 0.5) for x in (0, 0.5, 1)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "map.ang")
    ...     _ = path.write_text(chr(10).join(rows))
    ...     ebsd = load_ebsd(path, phases={1: "m-3m"})
    >>> ebsd
    <EBSDMap of 2 x 3 points, square grid, step 0.5 x 0.5 um, 100.0 % indexed
      1 phase 1 (m-3m): 6 points
      quality: iq, ci>
    """
    path = Path(path)
    if angle_unit not in (None, "radians", "degrees"):
        raise ValueError(
            "`angle_unit` must be None, 'radians' or 'degrees'. Received: "
            f"angle_unit={angle_unit!r}."
        )
    if not path.is_file():
        found = "A folder" if path.is_dir() else "Nothing"
        raise FileNotFoundError(f"`path` must be a file. {found} is at {path}.")
    _check_given(phases)
    ebsd = _read(path, angle_unit, key)
    return replace(ebsd, phases=_with_given(ebsd.phases, phases or {}))


def _read(path: Path, angle_unit: str | None, key: str | None) -> EBSDMap:
    """Read a file as its suffix says."""
    suffix = path.suffix.lower()
    if suffix in HDF5_SUFFIXES:
        content = read_makers_hdf5(path, key)
        if content is None:
            return read_hdf5(path)
    elif suffix in (".ang", ".ctf"):
        content = (read_ang if suffix == ".ang" else read_ctf)(path)
    else:
        raise ValueError(
            f"`path` must end in .ang, .ctf, {', '.join(HDF5_SUFFIXES)}. Received: "
            f"path={str(path)!r}. Export the map as one of these."
        )
    return _on_grid(path, content, angle_unit)


def _on_grid(path: Path, content: dict, angle_unit: str | None) -> EBSDMap:
    """Put the points of a file on their grid."""
    points, remarks = content["points"], content["remarks"]
    places = points[["x", "y"]].to_numpy(float)
    if not np.isfinite(places).all():
        row = int(np.argmin(np.isfinite(places).all(axis=1)))
        raise ValueError(
            f"{_spot(path, content, row)}: its coordinates are no numbers."
        )
    try:
        grid = find_grid(places[:, 0], places[:, 1], content["stated"])
    except OffGrid as error:
        raise ValueError(f"{_spot(path, content, error.row)}: {error}") from None
    is_indexed = content["is_indexed"]
    euler = points[["phi1", "phi", "phi2"]].to_numpy()
    euler = _as_radians(euler, is_indexed, content["unit"], angle_unit, remarks)
    _warn(path, remarks + grid.remarks)
    numbers = np.where(is_indexed, points["phase"], 0).astype(np.int32)
    euler = np.where(is_indexed[:, np.newaxis], euler, np.nan)
    for image, column in ((grid.x, "x"), (grid.y, "y")):
        image.ravel()[grid.index] = points[column]
    return EBSDMap(
        phase_id=place(numbers, grid.index, grid.shape, 0),
        euler_angles=place(euler, grid.index, grid.shape, np.nan),
        x=grid.x,
        y=grid.y,
        step=grid.step,
        phases=content["phases"],
        quality={
            name: place(points[name].to_numpy(), grid.index, grid.shape, np.nan)
            for name in quality_columns(points)
        },
        grid=grid.kind,
        shifted_rows=grid.shifted_rows,
        header=content["header"],
    )


def _spot(path: Path, content: dict, row: int) -> str:
    """Return where in a file a point is."""
    if "encoding" not in content:
        return f"{path}, point {row + 1}"
    line = line_of_row(path, content["n_header"], content["encoding"], row)
    return f"{path}, line {line}"


def _as_radians(
    euler: np.ndarray,
    is_indexed: np.ndarray,
    usual: str,
    given: str | None,
    remarks: list[str],
) -> np.ndarray:
    """Return angles in radians; add to the remarks where the unit is in doubt."""
    unit = given or usual
    greatest = np.abs(euler[is_indexed]).max(axis=0, initial=0.0)
    if given is None and usual == "radians" and greatest.max() > NOT_INDEXED:
        remarks.append(
            f"Euler angles go up to {greatest.max():.4g}: they were taken as degrees "
            '(`angle_unit="radians"` forbids it)'
        )
        unit = "degrees"
    within = 0 < greatest.max() <= 2 * np.pi and greatest[1] <= np.pi
    if given is None and usual == "degrees" and within and is_indexed.sum() > 1:
        remarks.append(
            f"no Euler angle is above {greatest.max():.4g} degrees: if they are "
            'radians, give `angle_unit="radians"`'
        )
    return np.deg2rad(euler) if unit == "degrees" else euler


def _warn(path: Path, remarks: list[str]) -> None:
    if remarks:
        warnings.warn(
            f"{path} was read with corrections: {'; '.join(remarks)}.",
            UserWarning,
            stacklevel=5,
        )


def _check_given(phases: object) -> None:
    is_dict = phases is None or isinstance(phases, Mapping)
    values = phases.values() if isinstance(phases, Mapping) else ()
    if not is_dict or not all(isinstance(v, str | Phase) for v in values):
        raise TypeError(
            "`phases` must be a dict of point groups or of `Phase` by number, for "
            f'example {{1: "m-3m"}}. Received: phases={phases!r}.'
        )


def _with_given(
    found: dict[int, Phase], given: Mapping[int, str | Phase]
) -> dict[int, Phase]:
    """Return phases with what the user says of them."""
    if unknown := set(given) - set(found):
        raise ValueError(
            f"`phases` must name phases of the map, {sorted(found)}. Received: "
            f"{sorted(unknown)}."
        )
    phases = dict(found)
    for number, value in given.items():
        if isinstance(value, str):
            laue_group(value)
            value = replace(phases[number], symmetry=value)
        phases[number] = value
    return phases

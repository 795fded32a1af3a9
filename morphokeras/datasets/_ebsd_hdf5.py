"""Orientation maps in HDF5 files, read by orix."""

from pathlib import Path

import numpy as np

from morphokeras.datasets._ebsd_grid import Stated, find_grid
from morphokeras.datasets._ebsd_text import place
from morphokeras.ebsd import EBSDMap, Phase


def read_hdf5(path: Path) -> EBSDMap:
    """Return the map of an HDF5 file of Bruker, EMsoft or orix.

    Parameters
    ----------
    path : Path
        A file.

    Returns
    -------
    EBSDMap

    Raises
    ------
    ImportError
        If orix is not installed.
    ValueError
        If orix does not know the file, or it holds no map of two axes.
    """
    try:
        from orix.io import load
    except ImportError as error:
        raise ImportError(
            "EBSD maps in HDF5 files are read by orix, which is not installed. Install "
            'it with `pip install "morphokeras[ebsd]"`, or export the map as .ang or '
            ".ctf."
        ) from error
    try:
        crystal_map = load(str(path))
    except Exception as error:  # of a layout that it does not know, it raises all sorts
        raise ValueError(
            f"{path} holds no orientation map that can be read: it is none of Oxford "
            "Instruments (.h5oina) or EDAX (OIM), and orix, which reads those of "
            f"Bruker, EMsoft and its own, fails ({type(error).__name__}: {error}). "
            "Export the map as .ang or .ctf."
        ) from error
    return from_crystal_map(crystal_map)


def from_crystal_map(crystal_map) -> EBSDMap:
    """Return an orix ``CrystalMap`` as an `EBSDMap`."""
    x, y = crystal_map.x, crystal_map.y
    if x is None or y is None:
        raise ValueError("The map must have the two axes x and y. It is a line.")
    grid = find_grid(np.asarray(x, float), np.asarray(y, float), Stated())
    present = {int(n): p for n, p in crystal_map.phases if n >= 0}
    raised = 0 in present
    numbers = np.asarray(crystal_map.phase_id) + raised
    numbers = np.where(crystal_map.is_indexed, numbers, 0)
    rotations = crystal_map.rotations
    first = rotations[:, 0] if rotations.ndim > 1 else rotations
    euler = np.where(numbers[:, np.newaxis] > 0, first.to_euler(), np.nan)
    quality = {
        name.lower(): np.asarray(values, float)
        for name, values in crystal_map.prop.items()
        if np.asarray(values).shape == numbers.shape
    }
    return EBSDMap(
        phase_id=place(numbers.astype(np.int32), grid.index, grid.shape, 0),
        euler_angles=place(euler, grid.index, grid.shape, np.nan),
        x=grid.x,
        y=grid.y,
        step=grid.step,
        phases={n + raised: _phase(phase) for n, phase in present.items()},
        quality={
            k: place(v, grid.index, grid.shape, np.nan) for k, v in quality.items()
        },
        grid=grid.kind,
        shifted_rows=grid.shifted_rows,
    )


def _phase(phase) -> Phase:
    lattice = phase.structure.lattice
    group = phase.space_group.number if phase.space_group is not None else None
    # orix has the crystal's x axis parallel to a.
    return Phase(
        name=phase.name or "phase",
        symmetry=phase.point_group.laue.name if phase.point_group is not None else None,
        lattice=tuple(float(v) for v in lattice.abcABG()),
        space_group=group,
    )

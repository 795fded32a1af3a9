"""Loading of volumes and label maps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from morphokeras.datasets._volume_files import (
    READERS,
    SLICE_SUFFIXES,
    read_folder,
    read_raw,
    read_slice,
)
from morphokeras.datasets._vti import read_vti
from morphokeras.utils.validation import AXES, check_size

Scale = float | Sequence[float]


def load_volume(
    path: str | Path,
    *,
    key: str | None = None,
    shape: Sequence[int] | None = None,
    dtype: Any = None,
    offset: int = 0,
    um_per_px: Scale | None = None,
    spatial_dims: int = 3,
    verbose: int = 0,
) -> Bunch:
    """Load a volume, or a label map, with the size of its voxels.

    Read are TIFF stacks, folders of slices (TIFF, PNG, BMP, JPEG; ``slice_2`` comes
    before ``slice_10``), ``.npy`` and ``.npz``, HDF5 files (with h5py), the ``.vti``
    files of :func:`save_volume`, and files of bare numbers.

    Parameters
    ----------
    path : str or Path
        File or folder.
    key : str, default=None
        Which array of an ``.npz``, HDF5 or ``.vti`` file; needed if there are several.
    shape : sequence of int, default=None
        Depth, height and width of a file of bare numbers, the last axis being the one
        that runs fastest.
    dtype : dtype, default=None
        Type of bare numbers, such as ``"uint8"`` or, with the greatest byte first,
        ``">u2"``.
    offset : int, default=0
        Bytes before the bare numbers.
    um_per_px : float or sequence of float, default=None
        Micrometres a voxel, of all axes or of each, in place of what the file says.
    spatial_dims : {2, 3}, default=3
        2 for a single map, which may be a PNG, BMP or JPEG file too.
    verbose : int, default=0
        Above 0, show a progress bar over slices.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the items

        volume : ndarray of shape (depth, height, width)
            Values as stored: labels stay integers, and nothing is scaled.
        um_per_px : ndarray of shape (3,)
            Micrometres a voxel along each axis; NaN where unknown.
        filenames : list of str
            The slices of a folder in their order, or the file.

        With ``spatial_dims=2`` without the depth.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    ImportError
        If the file is HDF5 and h5py is not installed.
    ValueError
        If the file is of no known kind or cut short, has other axes, another number of
        bytes than `shape` and `dtype` need, or slices of different sizes, which are
        named.

    Notes
    -----
    Sizes of TIFF files are, in this order, those of the microscope (FEI, Zeiss), of OME
    or ImageJ metadata, and of the resolution tags, unless these hold a resolution of
    screens or printers, such as 72 or 300 dots per inch.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from morphokeras.datasets import load_volume
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "pores.raw")
    ...     np.zeros((4, 5, 6), "uint8").tofile(path)
    ...     data = load_volume(path, shape=(4, 5, 6), dtype="uint8", um_per_px=2.5)
    >>> data.volume.shape, data.um_per_px.tolist()
    ((4, 5, 6), [2.5, 2.5, 2.5])
    """
    path = Path(path)
    if spatial_dims not in AXES:
        raise ValueError(
            f"`spatial_dims` must be 2 or 3. Received: spatial_dims={spatial_dims!r}."
        )
    if not path.exists():
        raise FileNotFoundError(
            f"`path` must be a file or a folder of slices. Nothing is at {path}."
        )
    names = [path.name]
    if path.is_dir():
        volume, size, names = read_folder(path, verbose)
    elif shape is not None or dtype is not None:
        volume = _read_bare(path, shape, dtype, offset, spatial_dims)
        size = (np.nan,) * 3
    else:
        volume, size = _read_file(path, key, spatial_dims)
    if spatial_dims == 2 and volume.ndim == 3 and volume.shape[0] == 1:
        volume = volume[0]
    _check_axes(volume, path, spatial_dims)
    known = np.array(size[-spatial_dims:])
    if um_per_px is not None:
        known = check_scale(um_per_px, spatial_dims)
    return Bunch(volume=volume, um_per_px=known, filenames=names)


def check_scale(um_per_px: Scale, spatial_dims: int) -> np.ndarray:
    """Return micrometres a pixel along each axis."""
    single = isinstance(um_per_px, int | float | np.number)
    values = [um_per_px] * spatial_dims if single else list(um_per_px)  # type: ignore[arg-type]
    is_size = [
        isinstance(v, int | float | np.number) and 0 < v < np.inf for v in values
    ]
    if len(values) != spatial_dims or not all(is_size):
        axes = AXES[spatial_dims].replace("n, ", "")
        raise ValueError(
            "`um_per_px` must be a positive number of micrometres, or one for each of "
            f"{axes}. Received: um_per_px={um_per_px!r}."
        )
    return np.array(values, float)


def _read_bare(
    path: Path,
    shape: Sequence[int] | None,
    dtype: Any,
    offset: int,
    spatial_dims: int,
) -> np.ndarray:
    """Read bare numbers, whose shape and type the user gives."""
    if shape is None or dtype is None:
        raise ValueError(
            "A file of bare numbers needs both `shape` and `dtype`. Received: "
            f"shape={shape!r}, dtype={dtype!r}."
        )
    if not isinstance(offset, int | np.integer) or offset < 0:
        raise ValueError(
            f"`offset` must be a number of bytes, 0 or more. Received: {offset!r}."
        )
    return read_raw(path, check_size(shape, spatial_dims), dtype, int(offset))


def _read_file(path: Path, key: str | None, spatial_dims: int):
    """Read a file that says by itself what it holds."""
    suffix = path.suffix.lower()
    if suffix == ".vti":
        return read_vti(path, key)
    if suffix in SLICE_SUFFIXES and suffix not in READERS:
        return _read_picture(path, spatial_dims)
    if suffix not in READERS:
        raise ValueError(
            f"`path` must end in {', '.join(READERS)} or .vti, or be a folder of "
            "slices; for a file of bare numbers give `shape` and `dtype`. Received: "
            f"path={str(path)!r}."
        )
    return READERS[suffix](path, key)


def _read_picture(path: Path, spatial_dims: int):
    """Read a label map from a file of one image."""
    if spatial_dims == 3:
        raise ValueError(
            f"{path} is one image. Give the folder of all slices, or `spatial_dims=2` "
            "for a single map."
        )
    try:
        return read_slice(path)
    except Exception as error:  # decoders raise what they like
        raise ValueError(f"{path} cannot be read as a map: {error}.") from error


def _check_axes(volume: np.ndarray, path: Path, spatial_dims: int) -> None:
    if volume.dtype.kind not in "biuf":
        raise ValueError(f"{path} holds {volume.dtype}, no real numbers.")
    if volume.ndim == spatial_dims and 0 not in volume.shape:
        return
    axes = AXES[spatial_dims].replace("n, ", "")
    other = 5 - spatial_dims
    hint = f" Give `spatial_dims={other}`." if volume.ndim == other else ""
    raise ValueError(
        f"{path} must hold one array of shape {axes}. Its shape is {volume.shape}."
        f"{hint}"
    )

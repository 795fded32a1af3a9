"""Saving of volumes, images and label maps for other programs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tifffile

from morphokeras.datasets._volume_files import SIZE_KEY
from morphokeras.datasets._vti import NAMES, write_vti
from morphokeras.datasets.volume import Scale, check_scale
from morphokeras.utils.files import replacing
from morphokeras.utils.validation import AXES

IMAGEJ_TYPES = ("uint8", "uint16", "float32")
OME_TYPES = ("int8", "int16", "int32", "uint32", "float64")


def save_volume(
    path: str | Path,
    volume: np.ndarray,
    *,
    um_per_px: Scale | None = None,
    name: str = "volume",
) -> None:
    """Save a volume, or an image, with the size of its voxels.

    Parameters
    ----------
    path : str or Path
        The file to write; its suffix says the format: ``.tif`` or ``.tiff``, ``.npz``,
        or ``.vti`` for ParaView and other programs of VTK, see :func:`save_vtk`.
    volume : ndarray of shape (depth, height, width) or (height, width)
        Real numbers; booleans become 0 and 1.
    um_per_px : float or sequence of float, default=None
        Micrometres a voxel, of all axes or of each in the order of the array's.
    name : str, default='volume'
        Of the array, in ``.npz`` and ``.vti`` files.

    Raises
    ------
    OSError
        If the file cannot be written; what was there before is left.
    ValueError
        If the suffix or the axes are others, or the format has no such type.

    Notes
    -----
    TIFF files of 8- and 16-bit unsigned integers and of single precision are those of
    ImageJ, the others have OME metadata; both hold the voxel's size. 64-bit integers,
    which no TIFF program knows, become 32-bit ones if they fit.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from morphokeras.datasets import load_volume, save_volume
    >>> labels = np.arange(24, dtype="int64").reshape(2, 3, 4)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "grains.tif")
    ...     save_volume(path, labels, um_per_px=(2.0, 0.5, 0.5))
    ...     data = load_volume(path)
    >>> data.volume.dtype, data.um_per_px.tolist(), bool((data.volume == labels).all())
    (dtype('int32'), [2.0, 0.5, 0.5], True)
    """
    suffix = Path(path).suffix.lower()
    values = _check_values(volume, "volume")
    if values.ndim not in AXES:
        raise ValueError(
            "`volume` must have shape (depth, height, width) or (height, width). "
            f"Received shape {values.shape}."
        )
    size = None if um_per_px is None else check_scale(um_per_px, values.ndim)
    if suffix in (".tif", ".tiff"):
        _save_tiff(path, values, size)
    elif suffix == ".npz":
        more = {} if size is None else {SIZE_KEY: size}
        with replacing(path) as file:
            np.savez_compressed(file, **{name: values, **more})  # type: ignore[arg-type]
    elif suffix == ".vti":
        save_vtk(path, {name: values}, um_per_px=1.0 if size is None else size.tolist())
    else:
        raise ValueError(
            f"`path` must end in .tif, .tiff, .npz or .vti. Received: {str(path)!r}."
        )


def save_vtk(
    path: str | Path,
    data: np.ndarray | Mapping[str, np.ndarray],
    *,
    um_per_px: Scale = 1.0,
    origin: Sequence[float] | None = None,
    association: str = "cell",
    spatial_dims: int = 3,
) -> None:
    """Save arrays on one grid as image data of VTK (``.vti``).

    For ParaView, and for solvers that read VTK: several fields of one structure, such
    as phases, grain labels, a misorientation and the Euler angles as three components.

    Parameters
    ----------
    path : str or Path
        The file to write, ending in ``.vti``.
    data : ndarray or dict of ndarray
        One array, saved under the name ``volume``, or arrays by name; each of shape
        (depth, height, width), or (depth, height, width, components), or without the
        depth where `spatial_dims` is 2.
    um_per_px : float or sequence of float, default=1.0
        Micrometres a voxel, of all axes or of each in the order of the array's: VTK's
        spacing, in micrometres.
    origin : sequence of float, default=None
        Place of the grid's first corner (of its first point, if values are of points),
        in micrometres and in the order of the array's axes; 0 by default.
    association : {'cell', 'point'}, default='cell'
        Whether a value fills a voxel, as in a picture or a label map, or belongs to a
        point of a grid.
    spatial_dims : {2, 3}, default=3
        Number of spatial axes. An array of two axes alone is taken as an image.

    Raises
    ------
    OSError
        If the file cannot be written; what was there before is left.
    ValueError
        If arrays differ in shape, or an option is none of those above.

    Notes
    -----
    The array's last axis is VTK's x. The first row is at y = 0: programs whose y points
    upwards show an image upside down. Booleans and half precision, which VTK does not
    have, become 8-bit integers and single precision.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from morphokeras.datasets import load_volume, save_vtk
    >>> fields = {"phase": np.eye(3, dtype=bool), "angles": np.zeros((3, 3, 3))}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "map.vti")
    ...     save_vtk(path, fields, um_per_px=0.5, spatial_dims=2)
    ...     data = load_volume(path, key="phase")
    >>> data.volume.shape, data.volume.dtype, data.um_per_px.tolist()
    ((1, 3, 3), dtype('uint8'), [0.5, 0.5, 0.5])
    """
    if Path(path).suffix.lower() != ".vti":
        raise ValueError(f"`path` must end in .vti. Received: {str(path)!r}.")
    if association not in ("cell", "point"):
        raise ValueError(
            "`association` must be 'cell' or 'point'. Received: "
            f"association={association!r}."
        )
    named = dict(data) if isinstance(data, Mapping) else {"volume": data}
    if not named:
        raise ValueError("`data` must hold at least one array.")
    if all(np.ndim(values) == 2 for values in named.values()):
        spatial_dims = 2
    arrays = {
        str(name): _on_grid(values, str(name), spatial_dims)
        for name, values in named.items()
    }
    shapes = {name: array.shape[:3] for name, array in arrays.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"All arrays must lie on one grid. Received shapes: {shapes}.")
    spacing = check_scale(um_per_px, spatial_dims)
    start = np.zeros(spatial_dims) if origin is None else np.asarray(origin, float)
    if start.shape != (spatial_dims,) or not np.isfinite(start).all():
        raise ValueError(
            f"`origin` must hold {spatial_dims} numbers. Received: origin={origin!r}."
        )
    if spatial_dims == 2:
        # A map is one voxel deep, as deep as it is wide.
        spacing, start = np.array([spacing[1], *spacing]), np.array([0.0, *start])
    with replacing(path) as file:
        write_vti(
            file,
            arrays,
            (float(spacing[0]), float(spacing[1]), float(spacing[2])),
            (float(start[0]), float(start[1]), float(start[2])),
            association,
        )


def _check_values(values: np.ndarray, name: str) -> np.ndarray:
    """Return real numbers of a type that programs know."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf" or 0 in array.shape:
        raise ValueError(
            f"`{name}` must hold real numbers. Received dtype {array.dtype} and shape "
            f"{array.shape}."
        )
    if array.dtype == bool:
        return array.astype(np.uint8)
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _on_grid(values: np.ndarray, name: str, spatial_dims: int) -> np.ndarray:
    """Return an array with a depth, and perhaps with components."""
    array = _check_values(values, name)
    if array.ndim not in (spatial_dims, spatial_dims + 1):
        axes = AXES[spatial_dims].replace("n, ", "")
        raise ValueError(
            f"`{name}` must have shape {axes} or {axes[:-1]}, components). Received "
            f"shape {array.shape}. Give `spatial_dims` as it is."
        )
    if array.dtype.newbyteorder("<") not in NAMES:
        raise ValueError(
            f"`{name}` must be of integers or floats that VTK has. Received dtype "
            f"{array.dtype}: convert it, for example to float64."
        )
    return array[np.newaxis] if spatial_dims == 2 else array


def _save_tiff(path: str | Path, values: np.ndarray, size: np.ndarray | None) -> None:
    """Write a TIFF file of ImageJ, or one with OME metadata."""
    values = _with_tiff_type(values)
    axes = "ZYX"[-values.ndim :]
    metadata: dict[str, object] = {"axes": axes}
    options: dict[str, object] = {}
    is_imagej = values.dtype.name in IMAGEJ_TYPES
    if size is not None and is_imagej:
        metadata["unit"] = "um"
        if values.ndim == 3:
            metadata["spacing"] = float(size[0])
        options["resolution"] = (1 / float(size[-1]), 1 / float(size[-2]))
        options["resolutionunit"] = 1
    elif size is not None:
        for axis, length in zip(axes, size, strict=True):
            metadata[f"PhysicalSize{axis}"] = float(length)
            metadata[f"PhysicalSize{axis}Unit"] = "µm"
        options["resolution"] = (1e4 / float(size[-1]), 1e4 / float(size[-2]))
        options["resolutionunit"] = 3
    with replacing(path) as file:
        tifffile.imwrite(
            file,
            values,
            imagej=is_imagej,
            ome=not is_imagej,
            photometric="minisblack",
            metadata=metadata,
            **options,  # type: ignore[arg-type]
        )


def _with_tiff_type(values: np.ndarray) -> np.ndarray:
    """Return values of a type that TIFF programs know; refuse to lose digits."""
    if values.dtype.name in (*IMAGEJ_TYPES, *OME_TYPES):
        return values
    if values.dtype.kind in "iu":
        low, high = int(values.min()), int(values.max())
        for name in ("int32", "uint32"):
            if np.iinfo(name).min <= low and high <= np.iinfo(name).max:
                return values.astype(name)
        raise ValueError(
            f"TIFF files hold integers of 32 bits. Received values from {low} to "
            f"{high}: save them as .npz or .vti."
        )
    raise ValueError(
        f"TIFF files hold no {values.dtype}. Convert it, for example to float64."
    )

"""Volumes from one file of each kind, and from folders of slices."""

import logging
import re
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image
from tqdm.auto import tqdm

from morphokeras.datasets._image_tables import listed
from morphokeras.datasets._pixel_size import UNKNOWN, Size, tiff_pixel_size

Content = tuple[np.ndarray, Size]
SLICE_SUFFIXES = (".tif", ".tiff", ".png", ".bmp", ".jpg", ".jpeg")
SIZE_KEY = "um_per_px"
# What tifffile logs, and reads on, where a file ends before its last page.
DAMAGE = re.compile(
    "invalid page offset|invalid offset to page|circular reference|corrupted|"
    "failed to reshape"
)


def read_tiff(path: Path) -> Content:
    """Return the pages of a TIFF file as they are stored, and their pixels' size."""
    log, complaints = logging.getLogger("tifffile"), _Complaints()
    log.addFilter(complaints)
    try:
        with tifffile.TiffFile(path) as tiff:
            series, size = tiff.series, tiff_pixel_size(tiff)
            pixels = series[0].asarray() if len(series) == 1 else np.empty(0)
    except Exception as error:  # decoders raise what they like
        raise ValueError(
            f"{path} is no TIFF file that can be read: {error}."
        ) from error
    finally:
        log.removeFilter(complaints)
    if complaints.damage:
        raise ValueError(
            f"{path} is damaged or cut short: {complaints.damage[0]}. Copy it again."
        )
    if len(series) > 1:
        raise ValueError(
            f"{path} holds {len(series)} images of different sizes or types. Save the "
            "volume alone."
        )
    axes = series[0].axes
    if "S" in axes and pixels.shape[axes.index("S")] > 1:
        raise ValueError(
            f"{path} is in colour, shape {pixels.shape} (axes {axes}). Save it in "
            "grey, or as label maps of integers."
        )
    return np.squeeze(pixels), size


class _Complaints(logging.Filter):
    """Keeps what tifffile says of damaged files, and lets the rest pass."""

    def __init__(self) -> None:
        super().__init__()
        self.thread = threading.get_ident()
        self.damage: list[str] = []

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        is_own = record.thread == self.thread and DAMAGE.search(text) is not None
        if is_own:
            self.damage.append(re.sub("^<[^>]*> ", "", text))
        return not is_own


def read_folder(folder: Path, verbose: int) -> tuple[np.ndarray, Size, list[str]]:
    """Return the slices of a folder in natural order, their pixels' size, and names."""
    files = [p for p in folder.iterdir() if p.suffix.lower() in SLICE_SUFFIXES]
    if not files:
        raise ValueError(
            f"{folder} holds no slices: no {', '.join(SLICE_SUFFIXES)} files. Give the "
            "folder that they are in."
        )
    files.sort(key=_natural)
    slices: list[np.ndarray] = []
    problems: list[str] = []
    size = UNKNOWN
    for file in tqdm(files, desc="slices", disable=not verbose):
        try:
            pixels, found = read_slice(file)
        except Exception as error:  # decoders raise what they like
            problems.append(f"{file.name}: {error}")
            continue
        if slices and (pixels.shape, pixels.dtype) != (
            slices[0].shape,
            slices[0].dtype,
        ):
            problems.append(
                f"{file.name}: {_described(pixels)}, where {files[0].name} is "
                f"{_described(slices[0])}"
            )
            continue
        if not slices:
            size = found
        slices.append(pixels)
    if problems:
        raise ValueError(
            f"{len(problems)} of {len(files)} slices of {folder} do not fit:\n  "
            + listed(problems, "\n  ")
            + "\nAll slices must have one size and one type."
        )
    return np.stack(slices), size, [file.name for file in files]


def read_slice(file: Path) -> Content:
    """Return one slice as it is stored: numbers of colour tables are labels."""
    if file.suffix.lower() in (".tif", ".tiff"):
        pixels, size = read_tiff(file)
    else:
        with Image.open(file) as image:
            pixels, size = np.array(image), UNKNOWN
    if pixels.ndim == 3 and pixels.shape[-1] in (3, 4):
        grey = pixels[..., :1]
        if (pixels[..., :3] != grey).any():
            raise ValueError("it is in colour; save it in grey or as a label map")
        pixels = grey[..., 0]
    if pixels.ndim != 2:
        raise ValueError(f"it is no single image, its shape is {pixels.shape}")
    return pixels, size


def read_raw(path: Path, shape: tuple[int, ...], dtype: Any, offset: int) -> np.ndarray:
    """Return the numbers of a file without a header of its own."""
    try:
        kind = np.dtype(dtype)
    except TypeError:
        raise ValueError(
            "`dtype` must be a type of numbers, such as 'uint8' or '>u2'. Received: "
            f"dtype={dtype!r}."
        ) from None
    expected = int(np.prod(shape)) * kind.itemsize
    found = path.stat().st_size - offset
    if found != expected:
        hint = (
            "Is it cut short" if found < expected else "Has it a header, see `offset`"
        )
        raise ValueError(
            f"{path} must have {expected} bytes after `offset={offset}`, for `shape="
            f"{shape}` of {kind.itemsize}-byte {kind.name}. It has {found}. {hint}, or "
            "are `shape` and `dtype` others?"
        )
    numbers = np.fromfile(path, kind, offset=offset).reshape(shape)
    return numbers.astype(kind.newbyteorder("="), copy=False)


def read_numpy(path: Path, key: str | None) -> Content:
    """Return the array of a .npy file, or one of a .npz archive."""
    # Opened here, the file is closed whatever np.load raises.
    with open(path, "rb") as file:
        with _refusing_damage(path):
            content = np.load(file, allow_pickle=False)
        if isinstance(content, np.ndarray):
            return content, UNKNOWN
        names = [name for name in content.files if name != SIZE_KEY]
        name = chosen_key(path, names, key)
        with _refusing_damage(path):
            size = content[SIZE_KEY] if SIZE_KEY in content.files else np.empty(0)
            values = content[name]
    z, y, x = (np.nan, np.nan, np.nan, *size.ravel().astype(float).tolist())[-3:]
    return values, (z, y, x)


@contextmanager
def _refusing_damage(path: Path) -> Iterator[None]:
    """Name the file in what NumPy raises."""
    try:
        yield
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {error}.") from error


def read_hdf5(path: Path, key: str | None) -> Content:
    """Return one dataset of an HDF5 file."""
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            "HDF5 files are read by h5py, which is not installed. Install it with "
            "`pip install h5py`."
        ) from error
    names: list[str] = []

    def collect(name: str, item: Any) -> None:
        if (
            isinstance(item, h5py.Dataset)
            and item.dtype.kind in "biuf"
            and item.ndim > 1
        ):
            names.append(name)

    try:
        with h5py.File(path, "r") as file:
            file.visititems(collect)
            wanted = key.strip("/") if key is not None else None
            return file[chosen_key(path, names, wanted)][()], UNKNOWN
    except OSError as error:
        raise ValueError(f"{path} cannot be read as HDF5: {error}.") from error


def chosen_key(path: Path, names: list[str], key: str | None) -> str:
    """Return the wanted name, or the only one there is."""
    if not names:
        raise ValueError(f"{path} holds no array of numbers.")
    if key is None and len(names) == 1:
        return names[0]
    if key not in names:
        raise ValueError(
            f"`key` must be one of the {len(names)} arrays of {path}: {listed(names)}. "
            f"Received: key={key!r}."
        )
    assert key is not None
    return key


def _natural(path: Path) -> list[Any]:
    """Return what sorts slice_2 before slice_10."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [int(part) if part.isdigit() else part for part in parts]


def _described(pixels: np.ndarray) -> str:
    return f"{pixels.shape[0]} x {pixels.shape[1]} of {pixels.dtype}"


READERS: dict[str, Callable[[Path, str | None], Content]] = {
    ".tif": lambda path, key: read_tiff(path),
    ".tiff": lambda path, key: read_tiff(path),
    ".npy": read_numpy,
    ".npz": read_numpy,
    ".h5": read_hdf5,
    ".hdf5": read_hdf5,
    ".nxs": read_hdf5,
    ".dream3d": read_hdf5,
}

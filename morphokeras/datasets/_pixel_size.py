"""The size of a pixel as image files tell it."""

from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import tifffile

Size = tuple[float, float, float]
"""Micrometres along depth, height and width; NaN where unknown."""

UNKNOWN: Size = (np.nan, np.nan, np.nan)
MICROMETRES = {
    "m": 1e6,
    "meter": 1e6,
    "cm": 1e4,
    "centimeter": 1e4,
    "mm": 1e3,
    "millimeter": 1e3,
    "inch": 25400.0,
    "in": 25400.0,
    "um": 1.0,
    "µm": 1.0,  # micro sign
    "μm": 1.0,  # Greek letter
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "å": 1e-4,
    "angstrom": 1e-4,
    "pm": 1e-6,
}
# What programs write who know no size: dots per inch of screens and printers.
PRINT_RESOLUTIONS = (
    *(72, 90, 96, 100, 120, 144, 150, 180, 200, 240, 250, 300, 350, 360, 400),
    *(600, 720, 1200, 1440, 2400, 2880, 4800),
)


def tiff_pixel_size(tiff: tifffile.TiffFile) -> Size:
    """Return the size of a TIFF file's pixels.

    In this order: the microscope's own tags (FEI, Zeiss), OME metadata, ImageJ's, the
    resolution tags; of the last, the usual resolutions of screens and printers are
    passed over.

    Parameters
    ----------
    tiff : TiffFile
        An open file.

    Returns
    -------
    tuple of 3 floats
        Micrometres along depth, height and width; NaN where unknown.
    """
    for reader in (_from_microscope, _from_ome, _from_imagej, _from_tags):
        size = tuple(_positive(value) for value in reader(tiff))
        if np.isfinite(size).any():
            return size[0], size[1], size[2]
    return UNKNOWN


def file_pixel_size(path: Path) -> Size:
    """Return the size of a file's pixels: NaN unless it is a TIFF file that says it."""
    if path.suffix.lower() not in (".tif", ".tiff"):
        return UNKNOWN
    try:
        with tifffile.TiffFile(path) as tiff:
            return tiff_pixel_size(tiff)
    except Exception:  # of a damaged file, which its reader refuses with a reason
        return UNKNOWN


def square_pixel_size(path: Path) -> float:
    """Return the side of a file's pixels, NaN if unknown or if they are not square."""
    _, height, width = file_pixel_size(Path(path))
    return width if abs(height / width - 1) < 0.01 else np.nan


def in_micrometres(value: float, unit: str) -> float:
    """Return a length in micrometres, NaN if the unit is not known."""
    # ImageJ may write the sign of micro as an escape sequence.
    name = unit.strip().lower().replace("\\u00b5", "µ")
    return float(value) * MICROMETRES.get(name, np.nan)


def _positive(value: float) -> float:
    return value if 0 < value < np.inf else np.nan


def _from_microscope(tiff: tifffile.TiffFile) -> Size:
    """Read what FEI's and Zeiss' electron microscopes write."""
    fei = tiff.fei_metadata or {}
    scan = fei.get("Scan") or fei.get("EScan") or {}
    if isinstance(scan, Mapping) and "PixelWidth" in scan:
        width = scan["PixelWidth"]
        height = scan.get("PixelHeight", width)
        return np.nan, _as_float(height) * 1e6, _as_float(width) * 1e6
    zeiss = (tiff.sem_metadata or {}).get("ap_image_pixel_size")
    if isinstance(zeiss, tuple) and len(zeiss) == 3:
        size = in_micrometres(_as_float(zeiss[1]), str(zeiss[2]))
        return np.nan, size, size
    return UNKNOWN


def _from_ome(tiff: tifffile.TiffFile) -> Size:
    """Read the first image's physical sizes."""
    if not tiff.ome_metadata or "<!ENTITY" in tiff.ome_metadata:
        return UNKNOWN
    try:
        root = ElementTree.fromstring(tiff.ome_metadata)
    except ElementTree.ParseError:
        return UNKNOWN
    for element in root.iter():
        if element.tag.split("}")[-1] == "Pixels":
            return (
                _ome_size(element, "Z"),
                _ome_size(element, "Y"),
                _ome_size(element, "X"),
            )
    return UNKNOWN


def _ome_size(pixels: ElementTree.Element, axis: str) -> float:
    name = f"PhysicalSize{axis}"
    unit = pixels.get(f"{name}Unit", "µm")
    return in_micrometres(_as_float(pixels.get(name, "nan")), unit)


def _from_imagej(tiff: tifffile.TiffFile) -> Size:
    """Read ImageJ's unit, in which its resolution tags and its spacing are."""
    metadata = tiff.imagej_metadata or {}
    unit = str(metadata.get("unit", ""))
    if not np.isfinite(in_micrometres(1.0, unit)):
        return UNKNOWN
    x, y = _resolution(tiff)
    depth = _as_float(metadata.get("spacing", np.nan))
    z, y, x = (in_micrometres(length, unit) for length in (depth, 1 / y, 1 / x))
    return z, y, x


def _from_tags(tiff: tifffile.TiffFile) -> Size:
    """Read the resolution tags, dots per inch or centimetre."""
    tag = tiff.pages[0].tags.get("ResolutionUnit")  # type: ignore[union-attr]
    unit = {2: "inch", 3: "cm"}.get(int(tag.value) if tag is not None else 2, "")
    x, y = (in_micrometres(1 / value, unit) for value in _resolution(tiff))
    if any(abs(25400 / x / dots - 1) < 2e-3 for dots in PRINT_RESOLUTIONS):
        return UNKNOWN
    return np.nan, y, x


def _resolution(tiff: tifffile.TiffFile) -> tuple[float, float]:
    """Return the resolution tags along x and y, NaN where there is none."""
    values = []
    for name in ("XResolution", "YResolution"):
        tag = tiff.pages[0].tags.get(name)  # type: ignore[union-attr]
        above, below = tag.value if tag is not None else (0, 0)
        # One dot a unit is what programs write who know none.
        values.append(above / below if above and below and above != below else np.nan)
    return values[0], values[1]


def _as_float(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return np.nan

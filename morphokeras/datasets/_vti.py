"""Image data of VTK: XML files with the numbers appended as they are."""

import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

import numpy as np

from morphokeras.datasets._pixel_size import Size

TYPES = {
    "Int8": "<i1",
    "UInt8": "<u1",
    "Int16": "<i2",
    "UInt16": "<u2",
    "Int32": "<i4",
    "UInt32": "<u4",
    "Int64": "<i8",
    "UInt64": "<u8",
    "Float32": "<f4",
    "Float64": "<f8",
}
NAMES = {np.dtype(code): name for name, code in TYPES.items()}
START = b'<AppendedData encoding="raw">\n_'


def write_vti(
    file: BinaryIO,
    arrays: Mapping[str, np.ndarray],
    spacing: Size,
    origin: Size,
    association: str,
) -> None:
    """Write arrays of shape (depth, height, width) or (..., components).

    Parameters
    ----------
    file : binary file
        Open for writing.
    arrays : dict of ndarray
        By name; of one spatial shape.
    spacing, origin : tuple of 3 floats
        Along depth, height and width.
    association : {'cell', 'point'}
        Whether values belong to the boxes of the grid or to its corners.
    """
    depth, height, width = next(iter(arrays.values())).shape[:3]
    cells = np.array([width, height, depth]) - (association == "point")
    extent = " ".join(f"0 {count}" for count in cells)
    tag = {"cell": "CellData", "point": "PointData"}[association]
    lines = [
        '<?xml version="1.0"?>',
        '<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" '
        'header_type="UInt64">',
        f'<ImageData WholeExtent="{extent}" Origin="{_reversed(origin)}" '
        f'Spacing="{_reversed(spacing)}">',
        f'<Piece Extent="{extent}">',
        f"<{tag} Scalars={quoteattr(next(iter(arrays)))}>",
    ]
    offset = 0
    blocks = []
    for name, values in arrays.items():
        block = np.ascontiguousarray(values)
        block = block.astype(block.dtype.newbyteorder("<"), copy=False)
        components = values.shape[3] if values.ndim == 4 else 1
        lines.append(
            f'<DataArray type="{NAMES[block.dtype]}" Name={quoteattr(name)} '
            f'NumberOfComponents="{components}" format="appended" offset="{offset}"/>'
        )
        blocks.append(block)
        offset += 8 + block.nbytes
    lines += [f"</{tag}>", "</Piece>", "</ImageData>", ""]
    file.write("\n".join(lines).encode() + START)
    for block in blocks:
        file.write(struct.pack("<Q", block.nbytes))
        file.write(block.data)
    file.write(b"\n</AppendedData>\n</VTKFile>\n")


def read_vti(path: Path, key: str | None) -> tuple[np.ndarray, Size]:
    """Return one array of a file that `write_vti` wrote, and the spacing.

    Parameters
    ----------
    path : Path
        The file.
    key : str or None
        The array's name; None if there is only one.

    Returns
    -------
    volume : ndarray of shape (depth, height, width) or (..., components)
    spacing : tuple of 3 floats

    Raises
    ------
    ValueError
        If the file is of another kind, holds its numbers in another way, or lacks some.
    """
    content = path.read_bytes()
    head, mark, body = content.partition(START)
    image = _image_data(path, head) if mark else None
    if image is None:
        raise ValueError(
            f"{path} must be VTK image data with raw appended numbers, neither "
            "compressed nor encoded, as `save_volume` writes it."
        )
    arrays = {a.get("Name", ""): a for a in image.iter("DataArray")}
    names = list(arrays)
    if key is None and len(names) == 1:
        key = names[0]
    if key not in arrays:
        raise ValueError(
            f"`key` must be one of the {len(names)} arrays of {path}: "
            f"{', '.join(names)}. Received: key={key!r}."
        )
    extent = [int(v) for v in image.get("WholeExtent", "").split()]
    corners = int(image.find("Piece/PointData/DataArray") is not None)
    width, height, depth = (extent[i + 1] - extent[i] + corners for i in (0, 2, 4))
    numbers = _numbers(path, body, arrays[key])
    x, y, z = (float(v) for v in image.get("Spacing", "").split())
    volume = numbers.reshape(depth, height, width, -1)
    return volume[..., 0] if volume.shape[3] == 1 else volume, (z, y, x)


def _image_data(path: Path, head: bytes) -> ElementTree.Element | None:
    """Return the element ImageData, or None if the file is of another kind."""
    is_ours = all(
        re.search(pattern, head)
        for pattern in (rb'byte_order="LittleEndian"', rb'header_type="UInt64"')
    )
    if not is_ours or b"compressor" in head or b"<!" in head:
        return None
    try:
        root = ElementTree.fromstring(head + b"</VTKFile>")
    except ElementTree.ParseError:
        return None
    return root.find("ImageData")


def _numbers(path: Path, body: bytes, array: ElementTree.Element) -> np.ndarray:
    """Return the numbers of an array, all of them."""
    start = int(array.get("offset", "0"))
    kind = np.dtype(TYPES[array.get("type", "")])
    (size,) = struct.unpack_from("<Q", body.ljust(start + 8, b"\0"), start)
    found = max(0, min(len(body) - start - 8, size))
    if found < size or size == 0:
        raise ValueError(
            f"{path} is cut short: {array.get('Name')!r} must have {size} bytes, "
            f"{found} are there."
        )
    numbers = np.frombuffer(body, kind, size // kind.itemsize, start + 8)
    return numbers.astype(kind.newbyteorder("="))


def _reversed(values: Size) -> str:
    """Return x, y and z of depth, height and width."""
    return " ".join(repr(float(value)) for value in reversed(values))

"""Reading one image file as grey, and bringing it to a size or a physical scale."""

from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, UnidentifiedImageError
from skimage.color import rgb2gray
from skimage.transform import resize

SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg")


def read_grey(path: Path) -> np.ndarray:
    """Read a PNG, TIFF or JPEG file as grey values.

    Parameters
    ----------
    path : Path
        An image of one page: 1, 8 or 16 bit, grey or colour, or float in [0, 1].

    Returns
    -------
    ndarray of shape (height, width), float32
        Grey in [0, 1], by the range of the file's type. Colour becomes luminance,
        transparency is ignored.

    Raises
    ------
    ValueError, OSError
        If the file cannot be read, holds several pages, or floats out of [0, 1].
    """
    try:
        pixels = _read_with_pillow(path)
    except UnidentifiedImageError:
        if path.suffix.lower() not in (".tif", ".tiff"):
            raise ValueError("it is no image of a known format") from None
        # Pillow does not know 16-bit colour and some other kinds of TIFF.
        pixels = tifffile.imread(path)
    if pixels.ndim == 3 and pixels.shape[-1] in (3, 4):
        pixels = rgb2gray(_unit_range(pixels[..., :3]))
    if pixels.ndim != 2:
        raise ValueError(f"expected one grey or colour image, got shape {pixels.shape}")
    return _unit_range(pixels)


def resize_and_crop(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize an image, without distortion, until it just covers `size`, and crop it."""
    factor = cover_factor(image.shape, size)
    return rescale_and_crop(image, factor, size)


def cover_factor(shape: tuple[int, ...], size: tuple[int, int]) -> float:
    """Return the least zoom at which an image covers `size`."""
    return max(size[0] / shape[0], size[1] / shape[1])


def rescale_and_crop(
    image: np.ndarray, factor: float, size: tuple[int, int]
) -> np.ndarray:
    """Zoom an image by `factor`, anti-aliased, and crop its middle to `size` pixels."""
    # A few pixels more than needed keep the border out of the filter; the rest would
    # only cost time and, where the zoom is large, all the memory.
    needed = [int(np.ceil(length / factor)) + 8 for length in size]
    image = centre_crop(image, (needed[0], needed[1]))
    zoomed = tuple(
        max(round(length * factor), wanted)
        for length, wanted in zip(image.shape, size, strict=True)
    )
    if zoomed != image.shape:
        order = 1 if factor < 1 else 3
        image = resize(image, zoomed, order=order, anti_aliasing=factor < 1)
    return centre_crop(image, size).astype(np.float32)


def centre_crop(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the middle of an image, at most `size` pixels."""
    top, left = (
        max(0, (length - wanted) // 2)
        for length, wanted in zip(image.shape, size, strict=True)
    )
    return image[top : top + size[0], left : left + size[1]]


def _read_with_pillow(path: Path) -> np.ndarray:
    """Read one page as bool, uint8, uint16 or float, grey or RGB."""
    with Image.open(path) as image:
        pages = getattr(image, "n_frames", 1)
        if pages > 1:
            raise ValueError(f"it holds {pages} pages; save one page a file")
        if image.mode in ("1", "L", "F") or image.mode.startswith("I;16"):
            return np.array(image)
        if image.mode == "I":
            return _as_uint16(np.array(image))
        return np.array(image.convert("L" if image.mode == "LA" else "RGB"))


def _as_uint16(pixels: np.ndarray) -> np.ndarray:
    """Return 32-bit integers as the 16-bit ones that they usually hold."""
    if pixels.min() < 0 or pixels.max() > 65535:
        raise ValueError(
            f"it holds 32-bit integers from {pixels.min()} to {pixels.max()}; "
            "save it with 8 or 16 bits"
        )
    return pixels.astype(np.uint16)


def _unit_range(pixels: np.ndarray) -> np.ndarray:
    """Scale pixels to [0, 1] by the range of their type."""
    if pixels.dtype == bool:
        return pixels.astype(np.float32)
    if np.issubdtype(pixels.dtype, np.unsignedinteger):
        return pixels.astype(np.float32) / np.iinfo(pixels.dtype).max
    if np.issubdtype(pixels.dtype, np.floating):
        low, high = float(pixels.min()), float(pixels.max())
        if not (low >= 0 and high <= 1 + 1e-6):
            raise ValueError(
                f"it holds floats from {low:g} to {high:g}; scale them to [0, 1] or "
                "save it with 8 or 16 bits"
            )
        return np.minimum(pixels, 1).astype(np.float32)
    raise ValueError(f"it holds {pixels.dtype} values; save it with 8 or 16 bits")

"""What the functions of persistence ask of their arguments."""

import math

import numpy as np

FILTRATIONS = ("superlevel", "sublevel")
CONNECTIVITIES = ("full", "face")
BOUNDARIES = ("open", "periodic")
_AXES = {2: "(n_images, height, width)", 3: "(n_images, depth, height, width)"}


def check_options(filtration: str, connectivity: str, boundary: str = "open") -> None:
    """Raise unless all options are known words."""
    if filtration not in FILTRATIONS:
        raise ValueError(
            f"`filtration` must be one of {FILTRATIONS}. Received: "
            f"filtration={filtration!r}."
        )
    if connectivity not in CONNECTIVITIES:
        raise ValueError(
            f"`connectivity` must be one of {CONNECTIVITIES}. Received: "
            f"connectivity={connectivity!r}."
        )
    if boundary not in BOUNDARIES:
        raise ValueError(
            f"`boundary` must be one of {BOUNDARIES}. Received: boundary={boundary!r}."
        )


def checked_dimensions(
    homology_dimensions: tuple[int, ...] | None, spatial_dims: int
) -> tuple[int, ...]:
    """Return the dimensions of homology that are wanted, or raise."""
    if spatial_dims not in _AXES:
        raise ValueError(
            "`spatial_dims` must be 2 for images or 3 for volumes. Received: "
            f"spatial_dims={spatial_dims!r}."
        )
    if homology_dimensions is None:
        return tuple(range(spatial_dims))
    wanted = tuple(homology_dimensions)
    known = set(wanted) <= set(range(spatial_dims)) and len(set(wanted)) == len(wanted)
    if not wanted or not known:
        raise ValueError(
            "`homology_dimensions` must name at least one dimension from 0 to "
            f"{spatial_dims - 1}, each once, with `spatial_dims={spatial_dims}`. "
            f"Received: homology_dimensions={homology_dimensions!r}."
        )
    return wanted


def check_minimum_and_cap(min_persistence: float, max_pairs: int | None) -> None:
    """Raise unless some pairs may be left."""
    if not 0 <= min_persistence < np.inf:
        raise ValueError(
            "`min_persistence` must be a number of at least 0. Received: "
            f"min_persistence={min_persistence}."
        )
    if max_pairs is not None and max_pairs < 1:
        raise ValueError(
            "`max_pairs` must be a positive integer or None. Received: "
            f"max_pairs={max_pairs}."
        )


def checked_images(
    images: np.ndarray, spatial_dims: int, is_periodic: bool
) -> np.ndarray:
    """Return finite images in float32, or raise."""
    images = checked_batch(images, spatial_dims, is_periodic)
    for number, image in enumerate(images):
        check_finite(image, number)
    return images


def checked_batch(
    images: np.ndarray, spatial_dims: int, is_periodic: bool
) -> np.ndarray:
    """Return images in float32 that may not be finite, or raise."""
    images = np.asarray(images)
    if images.dtype.kind not in "biuf":
        raise TypeError(
            "`images` must hold real numbers. Received: images of dtype "
            f"{images.dtype}."
        )
    if images.ndim != spatial_dims + 1:
        raise ValueError(
            f"`images` must have the shape {_AXES[spatial_dims]}, with "
            f"`spatial_dims={spatial_dims}`. Received: images with shape "
            f"{images.shape}. A single image is `images[None]`; volumes need "
            "`spatial_dims=3`."
        )
    if images.size == 0:
        raise ValueError(
            "`images` must hold at least one image of at least one pixel. Received: "
            f"images with shape {images.shape}."
        )
    check_size(images.shape[1:], is_periodic)
    if images.dtype != np.float32:
        with np.errstate(over="ignore"):  # becomes infinity, refused later
            images = images.astype(np.float32)
    return images


def check_finite(image: np.ndarray, number: int) -> None:
    """Raise unless all values of the image of this number are finite."""
    if not np.isfinite(image).all():
        raise ValueError(
            "`images` must hold finite values within float32's range. Received: NaN "
            f"or infinity in image number {number} (counted from 0). "
            "Replace these pixels first."
        )


def check_size(shape: tuple[int, ...], is_periodic: bool) -> None:
    """Raise unless an image of this shape can be treated."""
    if is_periodic and min(shape) < 3:
        raise ValueError(
            "With `boundary='periodic'` images must have at least 3 pixels along each "
            f"axis, or a pixel would be its own neighbour. Received: images of {shape} "
            "pixels. Repeat them along the short axes."
        )
    if math.prod(size + 2 for size in shape) >= 1 << 31:
        raise ValueError(
            "An image must have fewer than 2**31 pixels, with a frame one pixel wide: "
            f"indices are int32. Received: images of {shape} pixels. Cut them."
        )

"""Level sets of images: their options, and the level at which each pixel enters."""

import dataclasses
from typing import Any

import numpy as np

from morphokeras.topology.cubical import BOUNDARIES, check_options

AXES = {2: "(n_images, height, width)", 3: "(n_images, depth, height, width)"}


@dataclasses.dataclass(frozen=True)
class LevelSets:
    """How level sets are made of images, and how their pixels are connected.

    Parameters
    ----------
    filtration, connectivity, boundary : str
        As in `morphokeras.topology.persistence_pairs`.
    spatial_dims : {2, 3}
        The number of spatial axes.

    Raises
    ------
    ValueError
        If an option is unknown.
    """

    filtration: str
    connectivity: str
    boundary: str
    spatial_dims: int

    def __post_init__(self):
        check_options(self.filtration, self.connectivity)
        if self.boundary not in BOUNDARIES:
            raise ValueError(
                f"`boundary` must be one of {BOUNDARIES}. Received: "
                f"boundary={self.boundary!r}."
            )
        if self.spatial_dims not in AXES:
            raise ValueError(
                "`spatial_dims` must be 2 for images or 3 for volumes. Received: "
                f"spatial_dims={self.spatial_dims!r}."
            )

    @property
    def has_corners(self) -> bool:
        """Whether pixels of the phase are connected by corners."""
        return self.connectivity == "full"

    @property
    def is_periodic(self) -> bool:
        """Whether opposite faces are one."""
        return self.boundary == "periodic"

    def checked(self, images: Any) -> np.ndarray:
        """Return a batch of finite images, of their own dtype, or raise."""
        images = np.asarray(images)
        if images.dtype.kind not in "biuf":
            raise TypeError(
                "`images` must hold real numbers. Received: images of dtype "
                f"{images.dtype}."
            )
        if images.ndim != self.spatial_dims + 1 or images.size == 0:
            raise ValueError(
                f"`images` must have the shape {AXES[self.spatial_dims]}, with "
                f"`spatial_dims={self.spatial_dims}`, and at least one pixel. "
                f"Received: images with shape {images.shape}."
            )
        if self.is_periodic and min(images.shape[1:]) < 3:
            raise ValueError(
                "With `boundary='periodic'` images must have at least 3 pixels along "
                f"each axis. Received: images with shape {images.shape}."
            )
        finite = np.isfinite(images).all(axis=tuple(range(1, images.ndim)))
        if not finite.all():
            raise ValueError(
                "`images` must hold finite values. Received: NaN or infinity in image "
                f"number {np.argmin(finite)} (counted from 0). Replace these pixels "
                "first."
            )
        return images

    def phases(self, images: np.ndarray, threshold: float) -> np.ndarray:
        """Return which pixels are in the level sets of one threshold."""
        if not np.isfinite(threshold):
            raise ValueError(
                "`threshold` must be a finite number. Received: "
                f"threshold={threshold!r}."
            )
        level = _as_pixels([threshold], images.dtype)[0]
        return images >= level if self.filtration == "superlevel" else images <= level

    def entries(
        self, images: np.ndarray, levels: Any, name: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the level at which pixels enter, and the place of each level.

        Parameters
        ----------
        images : ndarray
            Pixels.
        levels : array_like of shape (n_levels,)
            Levels in any order.
        name : str
            What the message calls the levels.

        Returns
        -------
        entries : ndarray of int32, of the shape of `images`
            Number, in the order in which the threshold passes them, of the first level
            whose set holds the pixel; the number of levels if there is none.
        places : ndarray of shape (n_levels,)
            The number of each level in that order.
        """
        levels = np.asarray(levels, dtype="float64")
        if levels.ndim != 1 or not levels.size or not np.isfinite(levels).all():
            raise ValueError(
                f"`{name}` must be a sequence of finite numbers, at least one. "
                f"Received: {name}={levels.tolist()!r}."
            )
        levels = _as_pixels(levels, images.dtype)
        ascending, places = np.unique(levels, return_inverse=True)
        if self.filtration == "sublevel":
            entries = np.searchsorted(ascending, images, side="left")
        else:
            entries = len(ascending) - np.searchsorted(ascending, images, side="right")
            places = len(ascending) - 1 - places
        return entries.astype(np.int32), places.reshape(-1)


def _as_pixels(levels: Any, dtype: np.dtype) -> np.ndarray:
    """Return levels rounded as pixels are: 0.7 is a little less in single precision."""
    levels = np.asarray(levels, dtype="float64")
    return levels.astype(dtype) if dtype.kind == "f" else levels

"""Level sets of images: their options, and the level at which each pixel enters."""

import dataclasses
from typing import Any

import numpy as np

from morphokeras.topology._checks import (
    check_options,
    checked_dimensions,
    checked_images,
)


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
        check_options(self.filtration, self.connectivity, self.boundary)
        checked_dimensions(None, self.spatial_dims)

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
        checked_images(images, self.spatial_dims, self.is_periodic)
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

    def ordered(
        self, levels: Any, dtype: np.dtype, name: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return levels as the threshold passes them, each once, and their places.

        Parameters
        ----------
        levels : array_like of shape (n_levels,)
            Levels in any order.
        dtype : numpy dtype
            That of the images.
        name : str
            What the message calls the levels.

        Returns
        -------
        ascending : ndarray of float64
            The levels, in ascending order whatever the filtration.
        places : ndarray of shape (n_levels,)
            The number of each level in the order in which they are passed.
        """
        levels = np.asarray(levels, dtype="float64")
        if levels.ndim != 1 or not levels.size or not np.isfinite(levels).all():
            raise ValueError(
                f"`{name}` must be a sequence of finite numbers, at least one. "
                f"Received: {name}={levels.tolist()!r}."
            )
        ascending, places = np.unique(_as_pixels(levels, dtype), return_inverse=True)
        if self.filtration == "superlevel":
            places = len(ascending) - 1 - places
        return ascending.astype("float64"), places.reshape(-1)

    def entries(self, image: np.ndarray, ascending: np.ndarray) -> np.ndarray:
        """Return the number of the first level whose set holds a pixel, int32.

        It counts from 0 in the order in which levels are passed, and is the number of
        levels if there is none.
        """
        # numba is loaded where it is first needed.
        from morphokeras.topology._cells import count_below

        is_super = self.filtration == "superlevel"
        # Levels are rounded as the pixels are, so that single precision is enough.
        exact = np.float32 if image.dtype == np.float32 else np.float64
        values = np.array(image, exact, order="C")
        counts = count_below(values.ravel(), ascending.astype(exact), is_super)
        counts = counts.reshape(image.shape)
        return len(ascending) - counts if is_super else counts


def _as_pixels(levels: Any, dtype: np.dtype) -> np.ndarray:
    """Return levels rounded as pixels are: 0.7 is a little less in single precision."""
    levels = np.asarray(levels, dtype="float64")
    return levels.astype(dtype) if dtype.kind == "f" else levels

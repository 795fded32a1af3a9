"""Births and deaths of one image, with an end for what never dies."""

import numpy as np

from morphokeras.topology.cubical import FILTRATIONS, persistence_pairs


def pairs_of_values(
    image: np.ndarray, filtration: str, connectivity: str, boundary: str
) -> list[np.ndarray]:
    """Return births and deaths (n_pairs, 2), float64, of each homology dimension.

    What never dies is given the last grey value of the image as its death.
    """
    pairs = persistence_pairs(
        image[np.newaxis],
        filtration=filtration,
        connectivity=connectivity,
        boundary=boundary,
        spatial_dims=image.ndim,
        num_threads=1,
    )[0]
    values = image.ravel().astype("float64")
    last = values.min() if filtration == "superlevel" else values.max()
    return [np.where(p < 0, last, values[p]) for p in pairs]


def check_filtrations(filtrations) -> None:
    """Raise unless all entries are known, and there is one."""
    unknown = [name for name in filtrations if name not in FILTRATIONS]
    if unknown or isinstance(filtrations, str) or not len(filtrations):
        raise ValueError(
            f"`filtrations` must be a sequence of some of {FILTRATIONS}. Received: "
            f"filtrations={filtrations!r}."
        )

"""Births and deaths of one image, with an end for what never dies."""

import numpy as np

from morphokeras.topology.cubical import FILTRATIONS


def values_of_pairs(
    image: np.ndarray, pairs: list[np.ndarray], filtration: str
) -> list[np.ndarray]:
    """Return births and deaths (2, n_pairs), float64, of each homology dimension.

    What never dies is given the last grey value of the image as its death.
    """
    flat = image.ravel()
    last = flat.min() if filtration == "superlevel" else flat.max()
    found = []
    for own in pairs:
        births, deaths = own.T
        values = np.empty((2, len(own)))
        values[0], values[1] = flat[births], flat[deaths]
        values[1, deaths < 0] = last
        found.append(values)
    return found


def check_filtrations(filtrations) -> None:
    """Raise unless all entries are known, and there is one."""
    unknown = [name for name in filtrations if name not in FILTRATIONS]
    if unknown or isinstance(filtrations, str) or not len(filtrations):
        raise ValueError(
            f"`filtrations` must be a sequence of some of {FILTRATIONS}. Received: "
            f"filtrations={filtrations!r}."
        )

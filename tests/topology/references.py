"""Persistence by gudhi, in the words of this package."""

import gudhi
import numpy as np

from morphokeras.topology.cubical import persistence_pairs


def gudhi_intervals(image, filtration, connectivity, boundary="open"):
    """Return a sorted list of (birth, death) for each dimension, modulo 2."""
    sign = -1.0 if filtration == "superlevel" else 1.0
    cells = "top_dimensional_cells" if connectivity == "full" else "vertices"
    options = {cells: sign * image.astype("float64")}
    if boundary == "periodic":
        options["periodic_dimensions"] = [True] * image.ndim
        complex_ = gudhi.PeriodicCubicalComplex(**options)
    else:
        complex_ = gudhi.CubicalComplex(**options)
    complex_.compute_persistence(homology_coeff_field=2)
    return [
        sorted(map(tuple, sign * complex_.persistence_intervals_in_dimension(k)))
        for k in range(image.ndim)
    ]


def our_intervals(image, filtration, connectivity, boundary="open"):
    """Return the same of ours, read from the image at the pixels of the pairs."""
    pairs = persistence_pairs(
        image[np.newaxis],
        filtration=filtration,
        connectivity=connectivity,
        boundary=boundary,
        spatial_dims=image.ndim,
        num_threads=1,
    )[0]
    end = -np.inf if filtration == "superlevel" else np.inf
    values = np.append(image.astype("float64"), end)  # where the index -1 leads
    return [sorted(map(tuple, values[dimension])) for dimension in pairs]


def image_with_ties(rng, smallest, shape_below):
    """Return an image of a few pixels along each axis and of some equal values."""
    shape = rng.integers(smallest, shape_below)
    levels = rng.integers(2, 2 + np.prod(shape))
    image = rng.integers(0, levels, shape).astype("float32")
    return (image - image.mean().round()) / 4

"""Whether our pairs are those of gudhi, and the Betti numbers those of a data set."""

import itertools
import json
import warnings
from pathlib import Path

import gudhi
import numpy as np
from _topology_peers import KINDS, make_image
from scipy import ndimage
from skimage import io

from morphokeras.topology import persistence_pairs
from morphokeras.topology.cubical import BOUNDARIES, CONNECTIVITIES, FILTRATIONS

OPTIONS = list(itertools.product(FILTRATIONS, CONNECTIVITIES, BOUNDARIES))


def check_random(num_images: int, rank: int, rng: np.random.Generator) -> int:
    """Compare small images with ties, and return how many differ from gudhi."""
    differing = 0
    for number in range(num_images):
        options = OPTIONS[number % len(OPTIONS)]
        smallest = 3 if options[2] == "periodic" else 1
        shape = rng.integers(smallest, 10 if rank == 2 else 6, size=rank)
        levels = rng.integers(2, 2 + np.prod(shape))
        image = rng.integers(-2, levels, shape).astype("float32")
        differing += not agrees(image, *options)
    print(f"{num_images} small arrays of {rank} axes with ties: {differing} differ")
    return differing


def check_fields(shape: tuple[int, ...], rng: np.random.Generator) -> int:
    """Compare one field of each kind under all options."""
    differing = 0
    for kind in KINDS:
        image = make_image(kind, shape, rng)
        differing += sum(not agrees(image, *options) for options in OPTIONS)
    print(f"{len(KINDS)} fields of {shape} pixels, all options: {differing} differ")
    return differing


def check_data(folder: Path) -> int:
    """Compare maps and volumes with gudhi, and with the Betti numbers beside them.

    The folder holds ``expected.json``, which gives for groups of files, by path:
    ``{"betti": {phase: {connectivity: {"b0": ..., "b1": ..., "b2": ...}}}}``.
    """
    expected = json.loads((folder / "expected.json").read_text())
    files = {
        path: facts["betti"]
        for group in expected.values()
        for path, facts in group.items()
        if "betti" in facts
    }
    wrong, counted, differing, compared = 0, 0, 0, 0
    for path, betti in files.items():
        labels = _read(folder / path)
        for phase, by_connectivity in betti.items():
            for connectivity, numbers in by_connectivity.items():
                wanted = [numbers[f"b{k}"] for k in range(labels.ndim)]
                found = betti_numbers(labels == int(phase), connectivity)
                wrong += found != wanted
                counted += 1
        part = labels[(slice(200 if labels.ndim == 2 else 32),) * labels.ndim]
        for image in (part, ndimage.gaussian_filter(part.astype("float64"), 1)):
            for options in OPTIONS:
                differing += not agrees(image.astype("float32"), *options)
                compared += 1
    print(f"{counted} phases of {len(files)} maps and volumes: {wrong} Betti numbers")
    print(f"differ; {compared} crops under all options: {differing} differ from gudhi")
    return wrong + differing


def betti_numbers(phase: np.ndarray, connectivity: str) -> list[int]:
    """Return the Betti numbers of a phase from the pairs of its image."""
    image = phase.astype("float32")
    pairs = persistence_pairs(
        image[np.newaxis], spatial_dims=image.ndim, connectivity=connectivity
    )[0]
    values = np.append(image, 0.0)  # where the index -1 leads
    return [int((values[own[:, 0]] > values[own[:, 1]]).sum()) for own in pairs]


def agrees(image, filtration: str, connectivity: str, boundary: str) -> bool:
    """Return whether births and deaths are those of gudhi, modulo 2, all of them."""
    sign = -1.0 if filtration == "superlevel" else 1.0
    cells = "top_dimensional_cells" if connectivity == "full" else "vertices"
    options = {cells: sign * image.astype("float64")}
    if boundary == "periodic":
        options["periodic_dimensions"] = [True] * image.ndim
        complex_ = gudhi.PeriodicCubicalComplex(**options)
    else:
        complex_ = gudhi.CubicalComplex(**options)
    complex_.compute_persistence(homology_coeff_field=2)
    pairs = persistence_pairs(
        image[np.newaxis],
        filtration=filtration,
        connectivity=connectivity,
        boundary=boundary,
        spatial_dims=image.ndim,
    )[0]
    values = np.append(sign * image.astype("float64"), np.inf)
    return all(
        _sorted_rows(values[own])
        == _sorted_rows(complex_.persistence_intervals_in_dimension(dimension))
        for dimension, own in enumerate(pairs)
    )


def _sorted_rows(rows: np.ndarray) -> list[tuple]:
    return sorted(map(tuple, rows.tolist()))


def _read(path: Path) -> np.ndarray:
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            return arrays[arrays.files[0]]
    if path.suffix == ".npy":
        return np.load(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = io.imread(path)
    return np.searchsorted(np.unique(image), image)  # grey levels to phases

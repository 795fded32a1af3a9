"""The images that persistence is timed on, and its peers."""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from morphokeras.topology import persistence_pairs

KINDS = ("smooth field", "sigmoid + noise", "binary", "white noise")


def make_image(kind: str, shape: tuple[int, ...], rng: np.random.Generator):
    """Return a float32 image or volume of one of `KINDS`."""
    noise = rng.normal(size=shape)
    if kind == "white noise":
        return noise.astype("float32")
    field = ndimage.gaussian_filter(noise, 6, mode="wrap")
    field /= field.std()
    if kind == "smooth field":
        image = 1 / (1 + np.exp(-2 * field))
    elif kind == "sigmoid + noise":
        grain = 0.05 * rng.normal(size=shape)
        image = np.clip(1 / (1 + np.exp(-4 * field)) + grain, 0, 1)
    else:
        image = field > 0
    return image.astype("float32")


def ours(image: np.ndarray, dimensions: tuple[int, ...] | None = None, **options):
    """Return our pairs of one image on one thread."""
    return persistence_pairs(
        image[np.newaxis],
        spatial_dims=image.ndim,
        homology_dimensions=dimensions,
        num_threads=1,
        **options,
    )


def peers(rank: int) -> dict[str, Callable]:
    """Return the other libraries that are installed and run, on superlevel sets."""
    found: dict[str, Callable] = {}
    for name, load in _LOADERS.items():
        try:
            found.update(load(rank))
        except (ImportError, TypeError) as error:
            print(f"{name} is left out: {str(error).splitlines()[0]}")
    return found


def _gudhi(rank: int) -> dict[str, Callable]:
    import gudhi
    from gudhi.sklearn.cubical_persistence import CubicalPersistence

    fast = CubicalPersistence(homology_dimensions=list(range(rank)))

    def cofaces(image):
        complex_ = gudhi.CubicalComplex(top_dimensional_cells=-image)
        complex_.compute_persistence()
        return complex_.cofaces_of_persistence_pairs()

    return {
        "gudhi, values only": lambda image: fast.fit_transform([-image]),
        "gudhi, complex and cofaces": cofaces,
    }


def _cripser(rank: int) -> dict[str, Callable]:
    import cripser

    def pairs(image):
        negative = -image.astype("float64")
        return cripser.computePH(negative, maxdim=rank - 1, top_dim=True, n_threads=1)

    return {"cripser, all dimensions": pairs}


def _giotto(rank: int) -> dict[str, Callable]:
    from gtda.homology import CubicalPersistence

    giotto = CubicalPersistence(homology_dimensions=tuple(range(rank)), n_jobs=1)
    return {"giotto-tda, values only": lambda image: giotto.fit_transform(-image[None])}


def _torch_topological(rank: int) -> dict[str, Callable]:
    import torch
    from torch_topological.nn import CubicalComplex

    complex_ = CubicalComplex(dim=rank, superlevel=True)
    complex_(torch.zeros([3] * rank))  # raises TypeError with gudhi 3.13: take 3.10
    return {"torch-topological": lambda image: complex_(torch.from_numpy(image))}


_LOADERS = {
    "gudhi": _gudhi,
    "cripser": _cripser,
    "giotto-tda": _giotto,
    "torch-topological": _torch_topological,
}

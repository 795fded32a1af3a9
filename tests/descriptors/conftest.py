"""Fields whose descriptors are known in closed form."""

import numpy as np
import pytest
from scipy.spatial import cKDTree


@pytest.fixture
def boolean_model(rng):
    """Return a function that throws discs or balls on a torus, at random places."""

    def make(num_samples, shape, radius, density):
        fields = np.empty((num_samples, *shape), bool)
        pixels = np.indices(shape).reshape(len(shape), -1).T
        for field in fields:
            number = rng.poisson(density * np.prod(shape))
            centres = rng.random((number, len(shape))) * shape
            distances, _ = cKDTree(centres, boxsize=shape).query(
                pixels, distance_upper_bound=radius
            )
            field.ravel()[:] = distances < radius
        return fields

    return make


@pytest.fixture
def sphere():
    """Return a function that makes one disc or ball on a torus: a periodic lattice."""

    def make(shape, radius, spacing=1.0):
        sizes = np.broadcast_to(spacing, len(shape))
        offsets = [
            h * (np.arange(n) - n / 2 + 0.27) for n, h in zip(shape, sizes, strict=True)
        ]
        grids = np.meshgrid(*offsets, indexing="ij", sparse=True)
        return (sum(grid**2 for grid in grids) < radius**2)[np.newaxis]

    return make

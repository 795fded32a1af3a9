"""What the whole suite shares: one quiet backend and one seed."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Tests compile much and compute little.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

import pytest

from morphokeras.utils.backend import choose_backend

choose_backend()


@pytest.fixture(autouse=True)
def _repeatable():
    import keras

    keras.utils.set_random_seed(0)


@pytest.fixture
def rng():
    """Return a NumPy generator with a fixed seed."""
    import numpy as np

    return np.random.default_rng(0)

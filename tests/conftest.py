"""What the whole suite shares: one quiet backend and one seed."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers share the cores: threads of each would wait for those of the others.
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Tests compile much and compute little: fused loops take XLA a third of its time.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false",
)

import pytest

from morphokeras.utils.backend import choose_backend

choose_backend()


def pytest_collection_modifyitems(config, items):
    """Leave what trains many networks to PyTorch, which compiles nothing."""
    import keras

    if keras.backend.backend() == "torch":
        return
    kept, left = [], []
    for item in items:
        example = isinstance(item, pytest.DoctestItem) and any(
            f"morphokeras/{room}/" in item.nodeid for room in ("estimators", "models")
        )
        slow = example or item.get_closest_marker("torch_only")
        (left if slow else kept).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left)


@pytest.fixture(autouse=True)
def _repeatable():
    import keras

    keras.utils.set_random_seed(0)


@pytest.fixture
def rng():
    """Return a NumPy generator with a fixed seed."""
    import numpy as np

    return np.random.default_rng(0)

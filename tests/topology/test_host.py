"""The call from a backend to the host."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

import morphokeras

SCRIPT = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import jax, numpy as np
from morphokeras.topology.betti import soft_betti
images = np.random.default_rng(0).random((8, 128, 128, 1), "float32")
count = lambda x: soft_betti(2 * x, data_format="channels_last").sum()
for _ in range(3):
    jax.jit(jax.grad(count))(images).block_until_ready()
jax.grad(count)(images).block_until_ready()
print("done")
"""


@pytest.mark.skipif(
    keras.backend.backend() != "jax" or not hasattr(os, "sched_setaffinity"),
    reason="needs JAX, and a system that can confine a process to one core",
)
def test_jax_does_not_hang_on_one_core():
    package = str(Path(morphokeras.__file__).parents[1])
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONPATH": package},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert result.stdout.strip() == "done", result.stderr

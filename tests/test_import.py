"""Importing the package is quick, quiet and chooses nothing."""

import importlib.util
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.backend_free

HEAVY = "keras tensorflow jax torch matplotlib gtda numba pandas sklearn".split()


def run(code, **environment):
    env = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"} | environment
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env
    )


def test_import_loads_nothing_heavy():
    code = f"import sys, morphokeras; print([m for m in {HEAVY} if m in sys.modules])"
    assert run(code).stdout.strip() == "[]"


def test_import_takes_less_than_a_third_of_a_second():
    code = (
        "import time; t = time.process_time(); import morphokeras;"
        "print(time.process_time() - t)"
    )
    assert min(float(run(code).stdout) for _ in range(3)) < 0.3


def test_import_chooses_no_backend():
    code = "import os, morphokeras; print(os.environ.get('KERAS_BACKEND'))"
    assert run(code).stdout.strip() == "None"


def test_every_public_name_can_be_reached():
    code = "import morphokeras as m; [getattr(m, name) for name in m.__all__]"
    result = run(code, KERAS_BACKEND=os.environ.get("KERAS_BACKEND", ""))
    assert result.returncode == 0, result.stderr


def test_unknown_name_is_an_attribute_error():
    code = "import morphokeras; morphokeras.no_such_thing"
    assert "has no attribute 'no_such_thing'" in run(code).stderr


def test_measures_work_without_a_backend():
    code = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('keras', 'tensorflow', 'jax', 'torch'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "import morphokeras.datasets, morphokeras.descriptors, morphokeras.metrics\n"
        "import morphokeras.features, morphokeras.topology\n"
    )
    result = run(code)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("module", ["losses", "topology.betti", "layers", "models"])
def test_a_backend_is_chosen_before_keras_is_imported(module):
    code = (
        "import importlib.util as u, os, sys\n"
        "found = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'tensorflow' else found(name)\n"
        f"import morphokeras.{module}, keras\n"
        "print(keras.backend.backend())\n"
    )
    installed = [b for b in ("jax", "torch") if importlib.util.find_spec(b)]
    if not installed:
        pytest.skip("needs another backend than TensorFlow")
    assert run(code, KERAS_HOME="/nowhere").stdout.strip() == installed[0]

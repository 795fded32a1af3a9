"""The numba decorator: cached where it can be, working where it cannot."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import morphokeras
from morphokeras.utils.compile import jit

pytestmark = pytest.mark.backend_free

SCRIPT = """
from morphokeras.utils.compile import jit

@jit
def double(x):
    return 2 * x

print(double(21), type(double._cache).__name__)
"""


@jit(fastmath=True)
def _sum_of_squares(values):
    total = 0.0
    for value in values:
        total += value * value
    return total


def _run(folder, **environment):
    script = folder / "script.py"
    script.write_text(SCRIPT)
    package = Path(morphokeras.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(package), **environment}
    command = [sys.executable, "-B", str(script)]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120
    )


def test_a_compiled_function_gives_the_value_of_the_loop():
    assert _sum_of_squares(np.arange(4.0)) == 14.0


def test_compilation_waits_for_the_first_call():
    compiled = jit(lambda x: x + 1)
    assert not compiled.signatures
    assert compiled(1) == 2
    assert len(compiled.signatures) == 1


def test_python_lock_is_released():
    assert _sum_of_squares.targetoptions["nogil"]


def test_machine_code_is_kept_where_a_folder_can_be_written(tmp_path):
    result = _run(tmp_path, NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    assert result.stdout.split() == ["42", "FunctionCache"], result.stderr
    assert list((tmp_path / "cache").rglob("*.nbc"))


def test_it_compiles_in_memory_where_no_folder_can_be_written(tmp_path):
    # A file in the place of each cache folder stops even an administrator.
    (tmp_path / "__pycache__").write_text("")
    (tmp_path / "home").write_text("")
    home = str(tmp_path / "home")
    environment = {"HOME": home, "XDG_CACHE_HOME": home, "NUMBA_CACHE_DIR": ""}
    result = _run(tmp_path, **environment)
    assert result.stdout.split() == ["42", "NullCache"], result.stderr

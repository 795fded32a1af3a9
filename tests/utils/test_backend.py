"""The choice of a backend before Keras is imported."""

import json
import os
import sys

import pytest

from morphokeras.utils import backend

pytestmark = pytest.mark.backend_free


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """Pretend that Keras is not imported and that nothing was chosen."""
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setenv("KERAS_BACKEND", "")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path


def install(monkeypatch, *names):
    monkeypatch.setattr(
        backend.importlib.util, "find_spec", lambda name: name in names or None
    )


def test_environment_variable_comes_first(fresh, monkeypatch):
    install(monkeypatch, "tensorflow")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert backend.choose_backend() == "jax"


def test_configured_backend_comes_second(fresh, monkeypatch):
    install(monkeypatch, "tensorflow", "torch")
    (fresh / "keras.json").write_text(json.dumps({"backend": "torch"}))
    assert backend.choose_backend() == "torch"
    assert os.environ["KERAS_BACKEND"] == "torch"


def test_configured_backend_that_is_not_installed_is_passed_over(fresh, monkeypatch):
    install(monkeypatch, "jax")
    (fresh / "keras.json").write_text(json.dumps({"backend": "tensorflow"}))
    assert backend.choose_backend() == "jax"


def test_unreadable_configuration_is_passed_over(fresh, monkeypatch):
    install(monkeypatch, "torch")
    (fresh / "keras.json").write_text("{not json")
    assert backend.choose_backend() == "torch"


def test_no_backend_names_the_extras(fresh, monkeypatch):
    install(monkeypatch)
    with pytest.raises(ImportError, match=r"morphokeras\[tensorflow\]"):
        backend.choose_backend()

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


@pytest.mark.parametrize("chosen", [None, "0"])
def test_fast_convolutions_are_taken_unless_the_user_chose(fresh, monkeypatch, chosen):
    install(monkeypatch, "tensorflow")
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "")  # is put back after the test
    if chosen is None:
        monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    else:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", chosen)
    assert backend.choose_backend() == "tensorflow"
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == (chosen or "1")


def test_other_backends_leave_the_settings_of_tensorflow_alone(fresh, monkeypatch):
    install(monkeypatch, "torch", "tensorflow")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    assert backend.choose_backend() == "torch"
    assert "TF_ENABLE_ONEDNN_OPTS" not in os.environ

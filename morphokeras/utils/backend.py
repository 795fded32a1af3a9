"""The choice of a Keras backend, made before Keras is first imported."""

import importlib.util
import json
import os
import sys
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")


def choose_backend() -> str:
    """Choose the Keras backend, unless the user already has, and return its name.

    Keras falls back to TensorFlow whether or not it is installed. This function is
    called before the first ``import keras`` of this library and settles, in this
    order, for: the backend of a Keras that is imported already, the environment
    variable ``KERAS_BACKEND``, the backend of the user's ``keras.json`` if it is
    installed, the first one installed of TensorFlow, JAX and PyTorch. Its choice is
    written to ``KERAS_BACKEND``, where Keras and child processes find it.

    TensorFlow leaves its fast convolutions (oneDNN) out on many processors unless
    ``TF_ENABLE_ONEDNN_OPTS`` is set before its import; where the user has not set it,
    it becomes 1.

    Returns
    -------
    str
        One of ``"tensorflow"``, ``"jax"``, ``"torch"``, or whatever other backend the
        user asked Keras for.

    Raises
    ------
    ImportError
        If no backend is installed.

    Examples
    --------
    >>> from morphokeras.utils.backend import choose_backend
    >>> choose_backend() in ("tensorflow", "jax", "torch")
    True
    """
    backend = _find_backend()
    if backend == "tensorflow" and "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    return backend


def _find_backend() -> str:
    if "keras" in sys.modules and hasattr(sys.modules["keras"], "backend"):
        return sys.modules["keras"].backend.backend()
    if chosen := os.environ.get("KERAS_BACKEND"):
        return chosen
    installed = [name for name in BACKENDS if importlib.util.find_spec(name)]
    configured = _configured_backend()
    if configured in installed:
        os.environ["KERAS_BACKEND"] = configured
        return configured
    if not installed:
        raise ImportError(
            "morphokeras needs a Keras backend: TensorFlow, JAX or PyTorch. None is "
            'installed. Install one with `pip install "morphokeras[tensorflow]"`, '
            '`"morphokeras[jax]"` or `"morphokeras[torch]"`.'
        )
    os.environ["KERAS_BACKEND"] = installed[0]
    return installed[0]


def _configured_backend() -> str:
    """Return the backend named in keras.json, or an empty string."""
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    try:
        settings = json.loads((home / "keras.json").read_text())
    except (OSError, ValueError):
        return ""
    return settings.get("backend", "") if isinstance(settings, dict) else ""

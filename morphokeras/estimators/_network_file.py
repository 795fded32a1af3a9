"""A network as the content of a ``.keras`` file, checked before Keras opens it."""

import contextlib
import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from morphokeras.estimators._archive import pack, unpack

MEMBERS = ("metadata.json", "config.json", "model.weights.h5")
LARGEST_JSON = 2**24
"""Bytes beyond which a JSON file is not read."""

# What a network of ours may be made of beside our own classes. A list of what is
# harmless: `Lambda`, `TFSMLayer` and `TorchModuleWrapper` bring code of their own.
KERAS_CLASSES = [("keras", "DTypePolicy")]
OWN_PACKAGE = "morphokeras"


def write_network(model: keras.Model) -> bytes:
    """Return a network, without its optimizer, as the content of a ``.keras`` file.

    Parameters
    ----------
    model : keras.Model
        A built network.

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        If `read_network` would refuse it.
    """
    with tempfile.TemporaryDirectory() as folder, _without_optimizer(model):
        path = Path(folder) / "model.keras"
        model.save(path)
        members = unpack(path, [MEMBERS], "model.keras")
    _check_config(members["config.json"])
    _check_weights(members["model.weights.h5"])
    return pack(members)


def read_network(content: bytes) -> keras.Model:
    """Return the network of a ``.keras`` file, once nothing in it can run.

    Parameters
    ----------
    content : bytes
        What `write_network` returned.

    Returns
    -------
    keras.Model
        Not compiled.

    Raises
    ------
    ValueError
        If it holds other classes than ours and Keras' harmless ones, a function, links
        to other files, or weights that do not fit.
    """
    members = unpack(io.BytesIO(content), [MEMBERS], "model.keras")
    _check_config(members["config.json"])
    _check_weights(members["model.weights.h5"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(pack(members))
        try:
            return keras.saving.load_model(path, compile=False, safe_mode=True)
        # Wrong arguments of a constructor may raise anything.
        except Exception as error:
            reason = str(error).split("\n")[0][:300]
            raise ValueError(f"Keras cannot read model.keras: {reason}") from error


def read_json(content: bytes, name: str) -> dict[str, Any]:
    """Return the dict of a JSON file.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        What the messages call it.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If it is too large, too deep, or not a JSON object.
    """
    if len(content) > LARGEST_JSON:
        raise ValueError(
            f"{name} has {len(content)} bytes. At most {LARGEST_JSON} are read."
        )
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is not readable JSON ({error}).") from error
    if not isinstance(value, dict):
        raise ValueError(f"{name} must hold a JSON object.")
    return value


@contextlib.contextmanager
def _without_optimizer(model: keras.Model) -> Iterator[None]:
    """Take the optimizer away for a while.

    Its class is one backend's, and its state twice the size of the weights; every
    training starts with a new one.
    """
    if not model.compiled:
        yield
        return
    optimizer = model.optimizer
    model.optimizer, model.compiled = None, False
    try:
        yield
    finally:
        model.optimizer, model.compiled = optimizer, True


def _check_config(content: bytes) -> None:
    config = read_json(content, "config.json")
    if "class_name" not in config:
        raise ValueError("config.json in model.keras describes no network.")
    _check_objects(config)


def _check_objects(value: Any) -> None:
    """Refuse every serialised object whose class is not one of ours or harmless."""
    if isinstance(value, dict):
        if not {"class_name", "module", "registered_name"}.isdisjoint(value):
            _check_class(value)
        for item in value.values():
            _check_objects(item)
    elif isinstance(value, list):
        for item in value:
            _check_objects(item)


def _check_class(config: dict) -> None:
    module, name = config.get("module"), config.get("class_name")
    registered = config.get("registered_name")
    if registered is None and (module, name) in KERAS_CLASSES:
        return
    if registered == f"{OWN_PACKAGE}>{name}":
        known = keras.saving.get_registered_object(registered)
        if isinstance(known, type) and known.__module__.startswith(f"{OWN_PACKAGE}."):
            return
    raise ValueError(
        f"model.keras holds an object of class {name!r:.80}, module {module!r:.80}, "
        f"registered as {registered!r:.80}. Only networks of morphokeras are loaded: "
        "no functions, no Lambda, no classes of others."
    )


def _check_weights(content: bytes) -> None:
    """Refuse what is not a plain array of numbers inside the file itself."""
    import h5py

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            _check_group(file, len(content))
    except (OSError, RuntimeError, KeyError, TypeError) as error:
        raise ValueError(
            f"model.weights.h5 in model.keras is damaged ({error})."
        ) from error


def _check_group(group: Any, available: int) -> int:
    """Return how many bytes the arrays of a group hold together."""
    import h5py

    total = 0
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ValueError(f"model.weights.h5 holds a link to elsewhere: {name}.")
        item = group[name]
        if isinstance(item, h5py.Group):
            total += _check_group(item, available - total)
        elif not _is_plain(item):
            raise ValueError(f"model.weights.h5 holds more than an array: {name}.")
        else:
            total += item.nbytes
        if total > available:
            raise ValueError(f"model.weights.h5 is too short for its arrays: {name}.")
    return total


def _is_plain(dataset: Any) -> bool:
    """Return whether a dataset is an uncompressed array of numbers in this file."""
    stored_elsewhere = dataset.is_virtual or dataset.external
    return (
        not stored_elsewhere and dataset.chunks is None and dataset.dtype.kind in "biuf"
    )

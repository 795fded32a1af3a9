"""A fitted estimator as one file: what goes into it, and what comes out."""

import io
import json
import os
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import sklearn
from sklearn.utils._metadata_requests import MethodMetadataRequest
from sklearn.utils.validation import check_is_fitted

import morphokeras
from morphokeras.estimators import _training
from morphokeras.estimators._archive import pack, unpack, write_archive
from morphokeras.estimators._network_file import read_json, read_network, write_network
from morphokeras.estimators._values import decode, encode, read_array, write_array

FORMAT = 1
VALUES = ("params.json", "arrays.npz")
ENTRIES = {
    "format": int,
    "class": str,
    "versions": dict,
    "parameters": dict,
    "attributes": dict,
    "requests": dict,
    "seeds": dict,
    "arrays": list,
}
REQUESTS = "_metadata_request"


class SavesValues:
    """Mixin of an estimator that is written to a file: values, and parts beside them.

    A subclass names the attributes that are no values (`_parts_of`), makes the parts
    (`_write_parts`), and sets these attributes again from the parts (`_read_parts`).
    """

    _part_names: tuple[str, ...] = ()
    _parts_of: tuple[str, ...] = ()
    _required: tuple[str, ...] = ("n_features_in_",)

    def save(self, path: str | os.PathLike) -> None:
        """Write the fitted estimator to one file, for `morphokeras.load`.

        The file holds the parameters, what was learned, and networks without their
        optimizer: numbers and texts, no code. It is first written beside `path` and
        then put in its place: an error leaves an old file as it was.

        Parameters
        ----------
        path : str or path-like
            The file; ``.mkz`` is the usual ending. A file of that name is replaced.

        Raises
        ------
        NotFittedError
            If it was not fitted.
        ValueError
            If a parameter or an attribute is no value, such as a function among
            `callbacks`; it is named.
        TypeError
            If it is no estimator of this package, or a member of it is none.
        OSError
            If the folder is missing or the disk is full.
        """
        write_archive(path, members_of(self))

    def _saved_parameters(self) -> dict[str, Any]:
        return self.get_params(deep=False)  # type: ignore[attr-defined]

    def _write_parts(self) -> dict[str, bytes]:
        """Return what is not a value, by the name in the archive."""
        return {}

    def _read_parts(
        self, parts: Mapping[str, bytes], classes: Mapping[str, type]
    ) -> None:
        """Set what is not a value; `classes` are those that a part may hold."""


class SavesNetwork(SavesValues):
    """Mixin of an estimator whose `model_` is a network."""

    model_: keras.Model
    mixed_precision: str | None
    _part_names = ("model.keras",)
    _parts_of = ("model_",)
    _required = ("history_", "image_shape_", "intensity_range_", "n_features_in_")

    def _write_parts(self) -> dict[str, bytes]:
        return {"model.keras": write_network(self.model_)}

    def _read_parts(
        self, parts: Mapping[str, bytes], classes: Mapping[str, type]
    ) -> None:
        with _training.seeded(0), _training.precision(self.mixed_precision):
            self.model_ = read_network(parts["model.keras"])


def members_of(estimator: Any) -> dict[str, bytes]:
    """Return a fitted estimator as the members of an archive; see its method `save`."""
    known = isinstance(estimator, SavesValues)
    if not known or not type(estimator).__module__.startswith("morphokeras."):
        raise TypeError(
            "`save` writes the estimators of morphokeras, which `load` knows. Received "
            f"{'the subclass' if known else 'a'} {type(estimator).__name__}: pickle "
            "it, or save its `model_`."
        )
    check_is_fitted(estimator)
    estimator._validate_params()
    arrays: dict[str, np.ndarray] = {}
    description = {
        "format": FORMAT,
        "class": type(estimator).__name__,
        "versions": _versions(),
        "parameters": _encode_parameters(estimator, arrays),
        "attributes": _encode_attributes(estimator, arrays),
        "requests": _requests(estimator),
        "seeds": encode(_seed_states(estimator), "seeds", arrays),
        "arrays": list(arrays),
    }
    text = json.dumps(description, indent=1, allow_nan=False).encode()
    _read_description(text, {description["class"]: type(estimator)})
    return {
        "params.json": text,
        "arrays.npz": pack({f"{k}.npy": write_array(v) for k, v in arrays.items()}),
        **estimator._write_parts(),
    }


def read_estimator(path: str | os.PathLike, classes: Mapping[str, type]) -> Any:
    """Return the fitted estimator of a file.

    Parameters
    ----------
    path : str or path-like
        The file.
    classes : dict of classes
        The estimators that may come out, by name.

    Returns
    -------
    estimator
        As it was saved.

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If the file is not one of `save`, is damaged, or is hostile.
    """
    with open(path, "rb") as file:
        try:
            return from_archive(file, classes)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{os.fspath(path)} cannot be loaded: {error}") from error


def from_archive(source: Any, classes: Mapping[str, type]) -> Any:
    """Return the fitted estimator of an archive; see `read_estimator`."""
    known: Mapping[str, Any] = classes
    choices = dict.fromkeys((*VALUES, *c._part_names) for c in known.values())
    members = unpack(source, choices, "the file")
    description = _read_description(members.pop("params.json"), classes)
    arrays = _read_arrays(members.pop("arrays.npz"), description)
    parts = known[description["class"]]._part_names
    if sorted(members) != sorted(parts):
        raise ValueError(
            f"a file of {description['class']} must hold the members {sorted(parts)} "
            f"beside the values. It holds {sorted(members)}."
        )
    estimator = _with_values(description, arrays, classes)
    estimator._read_parts(members, classes)
    _set_seed_states(estimator, decode(description["seeds"], arrays))
    return estimator


def _versions() -> dict[str, str]:
    return {
        "morphokeras": morphokeras.__version__,
        "keras": keras.__version__,
        "scikit-learn": sklearn.__version__,
        "backend": keras.config.backend(),
    }


def _encode_parameters(estimator, arrays: dict) -> dict:
    codes = {}
    for name, value in estimator._saved_parameters().items():
        try:
            codes[name] = encode(value, name, arrays)
        except TypeError as error:
            raise ValueError(
                f"`{name}` cannot be saved: it holds {error}, and a file holds values "
                f"only. Save after `set_params({name}=None)`; set it again after "
                "`load`."
            ) from error
    return codes


def _encode_attributes(estimator, arrays: dict) -> dict:
    skipped = {*estimator.get_params(deep=False), *estimator._parts_of, REQUESTS}
    codes = {}
    for name, value in vars(estimator).items():
        if name in skipped:
            continue
        try:
            codes[name] = encode(value, name, arrays)
        except TypeError as error:
            raise ValueError(
                f"`{name}` cannot be saved: it is or holds {error}. Labels must be "
                "numbers or strings; take away attributes of your own with `del`."
            ) from error
    return codes


def _requests(estimator) -> dict[str, dict]:
    """Return what the user asked scikit-learn to route, by method."""
    if not hasattr(estimator, REQUESTS):
        return {}
    requests = vars(estimator._get_metadata_request())
    return {k: v.requests for k, v in requests.items() if hasattr(v, "requests")}


def _seed_states(estimator) -> np.ndarray:
    """Return where the network's random numbers have got to: Keras does not save it."""
    states = [keras.ops.convert_to_numpy(v) for v in _seed_variables(estimator)]
    return np.asarray(states, "uint32").reshape(-1, 2)


def _seed_variables(estimator) -> list:
    if not hasattr(estimator, "model_"):
        return []
    variables = estimator.model_.variables
    return [v for v in variables if v.path.endswith("seed_generator_state")]


def _read_description(content: bytes, classes: Mapping[str, type]) -> dict[str, Any]:
    """Return params.json, known to be of this format and of a known class."""
    description = read_json(content, "params.json")
    if description.get("format") != FORMAT:
        raise ValueError(
            f"it has format version {description.get('format')!r:.80}, written by "
            f"{description.get('versions')!r:.200}. Version {FORMAT} is read by "
            f"morphokeras {morphokeras.__version__}: update morphokeras."
        )
    if description.keys() != ENTRIES.keys():
        raise ValueError(
            f"params.json must have the entries {sorted(ENTRIES)}. It has "
            f"{sorted(description)[:10]}."
        )
    for name, kind in ENTRIES.items():
        if not isinstance(description[name], kind):
            raise ValueError(f"{name!r} in params.json must be a JSON {kind.__name__}.")
    if description["class"] not in classes:
        raise ValueError(
            f"it holds an estimator of class {description['class']!r:.80}. Known are "
            f"{sorted(classes)}."
        )
    return description


def _read_arrays(content: bytes, description: dict) -> dict[str, np.ndarray]:
    """Return the arrays that the description speaks of; there must be no others."""
    files = {f"{name}.npy": name for name in description["arrays"]}
    members = unpack(io.BytesIO(content), [list(files)], "arrays.npz")
    return {name: read_array(members[file], file) for file, name in files.items()}


def _with_values(description: dict, arrays: dict, classes: Mapping[str, type]) -> Any:
    """Return the estimator with its parameters and all it learned but the network."""
    estimator_class: Any = classes[description["class"]]
    parameters = {k: decode(v, arrays) for k, v in description["parameters"].items()}
    unknown = sorted(parameters.keys() - set(estimator_class._get_param_names()))
    if unknown:
        raise ValueError(
            f"{description['class']} has no parameters of the names {unknown[:10]}: "
            "update morphokeras."
        )
    estimator = estimator_class(**parameters)
    estimator._validate_params()
    _set_attributes(estimator, description["attributes"], arrays)
    if description["requests"]:
        _set_requests(estimator, description["requests"])
    return estimator


def _set_attributes(estimator, codes: dict, arrays: dict) -> None:
    missing = sorted(set(estimator._required) - codes.keys())
    if missing:
        raise ValueError(f"the learned attributes {missing} are missing.")
    taken = {*estimator._get_param_names(), *estimator._parts_of, REQUESTS}
    for name, code in codes.items():
        # Values learned in `fit`, never in the place of a method or a parameter.
        if name in taken or name.startswith("__") or hasattr(type(estimator), name):
            raise ValueError(f"{name!r:.80} is no attribute that is learned.")
        setattr(estimator, name, decode(code, arrays))


def _set_requests(estimator, requests: dict) -> None:
    routed = estimator._get_metadata_request()
    for method, wanted in requests.items():
        request = getattr(routed, method, None)
        if not isinstance(request, MethodMetadataRequest) or not isinstance(
            wanted, dict
        ):
            raise ValueError(f"there is no method {method!r:.80} to route data to.")
        for name, alias in wanted.items():
            request.add_request(param=name, alias=alias)
    setattr(estimator, REQUESTS, routed)


def _set_seed_states(estimator, states: Any) -> None:
    variables = _seed_variables(estimator)
    if np.shape(states) != (len(variables), 2):
        raise ValueError(f"it must hold {len(variables)} seeds of two numbers.")
    for variable, state in zip(variables, states, strict=True):
        variable.assign(np.asarray(state, "uint32"))

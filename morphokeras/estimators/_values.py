"""Parameters and learned attributes as JSON and plain arrays, and back."""

import io
import math
from pathlib import Path, PurePath
from typing import Any

import numpy as np

NUMBERS = (
    *("bool", "int8", "int16", "int32", "int64"),
    *("uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"),
)
PLAIN_KINDS = "biufcSU"


def encode(value: Any, name: str, arrays: dict[str, np.ndarray]) -> Any:
    """Return what stands for a value in JSON; arrays are put aside in `arrays`.

    Parameters
    ----------
    value : object
        None, a boolean, number, string or path, an array of numbers or strings; or a
        list, tuple or dict of such.
    name : str
        Its name, for the messages and the arrays.
    arrays : dict
        Where arrays go, by the name that is left in their place.

    Returns
    -------
    object
        JSON's own types; a dict of one tag for what JSON does not have.

    Raises
    ------
    TypeError
        If it is anything else. The message names the type.

    Examples
    --------
    >>> from morphokeras.estimators._values import decode, encode
    >>> encode({0: (1, 2)}, "class_weight", {})
    {'dict': [[0, {'tuple': [1, 2]}]]}
    >>> decode(encode({0: (1, 2)}, "class_weight", {}), {})
    {0: (1, 2)}
    """
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, np.generic):
        return _encode_number(value, name, arrays)
    if isinstance(value, np.ndarray):
        return _encode_array(value, name, arrays)
    if isinstance(value, PurePath):
        return {"path": str(value)}
    if isinstance(value, dict):
        pairs = [[k, v] for k, v in value.items()]
        return {"dict": [[encode(part, name, arrays) for part in p] for p in pairs]}
    if isinstance(value, tuple | list):
        items = [encode(item, name, arrays) for item in value]
        return {"tuple": items} if isinstance(value, tuple) else items
    raise TypeError(f"an object of type {type(value).__name__}")


def decode(code: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Return the value that `encode` was given.

    Parameters
    ----------
    code : object
        What `encode` returned, read from JSON.
    arrays : dict of ndarray
        The arrays that `encode` put aside.

    Returns
    -------
    object

    Raises
    ------
    ValueError
        If `encode` does not write such a thing.
    """
    if code is None or isinstance(code, bool | int | float | str):
        return code
    if isinstance(code, list):
        return [decode(item, arrays) for item in code]
    try:
        ((tag, content),) = code.items()
        return _DECODERS[tag](content, arrays)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"it holds a value that `save` does not write: {str(code)[:80]}."
        ) from error


def write_array(array: np.ndarray) -> bytes:
    """Return an array as a ``.npy`` file."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=False)
    return stream.getvalue()


def read_array(content: bytes, name: str) -> np.ndarray:
    """Return the array of a ``.npy`` file of numbers or strings.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        What the messages call it.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If it holds objects, which only a pickle can, or is not as long as it says.
    """
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        read_header = _HEADERS[version]
        shape, _, dtype = read_header(stream)
    # The header is a Python literal, and its parser may raise anything.
    except Exception as error:
        raise ValueError(f"{name} is not an array file ({error}).") from error
    if dtype.kind not in PLAIN_KINDS:
        raise ValueError(
            f"{name} is an array of dtype {dtype}: numbers and strings are read, never "
            "pickled objects."
        )
    # Before an array of that shape is made.
    if math.prod(shape) * dtype.itemsize != len(content) - stream.tell():
        raise ValueError(f"{name} does not hold the {shape} values that it announces.")
    stream.seek(0)
    return np.lib.format.read_array(stream, allow_pickle=False)


def _encode_number(value: np.generic, name: str, arrays: dict) -> dict:
    kind = "str" if isinstance(value, np.str_) else value.dtype.name
    if kind not in ("str", *NUMBERS):
        raise TypeError(f"a NumPy scalar of dtype {value.dtype}")
    return {"numpy": [kind, encode(value.item(), name, arrays)]}


def _encode_array(value: np.ndarray, name: str, arrays: dict) -> dict:
    """Put an array aside; strings that are objects become plain ones on the way."""
    plain = np.asarray(value)
    tag = "array"
    if plain.dtype.kind in "OT":
        if not all(isinstance(item, str) for item in plain.flat):
            raise TypeError("an object array of other things than strings")
        plain, tag = plain.astype(str), "strings"
    if plain.dtype.kind not in PLAIN_KINDS:
        raise TypeError(f"an array of dtype {plain.dtype}")
    key = name if name not in arrays else f"{name}.{len(arrays)}"
    arrays[key] = plain
    return {tag: key}


def _decode_number(content: list, arrays: dict) -> Any:
    kind, item = content
    if kind not in ("str", *NUMBERS):
        raise ValueError(kind)
    number = np.str_ if kind == "str" else np.dtype(kind).type
    return number(decode(item, arrays))


_DECODERS: dict[str, Any] = {
    "float": lambda content, _: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[
        content
    ],
    "numpy": _decode_number,
    "array": lambda content, arrays: arrays[content],
    "strings": lambda content, arrays: arrays[content].astype(object),
    "path": lambda content, _: Path(content),
    "dict": lambda content, arrays: {
        decode(k, arrays): decode(v, arrays) for k, v in content
    },
    "tuple": lambda content, arrays: tuple(decode(v, arrays) for v in content),
}

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}

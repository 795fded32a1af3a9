"""Compiled networks that the next training of the same shapes goes on with.

Keras compiles a training step for each model anew: seconds with TensorFlow and JAX, in
every fold of a cross-validation. So a network is trained in a twin of the same build,
which is kept when the training is over and lent to the next network that fits it.
"""

import collections
import contextlib
import json
import threading
from collections.abc import Iterator

import keras
import numpy as np
from keras import ops

# A twin holds weights and the optimizer's state: three times the network.
MOST_WEIGHTS = 5_000_000
MOST_TWINS = 4

_twins: collections.OrderedDict[str, "_Twin"] = collections.OrderedDict()
_lock = threading.Lock()


@contextlib.contextmanager
def lend_compiled(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, batch: dict
) -> Iterator[keras.Model]:
    """Lend a compiled model in the state of `model`, which gets its state at the end.

    If the training ends with an exception, `model` stays as it was.

    Parameters
    ----------
    model : keras.Model
        The network to train. A large one is compiled and lent itself.
    optimizer : keras.optimizers.Optimizer
        An optimizer that has not been used.
    batch : dict of ndarray
        A batch of the training.

    Yields
    ------
    keras.Model
        Compiled, with a fresh optimizer of the given kind.
    """
    build(model, batch)
    if model.count_params() > MOST_WEIGHTS:
        model.compile(optimizer)
        model.optimizer.build(model.trainable_variables)
        yield model
        return
    key = _key(model, optimizer, batch)
    with _lock:
        twin = _twins.pop(key, None)
    twin = twin or _Twin(model, optimizer, batch)
    twin.take_state(model)
    yield twin.model
    _copy(twin.model, model)
    with _lock:
        _twins[key] = twin
        while len(_twins) > MOST_TWINS:
            _twins.popitem(last=False)


def build(model: keras.Model, batch: dict[str, np.ndarray]) -> None:
    """Make the weights of a model.

    TensorFlow traces a step that has to make variables twice, which takes seconds.

    Parameters
    ----------
    model : keras.Model
        A model.
    batch : dict of ndarray
        A batch of the training, of which only the shapes are looked at.
    """
    if not model.built:
        model({k: keras.KerasTensor(v.shape, v.dtype) for k, v in batch.items()})


class _Twin:
    """A compiled model of the same build, and what its optimizer starts from."""

    def __init__(self, model, optimizer, batch):
        self.model = type(model).from_config(model.get_config())
        build(self.model, batch)
        self.model.compile(optimizer)
        self.model.optimizer.build(self.model.trainable_variables)
        values = [ops.convert_to_numpy(v) for v in self.model.optimizer.variables]
        self.start = [value if value.any() else None for value in values]

    def take_state(self, model) -> None:
        _copy(model, self.model)
        variables = self.model.optimizer.variables
        for variable, value in zip(variables, self.start, strict=True):
            blank = np.zeros(variable.shape, variable.dtype)
            variable.assign(blank if value is None else value)


def _copy(source: keras.Model, target: keras.Model) -> None:
    for new, old in zip(source.variables, target.variables, strict=True):
        old.assign(new)


def _key(model, optimizer, batch) -> str:
    """Describe everything that a compiled step depends on, the state left out."""
    shapes = {name: (array.shape, str(array.dtype)) for name, array in batch.items()}
    parts = [model.get_config(), optimizer.get_config(), shapes]
    described = json.dumps(_without_names(parts), sort_keys=True, default=str)
    return f"{type(model).__name__} {described}"


def _without_names(value):
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if k not in ("name", "seed")}
        return {str(k): _without_names(v) for k, v in kept.items()}
    if isinstance(value, list | tuple):
        return [_without_names(v) for v in value]
    return value

"""Compiled networks that the next network of the same build goes on with.

Keras compiles a step for each model anew: seconds with TensorFlow and JAX, in every
fold of a cross-validation, and some of the memory never comes back. So a network is
trained, and asked for predictions, in a twin of the same build, which is kept and lent
to the next network that fits it.
"""

import collections
import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from morphokeras.estimators._memory import free_left_overs
from morphokeras.estimators._training import seeded

# A twin that trains holds weights and the optimizer's state: three times the network.
MOST_WEIGHTS = 5_000_000
MOST_TWINS = 4


class _Shelf:
    """Twins that nobody uses, by what they fit; the longest unused are given up."""

    def __init__(self):
        self._twins = collections.OrderedDict()
        self._lock = threading.Lock()

    def __len__(self):
        return len(self._twins)

    def take(self, key: str) -> Any:
        with self._lock:
            return self._twins.pop(key, None)

    def put(self, key: str, twin: Any) -> None:
        with self._lock:
            self._twins[key] = twin
            while len(self._twins) > MOST_TWINS:
                self._twins.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._twins.clear()


for_training, for_prediction = _Shelf(), _Shelf()


@contextlib.contextmanager
def lend_compiled(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, batch: dict
) -> Iterator[keras.Model]:
    """Lend a compiled model in the state of `model`, which gets its state at the end.

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
    free_left_overs(model)
    if _is_large(model):
        model.compile(optimizer)
        model.optimizer.build(model.trainable_variables)
        yield model
        return
    shapes = {name: (array.shape, str(array.dtype)) for name, array in batch.items()}
    key = _key(model, optimizer.get_config(), shapes)
    twin = for_training.take(key) or _Twin(model, optimizer, batch)
    twin.take_state(model)
    yield twin.model
    _copy(twin.model, model)
    for_training.put(key, twin)


@contextlib.contextmanager
def lend_predicting(model: keras.Model) -> Iterator[keras.Model]:
    """Lend a model in the state of `model` whose compiled predictions are kept.

    Parameters
    ----------
    model : keras.Model
        A network that is built. A large one is lent itself.

    Yields
    ------
    keras.Model
        A network to ask by `predict_on_batch`, and for nothing else.
    """
    if _is_large(model):
        yield model
        return
    key = _key(model)
    twin = for_prediction.take(key) or _like(model)
    _copy(model, twin)
    yield twin
    for_prediction.put(key, twin)


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


def _is_large(model: keras.Model) -> bool:
    return model.count_params() > MOST_WEIGHTS


def _like(model: keras.Model) -> keras.Model:
    """Return a model of the same build, in any state."""
    with seeded(0):
        twin = type(model).from_config(model.get_config())
        if not twin.built:
            twin.build_from_config(model.get_build_config())
    return twin


def _copy(source: keras.Model, target: keras.Model) -> None:
    for new, old in zip(source.variables, target.variables, strict=True):
        # JAX would share the memory, which its compiled steps take for their results.
        old.assign(ops.copy(new))


def _key(model: keras.Model, *further: Any) -> str:
    """Describe everything that a compiled step depends on, the state left out."""
    shapes = [tuple(variable.shape) for variable in model.variables]
    parts = [model.get_config(), shapes, *further]
    described = json.dumps(_without_state(parts), sort_keys=True, default=str)
    return f"{type(model).__name__} {described}"


# What a configuration holds beside the build: what became weights, and mere names.
STATE = ("name", "seed", "pixel_size_range")


def _without_state(value):
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if k not in STATE}
        return {str(k): _without_state(v) for k, v in kept.items()}
    if isinstance(value, list | tuple):
        return [_without_state(v) for v in value]
    return value

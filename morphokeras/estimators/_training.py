"""How a model of an estimator is trained: optimizer, callbacks, seeds, precision."""

import contextlib
import copy
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
from sklearn.base import BaseEstimator

from morphokeras.estimators._data import Batches
from morphokeras.estimators._feed import feed

# Beyond this norm a gradient is scaled down: rare outliers would undo many steps.
CLIP_NORM = 5.0


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Make Keras draw the seeds of layers and weights from `seed`.

    Keras takes a seed that is not given from Python's own generator. Its state is put
    back at the end, so that the user's process draws on as if nothing had happened.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


@contextlib.contextmanager
def all_or_nothing(estimator: BaseEstimator, resumed: bool) -> Iterator[None]:
    """Put an estimator back as it was if its training does not come to its end.

    What an earlier training learned then stays whole, after an interruption also. The
    weights are copied if the training goes on from them (`resumed`): a large network is
    trained itself, and a small one gets its weights from a twin one by one.
    """
    before = dict(vars(estimator))
    variables = before["model_"].variables if resumed else []
    values = [keras.ops.convert_to_numpy(v).copy() for v in variables]
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        raise


def resumes(estimator: BaseEstimator) -> bool:
    """Return whether `fit` goes on from the weights of an earlier one."""
    return bool(estimator.warm_start) and hasattr(estimator, "model_")


@contextlib.contextmanager
def precision(mixed_precision: str | None) -> Iterator[None]:
    """Build layers under the policy of `mixed_precision`, then restore the user's."""
    if mixed_precision is None:
        yield
        return
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(f"mixed_{mixed_precision}")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def make_optimizer(
    learning_rate: float,
    weight_decay: float,
    warmup: float = 0.0,
    steps: int | None = None,
    averaged_share: float = 0.0,
) -> keras.optimizers.Optimizer:
    """Return AdamW with a linear warm-up and a cosine decay to zero.

    Parameters
    ----------
    learning_rate : float
        The greatest learning rate.
    weight_decay : float
        Decoupled decay of weights, relative to the learning rate; biases and the
        scales of normalisations are spared.
    warmup : float, default=0.0
        Share of the steps that the learning rate rises, in [0, 1).
    steps : int, optional
        Number of steps in all; by default the learning rate stays as it is.
    averaged_share : float, default=0.0
        The trained weights become their moving average over this share of the steps.

    Returns
    -------
    keras.optimizers.Optimizer
    """
    rate = learning_rate if steps is None else _schedule(learning_rate, warmup, steps)
    averaged_steps = averaged_share * (steps or 0)
    optimizer = keras.optimizers.AdamW(
        rate,
        weight_decay=weight_decay,
        global_clipnorm=CLIP_NORM,
        use_ema=averaged_steps > 1,
        ema_momentum=1.0 - 1.0 / max(averaged_steps, 1.0),
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def _schedule(learning_rate: float, warmup: float, steps: int):
    warmup_steps = int(warmup * steps)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup_steps else learning_rate,
        decay_steps=max(1, steps - warmup_steps),
        warmup_target=learning_rate if warmup_steps else None,
        warmup_steps=warmup_steps,
    )


def make_callbacks(
    callbacks: Sequence[keras.callbacks.Callback | Callable] | None,
    patience: int | None,
) -> list[keras.callbacks.Callback]:
    """Return fresh callbacks: copies of the user's, and early stopping if asked for.

    Parameters
    ----------
    callbacks : sequence of callbacks or of functions that make one, or None
        The user's. A callback holds the state of one training, so that each training
        gets a copy.
    patience : int or None
        Epochs without a better validation loss before the training stops; None for
        no early stopping.

    Returns
    -------
    list of keras.callbacks.Callback

    Raises
    ------
    TypeError
        If one is neither a callback nor a function that makes one.
    """
    fresh = [_fresh(callback, i) for i, callback in enumerate(callbacks or ())]
    if patience is not None:
        fresh.append(
            keras.callbacks.EarlyStopping(
                monitor="val_loss",
                mode="min",
                patience=patience,
                restore_best_weights=True,
            )
        )
    return fresh


def _fresh(callback: Any, index: int) -> keras.callbacks.Callback:
    if isinstance(callback, keras.callbacks.Callback):
        return copy.deepcopy(callback)
    made = callback() if callable(callback) else callback
    if isinstance(made, keras.callbacks.Callback):
        return made
    source = "a function that returned" if callable(callback) else "an entry of type"
    raise TypeError(
        "`callbacks` must hold Keras callbacks, or functions without arguments that "
        f"make one. Received {source} {type(made).__name__} at index {index}."
    )


def run(
    model: keras.Model,
    batches: Batches,
    validation: Batches | None = None,
    **options: Any,
) -> dict[str, list[float]]:
    """Fit a compiled model, then let the images go.

    Parameters
    ----------
    model : keras.Model
        A compiled model.
    batches, validation : Batches
        What it learns from, in this order, and what its loss is recorded for.
    **options
        Of ``keras.Model.fit``.

    Returns
    -------
    dict of lists
        Every term of the objective by epoch.
    """
    try:
        history = model.fit(
            feed(batches),
            validation_data=None if validation is None else feed(validation),
            shuffle=False,
            **options,
        )
    finally:
        for given in (batches, validation):
            if given is not None:
                given.let_go()
    return history.history

"""One optimisation step that survives a loss or a gradient that is not finite."""

from collections.abc import Callable

import keras
from keras import ops, tree

from morphokeras.utils.typing import Tensor

# The only file of the models that imports a backend: how a gradient is taken and how
# state is carried differs so much between the three that Keras has no word for it.


class FiniteStep:
    """Mixin that gives a Keras model a training step which skips what is not finite.

    Put it left of ``keras.Model`` and say the objective in ``compute_loss``. A step
    whose loss or whose gradient's norm is NaN or infinite leaves the weights, the
    optimizer's state and the moving statistics as they were, and is counted by the
    metric ``skipped_steps`` (its sum over the epoch). The numbers in the logs are the
    same on TensorFlow, JAX and PyTorch.

    With ``keras.optimizers.LossScaleOptimizer`` (mixed float16) a gradient that
    overflows still reaches the optimizer, which must see it to lower its scale.

    Methods
    -------
    add_terms(names)
        Make one ``keras.metrics.Mean`` a term of the objective.
    track_term(name, value, count)
        Add a batch's value of a term to its mean.

    Notes
    -----
    Terms are tracked only from ``compute_loss``: that is where every backend allows a
    metric to change.

    Examples
    --------
    >>> import keras
    >>> from keras import ops
    >>> import numpy as np
    >>> from morphokeras.models._train_step import FiniteStep
    >>> class Line(FiniteStep, keras.Model):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.dense = keras.layers.Dense(1)
    ...         self.add_terms(["square"])
    ...
    ...     def call(self, x, training=False):
    ...         return self.dense(x)
    ...
    ...     def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
    ...         square = ops.mean(ops.square(y_pred - x))
    ...         self.track_term("square", square, ops.shape(x)[0])
    ...         return square
    >>> model = Line()
    >>> model.compile("sgd")
    >>> x = np.ones((4, 1), "float32")
    >>> x[3] = np.nan
    >>> model.fit(x, batch_size=2, shuffle=False, verbose=0).history["skipped_steps"]
    [1.0]
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._skipped_steps = keras.metrics.Sum(name="skipped_steps")
        self._term_means = {}

    def add_terms(self, names: list[str]) -> None:
        """Make one running mean for each of `names`, shown under that name."""
        self._term_means = {name: keras.metrics.Mean(name=name) for name in names}

    def track_term(self, name: str, value: Tensor, count: Tensor = 1) -> None:
        """Add `value`, a scalar, with the weight `count` to the mean called `name`.

        A value that is not finite is left out, so that one bad batch does not hide
        the rest of the epoch.
        """
        _update_if_finite(self._term_means[name], value, count)

    def train_step(self, *arguments):
        """Take one step; the arguments and the result are those of the backend."""
        return _STEPS[keras.backend.backend()](self, *arguments)

    def test_step(self, *arguments):
        """Evaluate one batch; skipped steps belong to training and are left out."""
        result = super().test_step(*arguments)
        logs = result[0] if isinstance(result, tuple) else result
        logs.pop("skipped_steps", None)
        return result

    def _track_step(self, loss: Tensor, x, skipped: Tensor) -> None:
        _update_if_finite(self._loss_tracker, loss, _batch_size(x))
        self._skipped_steps.update_state(ops.cast(skipped, "float32"))

    def _scales_loss(self) -> bool:
        return isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer)

    def _moving_statistics(self) -> list:
        """Return the variables that the forward pass may spoil, without the seeds."""
        return [v for v in self.non_trainable_variables if _is_floating(v)]


def _tensorflow_step(model, data):
    import tensorflow as tf

    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    statistics = model._moving_statistics()
    before = [tf.identity(v.value) for v in statistics]
    with tf.GradientTape() as tape:
        y_pred = model(x, training=True)
        loss = model.compute_loss(x, y, y_pred, sample_weight, training=True)
        scaled_loss = model.optimizer.scale_loss(loss)
    weights = model.trainable_weights
    gradients = tape.gradient(scaled_loss, weights)

    loss_is_finite = tf.math.is_finite(loss)
    finite = tf.logical_and(loss_is_finite, _all_finite(gradients))
    if not model.optimizer.built:
        model.optimizer.build(weights)

    def apply():
        model.optimizer.apply(gradients, weights)

    tf.cond(loss_is_finite if model._scales_loss() else finite, apply, lambda: None)
    for variable, value in zip(statistics, before, strict=True):
        variable.assign(tf.where(finite, variable.value, value))
    model._track_step(loss, x, tf.logical_not(finite))
    return model.compute_metrics(x, y, y_pred, sample_weight)


def _jax_step(model, state, data):
    import jax

    weights, others, optimizer_state, metrics = state
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    gradient_function = jax.value_and_grad(model.compute_loss_and_updates, has_aux=True)
    (_, (loss, y_pred, new_others, metrics)), gradients = gradient_function(
        weights,
        others,
        metrics,
        x,
        y,
        sample_weight,
        training=True,
        optimizer_variables=optimizer_state,
    )

    loss_is_finite = ops.isfinite(loss)
    finite = ops.logical_and(loss_is_finite, _all_finite(gradients))
    apply = loss_is_finite if model._scales_loss() else finite
    new_weights, new_state = model.optimizer.stateless_apply(
        list(optimizer_state), gradients, list(weights)
    )
    # Not `lax.cond`: as a branch the update takes XLA three times as long to compile.
    weights = [
        ops.where(apply, new, old)
        for new, old in zip(new_weights, weights, strict=True)
    ]
    optimizer_state = [
        ops.where(apply, new, old)
        for new, old in zip(new_state, optimizer_state, strict=True)
    ]
    others = [
        ops.where(finite, new, old) if _is_floating(variable) else new
        for variable, new, old in zip(
            model.non_trainable_variables, new_others, others, strict=True
        )
    ]

    pairs = list(zip(model.metrics_variables, metrics, strict=True))
    with keras.StatelessScope(state_mapping=pairs) as scope:
        model._track_step(loss, x, ops.logical_not(finite))
        logs = model.compute_metrics(x, y, y_pred, sample_weight)
    metrics = [scope.get_current_value(variable) for variable, _ in pairs]
    return logs, (weights, others, optimizer_state, metrics)


def _torch_step(model, data):
    import torch

    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    statistics = model._moving_statistics()
    before = [v.value.detach().clone() for v in statistics]
    model.zero_grad()
    y_pred = model(x, training=True)
    loss = model.compute_loss(x, y, y_pred, sample_weight, training=True)
    model.optimizer.scale_loss(loss).backward()
    weights = model.trainable_weights
    gradients = [v.value.grad for v in weights]

    present = [g for g in gradients if g is not None]
    norm = torch.nn.utils.get_total_norm(present)
    # Both answers in one transfer: on a GPU each one waits for the device.
    loss_is_finite, finite = torch.stack(
        [torch.isfinite(loss), torch.isfinite(loss) & torch.isfinite(norm)]
    ).tolist()
    with torch.no_grad():
        if loss_is_finite if model._scales_loss() else finite:
            model.optimizer.apply(gradients, weights)
        if not finite:
            for variable, value in zip(statistics, before, strict=True):
                variable.assign(value)
        model._track_step(loss.detach(), x, not finite)
    return model.compute_metrics(x, y, y_pred, sample_weight)


_STEPS = {"tensorflow": _tensorflow_step, "jax": _jax_step, "torch": _torch_step}


def gradient_norm(model: keras.Model, x) -> float:
    """Return the norm of the objective's gradient on one batch, all weights together.

    Parameters
    ----------
    model : keras.Model
        A built model that says its objective in `compute_loss`.
    x : tensor or dict of tensors
        A batch, as `fit` hands it over.

    Returns
    -------
    float
        Euclidean norm, in units of the loss by unit of weight.
    """
    gradients = _GRADIENTS[keras.backend.backend()](model, x)
    squares = [ops.sum(ops.square(ops.cast(g, "float32"))) for g in gradients]
    return float(ops.sqrt(sum(squares)))


def _loss(model, x) -> Tensor:
    return model.compute_loss(x, None, model(x, training=True), None, training=True)


def _tensorflow_gradients(model, x) -> list:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = _loss(model, x)
    gradients = tape.gradient(loss, model.trainable_weights)
    return [g for g in gradients if g is not None]


def _jax_gradients(model, x) -> list:
    import jax

    def loss(values):
        pairs = list(zip(model.trainable_variables, values, strict=True))
        with keras.StatelessScope(state_mapping=pairs):
            return _loss(model, x)

    # Compiled: operation by operation the first call would take far longer.
    return jax.jit(jax.grad(loss))([v.value for v in model.trainable_variables])


def _torch_gradients(model, x) -> list:
    import torch

    weights = [v.value for v in model.trainable_variables]
    gradients = torch.autograd.grad(_loss(model, x), weights, allow_unused=True)
    return [g for g in gradients if g is not None]


_GRADIENTS = {
    "tensorflow": _tensorflow_gradients,
    "jax": _jax_gradients,
    "torch": _torch_gradients,
}


def gradient_function(function: Callable) -> Callable:
    """Return the function that gives the gradient for the first argument.

    Parameters
    ----------
    function : callable
        Takes tensors and returns a scalar.

    Returns
    -------
    callable
        Takes the same tensors and returns one of the shape of the first.

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.models._train_step import gradient_function
    >>> slope = gradient_function(lambda x, y: ops.sum(y * ops.square(x)))
    >>> ops.convert_to_numpy(slope(ops.ones((2,)), ops.ones((2,)))).tolist()
    [2.0, 2.0]
    """
    return _FUNCTION_GRADIENTS[keras.backend.backend()](function)


def _tensorflow_gradient_function(function):
    import tensorflow as tf

    def gradient(x, *others):
        x = tf.convert_to_tensor(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x, *others)
        return tape.gradient(value, x)

    return gradient


def _jax_gradient_function(function):
    import jax

    return jax.jit(jax.grad(function))


def _torch_gradient_function(function):
    import torch

    def gradient(x, *others):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(function(x, *others), x)[0]

    return gradient


_FUNCTION_GRADIENTS = {
    "tensorflow": _tensorflow_gradient_function,
    "jax": _jax_gradient_function,
    "torch": _torch_gradient_function,
}


def _all_finite(gradients: list) -> Tensor:
    """Return whether the norm of the gradient is finite, which clipping divides by."""
    present = [ops.cast(g, "float32") for g in gradients if g is not None]
    return ops.isfinite(sum(ops.sum(ops.square(g)) for g in present))


def _update_if_finite(mean: keras.metrics.Mean, value: Tensor, count: Tensor) -> None:
    finite = ops.isfinite(value)
    weight = ops.where(finite, ops.cast(count, "float32"), 0.0)
    mean.update_state(ops.where(finite, value, 0.0), sample_weight=weight)


def _is_floating(variable) -> bool:
    return keras.backend.is_float_dtype(variable.dtype)


def _batch_size(x) -> Tensor:
    return ops.shape(tree.flatten(x)[0])[0]

"""The training step that skips what is not finite."""

import keras
import numpy as np
import pytest
from keras import ops

from morphokeras.models._train_step import FiniteStep, gradient_norm


class Line(FiniteStep, keras.Model):
    def __init__(self, penalty=False):
        super().__init__()
        self.norm = keras.layers.BatchNormalization()
        self.dense = keras.layers.Dense(2, kernel_initializer="ones")
        self.penalty = penalty
        self.add_terms(["square"])

    def call(self, x, training=False):
        return self.dense(self.norm(x, training=training))

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        error = ops.cast(y_pred, "float32") - ops.convert_to_tensor(x)
        square = ops.mean(ops.square(error))
        self.track_term("square", square, ops.shape(x)[0])
        if self.penalty == "steep":  # a gradient whose squares overflow
            square = square + 1e25 * ops.mean(y_pred)
        elif self.penalty:  # zero, with a derivative that is not a number
            square = square + ops.mean(ops.sqrt(0.0 * ops.sum(error, axis=1)))
        return square


class Plain(keras.Model):
    """The same model with Keras' own step."""

    def __init__(self):
        super().__init__()
        self.norm = keras.layers.BatchNormalization()
        self.dense = keras.layers.Dense(2, kernel_initializer="ones")

    def call(self, x, training=False):
        return self.dense(self.norm(x, training=training))

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        return ops.mean(ops.square(y_pred - ops.convert_to_tensor(x)))


def compiled(model, optimizer=None, **options):
    model.compile(optimizer or keras.optimizers.AdamW(0.01), **options)
    return model


def data(rng, bad=()):
    x = rng.normal(size=(24, 2)).astype("float32")
    for row in bad:
        x[row, 0] = np.nan
    return x


def fit(model, x, epochs=2, **options):
    history = model.fit(
        x, batch_size=8, epochs=epochs, shuffle=False, verbose=0, **options
    )
    return history.history


def test_finite_steps_are_those_of_keras(rng):
    x = data(rng)
    ours, keras_own = compiled(Line()), compiled(Plain())
    history, expected = fit(ours, x), fit(keras_own, x)
    np.testing.assert_allclose(history["loss"], expected["loss"], rtol=1e-5)
    for weight, target in zip(ours.weights, keras_own.weights, strict=True):
        np.testing.assert_allclose(
            ops.convert_to_numpy(weight), ops.convert_to_numpy(target), atol=1e-6
        )


def test_batches_with_nan_are_skipped_and_counted(rng):
    history = fit(compiled(Line()), data(rng, bad=[1, 9]))
    assert history["skipped_steps"] == [2.0, 2.0]


def test_a_skipped_step_changes_no_state(rng):
    model = compiled(Line())
    x = data(rng)[:8]
    fit(model, x, epochs=1)
    before = [np.array(ops.convert_to_numpy(v)) for v in model.variables]
    optimizer = [np.array(ops.convert_to_numpy(v)) for v in model.optimizer.variables]
    fit(model, x * np.nan, epochs=1)
    for variable, value in zip(model.variables, before, strict=True):
        if "metric" not in variable.path and "skipped" not in variable.path:
            np.testing.assert_array_equal(ops.convert_to_numpy(variable), value)
    for variable, value in zip(model.optimizer.variables, optimizer, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(variable), value)


def test_a_gradient_that_is_not_finite_is_skipped_though_the_loss_is_finite(rng):
    history = fit(compiled(Line(penalty=True)), data(rng))
    assert history["skipped_steps"] == [3.0, 3.0]
    assert np.isfinite(history["loss"]).all()


def test_one_bad_batch_does_not_hide_the_rest_of_the_epoch(rng):
    x = data(rng, bad=[0])
    with_bad = fit(compiled(Line()), x, epochs=1)
    without = fit(compiled(Line()), x[8:], epochs=1)
    np.testing.assert_allclose(with_bad["loss"], without["loss"], rtol=1e-5)
    np.testing.assert_allclose(with_bad["square"], without["square"], rtol=1e-5)


def test_the_loss_scale_is_lowered_by_an_overflow_but_not_by_bad_data(rng):
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.AdamW(0.01))
    model = compiled(Line(penalty=True), optimizer)
    history = fit(model, data(rng), epochs=1)
    scale = float(ops.convert_to_numpy(optimizer.dynamic_scale))
    assert history["skipped_steps"] == [3.0]
    assert scale == optimizer.initial_scale / 2**3
    fit(model, data(rng)[:8] * np.nan, epochs=1)
    assert float(ops.convert_to_numpy(optimizer.dynamic_scale)) == scale


def test_mixed_float16_trains(rng):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = compiled(Line())
    finally:
        keras.config.set_dtype_policy("float32")
    history = fit(model, data(rng), epochs=30)
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert history["loss"][-1] < history["loss"][0]


def test_gradient_clipping_does_not_hide_a_bad_gradient(rng):
    optimizer = keras.optimizers.AdamW(0.01, global_clipnorm=1.0)
    history = fit(compiled(Line(), optimizer), data(rng, bad=[3]))
    assert history["skipped_steps"] == [1.0, 1.0]
    assert np.isfinite(history["loss"]).all()


def test_a_gradient_whose_norm_overflows_is_skipped(rng):
    optimizer = keras.optimizers.AdamW(0.01, global_clipnorm=1.0)
    model = compiled(Line(penalty="steep"), optimizer)
    assert fit(model, data(rng))["skipped_steps"] == [3.0, 3.0]
    assert all(np.isfinite(ops.convert_to_numpy(w)).all() for w in model.weights)


def test_eager_steps_give_the_same_logs(rng):
    x = data(rng, bad=[3])
    graph = fit(compiled(Line()), x)
    eager = fit(compiled(Line(), run_eagerly=True), x)
    for name in graph:
        np.testing.assert_allclose(graph[name], eager[name], rtol=1e-5)


def test_the_logs_are_the_same_on_every_backend():
    keras.utils.set_random_seed(0)
    x = (np.arange(48).reshape(24, 2) % 7).astype("float32")
    history = fit(compiled(Line(), keras.optimizers.SGD(0.01)), x)
    assert list(history) == ["loss", "skipped_steps", "square"]
    # Taken once on JAX; TensorFlow and PyTorch agree to six digits.
    np.testing.assert_allclose(history["loss"], [9.184588, 7.035458], rtol=1e-5)


def test_evaluation_reports_the_terms_and_no_skipped_steps(rng):
    model = compiled(Line())
    history = fit(model, data(rng), validation_data=(data(rng),))
    assert "val_square" in history
    assert "val_skipped_steps" not in history


@pytest.mark.parametrize("method", ["train_on_batch", "test_on_batch"])
def test_single_batches_work(rng, method):
    logs = getattr(compiled(Line()), method)(data(rng)[:8], return_dict=True)
    assert np.isfinite(logs["loss"])


class Stretch(keras.Model):
    """One matrix that is to leave its input alone."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(2, use_bias=False)

    def call(self, x, training=False):
        return self.dense(x)

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        return ops.mean(ops.square(y_pred - ops.convert_to_tensor(x)))


def test_the_gradient_norm_is_that_of_the_closed_form(rng):
    x = data(rng)
    model = Stretch()
    model(ops.convert_to_tensor(x))
    kernel = ops.convert_to_numpy(model.dense.kernel)
    gradient = 2 * x.T @ (x @ kernel - x) / x.size
    norm = gradient_norm(model, ops.convert_to_tensor(x))
    np.testing.assert_allclose(norm, np.linalg.norm(gradient), rtol=1e-5)

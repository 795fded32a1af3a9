"""The one check that every layer of the library passes."""

import contextlib

import keras
import numpy as np
from keras import ops, tree

from tests.gradients import gradients


def check_layer(
    make_layer,
    *input_shapes,
    inputs=None,
    call_kwargs=None,
    unknown_sizes=True,
    output_dtype=None,
    half_tolerance=0.05,
    gradient_step=1e-2,
    gradient_tolerance=1e-2,
    tmp_path,
):
    """Check shapes, precision, saving, training and gradients of one layer.

    ``make_layer`` is called without arguments, once a check. Each of ``input_shapes``
    (batch included) becomes one positional argument of the layer, filled with
    uniform noise in [0, 1], unless ``inputs`` gives the arrays themselves.
    ``unknown_sizes`` also calls the layer on symbolic images of unknown size.
    ``output_dtype`` is for layers that fix it; others return their compute dtype.
    ``half_tolerance`` bounds the deviation of the half precision policies, relative to
    the greatest output; ``None`` asks for finite values only. A ``gradient_step`` of
    ``None`` leaves the gradients unchecked.
    """
    if inputs is None:
        rng = np.random.default_rng(0)
        inputs = [rng.uniform(size=s).astype("float32") for s in input_shapes]
    kwargs = call_kwargs or {}
    check_shapes(make_layer, inputs, kwargs, unknown_sizes)
    check_precision(make_layer, inputs, kwargs, output_dtype, half_tolerance)
    check_saving(make_layer, inputs, kwargs, tmp_path)
    check_training(make_layer, inputs, kwargs)
    if gradient_step is not None:
        check_gradients(make_layer, inputs, kwargs, gradient_step, gradient_tolerance)


def check_shapes(make_layer, inputs, kwargs, unknown_sizes):
    """The symbolic shape agrees with the real one, as far as it is known."""
    layer = make_layer()
    outputs = tree.flatten(layer(*inputs, **kwargs))
    assert layer.built
    known = [array.shape[1:] for array in inputs]
    shapes = [known]
    if unknown_sizes:
        channels_first = getattr(layer, "data_format", None) == "channels_first"
        shapes.append([_forget_sizes(shape, channels_first) for shape in known])
    for shape in shapes:
        model = _functional(layer, shape, kwargs)
        for symbolic, real in zip(model.outputs, outputs, strict=True):
            assert symbolic.shape[0] is None
            assert len(symbolic.shape) == len(real.shape)
            for expected, size in zip(real.shape[1:], symbolic.shape[1:], strict=True):
                assert size == expected or (size is None and shape is not known)
        for again, real in zip(_run(model, inputs), outputs, strict=True):
            np.testing.assert_allclose(again, _to_numpy(real), rtol=1e-4, atol=1e-5)


def check_precision(make_layer, inputs, kwargs, output_dtype, half_tolerance):
    """Each dtype policy gives its dtype and nearly the values of float32."""
    reference_layer = make_layer()
    reference = tree.flatten(reference_layer(*inputs, **kwargs))
    for policy in ("float32", "mixed_float16", "mixed_bfloat16"):
        with _dtype_policy(policy):
            layer = make_layer()
            layer(*inputs, **kwargs)
            layer.set_weights(reference_layer.get_weights())
            outputs = tree.flatten(layer(*inputs, **kwargs))
            symbolic = _functional(layer, [a.shape[1:] for a in inputs], kwargs).outputs
        expected = output_dtype or layer.compute_dtype
        for output, tensor, exact in zip(outputs, symbolic, reference, strict=True):
            assert keras.backend.standardize_dtype(output.dtype) == expected
            assert keras.backend.standardize_dtype(tensor.dtype) == expected
            values, exact = _to_numpy(output), _to_numpy(exact)
            assert np.isfinite(values).all(), f"{policy} gives values that are infinite"
            if half_tolerance is not None:
                error = np.abs(values - exact).max()
                assert error <= half_tolerance * np.abs(exact).max() + 1e-6, policy


def check_saving(make_layer, inputs, kwargs, tmp_path):
    """A functional model with the layer gives the same after `.keras` saving."""
    layer = make_layer()
    model = _functional(layer, [array.shape[1:] for array in inputs], kwargs)
    _stir(layer)
    path = tmp_path / f"{layer.name}.keras"
    model.save(path)
    loaded = keras.saving.load_model(path)
    for before, after in zip(_run(model, inputs), _run(loaded, inputs), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-6, atol=1e-6)
    assert type(layer).from_config(layer.get_config()).get_config() == (
        layer.get_config()
    )


def check_training(make_layer, inputs, kwargs):
    """One step of `fit` changes weights ahead of the layer, and stays finite."""
    layer = make_layer()
    tensors = [keras.Input(array.shape[1:]) for array in inputs]
    ahead = keras.layers.Dense(
        inputs[0].shape[-1], kernel_initializer="identity", name="ahead"
    )
    outputs = tree.flatten(layer(ahead(tensors[0]), *tensors[1:], **kwargs))
    # float32 at the end, as in every model that trains in half precision
    outputs = [keras.layers.Activation("linear", dtype="float32")(o) for o in outputs]
    model = keras.Model(tensors, outputs)
    model.compile(keras.optimizers.SGD(1e-3), loss=["mse"] * len(outputs))
    targets = [value + 1.0 for value in _run(model, inputs)]
    before = ahead.get_weights()
    history = model.fit(
        inputs, targets, batch_size=len(inputs[0]), epochs=1, verbose=0
    ).history
    assert np.isfinite(history["loss"]).all()
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    changes = np.concatenate(
        [
            (after - start).ravel()
            for after, start in zip(ahead.get_weights(), before, strict=True)
        ]
    )
    assert np.any(changes), "no gradient passes through the layer"


def check_gradients(make_layer, inputs, kwargs, step, tolerance):
    """Gradients agree with central differences along one direction a tensor."""
    layer = make_layer()
    outputs = tree.flatten(layer(*inputs, **kwargs))
    _stir(layer)
    rng = np.random.default_rng(1)
    factors = [rng.normal(size=output.shape).astype("float32") for output in outputs]

    def pair_with_factors(*tensors):
        outputs = tree.flatten(layer(*tensors, **kwargs))
        pairs = zip(outputs, factors, strict=True)
        # a NumPy factor times a torch tensor that needs a gradient would raise
        return sum(
            ops.sum(ops.cast(o, "float32") * ops.convert_to_tensor(f)) for o, f in pairs
        )

    def value(arrays):
        # summed in float64, where a difference of large sums keeps its digits
        outputs = tree.flatten(layer(*arrays, **kwargs))
        pairs = zip(outputs, factors, strict=True)
        return sum((_to_numpy(o).astype("float64") * f).sum() for o, f in pairs)

    variables = layer.trainable_variables
    found = gradients(pair_with_factors, inputs, variables)
    for index, gradient in enumerate(found):
        direction = rng.normal(size=gradient.shape).astype("float32")
        move = step * direction
        if index < len(inputs):
            ends = [list(inputs), list(inputs)]
            ends[0][index] = inputs[index] + move
            ends[1][index] = inputs[index] - move
            difference = value(ends[0]) - value(ends[1])
        else:
            variable = variables[index - len(inputs)]
            start = _to_numpy(variable.value)
            variable.assign(start + move)
            difference = value(inputs)
            variable.assign(start - move)
            difference -= value(inputs)
            variable.assign(start)
        expected = difference / (2 * step)
        obtained = (gradient.astype("float64") * direction).sum()
        scale = np.linalg.norm(gradient) + 1e-3
        assert abs(obtained - expected) <= tolerance * scale, (
            f"tensor {index} of {len(inputs)} inputs and {len(variables)} weights: "
            f"gradient {obtained:.6g}, finite difference {expected:.6g}"
        )


def _functional(layer, shapes, kwargs):
    tensors = [keras.Input(shape) for shape in shapes]
    return keras.Model(tensors, tree.flatten(layer(*tensors, **kwargs)))


def _forget_sizes(shape, channels_first):
    if len(shape) < 3:
        return shape
    unknown = (None,) * (len(shape) - 1)
    return (shape[0], *unknown) if channels_first else (*unknown, shape[-1])


def _run(model, inputs):
    return [_to_numpy(output) for output in tree.flatten(model(list(inputs)))]


def _to_numpy(tensor):
    return np.array(ops.convert_to_numpy(ops.cast(tensor, "float32")))


def _stir(layer):
    """Move every weight a little, so that none stays at an initial zero."""
    rng = np.random.default_rng(2)
    for variable in layer.trainable_variables:
        noise = 0.1 * rng.normal(size=variable.shape)
        variable.assign(_to_numpy(variable.value) + noise.astype("float32"))


@contextlib.contextmanager
def _dtype_policy(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)

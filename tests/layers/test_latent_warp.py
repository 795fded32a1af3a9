import keras
import numpy as np
import pytest
from keras import ops

from morphokeras.layers.latent_warp import LatentWarp
from morphokeras.ops.warp import warp
from tests.layers.layer_check import check_gradients, check_layer


def stirred(**arguments):
    """A layer whose displacements are not zero, on 2D images of 3 + 4 channels."""
    arguments = {"data_format": "channels_last", **arguments}
    layer = LatentWarp(**arguments)
    layer(np.zeros((1, 8, 8, 3), "float32"), np.zeros((1, 8, 8, 4), "float32"))
    rng = np.random.default_rng(5)
    layer.set_weights([rng.normal(size=w.shape) for w in layer.get_weights()])
    return layer


def inputs(rng):
    return (
        rng.random((2, 12, 10, 3)).astype("float32"),
        rng.normal(size=(2, 12, 10, 4)).astype("float32"),
    )


@pytest.mark.parametrize(
    ("boundary", "shape"), [("symmetric", (6, 7)), ("periodic", (4, 5, 4))]
)
def test_layer_check(tmp_path, boundary, shape):
    check_layer(
        lambda: LatentWarp(filters=4, boundary=boundary, data_format="channels_last"),
        (2, *shape, 2),
        (2, *shape, 3),
        gradient_step=None,
        tmp_path=tmp_path,
    )


@pytest.mark.parametrize("shape", [(6, 7), (4, 5, 4)])
def test_gradients_agree_with_finite_differences(rng, shape):
    image = rng.random((2, *shape, 2)).astype("float32")
    features = 0.1 * rng.random((2, *shape, 3)).astype("float32")

    def make_layer():
        """Displacements of about half a pixel, far from the kinks at whole ones."""
        layer = LatentWarp(1.0, filters=4, data_format="channels_last")
        layer.build(image.shape, features.shape)
        layer.bias.assign([0.55] * len(shape))
        return layer

    check_gradients(make_layer, [image, features], {}, step=1e-3, tolerance=1e-2)


def test_the_layer_starts_as_the_identity(rng):
    image, features = inputs(rng)
    warped, displacement = LatentWarp(data_format="channels_last")(
        image, features, return_displacement=True
    )
    np.testing.assert_allclose(ops.convert_to_numpy(warped), image, atol=5e-6)
    np.testing.assert_array_equal(ops.convert_to_numpy(displacement), 0)


def test_a_layer_at_rest_can_learn_to_move(rng):
    wave = np.sin(2 * np.pi * np.arange(8) / 8)
    image = np.broadcast_to(wave, (2, 8, 8))[..., None].astype("float32")
    layer = LatentWarp(boundary="periodic", data_format="channels_last")
    model = keras.Sequential([keras.Input((8, 8, 1)), layer])
    model.compile(keras.optimizers.Adam(0.01), loss="mse")
    target = np.roll(image, -1, axis=2)
    history = model.fit(image, target, epochs=40, verbose=0).history["loss"]
    assert history[-1] < 0.2 * history[0]


@pytest.mark.parametrize("max_displacement", [0.0, 0.5, 2.0])
def test_displacements_stay_within_the_bound(rng, max_displacement):
    layer = stirred(max_displacement=max_displacement)
    _, displacement = layer(*inputs(rng), return_displacement=True)
    largest = np.abs(ops.convert_to_numpy(displacement)).max()
    assert largest <= max_displacement
    assert largest >= 0.9 * max_displacement


def test_the_displacement_returned_is_the_one_applied(rng):
    image, features = inputs(rng)
    warped, displacement = stirred()(image, features, return_displacement=True)
    expected = warp(image, displacement, "symmetric")
    np.testing.assert_allclose(
        ops.convert_to_numpy(warped), ops.convert_to_numpy(expected), atol=1e-6
    )


def test_a_constant_field_translates(rng):
    image, features = inputs(rng)
    layer = stirred(boundary="periodic", max_displacement=4.0)
    zeros = [np.zeros(w.shape) for w in layer.get_weights()]
    # tanh(w) = (1/2, -1/4): two rows down, one column back.
    zeros[-1] = np.arctanh([0.5, -0.25])
    layer.set_weights(zeros)
    found = ops.convert_to_numpy(layer(image, features))
    np.testing.assert_allclose(found, np.roll(image, (-2, 1), (1, 2)), atol=1e-5)


@pytest.mark.parametrize("boundary", ["periodic", "symmetric", "zero"])
def test_shifted_input_gives_shifted_output_only_if_periodic(rng, boundary):
    image, features = inputs(rng)
    layer = stirred(boundary=boundary)
    found = ops.convert_to_numpy(
        layer(np.roll(image, 5, axis=1), np.roll(features, 5, axis=1))
    )
    expected = np.roll(ops.convert_to_numpy(layer(image, features)), 5, axis=1)
    assert np.allclose(found, expected, atol=1e-4) == (boundary == "periodic")


@pytest.mark.parametrize("boundary", ["symmetric", "zero"])
def test_both_layouts_give_the_same(rng, boundary):
    image, features = inputs(rng)
    last = stirred(boundary=boundary)
    first = LatentWarp(boundary=boundary, data_format="channels_first")
    moved = [np.moveaxis(array, -1, 1) for array in (image, features)]
    first(*moved)
    first.set_weights(last.get_weights())
    for a, b in zip(
        last(image, features, return_displacement=True),
        first(*moved, return_displacement=True),
        strict=True,
    ):
        a, b = ops.convert_to_numpy(a), ops.convert_to_numpy(b)
        np.testing.assert_allclose(np.moveaxis(b, 1, -1), a, atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_the_displacement_stays_float32_in_mixed_precision(rng, policy):
    layer = LatentWarp(dtype=policy, data_format="channels_last")
    tensors = [keras.Input((None, None, 3)), keras.Input((None, None, 4))]
    symbolic = layer(*tensors, return_displacement=True)
    real = layer(*inputs(rng), return_displacement=True)
    for outputs in (symbolic, real):
        types = [keras.backend.standardize_dtype(o.dtype) for o in outputs]
        assert types == [layer.compute_dtype, "float32"]
    assert symbolic[1].shape == (None, None, None, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_displacement": -1}, "`max_displacement` must be zero or more"),
        ({"filters": 0}, "`filters` must be a positive integer"),
        ({"kernel_size": 4}, "`kernel_size` must be a positive odd integer"),
        ({"boundary": "mirror"}, "`boundary` must be one of"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LatentWarp(**arguments)


def test_features_of_another_rank_are_refused():
    with pytest.raises(ValueError, match="two or three spatial axes"):
        LatentWarp(data_format="channels_last")(
            np.zeros((1, 8, 8, 1), "float32"), np.zeros((1, 4), "float32")
        )

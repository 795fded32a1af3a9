"""The layer that counts components and holes, in models of every backend."""

import keras
import numpy as np
import pytest
from keras import ops

from morphokeras.layers.soft_betti import SoftBetti
from tests.layers.layer_check import check_layer

FORMAT = {"data_format": "channels_last"}


def _images(rng, shape=(3, 12, 10, 2)):
    return rng.random(shape).astype("float32")


def _numpy(tensor):
    return ops.convert_to_numpy(tensor)


def _scaling_model(**options):
    inputs = keras.Input((8, 8, 1))
    scaled = keras.layers.Conv2D(1, 1, activation="sigmoid")(inputs)
    outputs = SoftBetti(**{"temperature": 0.2, **FORMAT, **options})(scaled)
    return keras.Model(inputs, outputs)


def test_output_has_one_count_a_channel_and_dimension(rng):
    assert SoftBetti(**FORMAT)(_images(rng)).shape == (3, 2, 2)


def test_dimensions_come_in_the_order_asked(rng):
    images = _images(rng)
    both = _numpy(SoftBetti((0, 1), **FORMAT)(images))
    turned = _numpy(SoftBetti((1, 0), **FORMAT)(images))
    holes = _numpy(SoftBetti((1,), **FORMAT)(images))
    np.testing.assert_array_equal(both[..., ::-1], turned)
    np.testing.assert_array_equal(both[..., 1:], holes)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_layer_passes_the_check_of_all_layers(tmp_path, data_format):
    check_layer(
        lambda: SoftBetti(temperature=0.2, data_format=data_format),
        (2, 6, 5, 2) if data_format == "channels_last" else (2, 2, 6, 5),
        output_dtype="float32",
        gradient_step=1e-3,
        tmp_path=tmp_path,
    )


def test_symbolic_shape_keeps_the_unknown_batch():
    symbolic = SoftBetti(**FORMAT)(keras.Input((16, 16, 3)))
    assert symbolic.shape == (None, 3, 2)
    assert symbolic.dtype == "float32"


def test_symbolic_shape_allows_unknown_sizes():
    layer = SoftBetti((1,), data_format="channels_first")
    assert layer(keras.Input((2, None, None))).shape == (None, 2, 1)


def test_one_model_takes_images_of_several_sizes(rng):
    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, SoftBetti(**FORMAT)(inputs))
    for shape in [(2, 9, 7, 1), (5, 16, 16, 1)]:
        images = _images(rng, shape)
        expected = _numpy(SoftBetti(**FORMAT)(images))
        counts = model.predict(images, verbose=0)
        np.testing.assert_allclose(counts, expected, rtol=1e-5, atol=1e-5)


def test_channels_first_gives_the_same_counts(rng):
    images = _images(rng)
    last = SoftBetti(**FORMAT)(images)
    first = SoftBetti(data_format="channels_first")(np.moveaxis(images, -1, 1))
    np.testing.assert_allclose(_numpy(last), _numpy(first), rtol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_computes_in_float32(rng, policy):
    images = _images(rng)
    exact = SoftBetti(**FORMAT)(images)
    mixed = SoftBetti(dtype=policy, **FORMAT)(images)
    assert keras.backend.standardize_dtype(mixed.dtype) == "float32"
    np.testing.assert_array_equal(_numpy(exact), _numpy(mixed))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_images_are_taken(rng, dtype):
    images = ops.cast(_images(rng), dtype)
    exact = SoftBetti(**FORMAT)(ops.cast(images, "float32"))
    np.testing.assert_array_equal(_numpy(SoftBetti(**FORMAT)(images)), _numpy(exact))


def test_model_survives_a_keras_file(rng, tmp_path):
    model = _scaling_model(
        homology_dimensions=(1,), filtration="sublevel", connectivity="face"
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    images = _images(rng, (2, 8, 8, 1))
    np.testing.assert_allclose(
        model.predict(images, verbose=0), loaded.predict(images, verbose=0), rtol=1e-6
    )
    assert loaded.layers[-1].get_config() == model.layers[-1].get_config()


def test_fit_follows_the_gradient_of_the_counts(rng):
    model = _scaling_model()
    model.compile(keras.optimizers.SGD(0.5), "mse")
    images = _images(rng, (8, 8, 8, 1))
    targets = np.zeros((8, 1, 2), "float32")
    history = model.fit(images, targets, batch_size=3, epochs=4, verbose=0)
    losses = history.history["loss"]
    assert losses[-1] < 0.9 * losses[0]


def test_fit_works_in_mixed_precision(rng):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = _scaling_model()
    finally:
        keras.config.set_dtype_policy("float32")
    model.compile(keras.optimizers.SGD(0.1), "mse")
    images = _images(rng, (4, 8, 8, 1))
    history = model.fit(images, np.zeros((4, 1, 2)), verbose=0)
    assert np.isfinite(history.history["loss"]).all()


def test_layer_counts_in_volumes_in_a_model_that_is_trained_and_saved(rng, tmp_path):
    inputs = keras.Input((6, 6, 6, 1))
    scaled = keras.layers.Conv3D(1, 1, activation="sigmoid")(inputs)
    outputs = SoftBetti(temperature=0.2, boundary="periodic", **FORMAT)(scaled)
    model = keras.Model(inputs, outputs)
    assert model.output_shape == (None, 1, 3)
    model.compile(keras.optimizers.SGD(0.5), "mse")
    volumes = _images(rng, (4, 6, 6, 6, 1))
    history = model.fit(volumes, np.zeros((4, 1, 3)), epochs=3, verbose=0)
    losses = history.history["loss"]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        model.predict(volumes, verbose=0), loaded.predict(volumes, verbose=0), rtol=1e-5
    )


def test_layer_forbids_xla_on_tensorflow_alone():
    expected = keras.backend.backend() != "tensorflow"
    assert SoftBetti(**FORMAT).supports_jit == expected


def test_cavities_of_images_are_refused():
    with pytest.raises(ValueError, match="for volumes only. Received: .*2 spatial"):
        SoftBetti((0, 2), **FORMAT)(np.zeros((1, 4, 4, 1), "float32"))


def test_wrong_rank_is_refused_with_the_rank():
    with pytest.raises(ValueError, match="Received: 1 spatial axes"):
        SoftBetti(**FORMAT)(np.zeros((1, 4, 1), "float32"))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("homology_dimensions", (3,)),
        ("homology_dimensions", (1, 1)),
        ("homology_dimensions", ()),
        ("filtration", "upper"),
        ("connectivity", 8),
        ("boundary", "symmetric"),
        ("soft_count", "hard"),
        ("threshold", -0.1),
        ("temperature", 0.0),
        ("value_range", (1.0, 0.0)),
        ("max_pairs", 0),
        ("data_format", "last"),
    ],
)
def test_bad_options_are_refused_with_name_and_value(option, value):
    with pytest.raises(ValueError, match=f"`{option}`(?s:.*)Received"):
        SoftBetti(**{option: value})

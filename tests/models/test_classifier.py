import keras
import numpy as np
import pytest
from keras import ops

from morphokeras.models.classifier import ClassifierNetwork


def stripes_and_dots(count, size, rng):
    """Return images of stripes (label 0) and of dots (label 1) of one spacing."""
    labels = rng.integers(2, size=count).astype("int32")
    phase = rng.uniform(0, 2 * np.pi, (2, count, 1, 1))
    rows = np.cos(np.arange(size)[:, None] * 1.2 + phase[0]) + np.zeros(size)
    columns = np.cos(np.arange(size) * 1.2 + phase[1])
    second = np.where(labels[:, None, None] == 1, columns, rows)
    images = 0.5 + 0.2 * (rows + second) + 0.05 * rng.normal(size=rows.shape)
    return images[..., None].astype("float32"), labels


def tiny(**options):
    return ClassifierNetwork(2, filters=4, num_stages=1, **options)


def test_it_learns_stripes_from_dots(rng):
    images, labels = stripes_and_dots(128, 24, rng)
    model = ClassifierNetwork(2, filters=4, num_stages=1, first_strides=1)
    model.compile(keras.optimizers.AdamW(1e-2))
    batch = {"image": images[:96], "label": labels[:96]}
    history = model.fit(batch, batch_size=16, epochs=10, verbose=0).history
    assert history["class"][-1] < history["class"][0]
    logits = model.predict({"image": images[96:]}, verbose=0)["logits_class"]
    assert (logits.argmax(1) == labels[96:]).mean() >= 0.9


def test_every_output_has_its_shape(rng):
    outputs = tiny()(rng.random((3, 20, 16, 1), "float32"))
    assert tuple(outputs["logits_class"].shape) == (3, 2)
    assert tuple(outputs["embedding"].shape) == (3, 8)
    assert tuple(outputs["attention"].shape) == (3, 5, 4, 1)


def test_volumes_are_classified_too():
    outputs = tiny()(keras.Input(batch_shape=(2, 8, 9, 10, 1)))
    assert tuple(outputs["logits_class"].shape) == (2, 2)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_a_saved_network_predicts_the_same(dtype, rng, tmp_path):
    batch = {
        "image": rng.random((2, 16, 16, 1), "float32"),
        "log_pixel_size": np.log(np.array([0.2, 2], "float32")),
    }
    model = tiny(use_pixel_size=True, pixel_size_range=(0.2, 2.0), dtype=dtype)
    model(batch)
    for weight in model.weights:
        if keras.backend.is_float_dtype(weight.dtype):
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == model.get_config()
    for name, before in model(batch).items():
        after = ops.convert_to_numpy(loaded(batch)[name])
        np.testing.assert_allclose(after, ops.convert_to_numpy(before), atol=1e-6)


def test_training_can_go_on_after_loading(rng, tmp_path):
    batch = {
        "image": rng.random((4, 16, 16, 1), "float32"),
        "label": np.array([0, 1, 1, -1], "int32"),
    }
    model = tiny()
    model.compile("adam")
    model.fit(batch, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.fit(batch, verbose=0).history["skipped_steps"] == [0.0]
    assert int(loaded.optimizer.iterations) == 2


def test_images_without_label_or_weight_do_not_teach(rng):
    model = tiny()
    model.compile(keras.optimizers.SGD(1.0))
    batch = {
        "image": rng.random((4, 16, 16, 1), "float32"),
        "label": np.array([-1, -1, 0, 1], "int32"),
        "sample_weight": np.array([1, 1, 0, 0], "float32"),
    }
    model.build({"image": batch["image"].shape})
    before = [ops.convert_to_numpy(w) for w in model.trainable_variables]
    model.fit(batch, verbose=0)
    for weight, kept in zip(model.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(weight), kept)


def test_evaluation_reports_loss_and_accuracy(rng):
    model = tiny()
    model.compile("adam")
    batch = {
        "image": rng.random((4, 16, 16, 1), "float32"),
        "label": np.array([0, 1, 0, 1], "int32"),
    }
    logs = model.evaluate(batch, verbose=0, return_dict=True)
    assert {"class", "accuracy", "loss"} <= set(logs)


def test_wrong_label_smoothing_is_refused():
    with pytest.raises(ValueError, match="`label_smoothing` must lie in"):
        ClassifierNetwork(2, label_smoothing=1.0)

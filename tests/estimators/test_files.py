"""Estimators in files: all comes back, and a file is whole."""

import errno
import json
import os
import stat
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import morphokeras
from morphokeras.estimators import (
    MicrostructureClassifier,
    MicrostructureGenerator,
    PlainCNNClassifier,
    PlainVAEGenerator,
)
from morphokeras.estimators._archive import write_archive
from morphokeras.estimators._values import decode, encode, read_array, write_array
from tests.estimators.archives import members_of, network_of

DATA = Path(__file__).parent / "data"
torch_only = pytest.mark.torch_only


# All comes back.


def test_a_loaded_classifier_predicts_the_same(classifier, textures, saved):
    loaded = morphokeras.load(saved)
    for method in ("predict_proba", "transform", "attention_maps"):
        expected = getattr(classifier, method)(textures[0])
        np.testing.assert_allclose(getattr(loaded, method)(textures[0]), expected)
    assert (loaded.predict(textures[0]) == classifier.predict(textures[0])).all()


@torch_only
def test_parameters_and_attributes_come_back(classifier, saved):
    loaded = morphokeras.load(str(saved))
    assert type(loaded) is MicrostructureClassifier
    assert loaded.get_params() == classifier.get_params()
    assert clone(loaded).get_params() == classifier.get_params()
    assert loaded.history_ == classifier.history_
    assert loaded.image_shape_ == classifier.image_shape_
    assert loaded.intensity_range_ == classifier.intensity_range_
    assert loaded.n_features_in_ == classifier.n_features_in_
    assert loaded.classes_.tolist() == classifier.classes_.tolist()
    assert vars(loaded).keys() == vars(classifier).keys()


def test_a_loaded_generator_draws_the_same(generator, small_textures, tmp_path):
    generator.save(tmp_path / "generator.mkz")
    loaded = morphokeras.load(tmp_path / "generator.mkz")
    options = {"y": "speckle", "shape": (24, 24), "random_state": 1}
    np.testing.assert_allclose(
        loaded.sample(3, **options), generator.sample(3, **options)
    )
    X = small_textures[0]
    np.testing.assert_allclose(loaded.transform(X), generator.transform(X))
    np.testing.assert_allclose(loaded.score(X), generator.score(X))


@torch_only
def test_a_loaded_generative_classifier_keeps_its_statistics(
    small_textures, tiny_generator, tmp_path
):
    options = {k: v for k, v in tiny_generator.items() if k != "prior"}
    options |= {"lambda_topo": 0.1, "lambda_s2": 0.1, "mixed_precision": "bfloat16"}
    fitted = MicrostructureClassifier(**options).fit(*small_textures)
    fitted.save(tmp_path / "file.mkz")
    loaded = morphokeras.load(tmp_path / "file.mkz")
    X = small_textures[0]
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
    assert loaded.model_.dtype_policy.name == "mixed_bfloat16"
    for old, new in zip(
        fitted.model_.statistics.weights, loaded.model_.statistics.weights, strict=True
    ):
        np.testing.assert_array_equal(*(np.asarray(v.numpy()) for v in (old, new)))


@torch_only
def test_training_goes_on_after_loading_as_it_would_have(
    small_textures, tiny, tmp_path
):
    options = {**tiny, "epochs": 1, "warm_start": True}
    fitted = MicrostructureClassifier(**options).fit(*small_textures)
    fitted.save(tmp_path / "file.mkz")
    loaded = morphokeras.load(tmp_path / "file.mkz").fit(*small_textures)
    fitted.fit(*small_textures)
    X = small_textures[0]
    np.testing.assert_allclose(
        loaded.predict_proba(X), fitted.predict_proba(X), atol=1e-4
    )


def test_a_file_of_the_first_format_is_read():
    loaded = morphokeras.load(DATA / "format_1.mkz")
    with np.load(DATA / "format_1.npz") as expected:
        probability = loaded.predict_proba(expected["images"])
        np.testing.assert_allclose(probability, expected["probability"], atol=1e-4)
    assert loaded.classes_.tolist() == ["lamellae", "speckle"]
    assert loaded.intensity == (0, 255)


@torch_only
def test_a_resnet_comes_back(small_textures, tiny_generator, tmp_path):
    options = {**tiny_generator, "epochs": 1, "latent_field_stride": 8}
    fitted = MicrostructureGenerator(backbone="resnet50", **options)
    fitted.fit(small_textures[0][:8]).save(tmp_path / "file.mkz")
    loaded = morphokeras.load(tmp_path / "file.mkz")
    X = small_textures[0][:2]
    np.testing.assert_allclose(loaded.transform(X), fitted.transform(X))


@torch_only
@pytest.mark.parametrize("baseline", [PlainCNNClassifier, PlainVAEGenerator])
def test_a_baseline_comes_back(small_textures, tmp_path, baseline):
    X, y = small_textures
    fitted = baseline(epochs=1, batch_size=8).fit(X, y)
    loaded = morphokeras.load(saved_copy(fitted, tmp_path))
    assert loaded.get_params() == fitted.get_params()
    np.testing.assert_allclose(loaded.transform(X), fitted.transform(X))


@torch_only
def test_every_estimator_of_the_package_can_be_loaded():
    from morphokeras import estimators
    from morphokeras.estimators.loading import CLASSES

    public = {name: getattr(estimators, name) for name in estimators.__all__}
    assert set(CLASSES) == {n for n, value in public.items() if hasattr(value, "save")}


@torch_only
def test_string_labels_of_any_dtype_come_back(small_textures, tiny, tmp_path):
    X, y = small_textures
    fitted = MicrostructureClassifier(**{**tiny, "epochs": 1}).fit(X, y.astype(object))
    fitted.save(tmp_path / "file.mkz")
    loaded = morphokeras.load(tmp_path / "file.mkz")
    assert loaded.classes_.dtype == fitted.classes_.dtype
    assert loaded.classes_.tolist() == fitted.classes_.tolist()


@torch_only
def test_a_loaded_estimator_can_be_saved_again(classifier, textures, saved, tmp_path):
    morphokeras.load(saved).save(tmp_path / "again.mkz")
    again = morphokeras.load(tmp_path / "again.mkz")
    np.testing.assert_allclose(
        again.predict_proba(textures[0]), classifier.predict_proba(textures[0])
    )


@torch_only
def test_saving_leaves_the_optimizer_out_and_in_its_place(saved, tmp_path):
    import keras

    loaded = morphokeras.load(saved)
    optimizer = keras.optimizers.Adam()
    loaded.model_.compile(optimizer)
    optimizer.build(loaded.model_.trainable_variables)
    loaded.save(tmp_path / "file.mkz")
    assert loaded.model_.optimizer is optimizer
    assert loaded.model_.compiled
    network = network_of(tmp_path / "file.mkz")
    assert not json.loads(network["config.json"])["compile_config"]
    assert b"optimizer" not in network["model.weights.h5"]


@torch_only
def test_loading_leaves_the_random_numbers_of_the_process(saved):
    import random

    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    morphokeras.load(saved)
    after = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    assert after == before


@torch_only
def test_the_output_container_and_the_routing_come_back(classifier, tmp_path):
    import sklearn

    with sklearn.config_context(enable_metadata_routing=True):
        asked = morphokeras.load(saved_copy(classifier, tmp_path))
        asked.set_output(transform="pandas").set_fit_request(groups=True)
        loaded = morphokeras.load(saved_copy(asked, tmp_path))
        assert loaded.get_metadata_routing().fit.requests["groups"] is True
    assert loaded._sklearn_output_config == {"transform": "pandas"}


def saved_copy(estimator, folder):
    estimator.save(folder / "copy.mkz")
    return folder / "copy.mkz"


@pytest.mark.backend_free
@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 3, 2**70, 0.1, 1e-300, "text", "", "ü\0"),
        *((0, 255), [1, (2, [3])], (), {"a": 1.0}, {0: 2.0, "b": None}, {(1, 2): {}}),
        *(Path("weights/resnet.h5"), float("inf"), np.float32(0.1), np.int64(3)),
        *(np.bool_(True), np.str_("a"), {np.str_("a"): np.float64(2)}),
    ],
    ids=repr,
)
def test_a_value_comes_back_equal_and_of_its_type(value):
    again = decode(json.loads(json.dumps(encode(value, "x", {}))), {})
    assert again == value
    assert type(again) is type(value)


@pytest.mark.backend_free
@pytest.mark.parametrize("dtype", ["bool", "uint8", "float64", "<U3", ">i4", "S2"])
def test_an_array_comes_back_equal_and_of_its_dtype(dtype):
    array = np.array([[0, 1], [1, 0]]).astype(dtype)
    again = read_array(write_array(array), "x")
    np.testing.assert_array_equal(again, array)
    assert again.dtype == array.dtype


@torch_only
def test_parameters_without_json_come_back(classifier, tmp_path):
    changes = {
        "intensity": (np.float32(0.1), 255),
        "class_weight": {"lamellae": 2, "speckle": np.float64(0.5)},
        "backbone_weights": Path("resnet50.h5"),
        "callbacks": [],
        "unlabeled": "",
    }
    changed = morphokeras.load(saved_copy(classifier, tmp_path)).set_params(**changes)
    loaded = morphokeras.load(saved_copy(changed, tmp_path))
    assert {name: getattr(loaded, name) for name in changes} == changes


# What cannot be saved is refused by name.


@torch_only
def test_an_estimator_that_was_not_fitted_is_refused(tmp_path):
    for estimator in (MicrostructureClassifier(), MicrostructureGenerator()):
        with pytest.raises(NotFittedError):
            estimator.save(tmp_path / "file.mkz")
    assert not list(tmp_path.iterdir())


@torch_only
@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("callbacks", [print], "builtin_function"),
        ("random_state", np.random.RandomState(0), "RandomState"),  # noqa: NPY002
        ("unlabeled", object(), "object"),
    ],
)
def test_a_parameter_that_is_no_value_is_refused(saved, tmp_path, name, value, kind):
    loaded = morphokeras.load(saved).set_params(**{name: value})
    with pytest.raises(ValueError, match=rf"`{name}` .*{kind}.*set_params\({name}=Non"):
        loaded.save(tmp_path / "file.mkz")
    loaded.set_params(**{name: None}).save(tmp_path / "file.mkz")


@torch_only
def test_an_attribute_of_objects_is_refused(saved, tmp_path):
    loaded = morphokeras.load(saved)
    loaded.classes_ = np.array(["a", 1], dtype=object)
    with pytest.raises(ValueError, match="`classes_` cannot be saved.*object array"):
        loaded.save(tmp_path / "file.mkz")
    assert not list(tmp_path.iterdir())


@torch_only
def test_a_subclass_of_somebody_is_refused(classifier, tmp_path):
    class Mine(MicrostructureClassifier):
        pass

    mine = Mine()
    mine.__dict__.update(vars(classifier))
    with pytest.raises(TypeError, match="subclass Mine"):
        mine.save(tmp_path / "file.mkz")


# A file is written whole or not at all.


def check_old_file(folder):
    """Check that the folder holds the old file and no other."""
    assert [path.name for path in folder.iterdir()] == ["file.mkz"]
    assert (folder / "file.mkz").read_bytes() == b"old"


@pytest.mark.backend_free
@pytest.mark.skipif(os.name == "nt", reason="needs a limit of the size of files")
def test_a_full_disk_leaves_the_old_file(tmp_path):
    import resource

    (tmp_path / "file.mkz").write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError) as caught:
            write_archive(tmp_path / "file.mkz", {"x": bytes(5000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.errno == errno.EFBIG
    check_old_file(tmp_path)


@torch_only
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_interruption_leaves_the_old_file(classifier, tmp_path, monkeypatch, step):
    def interrupted(*args):
        raise KeyboardInterrupt

    (tmp_path / "file.mkz").write_bytes(b"old")
    monkeypatch.setattr(os, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        classifier.save(tmp_path / "file.mkz")
    check_old_file(tmp_path)


@torch_only
def test_a_failing_network_leaves_the_old_file(classifier, tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "file.mkz").write_bytes(b"old")
    monkeypatch.setattr(type(classifier.model_), "save", fail)
    with pytest.raises(OSError, match="No space left"):
        classifier.save(tmp_path / "file.mkz")
    check_old_file(tmp_path)


@pytest.mark.backend_free
def test_a_replaced_file_keeps_its_mode_and_a_link_stays(tmp_path):
    (tmp_path / "file.mkz").write_bytes(b"old")
    (tmp_path / "file.mkz").chmod(0o640)
    (tmp_path / "link.mkz").symlink_to("file.mkz")
    write_archive(tmp_path / "link.mkz", {"x": b"new"})
    assert (tmp_path / "link.mkz").is_symlink()
    assert members_of(tmp_path / "file.mkz") == {"x": b"new"}
    assert stat.S_IMODE((tmp_path / "file.mkz").stat().st_mode) == 0o640


@pytest.mark.backend_free
def test_a_folder_is_refused_and_a_missing_one_named(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        write_archive(tmp_path, {})
    with pytest.raises(FileNotFoundError, match="folder of .*file.mkz does not exist"):
        write_archive(tmp_path / "none" / "file.mkz", {})

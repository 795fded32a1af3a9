"""Estimators in files: all comes back, and no file can do harm."""

import errno
import io
import json
import os
import pickle
import stat
import zipfile
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
from morphokeras.estimators._archive import pack, write_archive
from morphokeras.estimators._values import decode, encode, read_array, write_array

DATA = Path(__file__).parent / "data"
one_backend = pytest.mark.one_backend


@pytest.fixture(scope="module")
def saved(classifier, tmp_path_factory):
    """Return the file of a classifier."""
    path = tmp_path_factory.mktemp("saved") / "textures.mkz"
    classifier.save(path)
    return path


@pytest.fixture
def canary(tmp_path):
    """Return a path that hostile code would write to."""
    path = tmp_path / "canary"
    yield path
    assert not path.exists(), "code from the file was run"


def members_of(source):
    with zipfile.ZipFile(source) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def network_of(path):
    return members_of(io.BytesIO(members_of(path)["model.keras"]))


def altered(saved, tmp_path, **changes):
    """Return a copy of a file with members changed, or left out where None."""
    members = members_of(saved)
    for name, content in changes.items():
        members[name.replace("_", ".")] = content
    path = tmp_path / "altered.mkz"
    path.write_bytes(pack({k: v for k, v in members.items() if v is not None}))
    return path


def with_params(saved, tmp_path, **entries):
    description = json.loads(members_of(saved)["params.json"])
    text = json.dumps({**description, **entries}).encode()
    return altered(saved, tmp_path, params_json=text)


def with_parameter(saved, tmp_path, name, code):
    parameters = json.loads(members_of(saved)["params.json"])["parameters"]
    return with_params(saved, tmp_path, parameters={**parameters, name: code})


def with_attribute(saved, tmp_path, name, code):
    attributes = json.loads(members_of(saved)["params.json"])["attributes"]
    return with_params(saved, tmp_path, attributes={**attributes, name: code})


def with_network(saved, tmp_path, **changes):
    """Return a copy of a file with members of its network changed."""
    members = network_of(saved)
    for name, content in changes.items():
        members[{"weights": "model.weights.h5", "config": "config.json"}[name]] = (
            content
        )
    return altered(saved, tmp_path, model_keras=pack(members))


def with_object(saved, tmp_path, **entries):
    """Return a copy of a file whose network has one more serialised object."""
    config = json.loads(network_of(saved)["config.json"])
    config["config"]["extra"] = {"config": {}, **entries}
    return with_network(saved, tmp_path, config=json.dumps(config).encode())


# All comes back.


def test_a_loaded_classifier_predicts_the_same(classifier, textures, saved):
    loaded = morphokeras.load(saved)
    for method in ("predict_proba", "transform", "attention_maps"):
        expected = getattr(classifier, method)(textures[0])
        np.testing.assert_allclose(getattr(loaded, method)(textures[0]), expected)
    assert (loaded.predict(textures[0]) == classifier.predict(textures[0])).all()


@one_backend
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


@one_backend
def test_a_loaded_generative_classifier_keeps_its_statistics(
    small_textures, tiny_generator, tmp_path
):
    fitted = MicrostructureClassifier(
        **tiny_generator, lambda_topo=0.1, lambda_s2=0.1, mixed_precision="bfloat16"
    ).fit(*small_textures)
    fitted.save(tmp_path / "file.mkz")
    loaded = morphokeras.load(tmp_path / "file.mkz")
    X = small_textures[0]
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
    assert loaded.model_.dtype_policy.name == "mixed_bfloat16"
    for old, new in zip(
        fitted.model_.statistics.weights, loaded.model_.statistics.weights, strict=True
    ):
        np.testing.assert_array_equal(*(np.asarray(v.numpy()) for v in (old, new)))


@one_backend
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


@one_backend
def test_a_resnet_comes_back(small_textures, tiny_generator, tmp_path):
    options = {**tiny_generator, "epochs": 1, "latent_field_stride": 8}
    fitted = MicrostructureGenerator(backbone="resnet50", **options)
    fitted.fit(small_textures[0][:8]).save(tmp_path / "file.mkz")
    loaded = morphokeras.load(tmp_path / "file.mkz")
    X = small_textures[0][:2]
    np.testing.assert_allclose(loaded.transform(X), fitted.transform(X))


@one_backend
@pytest.mark.parametrize("baseline", [PlainCNNClassifier, PlainVAEGenerator])
def test_a_baseline_comes_back(small_textures, tmp_path, baseline):
    X, y = small_textures
    fitted = baseline(epochs=1, batch_size=8).fit(X, y)
    loaded = morphokeras.load(saved_copy(fitted, tmp_path))
    assert loaded.get_params() == fitted.get_params()
    np.testing.assert_allclose(loaded.transform(X), fitted.transform(X))


@one_backend
def test_every_estimator_of_the_package_can_be_loaded():
    from morphokeras import estimators
    from morphokeras.estimators.loading import CLASSES

    names = [name for name in estimators.__all__ if name[0].isupper()]
    assert sorted(CLASSES) == sorted(set(names) - {"ARTICLE_RECIPE"})


@one_backend
def test_string_labels_of_any_dtype_come_back(small_textures, tiny, tmp_path):
    X, y = small_textures
    fitted = MicrostructureClassifier(**{**tiny, "epochs": 1}).fit(X, y.astype(object))
    fitted.save(tmp_path / "file.mkz")
    loaded = morphokeras.load(tmp_path / "file.mkz")
    assert loaded.classes_.dtype == fitted.classes_.dtype
    assert loaded.classes_.tolist() == fitted.classes_.tolist()


@one_backend
def test_a_loaded_estimator_can_be_saved_again(classifier, textures, saved, tmp_path):
    morphokeras.load(saved).save(tmp_path / "again.mkz")
    again = morphokeras.load(tmp_path / "again.mkz")
    np.testing.assert_allclose(
        again.predict_proba(textures[0]), classifier.predict_proba(textures[0])
    )


@one_backend
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


@one_backend
def test_loading_leaves_the_random_numbers_of_the_process(saved):
    import random

    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    morphokeras.load(saved)
    after = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    assert after == before


@one_backend
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


@one_backend
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


@one_backend
def test_an_estimator_that_was_not_fitted_is_refused(tmp_path):
    for estimator in (MicrostructureClassifier(), MicrostructureGenerator()):
        with pytest.raises(NotFittedError):
            estimator.save(tmp_path / "file.mkz")
    assert not list(tmp_path.iterdir())


@one_backend
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


@one_backend
def test_an_attribute_of_objects_is_refused(saved, tmp_path):
    loaded = morphokeras.load(saved)
    loaded.classes_ = np.array(["a", 1], dtype=object)
    with pytest.raises(ValueError, match="`classes_` cannot be saved.*object array"):
        loaded.save(tmp_path / "file.mkz")
    assert not list(tmp_path.iterdir())


@one_backend
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


@one_backend
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_interruption_leaves_the_old_file(classifier, tmp_path, monkeypatch, step):
    def interrupted(*args):
        raise KeyboardInterrupt

    (tmp_path / "file.mkz").write_bytes(b"old")
    monkeypatch.setattr(os, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        classifier.save(tmp_path / "file.mkz")
    check_old_file(tmp_path)


@one_backend
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


# Hostile and damaged files.


def refused(path, reason):
    with pytest.raises(
        ValueError, match=rf"(?s){path.name} cannot be loaded: .*{reason}"
    ):
        morphokeras.load(path)


@one_backend
def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        morphokeras.load(tmp_path / "none.mkz")


@one_backend
@pytest.mark.parametrize("content", [b"", b"text", b"\x80\x04N.", bytes(1000)])
def test_what_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "file.mkz"
    path.write_bytes(content)
    refused(path, "not a zip archive")


@one_backend
@pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
def test_a_file_that_was_cut_short_is_refused(saved, tmp_path, share):
    path = tmp_path / "short.mkz"
    path.write_bytes(saved.read_bytes()[: int(share * saved.stat().st_size)])
    refused(path, "damaged or cut short")


@one_backend
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_a_flipped_bit_is_noticed(saved, tmp_path, share):
    content = bytearray(saved.read_bytes())
    content[int(share * len(content))] ^= 0x10
    path = tmp_path / "flipped.mkz"
    path.write_bytes(content)
    refused(path, "damaged or cut short .*CRC")


@one_backend
def test_a_keras_file_is_refused(saved, tmp_path):
    path = tmp_path / "plain.keras"
    path.write_bytes(members_of(saved)["model.keras"])
    refused(path, "must hold the members .*params.json.*config.json")


@one_backend
@pytest.mark.parametrize("member", ["params.json", "arrays.npz", "model.keras"])
def test_a_missing_member_is_refused(saved, tmp_path, member):
    path = altered(saved, tmp_path, **{member.replace(".", "_"): None})
    refused(path, "must hold the members")


@one_backend
@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "..\\escaped", "x/y"])
def test_a_member_of_another_name_is_refused(saved, tmp_path, name, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    path = tmp_path / "altered.mkz"
    path.write_bytes(pack({**members_of(saved), name: b"x"}))
    refused(path, "must hold the members")
    assert not list(folder.iterdir())
    assert not list(tmp_path.rglob("*escaped*"))


@one_backend
def test_a_member_twice_is_refused(saved, tmp_path):
    path = tmp_path / "file.mkz"
    path.write_bytes(saved.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("params.json", b"{}")
    refused(path, "must hold the members")


@one_backend
def test_a_link_is_refused(saved, tmp_path):
    path = tmp_path / "file.mkz"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members_of(saved).items():
            member = zipfile.ZipInfo(name)
            if name == "params.json":
                member.external_attr = (stat.S_IFLNK | 0o777) << 16
                content = b"/etc/passwd"
            archive.writestr(member, content)
    refused(path, "params.json in the file is a link")


@one_backend
def test_a_zip_bomb_is_refused_unread(saved, tmp_path, monkeypatch):
    path = tmp_path / "file.mkz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in members_of(saved):
            archive.writestr(name, bytes(10**7))
    monkeypatch.setattr(zipfile.ZipFile, "read", None)
    refused(path, "is compressed")


@one_backend
def test_members_that_overlap_are_refused(saved, tmp_path):
    content = bytearray(saved.read_bytes())
    with zipfile.ZipFile(saved) as archive:
        start = archive.start_dir
    # Each member says that it is as long as the file; sizes lie 20 and 24 bytes in.
    for _ in range(3):
        size = len(content).to_bytes(4, "little")
        content[start + 20 : start + 28] = size + size
        start = content.find(b"PK\x01\x02", start + 1)
    path = tmp_path / "file.mkz"
    path.write_bytes(content)
    refused(path, "its members claim")


@one_backend
def test_a_bomb_within_the_network_is_refused(saved, tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in network_of(saved):
            archive.writestr(name, bytes(10**6))
    path = altered(saved, tmp_path, model_keras=stream.getvalue())
    refused(path, "in model.keras is compressed")


@one_backend
@pytest.mark.parametrize("version", [2, 0, "1", None, [1] * 1000])
def test_another_format_version_is_refused(saved, tmp_path, version):
    path = with_params(saved, tmp_path, format=version)
    refused(path, "format version .* update morphokeras")


@one_backend
@pytest.mark.parametrize("name", ["os.system", "BaseEstimator", "Pipeline"])
def test_an_unknown_class_is_refused(saved, tmp_path, name):
    refused(with_params(saved, tmp_path, **{"class": name}), f"{name}.*Known are")


@one_backend
def test_another_known_class_is_refused(saved, tmp_path):
    path = with_params(saved, tmp_path, **{"class": "MicrostructureGenerator"})
    refused(path, "MicrostructureGenerator has no parameters of the names")


@one_backend
def test_an_unknown_parameter_is_refused(saved, tmp_path):
    path = with_parameter(saved, tmp_path, "shell", "rm")
    refused(path, "no parameters of the names .'shell'")


@one_backend
def test_a_parameter_out_of_range_is_refused(saved, tmp_path):
    refused(with_parameter(saved, tmp_path, "filters", -1), "'filters' parameter")


@one_backend
@pytest.mark.parametrize(
    "code",
    [
        *({"py/object": "os.system"}, {"dict": [[[], 1]]}, {"array": "none"}, {}),
        *({"float": "1e999"}, {"numpy": ["O", 1]}, {"numpy": ["int8", "x"]}),
    ],
    ids=str,
)
def test_a_value_of_another_kind_is_refused(saved, tmp_path, code):
    path = with_parameter(saved, tmp_path, "unlabeled", code)
    refused(path, "a value that `save` does not write")


@one_backend
@pytest.mark.parametrize(
    "name", ["fit", "_fit", "__class__", "model_", "filters", "_n_features_out"]
)
def test_an_attribute_in_the_place_of_another_is_refused(saved, tmp_path, name):
    refused(with_attribute(saved, tmp_path, name, 1), "no attribute that is learned")


@one_backend
def test_missing_attributes_are_refused(saved, tmp_path):
    path = with_params(saved, tmp_path, attributes={})
    refused(path, "'image_shape_'.* are missing")


@one_backend
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"[1]", id="list"),
        pytest.param(b"\xff\xfe", id="bytes"),
        pytest.param(b'{"format": ' + b"9" * 10_000 + b"}", id="long number"),
    ],
)
def test_json_that_cannot_be_read_is_refused(saved, tmp_path, text):
    refused(altered(saved, tmp_path, params_json=text), "params.json|format version")


@one_backend
def test_deep_values_are_refused(saved, tmp_path):
    text = members_of(saved)["params.json"].decode()
    deep = "[" * 900 + "]" * 900
    text = text.replace('"unlabeled": null', f'"unlabeled": {deep}')
    path = altered(saved, tmp_path, params_json=text.encode())
    with pytest.raises(ValueError, match="cannot be loaded"):
        import sys

        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(600)
        try:
            morphokeras.load(path)
        finally:
            sys.setrecursionlimit(limit)


@one_backend
def test_huge_json_is_refused_unparsed(saved, tmp_path, monkeypatch):
    path = altered(saved, tmp_path, params_json=b"[" * (2**24 + 1))
    monkeypatch.setattr(json, "loads", None)
    refused(path, "params.json has 16777217 bytes")


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@one_backend
def test_the_canary_would_be_seen(tmp_path):
    pickle.loads(pickle.dumps(Bomb(tmp_path / "canary")))
    assert (tmp_path / "canary").exists()


@one_backend
def test_a_pickle_among_the_arrays_is_not_run(saved, tmp_path, canary):
    stream = io.BytesIO()
    objects = np.array([Bomb(canary)], dtype=object)
    np.lib.format.write_array(stream, objects, allow_pickle=True)
    arrays = {**arrays_of(saved), "classes_.npy": stream.getvalue()}
    path = altered(saved, tmp_path, arrays_npz=pack(arrays))
    refused(path, "dtype object: .*never pickled objects")


@one_backend
def test_a_bare_pickle_as_an_array_is_not_run(saved, tmp_path, canary):
    arrays = {**arrays_of(saved), "classes_.npy": pickle.dumps(Bomb(canary))}
    path = altered(saved, tmp_path, arrays_npz=pack(arrays))
    refused(path, "classes_.npy is not an array file")


@one_backend
def test_an_array_longer_than_its_file_is_refused(saved, tmp_path):
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"
    text = header.ljust(117).encode() + b"\n"
    content = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
    path = altered(
        saved, tmp_path, arrays_npz=pack({**arrays_of(saved), "classes_.npy": content})
    )
    refused(path, "does not hold the .1000000000000,. values")


def arrays_of(path):
    return members_of(io.BytesIO(members_of(path)["arrays.npz"]))


@one_backend
def test_a_lambda_layer_is_not_run(saved, tmp_path, canary):
    import keras

    where = str(canary)
    layer = keras.layers.Lambda(
        lambda x, where=where: [open(where, "w").close(), x][1], output_shape=(2,)
    )
    evil = keras.Sequential([keras.Input((2,)), layer])
    canary.unlink(missing_ok=True)
    evil.save(tmp_path / "evil.keras")
    content = (tmp_path / "evil.keras").read_bytes()
    path = altered(saved, tmp_path, model_keras=content)
    refused(path, "Sequential|Lambda")


@one_backend
@pytest.mark.parametrize(
    "entries",
    [
        {"module": "keras.layers", "class_name": "Lambda"},
        {"module": "keras.layers", "class_name": "lambda"},
        {"module": "keras.layers", "class_name": "TFSMLayer"},
        {"module": "keras.layers", "class_name": "TorchModuleWrapper"},
        {"class_name": "__lambda__"},
        {"module": "builtins", "class_name": "function", "config": "eval"},
        {"module": "os", "class_name": "system"},
        {"module": "keras", "class_name": "DTypePolicy", "registered_name": "a>b"},
        {"class_name": "SteerableConv", "registered_name": "mine>SteerableConv"},
        {"class_name": "Evil", "registered_name": "morphokeras>Evil"},
        {"class_name": ["x"], "module": {}, "registered_name": None},
    ],
    ids=str,
)
def test_a_network_of_other_classes_is_refused(saved, tmp_path, entries):
    refused(with_object(saved, tmp_path, **entries), "model.keras holds an object")


@one_backend
def test_a_class_that_somebody_registered_as_ours_is_refused(
    saved, tmp_path, monkeypatch
):
    import keras

    registered = keras.saving.get_custom_objects()
    monkeypatch.setitem(registered, "morphokeras>Mine", Bomb)
    path = with_object(
        saved, tmp_path, class_name="Mine", registered_name="morphokeras>Mine"
    )
    refused(path, "model.keras holds an object of class 'Mine'")


@one_backend
def test_arguments_that_do_not_fit_are_refused(saved, tmp_path):
    config = json.loads(network_of(saved)["config.json"])
    config["config"]["backbone"] = {"a": 1}
    path = with_network(saved, tmp_path, config=json.dumps(config).encode())
    refused(path, "Keras cannot read model.keras")


@one_backend
def test_weights_of_another_network_are_refused(saved, tmp_path):
    config = json.loads(network_of(saved)["config.json"])
    config["config"]["filters"] = 8
    path = with_network(saved, tmp_path, config=json.dumps(config).encode())
    refused(path, "Keras cannot read model.keras")


def change_weights(path, change):
    """Return the weights of a file after `change` was called on their h5 file."""
    import h5py

    stream = io.BytesIO(network_of(path)["model.weights.h5"])
    with h5py.File(stream, "a") as file:
        change(file, h5py)
    return stream.getvalue()


def link_outside(file, h5py):
    file["elsewhere"] = h5py.ExternalLink("/etc/other.h5", "/x")


def soft_link(file, h5py):
    file["elsewhere"] = h5py.SoftLink("/encoder")


def external_data(file, h5py):
    file.create_dataset("x", (4,), "u1", external=[("/etc/passwd", 0, 4)])


def compressed(file, h5py):
    file.create_dataset("x", (10**8,), "u1", chunks=(10**6,), compression="gzip")


def never_written(file, h5py):
    file.create_dataset("x", (10**12,), "u1")


def virtual(file, h5py):
    layout = h5py.VirtualLayout((4,), "u1")
    layout[:] = h5py.VirtualSource("/etc/other.h5", "x", (4,))
    file.create_virtual_dataset("x", layout)


def objects(file, h5py):
    file.create_dataset("x", data=["a"], dtype=h5py.string_dtype())


def cycle(file, h5py):
    file["encoder/again"] = file["/"]


@one_backend
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        *((link_outside, "a link to elsewhere"), (soft_link, "a link to elsewhere")),
        *((external_data, "more than an array"), (compressed, "more than an array")),
        *((virtual, "more than an array"), (objects, "more than an array")),
        *((never_written, "too short"), (cycle, "damaged|too short")),
    ],
)
def test_weights_that_are_no_plain_arrays_are_refused(saved, tmp_path, change, reason):
    weights = change_weights(saved, change)
    refused(with_network(saved, tmp_path, weights=weights), reason)


@one_backend
def test_missing_weights_are_refused(saved, tmp_path):
    def drop(file, h5py):
        del file["encoder"]

    path = with_network(saved, tmp_path, weights=change_weights(saved, drop))
    refused(path, "Keras cannot read model.keras")


@one_backend
def test_damaged_weights_are_refused(saved, tmp_path):
    path = with_network(saved, tmp_path, weights=b"\x89HDF\r\n\x1a\n" + bytes(100))
    refused(path, "model.weights.h5 in model.keras is damaged")


@one_backend
@pytest.mark.parametrize(
    "requests", [{"__class__": {"x": True}}, {"fit": 1}, {"fit": {"x": 1.5}}]
)
def test_requests_of_another_kind_are_refused(saved, tmp_path, requests):
    path = with_params(saved, tmp_path, requests=requests)
    with pytest.raises(ValueError, match="cannot be loaded"):
        morphokeras.load(path)

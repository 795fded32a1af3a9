"""No file of an estimator can do harm, whatever is in it."""

import io
import json
import pickle
import stat
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import morphokeras
from morphokeras.estimators._archive import pack
from tests.estimators.archives import members_of, network_of

pytestmark = pytest.mark.torch_only


@pytest.fixture
def canary(tmp_path):
    """Return a path that hostile code would write to."""
    path = tmp_path / "canary"
    yield path
    assert not path.exists(), "code from the file was run"


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


def refused(path, reason):
    with pytest.raises(
        ValueError, match=rf"(?s){path.name} cannot be loaded: .*{reason}"
    ):
        morphokeras.load(path)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        morphokeras.load(tmp_path / "none.mkz")


@pytest.mark.parametrize("content", [b"", b"text", b"\x80\x04N.", bytes(1000)])
def test_what_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "file.mkz"
    path.write_bytes(content)
    refused(path, "not a zip archive")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
def test_a_file_that_was_cut_short_is_refused(saved, tmp_path, share):
    path = tmp_path / "short.mkz"
    path.write_bytes(saved.read_bytes()[: int(share * saved.stat().st_size)])
    refused(path, "damaged or cut short")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_a_flipped_bit_is_noticed(saved, tmp_path, share):
    content = bytearray(saved.read_bytes())
    content[int(share * len(content))] ^= 0x10
    path = tmp_path / "flipped.mkz"
    path.write_bytes(content)
    refused(path, "damaged or cut short .*CRC")


def test_a_keras_file_is_refused(saved, tmp_path):
    path = tmp_path / "plain.keras"
    path.write_bytes(members_of(saved)["model.keras"])
    refused(path, "must hold the members .*params.json.*config.json")


@pytest.mark.parametrize("member", ["params.json", "arrays.npz", "model.keras"])
def test_a_missing_member_is_refused(saved, tmp_path, member):
    path = altered(saved, tmp_path, **{member.replace(".", "_"): None})
    refused(path, "must hold the members")


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


def test_a_member_twice_is_refused(saved, tmp_path):
    path = tmp_path / "file.mkz"
    path.write_bytes(saved.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("params.json", b"{}")
    refused(path, "must hold the members")


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


def test_a_zip_bomb_is_refused_unread(saved, tmp_path, monkeypatch):
    path = tmp_path / "file.mkz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in members_of(saved):
            archive.writestr(name, bytes(10**7))
    monkeypatch.setattr(zipfile.ZipFile, "read", None)
    refused(path, "is compressed")


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


def test_a_bomb_within_the_network_is_refused(saved, tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in network_of(saved):
            archive.writestr(name, bytes(10**6))
    path = altered(saved, tmp_path, model_keras=stream.getvalue())
    refused(path, "in model.keras is compressed")


@pytest.mark.parametrize("version", [2, 0, "1", None, [1] * 1000])
def test_another_format_version_is_refused(saved, tmp_path, version):
    path = with_params(saved, tmp_path, format=version)
    refused(path, "format version .* update morphokeras")


@pytest.mark.parametrize("name", ["os.system", "BaseEstimator", "Pipeline"])
def test_an_unknown_class_is_refused(saved, tmp_path, name):
    refused(with_params(saved, tmp_path, **{"class": name}), f"{name}.*Known are")


def test_another_known_class_is_refused(saved, tmp_path):
    path = with_params(saved, tmp_path, **{"class": "MicrostructureGenerator"})
    refused(path, "MicrostructureGenerator has no parameters of the names")


def test_an_unknown_parameter_is_refused(saved, tmp_path):
    path = with_parameter(saved, tmp_path, "shell", "rm")
    refused(path, "no parameters of the names .'shell'")


def test_a_parameter_out_of_range_is_refused(saved, tmp_path):
    refused(with_parameter(saved, tmp_path, "filters", -1), "'filters' parameter")


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


@pytest.mark.parametrize(
    "name", ["fit", "_fit", "__class__", "model_", "filters", "_n_features_out"]
)
def test_an_attribute_in_the_place_of_another_is_refused(saved, tmp_path, name):
    refused(with_attribute(saved, tmp_path, name, 1), "no attribute that is learned")


def test_missing_attributes_are_refused(saved, tmp_path):
    path = with_params(saved, tmp_path, attributes={})
    refused(path, "'image_shape_'.* are missing")


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


def test_deep_values_are_refused(saved, tmp_path):
    text = members_of(saved)["params.json"].decode()
    deep = "[" * 900 + "]" * 900
    text = text.replace('"unlabeled": null', f'"unlabeled": {deep}')
    path = altered(saved, tmp_path, params_json=text.encode())
    with pytest.raises(ValueError, match="cannot be loaded"):
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(600)
        try:
            morphokeras.load(path)
        finally:
            sys.setrecursionlimit(limit)


def test_huge_json_is_refused_unparsed(saved, tmp_path, monkeypatch):
    path = altered(saved, tmp_path, params_json=b"[" * (2**24 + 1))
    monkeypatch.setattr(json, "loads", None)
    refused(path, "params.json has 16777217 bytes")


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_the_canary_would_be_seen(tmp_path):
    pickle.loads(pickle.dumps(Bomb(tmp_path / "canary")))
    assert (tmp_path / "canary").exists()


def test_a_pickle_among_the_arrays_is_not_run(saved, tmp_path, canary):
    stream = io.BytesIO()
    objects = np.array([Bomb(canary)], dtype=object)
    np.lib.format.write_array(stream, objects, allow_pickle=True)
    arrays = {**arrays_of(saved), "classes_.npy": stream.getvalue()}
    path = altered(saved, tmp_path, arrays_npz=pack(arrays))
    refused(path, "dtype object: .*never pickled objects")


def test_a_bare_pickle_as_an_array_is_not_run(saved, tmp_path, canary):
    arrays = {**arrays_of(saved), "classes_.npy": pickle.dumps(Bomb(canary))}
    path = altered(saved, tmp_path, arrays_npz=pack(arrays))
    refused(path, "classes_.npy is not an array file")


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


def test_arguments_that_do_not_fit_are_refused(saved, tmp_path):
    config = json.loads(network_of(saved)["config.json"])
    config["config"]["backbone"] = {"a": 1}
    path = with_network(saved, tmp_path, config=json.dumps(config).encode())
    refused(path, "Keras cannot read model.keras")


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


def test_missing_weights_are_refused(saved, tmp_path):
    def drop(file, h5py):
        del file["encoder"]

    path = with_network(saved, tmp_path, weights=change_weights(saved, drop))
    refused(path, "Keras cannot read model.keras")


def test_damaged_weights_are_refused(saved, tmp_path):
    path = with_network(saved, tmp_path, weights=b"\x89HDF\r\n\x1a\n" + bytes(100))
    refused(path, "model.weights.h5 in model.keras is damaged")


@pytest.mark.parametrize(
    "requests", [{"__class__": {"x": True}}, {"fit": 1}, {"fit": {"x": 1.5}}]
)
def test_requests_of_another_kind_are_refused(saved, tmp_path, requests):
    path = with_params(saved, tmp_path, requests=requests)
    with pytest.raises(ValueError, match="cannot be loaded"):
        morphokeras.load(path)

"""Features that were measured before are not measured again."""

import numpy as np
import pytest
from sklearn.model_selection import KFold

from morphokeras.estimators import DescriptorClassifier
from morphokeras.estimators._descriptors import measure
from morphokeras.features import PersistenceFeatures, ScatteringFeatures
from morphokeras.features._memory import MEMORY, RowMemory, digest

pytestmark = pytest.mark.backend_free


@pytest.fixture(autouse=True)
def _forget():
    MEMORY.clear()
    yield
    MEMORY.clear()


@pytest.fixture
def measured(monkeypatch):
    """Return the images that `PersistenceFeatures` measures from here on."""
    images = []
    original = PersistenceFeatures._measure

    def remember(self, image):
        images.append(image)
        return original(self, image)

    monkeypatch.setattr(PersistenceFeatures, "_measure", remember)
    return images


def test_folds_measure_an_image_once(measured, rng):
    X = rng.random((6, 12, 12))
    rows = {}
    for training, test in KFold(3).split(X):
        features = PersistenceFeatures().fit(X[training])
        for part in (training, test):
            for i, row in zip(part, features.transform(X[part]), strict=True):
                np.testing.assert_array_equal(rows.setdefault(i, row), row)
    assert len(measured) == 6


def test_another_parameter_or_scale_is_measured_anew(measured, rng):
    X = rng.random((1, 12, 12))
    ways = [
        (PersistenceFeatures(), X),
        (PersistenceFeatures(scales=(0.0,)), X),
        (PersistenceFeatures(standardize=False), X),
        (PersistenceFeatures(standardize=False, intensity=(0.0, 2.0)), X),
        (PersistenceFeatures(), X[:, ::-1]),
        (PersistenceFeatures(), X[:, :9]),
    ]
    for number, (features, images) in enumerate(ways, start=1):
        for _ in range(2):
            features.fit_transform(images)
        assert len(measured) == number
    PersistenceFeatures(n_jobs=2).fit_transform(X)
    assert len(measured) == len(ways)


def test_kept_rows_do_not_follow_what_a_caller_does_to_his(rng):
    X = rng.random((2, 16, 16))
    features = ScatteringFeatures()
    first = features.fit_transform(X)
    kept = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(features.transform(X), kept)


def test_a_network_and_a_machine_measure_an_image_once(measured, rng):
    X = rng.integers(0, 256, (8, 32, 32), dtype="uint8")
    DescriptorClassifier().fit(X, [0, 1] * 4)
    assert len(measured) == 8
    measure((X / np.float32(255)).astype("float32")[..., np.newaxis])
    assert len(measured) == 8


def test_the_longest_unused_rows_are_forgotten():
    memory = RowMemory(most_bytes=3 * 8)
    asked = []

    def square(new):
        asked.extend(new)
        return [[0.0]] * len(new)

    memory.rows("abc", square)
    memory.rows("a", square)
    memory.rows("d", square)
    assert len(memory) == 3
    assert asked == [0, 1, 2, 0]
    memory.rows("acd", square)
    assert len(asked) == 4
    memory.rows("b", square)
    assert len(asked) == 5


def test_digests_differ_by_shape_type_and_values():
    image = np.zeros((2, 4), "float32")
    others = [image.reshape(4, 2), image.view("int32"), image + 1]
    assert digest(image) == digest(np.zeros((4, 2), "float32").T)
    assert all(digest(image) != digest(other) for other in others)

"""What is unusual but right, or only warned of."""

import keras
import numpy as np
import pandas as pd
import pytest

from morphokeras.topology import persistence_pairs
from tests.estimators.tiny import NAMES, make_classifier, make_generator

# Where a backend that compiles nothing is at hand, for many networks are trained.
pytestmark = pytest.mark.torch_only

# PyTorch's own, which `pytest.warns` brings up again.
quiet = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")


@pytest.fixture(scope="module")
def X():
    """Return eight images of 12 x 12 with grey values in [0, 1]."""
    return np.random.default_rng(0).random((8, 12, 12))


@pytest.fixture(scope="module")
def fitted(X):
    return make_classifier().fit(X, NAMES)


UNUSUAL = {
    "constant": lambda X: np.full_like(X, 0.5),
    "black": lambda X: np.zeros(X.shape, "uint8"),
    "16 bits": lambda X: (65535 * X).astype("uint16"),
    "boolean": lambda X: X > 0.5,
    "half precision": lambda X: X.astype("float16"),
    "numbers as objects": lambda X: X.astype(object),
    "another byte order": lambda X: X.astype(">f8"),
    "list of images": list,
    "nothing masked": np.ma.masked_array,
    "one pixel": lambda X: X[:, :1, :1],
    "one row": lambda X: X[:, :1],
    "odd sizes": lambda X: X[:, :7, :11],
    "two channels": lambda X: np.stack([X, X], axis=-1),
}


@pytest.mark.parametrize("case", UNUSUAL)
def test_unusual_images_are_classified(case, X):
    images = UNUSUAL[case](X)
    probability = make_classifier().fit(images, NAMES).predict_proba(images)
    assert np.isfinite(probability).all()


@pytest.mark.parametrize("case", ["constant", "black", "16 bits", "boolean"])
def test_unusual_images_are_generated(case, X):
    samples = make_generator().fit(UNUSUAL[case](X)).sample(2)
    assert np.isfinite(samples).all()


@pytest.mark.parametrize(
    "params",
    [{"batch_size": 1000}, {"batch_size": 1}, {"batch_size": 3}, {"kernel_size": 4}],
    ids=str,
)
def test_unusual_parameters_work(params, X):
    probability = make_classifier(**params).fit(X, NAMES).predict_proba(X)
    assert np.isfinite(probability).all()


def test_one_image_is_enough_for_a_generator(X):
    assert np.isfinite(make_generator().fit(X[:1]).sample(2)).all()


def test_even_kernels_generate(X):
    assert np.isfinite(make_generator(kernel_size=4).fit(X).sample(2)).all()


def test_one_image_is_predicted(X, fitted):
    assert fitted.predict(X[:1]).shape == (1,)


def test_every_dtype_is_predicted_by_its_own_range(X, fitted):
    # Fitted to floats: bytes would else be white throughout.
    as_bytes = np.round(255 * X).astype("uint8")
    np.testing.assert_allclose(
        fitted.predict_proba(as_bytes), fitted.predict_proba(as_bytes / 255), atol=1e-6
    )


@pytest.mark.parametrize(
    "y",
    [
        NAMES.astype(object),
        pd.Series(NAMES),
        pd.Series(NAMES, dtype="category"),
        [True, False] * 4,
        np.array([0.0, 1.0] * 4),
        np.array([3, 7] * 4, object),
    ],
    ids=[
        "objects",
        "Series",
        "category",
        "booleans",
        "whole floats",
        "integer objects",
    ],
)
def test_labels_of_any_kind_come_back(y, X):
    clf = make_classifier().fit(X, y)
    assert set(clf.predict(X)) <= set(y)
    assert clf.classes_.tolist() == sorted(set(y))


def test_class_weight_may_name_one_class_or_one_too_many(X):
    weight = {"lamellae": 2.0, "speckle": 1.0, "ferrite": 3.0}
    make_classifier(class_weight=weight).fit(X, NAMES)
    make_classifier(class_weight={"lamellae": 2.0}).fit(X, NAMES)


def test_more_threads_than_cores_count_the_same(X):
    images = X.astype("float32")
    many = persistence_pairs(images, num_threads=64)
    one = persistence_pairs(images, num_threads=1)
    for ours, theirs in zip(*map(keras.tree.flatten, (many, one)), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@quiet
def test_channels_that_come_first_are_pointed_out(X):
    with pytest.warns(UserWarning, match=r"\(8, 3, 12, 12\).*np.moveaxis\(X, 1, -1\)"):
        make_classifier().fit(np.stack([X] * 3, axis=1), NAMES)


@quiet
def test_label_that_cannot_be_predicted_counts_as_wrong(X, fitted):
    y = fitted.predict(X).astype("<U9")
    y[0] = "ferrite"
    with pytest.warns(UserWarning, match=r"cannot be predicted: \['ferrite'\]"):
        assert fitted.score(X, y) == 7 / 8


@quiet
def test_class_that_is_not_held_out_is_named(X):
    y = [*NAMES[:7], "ferrite"]
    with pytest.warns(UserWarning, match=r"no image of the classes \['ferrite'\]"):
        clf = make_classifier(early_stopping=True).fit(X, y)
    assert len(clf.history_["val_loss"]) == 1


def test_groups_are_chosen_so_that_every_class_is_trained_on(X):
    groups = ["a", "a", "b", "b", "c", "c", "d", "d"]
    y = ["ferrite", "pearlite"] * 3 + ["ferrite"] * 2
    clf = make_classifier(early_stopping=True).fit(X, y, groups=groups)
    assert len(clf.history_["val_loss"]) == 1

"""Grouped cross-validation, the leaks that it warns of, and confounders."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    ShuffleSplit,
    cross_val_predict,
)
from sklearn.svm import LinearSVC

from morphokeras.datasets import make_balls, make_blobs, make_lamellae
from morphokeras.metrics import (
    ConfounderWarning,
    LeakageWarning,
    classification_report,
    cross_validate_groups,
    find_leaks,
    probe_confounders,
)
from morphokeras.metrics._group_folds import BalancedGroupFolds
from morphokeras.metrics.cross_validation import make_folds
from morphokeras.metrics.leaks import near_duplicates

pytestmark = pytest.mark.backend_free


class Recorder(ClassifierMixin, BaseEstimator):
    """Classify by the pixel size, and check that it and the groups come along."""

    def fit(self, X, y, *, groups=None, pixel_size=None):
        assert len(groups) == len(pixel_size) == len(X)
        self.classes_ = np.unique(y)
        self.seen_ = set(groups)
        return self

    def predict(self, X, *, pixel_size=None):
        assert len(pixel_size) == len(X)
        return np.where(pixel_size > 0.15, self.classes_[1], self.classes_[0])


@pytest.fixture
def specimens(rng):
    """Return features, labels and groups; groups differ more than classes."""
    groups = np.repeat(np.arange(20), 6)
    y = np.where(groups % 2, "fine", "coarse")
    offsets = rng.normal(size=(20, 5)) * 3
    X = offsets[groups] + rng.normal(size=(120, 5)) * 0.1
    return X, y, groups


def test_no_group_is_on_both_sides_and_every_image_is_tested_once(specimens):
    X, y, groups = specimens
    results = cross_validate_groups(
        LinearSVC(dual="auto"), X, y, groups=groups, random_state=0
    )
    assert len(results.folds) == 3 and results.leaks == []
    for repeat in results.folds:
        assert sorted(np.concatenate([test for _, test in repeat])) == list(range(120))
        for training, test in repeat:
            assert not set(groups[training]) & set(groups[test])
    counts = results.predictions.groupby(["run", "image"]).size()
    assert (counts == 1).all() and len(counts) == 360
    assert (results.predictions["group"] == groups[results.predictions["image"]]).all()


def test_each_repeat_draws_other_folds_of_unlike_specimens(rng):
    # Each specimen holds one class, and they are of very different sizes.
    sizes = rng.integers(1, 40, 24)
    groups = np.repeat(np.arange(24), sizes)
    y = groups % 3
    repeats = make_folds(y, groups, 3, [0, 1, 2, 3])
    kept_apart = {
        frozenset(frozenset(groups[test]) for _, test in repeat) for repeat in repeats
    }
    assert len(kept_apart) == 4


def test_folds_of_whole_groups_have_the_classes_of_the_whole(rng):
    groups = np.repeat(np.arange(30), rng.integers(5, 15, 30))
    y = groups % 3
    for training, test in BalancedGroupFolds(3, seed=0).split(y, y, groups):
        assert not set(groups[training]) & set(groups[test])
        shares = np.bincount(y[test]) / np.bincount(y)
        np.testing.assert_allclose(shares, 1 / 3, atol=0.1)


def test_predictions_are_those_of_scikit_learn(specimens):
    X, y, groups = specimens
    results = cross_validate_groups(
        LogisticRegression(), X, y, groups=groups, cv=GroupKFold(4), n_repeats=1
    )
    expected = cross_val_predict(
        LogisticRegression(), X, y, groups=groups, cv=GroupKFold(4)
    )
    assert (results.predictions["predicted"] == expected).all()
    assert results.scores["top_1"][0] == np.mean(expected == y)


def test_specimens_leak_without_groups(specimens):
    X, y, groups = specimens
    mixed = cross_validate_groups(RandomForestClassifier(20), X, y, random_state=0)
    apart = cross_validate_groups(
        RandomForestClassifier(20), X, y, groups=groups, random_state=0
    )
    assert mixed.scores["top_1"].mean() > 0.95 > apart.scores["top_1"].mean() + 0.2


def test_methods_share_folds_and_go_into_the_report(specimens):
    X, y, groups = specimens
    methods = {"svm": LinearSVC(dual="auto"), "majority": DummyClassifier()}
    results = cross_validate_groups(methods, X, y, groups=groups, random_state=0)
    folds = results.predictions.pivot(
        index=["run", "image"], columns="method", values="fold"
    )
    assert (folds["svm"] == folds["majority"]).all()
    report = classification_report(results)
    assert report.index.unique("method").tolist() == ["svm", "majority"]
    assert report.loc[("majority", "macro_auc"), "n_runs"] == 3


def test_the_seed_decides_over_folds_and_classifiers(specimens):
    X, y, groups = specimens
    forest = RandomForestClassifier(3)

    def run(seed):
        return cross_validate_groups(forest, X, y, groups=groups, random_state=seed)

    pd.testing.assert_frame_equal(run(1).scores, run(1).scores)
    assert not run(1).predictions.equals(run(2).predictions)
    assert forest.random_state is None


def test_pixel_sizes_and_groups_reach_those_who_ask(specimens):
    X, y, groups = specimens
    pixel_size = np.where(y == "fine", 0.2, 0.1)
    results = cross_validate_groups(
        {"asks": Recorder(), "svm": LinearSVC(dual="auto")},
        X,
        y,
        groups=groups,
        pixel_size=pixel_size,
        n_repeats=1,
    )
    assert results.scores["top_1"][0] == 1.0


def test_searches_get_the_groups(specimens):
    X, y, groups = specimens
    search = GridSearchCV(LinearSVC(dual="auto"), {"C": [0.1, 1.0]}, cv=GroupKFold(3))
    cross_validate_groups(search, X, y, groups=groups, n_repeats=1)


def test_a_class_that_is_not_trained_on_is_lost(rng):
    y = np.array(["a"] * 10 + ["b"] * 10 + ["c"] * 5)
    groups = np.r_[np.arange(20), [20] * 5]
    X = rng.normal(size=(25, 3))
    with pytest.warns(LeakageWarning) as caught:
        results = cross_validate_groups(
            LogisticRegression(), X, y, groups=groups, n_repeats=1, random_state=0
        )
    messages = [str(item.message) for item in caught]
    assert any("do not train on: ['c']" in message for message in messages)
    lost = results.predictions[results.predictions["label"] == "c"]
    assert (lost["predicted"] != "c").all() and (lost["score_c"] == 0).all()


def test_wrong_input_of_cross_validation_is_named(specimens):
    X, y, groups = specimens
    with pytest.raises(ValueError, match="number of groups, 20"):
        cross_validate_groups(LinearSVC(dual="auto"), X, y, groups=groups, cv=30)
    with pytest.raises(ValueError, match="no classifier's `fit` takes it"):
        cross_validate_groups(LinearSVC(dual="auto"), X, y, pixel_size=0.1)
    with pytest.raises(ValueError, match="test every image once"):
        cross_validate_groups(LinearSVC(dual="auto"), X, y, cv=ShuffleSplit(3))
    with pytest.raises(ValueError, match="`estimators`"):
        cross_validate_groups({}, X, y)
    with pytest.raises(ValueError, match="`groups` must have one entry"):
        cross_validate_groups(LinearSVC(dual="auto"), X, y, groups=groups[1:])


def test_groups_on_both_sides_are_told(rng):
    X = rng.random((20, 16, 16))
    groups = np.repeat(list("abcde"), 4)
    folds = list(KFold(4, shuffle=True, random_state=0).split(X))
    (found,) = find_leaks(X, ["x", "y"] * 10, folds, groups=groups)
    assert "5 groups (for example a)" in found and "4 of 4 folds" in found
    grouped = list(GroupKFold(5).split(X, groups=groups))
    assert find_leaks(X, ["x", "y"] * 10, grouped, groups=groups) == []


@pytest.mark.parametrize("kind", ["the same", "noisy", "brighter", "shifted crop"])
def test_near_duplicates_are_found(rng, kind):
    X = rng.integers(0, 256, (6, 80, 80)).astype("uint8")
    pair = [X[0, :64, :64], X[0, :64, :64]]
    if kind == "noisy":
        X = np.repeat(np.repeat(X, 4, axis=1), 4, axis=2)[:, :160, :160]
        pair = [X[0], np.clip(X[0] + rng.normal(0, 20, X[0].shape), 0, 255)]
    elif kind == "brighter":
        pair[1] = 0.5 * pair[1] + 40
    elif kind == "shifted crop":
        pair[1] = X[0, 13:77, 7:71]
    others = list(X[1:, : len(pair[0]), : len(pair[0])])
    assert near_duplicates([*others, *pair], 0.9).tolist() == [[5, 6]]


@pytest.mark.parametrize(
    "images",
    [
        make_blobs(40, random_state=0)[0],
        make_balls(40, random_state=0)[0],
        make_lamellae(40, waviness=1.0, random_state=0)[0],
    ],
    ids=["blobs", "balls", "lamellae"],
)
def test_independent_structures_are_no_duplicates(images):
    assert len(near_duplicates(list(images), 0.9)) == 0


def test_light_and_a_banner_make_no_duplicates(rng):
    y, x = np.indices((64, 64))
    light = np.exp(-((y - 32) ** 2 + (x - 32) ** 2) / 2000)
    X = 0.7 * light + 0.3 * rng.random((20, 64, 64))
    X[:, -18:] = rng.random((18, 64)) > 0.5
    assert len(near_duplicates(list(X[:, :, :]), 0.9)) == 0


def test_groups_that_overlap_are_told(rng):
    micrographs = rng.random((4, 64, 64))
    X = np.concatenate([micrographs[:, :48], micrographs[:, 16:]])
    folds = [(np.arange(4), np.arange(4, 8))]
    (found,) = find_leaks(X, ["x", "y"] * 4, folds, groups=list("abcdefgh"))
    assert "4 of 4 test images" in found and "Their groups, e and a" in found


def test_few_groups_of_one_class_are_told(rng):
    X = rng.random((24, 16, 16))
    groups = np.repeat(np.arange(8), 3)
    y = np.where(groups < 6, "common", "rare")
    folds = [(np.flatnonzero(groups % 2), np.flatnonzero(groups % 2 == 0))]
    (found,) = find_leaks(X, y, folds, groups=groups)
    assert "class rare has 2 group(s) in 6 images" in found


def test_cross_validation_warns_of_copies(rng):
    X = rng.random((10, 16, 16))
    X = np.concatenate([X, X])
    y = ["a", "b"] * 10
    with pytest.warns(LeakageWarning, match="nearly equal a training image"):
        cross_validate_groups(DummyClassifier(), X, y, n_repeats=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cross_validate_groups(DummyClassifier(), X, y, n_repeats=1, check_leaks=False)


def test_a_scale_that_gives_the_class_away_is_told(rng):
    y = np.repeat(["coarse", "fine"], 45)
    X = rng.random((90, 12, 12))
    groups = np.arange(90) // 3
    pixel_size = np.where(y == "fine", 0.1, 0.3) * rng.uniform(0.8, 1.25, 90)
    right = rng.random(90) < 0.9
    features = np.where(right == (y == "fine"), 1.0, 0.0)[:, None]
    results = cross_validate_groups(
        {"ours": LogisticRegression()},
        features,
        y,
        groups=groups,
        check_leaks=False,
        random_state=0,
    )
    with pytest.warns(ConfounderWarning):
        probe = probe_confounders(
            X, y, groups=groups, pixel_size=pixel_size, results=results
        )
    assert any("From pixel size alone 100.0 %" in text for text in probe.findings)
    table = probe.table
    assert table.loc["pixel size", "share"] > 1
    assert table.loc["majority class", "accuracy"] <= 0.5
    assert table.loc["ours", "accuracy"] == results.scores["top_1"].mean()
    assert table.loc["brightness, contrast", "share"] < 0.5
    assert not any("brightness" in finding for finding in probe.findings)


def test_brightness_size_and_attributes_are_probed(rng):
    y = np.repeat(["a", "b"], 30)
    sizes = np.where(y == "a", 10, 14)
    X = [rng.random((size, 12)) + (k == "b") for size, k in zip(sizes, y, strict=True)]
    attributes = {"detector": np.where(y == "a", "SE", "BSE"), "day": rng.random(60)}
    table = probe_confounders(X, y, attributes=attributes, n_repeats=1).table
    assert (
        table.loc[
            ["brightness, contrast", "grey histogram", "image size", "detector"],
            "accuracy",
        ]
        > 0.95
    ).all()
    assert table.loc["day", "accuracy"] < 0.8
    assert table["share"].isna().all()


def test_wrong_input_of_the_probe_is_named(rng):
    X, y = rng.random((10, 8, 8)), ["a", "b"] * 5
    with pytest.raises(ValueError, match="`near`"):
        probe_confounders(X, y, near=0)
    with pytest.raises(ValueError, match="one row an image"):
        probe_confounders(X, y, attributes={"day": [1]})
    results = cross_validate_groups(DummyClassifier(), X, y, n_repeats=1)
    with pytest.raises(ValueError, match="same images and labels"):
        probe_confounders(X, y[::-1], results=results)

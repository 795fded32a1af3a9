"""Folds of images of which some have no label."""

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, StratifiedKFold

from morphokeras.estimators.splitting import SemiSupervisedSplit

pytestmark = pytest.mark.torch_only

y = np.array([0, 1, -1, 0, 1, -1, 0, 1, -1, -1])
X = np.zeros((10, 4, 4))


def test_no_test_fold_holds_an_unlabelled_image():
    tests = [test for _, test in SemiSupervisedSplit(3).split(X, y)]
    assert sorted(np.concatenate(tests)) == np.flatnonzero(y >= 0).tolist()


def test_every_training_fold_holds_all_unlabelled_images():
    for training, _ in SemiSupervisedSplit(3).split(X, y):
        assert set(np.flatnonzero(y < 0)) <= set(training)


def test_labelled_images_are_split_as_the_inner_splitter_does():
    inner = StratifiedKFold(3, shuffle=True, random_state=0)
    known = np.flatnonzero(y >= 0)
    expected = [known[test] for _, test in inner.split(known, y[known])]
    folds = [test for _, test in SemiSupervisedSplit(inner).split(X, y)]
    np.testing.assert_array_equal(folds, expected)


def test_no_specimen_stands_on_both_sides():
    groups = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 3])
    for training, test in SemiSupervisedSplit(GroupKFold(3)).split(X, y, groups):
        assert not set(groups[training]) & set(groups[test])
        assert 9 in training


def test_the_number_of_folds_is_that_of_the_inner_splitter():
    groups = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 3])
    assert SemiSupervisedSplit(4).get_n_splits() == 4
    assert SemiSupervisedSplit(LeaveOneGroupOut()).get_n_splits(X, y, groups) == 3


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "must hold the labels"),
        (np.full(10, -1), "nothing to split"),
        (y[:4], "one entry an image: 10"),
    ],
)
def test_labels_that_cannot_be_split_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        list(SemiSupervisedSplit(2).split(X, labels))

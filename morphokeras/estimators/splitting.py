"""Cross-validation of images of which some have no label."""

from collections.abc import Iterator

import numpy as np
from sklearn.model_selection import BaseCrossValidator, check_cv

from morphokeras.estimators import _labels
from morphokeras.utils.validation import check_length


class SemiSupervisedSplit(BaseCrossValidator):
    """Split the labelled images; let all training folds have the unlabelled ones.

    Use it as `cv` where some images have no label: they would be of no use in a test
    fold, and cost the training fold that they are missing from.

    Parameters
    ----------
    cv : int or splitter, default=5
        How the labelled images are split; a number means stratified folds.
    unlabeled : label, default=-1
        The value of `y` that marks an image without label, as in the estimator.

    Notes
    -----
    With groups, an unlabelled image stays out of a training fold whose test fold holds
    an image of its group: micrographs of one specimen stay on one side.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.estimators import SemiSupervisedSplit
    >>> y = np.array(["ferrite", "pearlite", "", "ferrite", "pearlite", ""])
    >>> for training, test in SemiSupervisedSplit(2, unlabeled="").split(y, y):
    ...     print(training.tolist(), test.tolist())
    [2, 3, 4, 5] [0, 1]
    [0, 1, 2, 5] [3, 4]
    """

    # Read by scikit-learn's metadata routing.
    __metadata_request__split = {"groups": True}

    def __init__(self, cv=5, unlabeled=-1):
        self.cv = cv
        self.unlabeled = unlabeled

    def split(self, X, y=None, groups=None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Give the indices of each training and test fold.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Images; only their number counts.
        y : array-like of shape (n_samples,)
            Labels, and the mark of their absence.
        groups : array-like of shape (n_samples,), optional
            The specimen of each image, if `cv` splits by groups.

        Yields
        ------
        training, test : ndarray of int
            Sorted indices.

        Raises
        ------
        ValueError
            If `y` is missing, of another length, or without any label.
        """
        labels, labelled = self._labels(X, y)
        known, unknown = np.flatnonzero(labelled), np.flatnonzero(~labelled)
        if groups is not None:
            groups = check_length(groups, len(labels), "groups")
        splitter = check_cv(self.cv, labels[known], classifier=True)
        rows = np.zeros((len(known), 1))
        own = None if groups is None else groups[known]
        for training, test in splitter.split(rows, labels[known], own):
            extra = unknown
            if groups is not None:
                extra = extra[~np.isin(groups[extra], groups[known[test]])]
            yield np.sort(np.concatenate([known[training], extra])), known[test]

    def get_n_splits(self, X=None, y=None, groups=None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : array-like, optional
            As for `split`; needed by splitters whose number of folds depends on them.

        Returns
        -------
        int
        """
        if X is None or y is None:
            return check_cv(self.cv).get_n_splits()
        labels, labelled = self._labels(X, y)
        own = None if groups is None else np.asarray(groups)[labelled]
        splitter = check_cv(self.cv, labels[labelled], classifier=True)
        return splitter.get_n_splits(np.zeros(labelled.sum()), labels[labelled], own)

    def _labels(self, X, y) -> tuple[np.ndarray, np.ndarray]:
        if y is None:
            raise ValueError(
                "`y` must hold the labels, and "
                f"{self.unlabeled!r} where there is none. Received: y=None."
            )
        labels = check_length(y, len(X), "y")
        labelled = _labels.is_labelled(labels, self.unlabeled)
        if not labelled.any():
            raise ValueError(
                f"Every entry of `y` is {self.unlabeled!r}, which marks an image "
                "without label: there is nothing to split."
            )
        return labels, labelled

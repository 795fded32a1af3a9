"""Folds of whole groups that differ from one repeat to the next."""

import numpy as np

# Of so many assignments of groups to folds the most even one is taken.
TRIES = 100


class BalancedGroupFolds:
    """Draw folds of whole groups in which the classes are spread evenly.

    scikit-learn's `StratifiedGroupKFold` gives out the groups in a fixed order as soon
    as they differ in their classes: with some thirty specimens its shuffled repeats are
    one and the same split. Here each seed gives another one.

    Parameters
    ----------
    n_splits : int
        Number of folds, at most the number of groups.
    seed : int
        Which folds.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.metrics._group_folds import BalancedGroupFolds
    >>> y, groups = np.tile([0, 1], 6), np.arange(12) // 2
    >>> for training, test in BalancedGroupFolds(3, seed=0).split(y, y, groups):
    ...     print(len(training), sorted(set(groups[test].tolist())))
    8 [0, 4]
    8 [3, 5]
    8 [1, 2]
    """

    def __init__(self, n_splits: int, seed: int):
        self.n_splits = n_splits
        self.seed = seed

    def split(self, X, y, groups):
        """Give the indices of each training and test fold."""
        group = np.unique(groups, return_inverse=True)[1].ravel()
        fold = self._place(np.asarray(y), group)[group]
        for number in range(self.n_splits):
            yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)

    def _place(self, y: np.ndarray, group: np.ndarray) -> np.ndarray:
        """Return the fold of each group."""
        label = np.unique(y, return_inverse=True)[1].ravel()
        counts = np.zeros((group.max() + 1, label.max() + 1))
        np.add.at(counts, (group, label), 1)
        shares = counts / counts.sum(axis=0)
        rng = np.random.default_rng(self.seed)
        places = [rng.permutation(len(shares)) % self.n_splits for _ in range(TRIES)]
        return min(places, key=lambda place: self._unevenness(place, shares))

    def _unevenness(self, place: np.ndarray, shares: np.ndarray) -> float:
        in_fold = np.zeros((self.n_splits, shares.shape[1]))
        np.add.at(in_fold, place, shares)
        return float(((in_fold - 1 / self.n_splits) ** 2).sum())

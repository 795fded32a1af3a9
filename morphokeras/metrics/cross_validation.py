"""Repeated cross-validation of image classifiers by specimen."""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.parallel import Parallel, delayed

from morphokeras.metrics._group_folds import BalancedGroupFolds
from morphokeras.metrics.classification import classification_scores
from morphokeras.metrics.leaks import Folds, LeakageWarning, find_leaks
from morphokeras.utils.entries import check_labels, check_names, check_pixel_size


def cross_validate_groups(
    estimators: Any,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    pixel_size: Any = None,
    cv: Any = 5,
    n_repeats: int = 3,
    check_leaks: bool = True,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
) -> Bunch:
    """Cross-validate one or several classifiers on whole specimens, several times.

    Every classifier meets the same folds. In a repeat, every image is predicted once,
    by a classifier that has seen no image of its group; the scores of a repeat are
    those of all these predictions together, so that folds without some class do no
    harm.

    Parameters
    ----------
    estimators : estimator or dict of estimators
        Classifiers with `fit` and `predict`; if they have `predict_proba` or
        `decision_function`, it is used. A dict names the methods.
    X : array-like of shape (n_samples, ...)
        Images, or whatever the classifiers take.
    y : array-like of shape (n_samples,)
        Class labels.
    groups : array-like of shape (n_samples,), default=None
        The specimen, or the micrograph, of each image: a group is never on both sides.
        Passed on to a `fit` that names it and to searches such as `GridSearchCV`.
    pixel_size : float or array-like of shape (n_samples,), default=None
        Micrometres per pixel, passed to the `fit` and the prediction of classifiers
        whose `fit` names it, such as `MicrostructureClassifier`. The others go without.
    cv : int or splitter, default=5
        Number of folds, stratified by class, shuffled anew in each repeat; or a
        splitter, whose `random_state`, if it shuffles, is set for each repeat.
    n_repeats : int, default=3
        How often all of it is repeated; intervals need at least 3.
    check_leaks : bool, default=True
        Whether to look for images that training and test have in common
        (:func:`find_leaks`) and warn of them.
    random_state : int, RandomState or None, default=None
        Seed of the folds and, unless None, of every classifier, another in each repeat.
    n_jobs : int or None, default=None
        Number of processes.

    Returns
    -------
    Bunch
        - `scores`: DataFrame with the columns `method`, `run` (the repeat) and the
          scores of :func:`classification_scores`; :func:`classification_report` takes
          it, or the whole Bunch;
        - `predictions`: DataFrame with one row a method, run and image: `method`,
          `run`, `fold`, `image` (its row in X), `group`, `label`, `predicted` and, if
          known, a column ``score_<class>`` for each class;
        - `folds`: for each repeat its list of (training, test) indices;
        - `leaks`: what :func:`find_leaks` found.

    Raises
    ------
    ValueError
        If lengths do not fit, there are fewer groups than folds, a splitter leaves
        images untested, or no classifier takes the `pixel_size` that is given.

    Warns
    -----
    LeakageWarning
        One for each leak.

    Notes
    -----
    The spread over repeats comes from the folds and the seeds. That over other
    specimens is not in it. The area under the curve compares images across folds, and
    so classifiers of different folds: where their scores are no probabilities, it may
    be lower than that of any of them.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.svm import SVC
    >>> from morphokeras.metrics import classification_report, cross_validate_groups
    >>> from morphokeras.metrics import format_report
    >>> rng = np.random.default_rng(0)
    >>> y, specimen = np.repeat([0, 1], 30), np.arange(60) // 3
    >>> X = rng.normal(size=(60, 4)) + y[:, None]
    >>> results = cross_validate_groups(
    ...     {"svm": SVC(), "majority": DummyClassifier()},
    ...     X, y, groups=specimen, check_leaks=False, random_state=0,
    ... )
    >>> format_report(classification_report(results)).shape
    (2, 4)
    >>> results.predictions.groupby(["method", "run"]).size().tolist()
    [60, 60, 60, 60, 60, 60]
    """
    methods = _named(estimators)
    data = _Data(X, y, groups, pixel_size)
    _check_takers(methods, data)
    random = check_random_state(random_state)
    seeds = [int(seed) for seed in random.randint(2**31 - 1, size=n_repeats)]
    folds = make_folds(data.y, data.groups, cv, seeds)
    leaks = []
    if check_leaks:
        everything = [fold for repeat in folds for fold in repeat]
        leaks = find_leaks(data.X, data.y, everything, groups=data.groups)
        for finding in leaks:
            warnings.warn(finding, LeakageWarning, stacklevel=2)
    tasks = [
        (name, run, fold)
        for name in methods
        for run, repeat in enumerate(folds)
        for fold in range(len(repeat))
    ]
    found = Parallel(n_jobs=n_jobs)(
        delayed(_predict_fold)(
            methods[name],
            None if random_state is None else seeds[run],
            data,
            *folds[run][fold],
        )
        for name, run, fold in tasks
    )
    predictions = _table(tasks, found, folds, data)
    return Bunch(
        scores=_score(predictions, data),
        predictions=predictions,
        folds=folds,
        leaks=leaks,
    )


def make_folds(
    y: np.ndarray, groups: np.ndarray | None, cv: Any, seeds: Sequence[int]
) -> list[Folds]:
    """Return the folds of each repeat.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels.
    groups : ndarray of shape (n_samples,) or None
        Groups that stay together.
    cv : int or splitter
        Number of folds, or what makes them.
    seeds : sequence of int
        One a repeat.

    Returns
    -------
    list of lists of (training, test)

    Raises
    ------
    ValueError
        If there are fewer groups than folds, or images that no fold tests once.
    """
    _check_folds(y, groups, cv)
    repeats: list[Folds] = []
    for seed in seeds:
        splitter = _splitter(cv, groups is not None, seed)
        folds = list(splitter.split(np.zeros((len(y), 1)), y, groups))
        tested = np.concatenate([test for _, test in folds])
        times = np.bincount(tested, minlength=len(y))
        if (times != 1).any():
            raise ValueError(
                "`cv` must test every image once in a repeat. Received a splitter that "
                f"tests {np.sum(times == 0)} never and {np.sum(times > 1)} several "
                "times: take a K-fold splitter, and `n_repeats` to repeat it."
            )
        repeats.append(folds)
    return repeats


class _Data:
    """Images and what is known of each."""

    def __init__(self, X, y, groups, pixel_size):
        self.X = X if hasattr(X, "shape") or hasattr(X, "iloc") else np.asarray(X)
        n_samples = len(self.X)
        self.y = check_labels(y, n_samples)
        self.groups = (
            None if groups is None else check_names(groups, n_samples, "groups")
        )
        self.pixel_size = (
            None if pixel_size is None else check_pixel_size(pixel_size, n_samples)
        )

    def rows(self, index: np.ndarray) -> Any:
        return self.X.iloc[index] if hasattr(self.X, "iloc") else self.X[index]


def _named(estimators: Any) -> dict[str, Any]:
    """Return estimators by name; a single one is named after its class."""
    if not isinstance(estimators, Mapping):
        estimators = {type(estimators).__name__: estimators}
    strange = [k for k, v in estimators.items() if not hasattr(v, "fit")]
    if strange or not estimators:
        raise ValueError(
            "`estimators` must be a classifier or a dict of classifiers. Received "
            f"{strange[0] + ' without `fit`' if strange else 'an empty dict'}."
        )
    return {str(name): estimator for name, estimator in estimators.items()}


def _check_takers(methods: dict[str, Any], data: _Data) -> None:
    if data.pixel_size is None:
        return
    if not any(_takes(estimator, "pixel_size") for estimator in methods.values()):
        raise ValueError(
            "`pixel_size` is given, but no classifier's `fit` takes it: "
            f"{', '.join(methods)}. Leave it out, or add a classifier that takes it."
        )


def _check_folds(y: np.ndarray, groups: np.ndarray | None, cv: Any) -> None:
    if not isinstance(cv, Integral):
        return
    number = len(y) if groups is None else len(np.unique(groups))
    if not 2 <= int(cv) <= number:
        raise ValueError(
            f"`cv` must be at least 2 and at most the number of "
            f"{'images' if groups is None else 'groups'}, {number}. Received: cv={cv}."
        )


def _splitter(cv: Any, grouped: bool, seed: int) -> Any:
    """Return what makes the folds of one repeat."""
    if isinstance(cv, Integral):
        if grouped:
            return BalancedGroupFolds(int(cv), seed)
        return StratifiedKFold(int(cv), shuffle=True, random_state=seed)
    if getattr(cv, "shuffle", False) and hasattr(cv, "random_state"):
        cv = copy.copy(cv)
        cv.random_state = seed
    return cv


def _takes(estimator: Any, name: str) -> bool:
    return name in inspect.signature(estimator.fit).parameters


def _predict_fold(
    estimator: Any,
    seed: int | None,
    data: _Data,
    training: np.ndarray,
    test: np.ndarray,
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Return the classes, and the predicted labels and scores of the test images."""
    estimator = clone(estimator)
    if seed is not None:
        _seed(estimator, seed)
    options = {}
    if data.groups is not None and (
        _takes(estimator, "groups") or isinstance(estimator, BaseSearchCV)
    ):
        options["groups"] = data.groups[training]
    known = {}
    if data.pixel_size is not None and _takes(estimator, "pixel_size"):
        options["pixel_size"] = data.pixel_size[training]
        known["pixel_size"] = data.pixel_size[test]
    estimator.fit(data.rows(training), data.y[training], **options)
    rows = data.rows(test)
    for method in ("predict_proba", "decision_function"):
        if hasattr(estimator, method):
            scores = np.asarray(getattr(estimator, method)(rows, **known))
            if scores.ndim == 1:
                scores = np.stack([-scores, scores], axis=1)
            if scores.shape[1] == len(estimator.classes_):
                return estimator.classes_, None, scores
    return np.unique(data.y[training]), estimator.predict(rows, **known), None


def _seed(estimator: Any, seed: int) -> None:
    """Set every `random_state`, of steps inside as well."""
    names = [
        name
        for name in estimator.get_params(deep=True)
        if name == "random_state" or name.endswith("__random_state")
    ]
    estimator.set_params(**dict.fromkeys(names, seed))


def _table(tasks, found, folds, data: _Data):
    """Return all predictions, one row a method, run and image."""
    import pandas

    classes = np.unique(data.y)
    parts = []
    for (name, run, fold), (known, predicted, scores) in zip(tasks, found, strict=True):
        test = folds[run][fold][1]
        part = {"method": name, "run": run, "fold": fold, "image": test}
        part["group"] = None if data.groups is None else data.groups[test]
        part["label"] = data.y[test]
        part["predicted"] = predicted
        if scores is not None:
            part["predicted"] = known[scores.argmax(axis=1)]
            # A class that this fold did not train on comes last for every image.
            lowest = min(0.0, float(scores.min())) - (scores.min() < 0)
            for name_of_class in classes:
                column = np.flatnonzero(known == name_of_class)
                part[f"score_{name_of_class}"] = (
                    scores[:, column[0]] if column.size else np.full(len(test), lowest)
                )
        parts.append(pandas.DataFrame(part))
    table = pandas.concat(parts, ignore_index=True)
    order = {name: i for i, name in enumerate(dict.fromkeys(t[0] for t in tasks))}
    table["order"] = table["method"].map(order)
    table = table.sort_values(["order", "run", "image"], ignore_index=True)
    return table.drop(columns="order")


def _score(predictions, data: _Data):
    """Return the scores of each method and run."""
    import pandas

    columns = [name for name in predictions.columns if name.startswith("score_")]
    rows = []
    for (method, run), part in predictions.groupby(["method", "run"], sort=False):
        scores = part[columns].to_numpy(float)
        known = len(columns) > 0 and not np.isnan(scores).any()
        answer = scores if known else part["predicted"].to_numpy()
        rows.append(
            {
                "method": method,
                "run": run,
                **classification_scores(data.y[part["image"]], answer),
            }
        )
    return pandas.DataFrame(rows)

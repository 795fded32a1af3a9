"""A network and a descriptor classifier that vote."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from morphokeras.estimators import _options
from morphokeras.estimators._answers import ClassAnswers
from morphokeras.estimators._archive import pack
from morphokeras.estimators._files import SavesValues, from_archive, members_of
from morphokeras.estimators.classifier import MicrostructureClassifier
from morphokeras.estimators.descriptor import DescriptorClassifier


class MicrostructureVotingClassifier(SavesValues, ClassAnswers, BaseEstimator):
    """Average the class probabilities of a network and of a descriptor classifier.

    The mean serves a network that does not read descriptors itself, such as a
    `ResNet50Classifier`: with few hundred micrographs it is about as often right as
    the better of both, whichever that is. `MicrostructureClassifier` reads them, and on
    micrographs it was no worse alone than in this vote.

    Parameters
    ----------
    network : estimator or None, default=None
        A classifier of this package. None: `MicrostructureClassifier` with its
        defaults.
    descriptors : estimator or None, default=None
        A classifier with the same `fit` and `predict_proba`. None: a
        `DescriptorClassifier` that reads grey values and labels as the network does.
    weight : float, default=0.5
        Share of the descriptors in the mean, in [0, 1].

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    network_, descriptors_ : estimators
        The fitted members.
    n_features_in_ : int
        Number of values of an image.

    Notes
    -----
    For members of another kind there is scikit-learn's own `VotingClassifier`, which
    hands no pixel sizes on. `save` writes votes whose members are of this package.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.estimators import (
    ...     MicrostructureClassifier, MicrostructureVotingClassifier
    ... )
    >>> rng = np.random.default_rng(0)
    >>> X = rng.random((20, 16, 16))
    >>> X[10:] = np.sort(X[10:], axis=1)
    >>> y = ["noise"] * 10 + ["gradient"] * 10
    >>> network = MicrostructureClassifier(filters=4, epochs=2, random_state=0)
    >>> clf = MicrostructureVotingClassifier(network).fit(X[::2], y[::2])
    >>> clf.score(X[1::2], y[1::2])
    1.0
    """

    _parameter_constraints: dict[str, list] = {
        "network": [BaseEstimator, None],
        "descriptors": [BaseEstimator, None],
        "weight": [_options.SHARE],
    }
    _part_names = ("network.mkz", "descriptors.mkz")
    _parts_of = ("network_", "descriptors_")
    _required = ("classes_", "n_features_in_")

    def __init__(self, network=None, descriptors=None, *, weight=0.5):
        self.network = network
        self.descriptors = descriptors
        self.weight = weight

    @property
    def unlabeled(self):
        """The value of `y` that marks an image without label: the network's."""
        return getattr(self.network, "unlabeled", None)

    def fit(self, X, y, *, sample_weight=None, groups=None, pixel_size=None):
        """Train both members on the same images.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of one size.
        y : array-like of shape (n_samples,)
            Class labels, strings or integers.
        sample_weight : array-like of shape (n_samples,), optional
            Weights that are not negative.
        groups : array-like of shape (n_samples,), optional
            The specimen of each image: an inner validation split of the network keeps
            them together.
        pixel_size : float or array-like of shape (n_samples,), optional
            Edge length of a pixel in micrometres, for both. If given here, it must be
            given to `predict` as well.

        Returns
        -------
        self
            The fitted classifier.

        Raises
        ------
        ValueError, TypeError
            If the images, the labels or a parameter are not as described.
        """
        self._validate_params()
        known = _given(
            sample_weight=sample_weight, groups=groups, pixel_size=pixel_size
        )
        # First the one that takes seconds: what is wrong shows at once.
        descriptors = self._make_descriptors().fit(X, y, **known)
        network = self._make_network().fit(X, y, **known)
        self.descriptors_, self.network_ = descriptors, network
        self.classes_ = network.classes_
        self.n_features_in_ = network.n_features_in_
        return self

    def predict_proba(self, X, *, pixel_size=None):
        """Return the mean probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of the size of the training images.
        pixel_size : float or array-like of shape (n_samples,), optional
            Edge length of a pixel in micrometres, if `fit` was given it.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`; each row sums to 1.
        """
        check_is_fitted(self, "network_")
        probabilities = [
            member.predict_proba(X, **_given(pixel_size=pixel_size))
            for member in (self.network_, self.descriptors_)
        ]
        return np.average(probabilities, axis=0, weights=[1 - self.weight, self.weight])

    def _make_network(self) -> BaseEstimator:
        if self.network is None:
            return MicrostructureClassifier()
        return clone(self.network)

    def _make_descriptors(self) -> BaseEstimator:
        if self.descriptors is not None:
            return clone(self.descriptors)
        return DescriptorClassifier(
            intensity=getattr(self.network, "intensity", None), unlabeled=self.unlabeled
        )

    def _saved_parameters(self) -> dict[str, Any]:
        # The fitted members say what these were.
        return {**self.get_params(deep=False), "network": None, "descriptors": None}

    def _write_parts(self) -> dict[str, bytes]:
        members = (self.network_, self.descriptors_)
        return {
            name: pack(members_of(member))
            for name, member in zip(self._part_names, members, strict=True)
        }

    def _read_parts(
        self, parts: Mapping[str, bytes], classes: Mapping[str, type]
    ) -> None:
        members = [
            from_archive(io.BytesIO(parts[n]), classes) for n in self._part_names
        ]
        for name, member in zip(self._part_names, members, strict=True):
            found = getattr(member, "classes_", [])
            same = np.array_equal(found, self.classes_)
            if not same or not isinstance(member, ClassAnswers):
                raise ValueError(f"{name} holds no classifier of the same classes.")
        self.network_, self.descriptors_ = members
        self.network, self.descriptors = (clone(member) for member in members)


def _given(**arguments) -> dict:
    """Return what was given: a plain CNN, for one, has no `pixel_size`."""
    return {name: value for name, value in arguments.items() if value is not None}

"""Scorers that choose generators by the structure of their samples."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from morphokeras.metrics import structure

FUNCTIONS: dict[str, Callable[..., float]] = {
    "two_point": structure.two_point_error,
    "chords": structure.chord_divergence,
    "phase_size": structure.phase_size_error,
    "persistence": structure.persistence_distance,
    "euler": structure.euler_number_error,
}


@dataclasses.dataclass(frozen=True)
class StructureScorer:
    """Score generators by how near the structure of their samples is to the data's.

    Give it to `GridSearchCV` or `cross_val_score` as ``scoring``. The generator's own
    `score`, its reconstruction error, says nothing of what its samples look like.

    Parameters
    ----------
    metric : {'persistence', 'two_point', 'chords', 'phase_size', 'euler'}, \
            default='persistence'
        The distance, see the function of `morphokeras.metrics` that bears the name.
    n_samples : int, default=64
        Number of samples drawn, and the most of the held-out fields they are compared
        with.
    random_state : int, default=0
        Seed of the samples, the same at every call, so that candidates are compared
        on equal terms.
    conventions : dict, optional
        Further arguments of the distance, such as ``{"boundary": "periodic"}``.

    Raises
    ------
    ValueError
        If the metric is unknown or `n_samples` is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.metrics import StructureScorer
    >>> class Striped:
    ...     def sample(self, n_samples, random_state=None):
    ...         return np.tile([1.0, 1.0, 0.0, 0.0], (n_samples, 16, 4))
    >>> scorer = StructureScorer("chords", n_samples=4)
    >>> scorer(Striped(), np.tile([1.0, 1.0, 0.0, 0.0], (4, 16, 4)))
    -0.0
    """

    metric: str = "persistence"
    n_samples: int = 64
    random_state: int = 0
    conventions: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        if self.metric not in FUNCTIONS:
            raise ValueError(
                f"`metric` must be one of {tuple(FUNCTIONS)}. Received: "
                f"metric={self.metric!r}."
            )
        if not self.n_samples >= 1:
            raise ValueError(
                f"`n_samples` must be positive. Received: n_samples={self.n_samples}."
            )

    def __call__(self, generator: Any, X: np.ndarray, y: Any = None) -> float:
        """Return minus the distance of samples from `X`: the higher, the better.

        Parameters
        ----------
        generator : MicrostructureGenerator or any object with ``sample``
            A fitted generator.
        X : ndarray of shape (n_samples, height, width)
            Held-out fields on the scale of the samples, [0, 1]. Whole numbers are
            divided by the greatest of their type, as the generators do.
        y : array-like of shape (n_samples,), optional
            Their classes. A generator with `classes_` draws samples of the same.

        Returns
        -------
        float
            Minus the distance.
        """
        X, options = np.asarray(X), {}
        chosen = np.random.default_rng(self.random_state).permutation(len(X))
        X = X[chosen[: self.n_samples]]
        if X.dtype.kind in "iu":
            X = X / np.iinfo(X.dtype).max
        number = self.n_samples
        if y is not None and hasattr(generator, "classes_"):
            options["y"] = np.asarray(y)[chosen[: self.n_samples]]
            number = len(X)
        samples = np.asarray(
            generator.sample(number, random_state=self.random_state, **options)
        )
        return -FUNCTIONS[self.metric](X, samples, **self.conventions)

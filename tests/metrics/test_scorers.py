"""Generators chosen by the structure of their samples."""

import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV

from morphokeras.metrics import StructureScorer, chord_divergence

pytestmark = pytest.mark.backend_free


class Stripes(BaseEstimator):
    """A generator of stripes as wide as it is told, of two classes if it has labels."""

    def __init__(self, width=1):
        self.width = width

    def fit(self, X, y=None):
        if y is not None:
            self.classes_ = np.unique(y)
        return self

    def sample(self, n_samples, y=None, random_state=None):
        row = np.arange(16) // self.width % 2.0
        fields = np.tile(row, (n_samples, 16, 1))
        if y is not None:
            fields[np.asarray(y) == "across"] = fields[0].T.copy()
        return fields


def test_grid_search_finds_the_width_of_the_stripes():
    X = Stripes(2).sample(9)
    search = GridSearchCV(
        Stripes(), {"width": [1, 2, 4]}, scoring=StructureScorer("chords"), cv=3
    ).fit(X)
    assert search.best_params_ == {"width": 2}


def test_score_is_minus_the_distance():
    X = Stripes(4).sample(5)
    options = {"boundary": "periodic", "smoothing": 0.1}
    scorer = StructureScorer("chords", n_samples=5, conventions=options)
    expected = -chord_divergence(X, Stripes(2).sample(5), **options)
    assert scorer(Stripes(2), X) == pytest.approx(expected)


def test_samples_have_the_classes_of_the_held_out_fields():
    y = np.array(["across", "along", "along", "across"])
    X = Stripes(2).sample(4, y)
    generator = Stripes(2).fit(X, y)
    assert StructureScorer("two_point")(generator, X, y) == pytest.approx(0.0)


def test_grey_values_of_eight_bits_are_scaled():
    X = (255 * Stripes(2).sample(4)).astype("uint8")
    assert StructureScorer("two_point")(Stripes(2), X) == pytest.approx(0.0)


def test_scorer_can_be_pickled():
    scorer = StructureScorer("euler", n_samples=3)
    assert pickle.loads(pickle.dumps(scorer)) == scorer


@pytest.mark.parametrize("options", [{"metric": "s2"}, {"n_samples": 0}])
def test_bad_arguments_are_refused(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"`{name}` must be(?s:.*)Received"):
        StructureScorer(**options)

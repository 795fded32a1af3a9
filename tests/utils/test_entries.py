"""Checks of labels, weights and sizes."""

import numpy as np
import pytest

from morphokeras.utils.entries import (
    check_fractions,
    check_labels,
    check_names,
    check_pixel_size,
    check_weights,
)

pytestmark = pytest.mark.backend_free


def test_missing_and_continuous_labels_are_refused():
    with pytest.raises(ValueError, match="requires y"):
        check_labels(None, 2)
    with pytest.raises(ValueError, match="continuous"):
        check_labels([0.1, 0.7], 2)


@pytest.mark.parametrize("wrong", [[1.0, 0.0], [1.0, np.nan], [-1.0, 1.0]])
def test_pixel_size_must_be_positive(wrong):
    with pytest.raises(ValueError, match="positive number of micrometres"):
        check_pixel_size(wrong, 2)


@pytest.mark.parametrize("kind", [list, tuple, np.array, lambda y: np.array(y, object)])
def test_labels_of_any_container_are_read(kind):
    assert check_labels(kind(["a", "b"]), 2).tolist() == ["a", "b"]
    assert check_labels(kind([3, 5]), 2).dtype == int
    assert check_labels(kind([True, False]), 2).dtype == bool


def test_labels_of_pandas_are_read():
    import pandas as pd

    assert check_labels(pd.Series(["a", "b"]), 2).tolist() == ["a", "b"]
    assert check_labels(pd.Categorical(["a", "b"]), 2).tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="missing value.*image 1 "):
        check_labels(pd.Series(["a", None], dtype="string"), 2)


@pytest.mark.parametrize("missing", [None, np.nan])
def test_missing_entry_of_a_list_is_named(missing):
    with pytest.raises(ValueError, match="Input groups contains a missing .*image 1 "):
        check_names(["a", missing], 2, "groups")


def test_names_are_all_strings_or_all_numbers():
    with pytest.raises(TypeError, match="not both. Received numbers and strings"):
        check_names(["a", 1], 2, "groups")


def test_weights_are_numbers_that_are_not_negative():
    assert check_weights(2, 3).tolist() == [2, 2, 2]
    with pytest.raises(ValueError, match="Received inf for image 1"):
        check_weights([1, 1e300], 2)
    with pytest.raises(TypeError, match="must be a number or numbers"):
        check_weights(["heavy", "light"], 2)


def test_fractions_may_differ_by_channel():
    assert check_fractions(np.full((2, 3), 0.5), 2).shape == (2, 3)
    with pytest.raises(ValueError, match=r"Received shape \(3, 2\)"):
        check_fractions(np.full((3, 2), 0.5), 2)

"""What all figures share."""

import sys

import numpy as np
import pytest

from morphokeras.plots._style import as_pictures, import_pyplot

pytestmark = pytest.mark.backend_free


def test_a_missing_library_gives_the_pip_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "morphokeras\[plots\]"'):
        import_pyplot()


@pytest.mark.parametrize("shape", [(2, 4, 5), (2, 4, 5, 1), (2, 3, 4, 5)])
def test_fields_become_pictures(shape):
    assert as_pictures(np.zeros(shape), "rows").shape == (2, 4, 5)


def test_a_volume_is_shown_by_its_middle_section():
    volume = np.zeros((1, 5, 4, 4))
    volume[0, 2] = 1
    assert as_pictures(volume, "rows").min() == 1


@pytest.mark.parametrize("shape", [(4, 5), (0, 4, 5)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="`rows` must have the shape"):
        as_pictures(np.zeros(shape), "rows")

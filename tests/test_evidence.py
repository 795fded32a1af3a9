"""The experiments on the article's tables: results kept, tables written, one run."""

import json
import sys

import numpy as np
import pytest

from benchmarks.evidence.article import porosity, structure
from benchmarks.evidence.article.shared import SCALES, Column, Results, cell

TINY = {"size": 16, "filters": 4, "fields": 16, "test": 6, "steps": 1}


@pytest.mark.one_backend
def test_a_kept_row_is_not_computed_again(tmp_path):
    path = tmp_path / "kept.json"
    Results(path, {"size": (8, 8)}).row(0, "ours", lambda: {"error": 0.5})
    again = Results(path, {"size": (8, 8)})
    assert again.row(0, "ours", lambda: 1 / 0) == {"error": 0.5}


@pytest.mark.one_backend
def test_figures_of_other_settings_are_not_mixed(tmp_path):
    path = tmp_path / "kept.json"
    Results(path, {"size": 8}).row(0, "ours", lambda: {"error": 0.5})
    with pytest.raises(SystemExit, match="--output"):
        Results(path, {"size": 16})


@pytest.mark.one_backend
def test_an_interval_needs_three_seeds():
    column = Column("error", "error", 2)
    assert cell([0.1, 0.3], column) == "0.20"
    # Student's t with two degrees of freedom: 4.303 / sqrt(3).
    assert cell([1.0, 2.0, 3.0], column) == "2.00 ± 2.48"


@pytest.mark.one_backend
def test_fields_are_cut_at_the_fraction_of_the_real_ones():
    rng = np.random.default_rng(0)
    real = (rng.random((3, 8, 8)) < 0.3).astype("float32")
    grey = rng.random((3, 8, 8))
    fields = porosity.cut(grey, real)
    assert fields.sum(axis=(1, 2)).tolist() == real.sum(axis=(1, 2)).tolist()
    for values, field in zip(grey, fields, strict=True):
        assert values[field == 1].min() > values[field == 0].max()


@pytest.mark.torch_only
def test_an_experiment_runs_and_goes_on(tmp_path, monkeypatch):
    path = tmp_path / "structure.json"
    monkeypatch.setitem(SCALES, "small", TINY)
    monkeypatch.setattr(structure, "SHOWN", 2)
    command = f"structure --seeds 0 --features large --output {path}"
    monkeypatch.setattr(sys, "argv", command.split())
    structure.main()
    rows = json.loads(path.read_text())["rows"]["0"]
    assert set(rows) == {f"large features: {name}" for name in structure.ROWS}
    assert all(row["two_point"] >= 0 for row in rows.values())
    assert "*in the article*" in path.with_suffix(".csv").read_text()
    before = path.read_text()
    structure.main()
    assert path.read_text() == before

"""The report on two sets of fields."""

import html.parser
import re

import matplotlib
import numpy as np
import pytest
from scipy import ndimage

import morphokeras
from morphokeras.metrics import compare, describe
from morphokeras.reports import report

matplotlib.use("Agg")
pytestmark = pytest.mark.backend_free


class Parser(html.parser.HTMLParser):
    """Collects what the page would fetch, and checks that tags are closed."""

    def __init__(self):
        super().__init__()
        self.open, self.sources, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        if tag not in ("img", "meta"):
            self.open.append(tag)
        self.sources += [v for k, v in attributes if k in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def sets():
    rng = np.random.default_rng(0)
    fields = ndimage.gaussian_filter(rng.normal(size=(20, 24, 24)), (0, 1.5, 1.5)) > 0
    return fields[:10], fields[10:]


@pytest.fixture(scope="module")
def page(sets, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    report(*sets, path, names=("Alloy <A>", "Alloy B"), n_bootstrap=20)
    return path.read_text(encoding="utf-8")


def test_page_is_whole_and_needs_no_other_file(page):
    parser = Parser()
    parser.feed(page)
    assert parser.open == []
    assert len(parser.sources) == 3
    assert all(source.startswith("data:image/svg+xml") for source in parser.sources)


def test_page_holds_the_table_of_compare(sets, page):
    table = compare(*sets, n_bootstrap=20, random_state=0)
    for value in table.value:
        assert f"{value:.4g}" in page
    for text in table.convention:
        assert text.split(";")[-1].strip() in page


def test_names_are_shown_and_cannot_inject_markup(page):
    assert "Alloy &lt;A&gt;" in page
    assert "<A>" not in page


def test_page_names_the_versions(page):
    assert f"numpy {np.__version__}" in page
    assert f"morphokeras {morphokeras.__version__}" in page


def test_sets_of_one_kind_are_said_to_be_alike(sets, tmp_path):
    report(*sets, tmp_path / "r.html", metrics=["chords"], n_bootstrap=50)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Chord divergence: not to be told from two halves of Real." in page
    coarse = np.kron(sets[1][:, :12, :12], np.ones((2, 2), bool))
    report(sets[0], coarse, tmp_path / "r.html", metrics=["chords"], n_bootstrap=50)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert re.search(r"Chord divergence: the sets differ, .* two halves of Real", page)


def test_a_report_that_fails_leaves_the_old_one(sets, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    with pytest.raises(ValueError, match="`metrics`"):
        report(*sets, path, metrics=["wrong"])
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_page_tells_what_each_set_is(sets, page):
    assert page.count("Volume fraction") == 1
    for fields in sets:
        mean, low, high = describe(fields).loc["mean_chord", ["mean", "low", "high"]]
        assert f"{mean:.3g} ({low:.3g} to {high:.3g})" in page


def test_page_of_a_phase_in_volumes_has_its_units(tmp_path):
    labels = np.random.default_rng(0).integers(0, 3, (8, 8, 8, 8))
    options = {"phase": 2, "spatial_dims": 3, "um_per_px": 0.5, "n_bootstrap": 5}
    report(labels[:4], labels[4:], tmp_path / "r.html", groups=[0, 0, 1, 1], **options)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "The phase is the label 2." in page and "phase=2" in page
    assert "Integral of mean curvature" in page and "µm⁻²" in page


@pytest.mark.parametrize("names", [("A", "A"), ("A",), "AB", (1, 2)])
def test_names_must_be_two_different_ones(sets, tmp_path, names):
    with pytest.raises(ValueError, match="`names` must be two different names"):
        report(*sets, tmp_path / "r.html", names=names)

"""Scores of runs, their intervals and tests, against SciPy and scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics as reference

from morphokeras.metrics import (
    classification_report,
    classification_scores,
    format_report,
    mean_interval,
    paired_tests,
    score_runs,
)

pytestmark = pytest.mark.backend_free


def probabilities(rng, y, n_classes, signal=1.0):
    scores = rng.normal(size=(len(y), n_classes)) + signal * np.eye(n_classes)[y]
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


def table(**methods):
    return pd.DataFrame(
        [
            {"method": name, "run": run, "top_1": value}
            for name, values in methods.items()
            for run, value in enumerate(values)
        ]
    )


def test_scores_are_those_of_scikit_learn(rng):
    y = rng.integers(0, 7, 300)
    p = probabilities(rng, y, 7)
    scores = classification_scores(y, p)
    first = p.argmax(axis=1)
    assert scores["top_1"] == pytest.approx(reference.accuracy_score(y, first))
    assert scores["top_5"] == pytest.approx(
        reference.top_k_accuracy_score(y, p, k=5, labels=range(7))
    )
    assert scores["mean_per_class_accuracy"] == pytest.approx(
        reference.balanced_accuracy_score(y, first)
    )
    assert scores["macro_f1"] == pytest.approx(
        reference.f1_score(y, first, average="macro")
    )
    assert scores["macro_auc"] == pytest.approx(
        reference.roc_auc_score(y, p, multi_class="ovr", average="macro")
    )


def test_columns_may_come_in_any_order(rng):
    y = rng.integers(0, 7, 100)
    p = probabilities(rng, y, 7)
    order = rng.permutation(7)
    names = np.array(list("gfedcba"))
    shuffled = classification_scores(names[y], p[:, order], classes=names[order])
    assert shuffled == pytest.approx(classification_scores(y, p))


def test_two_classes_have_the_area_of_either(rng):
    y = rng.integers(0, 2, 100)
    p = probabilities(rng, y, 2)
    auc = classification_scores(y, p)["macro_auc"]
    assert auc == pytest.approx(reference.roc_auc_score(y, p[:, 1]))


def test_classes_without_an_image_are_left_out(rng):
    y = rng.integers(0, 3, 60)
    p = probabilities(rng, y, 4, signal=9.0)
    scores = classification_scores(y, p, classes=range(4))
    assert scores["mean_per_class_accuracy"] == scores["macro_auc"] == 1.0


def test_labels_alone_have_no_ranking(rng):
    scores = classification_scores(["a", "b"], ["a", "a"])
    assert np.isnan(scores["top_5"]) and np.isnan(scores["macro_auc"])
    assert scores["top_1"] == 0.5


def test_five_classes_have_no_top_5(rng):
    y = np.arange(5)
    assert np.isnan(classification_scores(y, np.eye(5))["top_5"])


def test_intervals_are_those_of_student(rng):
    values = rng.normal(size=6)
    mean, low, high = mean_interval(values, confidence=0.9)
    expected = stats.t.interval(0.9, 5, loc=values.mean(), scale=stats.sem(values))
    assert (low, high) == pytest.approx(expected)
    assert mean == pytest.approx(values.mean())


def test_two_runs_have_no_interval():
    assert np.isnan(mean_interval([0.8, 0.9])[1:]).all()


def test_intervals_cover_the_truth_as_often_as_they_say(rng):
    hits = 0
    for _ in range(2000):
        _, low, high = mean_interval(rng.normal(size=3))
        hits += low < 0 < high
    assert hits / 2000 == pytest.approx(0.95, abs=0.015)


def test_tests_are_paired(rng):
    runs = rng.normal(0.8, 0.1, 8)
    ours, plain = runs + rng.normal(0.02, 0.01, 8), runs
    found = paired_tests(table(ours=ours, plain=plain)).iloc[0]
    assert found["p_value"] == pytest.approx(stats.ttest_rel(plain, ours).pvalue)
    assert found["difference"] == pytest.approx(np.mean(plain - ours))
    assert stats.ttest_ind(plain, ours).pvalue > 0.3 > found["p_value"]


@pytest.mark.parametrize("reference, number", [(None, 3), ("b", 2)])
def test_all_pairs_or_those_with_the_reference_are_tested(rng, reference, number):
    scores = table(a=rng.random(4), b=rng.random(4), c=rng.random(4))
    found = paired_tests(scores, reference=reference)
    assert len(found) == number
    assert reference is None or set(found["first"]) == {"b"}


def test_holm_multiplies_the_least_by_the_number_of_tests(rng):
    scores = table(**{name: rng.normal(i, 1, 5) for i, name in enumerate("abc")})
    plain = paired_tests(scores)["p_value"].to_numpy()
    holm = paired_tests(scores, adjust="holm")["p_value"].to_numpy()
    order = np.argsort(plain)
    expected = np.maximum.accumulate(np.minimum(1, plain[order] * [3, 2, 1]))
    np.testing.assert_allclose(holm[order], expected)


def test_equal_differences_say_nothing_of_chance():
    found = paired_tests(table(a=[0.1, 0.2, 0.3], b=[0.2, 0.3, 0.4])).iloc[0]
    assert np.isnan(found["p_value"]) and found["stars"] == ""


def test_the_report_has_means_intervals_and_stars(rng):
    y = rng.integers(0, 3, 200)
    runs = {
        "ours": [probabilities(rng, y, 3, 3.0) for _ in range(4)],
        "weak": [probabilities(rng, y, 3, 0.5) for _ in range(4)],
    }
    scores = score_runs(y, runs)
    report = classification_report(scores)
    expected = mean_interval(scores["top_1"][:4])
    found = report.loc[("ours", "top_1"), ["mean", "low", "high"]]
    assert found.tolist() == pytest.approx(list(expected))
    assert report.loc[("ours", "top_1"), "stars"] == ""
    assert report.loc[("weak", "top_1"), "stars"] == "***"
    assert "top_5" not in report.index.get_level_values("metric")
    other = classification_report(scores, reference="weak")
    assert other.loc[("ours", "top_1"), "stars"] == "***"
    text = format_report(report)
    assert text.index.tolist() == ["ours", "weak"]
    assert (
        text.columns.tolist()
        == scores.columns.drop(["method", "run", "top_5"]).tolist()
    )
    assert text.loc["weak", "top_1"].endswith("***")


def test_a_single_run_is_a_mean_without_interval():
    report = classification_report(score_runs(["a", "b"], {"ours": [["a", "b"]]}))
    assert format_report(report).loc["ours", "top_1"] == "100.0"
    assert format_report(report, percent=False).loc["ours", "top_1"] == "1.000"


def test_wrong_input_is_named(rng):
    with pytest.raises(ValueError, match="shape"):
        classification_scores([0, 1], np.zeros((2, 3)))
    with pytest.raises(ValueError, match="one of `classes`"):
        classification_scores([0, 1], np.zeros((2, 2)), classes=[1, 2])
    with pytest.raises(ValueError, match="finite"):
        classification_scores([0, 1], np.full((2, 2), np.nan))
    with pytest.raises(ValueError, match="`runs`"):
        score_runs([0, 1], {})
    with pytest.raises(ValueError, match="'method' and 'run'"):
        classification_report(pd.DataFrame({"top_1": [1.0]}))
    twice = table(a=[1.0, 0.9]).assign(run=0)
    with pytest.raises(ValueError, match="more than once"):
        classification_report(twice)
    with pytest.raises(ValueError, match="lacks run 2"):
        paired_tests(table(a=[1, 2, 3], b=[1, 2]))
    with pytest.raises(ValueError, match="`reference`"):
        classification_report(table(a=[1]), reference="b")
    with pytest.raises(ValueError, match="at least two"):
        paired_tests(table(a=[1, 2]))
    with pytest.raises(ValueError, match="`adjust`"):
        paired_tests(table(a=[1], b=[1]), adjust="bonferroni")
    with pytest.raises(ValueError, match="`confidence`"):
        mean_interval([1, 2, 3], confidence=95)
    with pytest.raises(ValueError, match="`values`"):
        mean_interval([])

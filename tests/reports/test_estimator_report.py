"""Reports of fitted estimators."""

import matplotlib
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from morphokeras import MicrostructureClassifier, MicrostructureGenerator

matplotlib.use("Agg")
pytestmark = pytest.mark.one_backend

TINY = {"filters": 4, "depth": 1, "epochs": 1, "random_state": 0}


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((12, 16, 16)).astype("float32")


@pytest.fixture(scope="module")
def classifier(images):
    return MicrostructureClassifier(**TINY).fit(images, ["fine", "coarse"] * 6)


def test_classifier_report_has_scores_confusion_and_attention(
    classifier, images, tmp_path
):
    path = tmp_path / "report.html"
    labels = np.array(["fine", "coarse"] * 6)
    classifier.report(path, images, labels, title="Steels")
    page = path.read_text(encoding="utf-8")
    accuracy = np.mean(classifier.predict(images) == labels)
    assert "<h1>Steels</h1>" in page and "2 classes" in page
    assert f">{accuracy:.4g}</td>" in page
    assert page.count("<img") == 3
    assert "filters" in page and "weight_decay" not in page


def test_report_without_images_has_history_and_parameters(classifier, tmp_path):
    classifier.report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<img") == 1
    assert "Scores" not in page


def test_generator_report_compares_samples_with_images(images, tmp_path):
    generator = MicrostructureGenerator(latent_dim=2, prior="white", **TINY).fit(images)
    generator.report(tmp_path / "report.html", images)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Persistence distance" in page and "latent variables" in page
    generator.report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Samples" in page and page.count("<img") == 2


def test_an_estimator_that_is_not_fitted_has_no_report(tmp_path):
    with pytest.raises(NotFittedError):
        MicrostructureClassifier().report(tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()

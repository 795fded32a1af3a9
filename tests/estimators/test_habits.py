"""The estimators among scikit-learn's own tools."""

import keras
import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline, make_union
from sklearn.utils import estimator_html_repr
from sklearn.utils.fixes import parse_version

from morphokeras.estimators.classifier import MicrostructureClassifier
from morphokeras.estimators.generator import MicrostructureGenerator
from morphokeras.estimators.splitting import SemiSupervisedSplit

# Nothing here depends on the backend, and PyTorch compiles nothing.
pytestmark = pytest.mark.torch_only

SPECIMENS = np.repeat(np.arange(6), 4)


@pytest.fixture
def quick(tiny):
    return MicrostructureClassifier(**{**tiny, "epochs": 2})


@pytest.fixture
def three_classes(textures):
    """Return the textures, the dark ones of them as a class of their own."""
    X, y = textures
    X, y = X.copy(), y.astype("<U8")
    X[::3] *= 0.3
    y[::3] = "dark"
    return X, y


def test_fit_returns_itself_and_leaves_the_data_alone(quick, textures):
    X, y = (array.copy() for array in textures)
    X.flags.writeable = y.flags.writeable = False
    assert quick.fit(X, y) is quick
    quick.predict(X)
    np.testing.assert_array_equal(X, textures[0])


def test_predicting_changes_no_attribute(classifier, textures):
    before = dict(vars(classifier))
    classifier.predict(textures[0])
    classifier.transform(textures[0])
    classifier.attention_maps(textures[0])
    assert vars(classifier) == before


def test_the_order_of_the_images_does_not_matter(classifier, more_textures):
    X, _ = more_textures
    backwards = classifier.predict_proba(X[::-1])[::-1]
    np.testing.assert_allclose(backwards, classifier.predict_proba(X), atol=1e-6)


def test_single_and_double_precision_predict_the_same(classifier, more_textures):
    X, _ = more_textures
    single = classifier.predict_proba(X.astype("float32"))
    np.testing.assert_allclose(single, classifier.predict_proba(X), atol=1e-5)


def test_lists_are_taken_for_arrays(quick, textures):
    X, y = textures
    from_lists = clone(quick).fit(X.tolist(), y.tolist()).predict_proba(X.tolist())
    np.testing.assert_allclose(from_lists, quick.fit(X, y).predict_proba(X), atol=1e-6)


def test_names_of_the_classes_do_not_matter(quick, textures):
    X, y = textures
    numbers = np.where(y == "speckle", 7, 3)
    by_number = clone(quick).fit(X, numbers)
    assert by_number.classes_.tolist() == [3, 7]
    np.testing.assert_array_equal(
        by_number.predict_proba(X), quick.fit(X, y).predict_proba(X)
    )


def test_parameters_can_be_set_and_read_back(quick):
    quick.set_params(lambda_topo=0.3, callbacks=[keras.callbacks.History])
    assert clone(quick).get_params()["lambda_topo"] == 0.3


def test_features_can_come_as_a_table(classifier, generator, textures, small_textures):
    for estimator, X in ((classifier, textures[0]), (generator, small_textures[0])):
        table = clone(estimator)
        table.__dict__.update(vars(estimator))
        table.set_output(transform="pandas")
        features = table.transform(X)
        assert features.columns.tolist() == list(estimator.get_feature_names_out())
        np.testing.assert_allclose(features, estimator.transform(X))


def test_codes_stand_beside_other_features_in_a_union(small_textures, tiny_generator):
    X, y = small_textures
    one = MicrostructureGenerator(**{**tiny_generator, "epochs": 1})
    union = make_union(one, clone(one).set_params(latent_dim=2))
    pipeline = make_pipeline(union, LogisticRegression()).fit(X, y)
    names = pipeline[0].get_feature_names_out()
    assert len(names) == pipeline[1].coef_.shape[1]
    assert len(set(names)) == len(names)


def test_grid_search_in_two_processes_by_groups(quick, three_classes):
    search = GridSearchCV(
        quick,
        {"filters": [2, 4]},
        cv=GroupKFold(3),
        scoring="roc_auc_ovr",
        n_jobs=2,
        error_score="raise",
    )
    search.fit(*three_classes, groups=SPECIMENS)
    assert search.predict(three_classes[0]).shape == (24,)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_nested_cross_validation(quick, textures):
    inner = GridSearchCV(quick, {"dropout": [0.0, 0.3]}, cv=2, error_score="raise")
    scores = cross_val_score(inner, *textures, cv=2, error_score="raise")
    assert scores.shape == (2,)


def test_successive_halving(quick, textures):
    search = HalvingGridSearchCV(
        quick,
        {"dropout": [0.0, 0.3]},
        resource="epochs",
        max_resources=2,
        min_resources=1,
        factor=2,
        cv=2,
        error_score="raise",
    )
    assert search.fit(*textures).best_params_["epochs"] == 2


def test_probabilities_can_be_calibrated(quick, textures):
    X, y = textures
    calibrated = CalibratedClassifierCV(quick, cv=2).fit(X, y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)


def test_votes_and_stacks_with_others(quick, textures):
    X, y = textures
    other = clone(quick).set_params(filters=2)
    for ensemble in (
        VotingClassifier([("a", quick), ("b", other)], voting="soft"),
        StackingClassifier([("a", quick), ("b", other)], cv=2),
    ):
        assert set(ensemble.fit(X, y).predict(X)) <= {"lamellae", "speckle"}


def test_unlabelled_images_help_in_every_fold(quick, textures):
    X, y = textures
    y = np.where(np.arange(24) % 3 == 0, "", y)
    clf = quick.set_params(unlabeled="", lambda_rec=1.0, latent_field_stride=4)
    folds = SemiSupervisedSplit(2, unlabeled="")
    scores = cross_val_score(clf, X, y, cv=folds, error_score="raise")
    assert np.isfinite(scores).all()


@pytest.mark.skipif(
    parse_version(sklearn.__version__) < parse_version("1.4"),
    reason="searches route metadata since scikit-learn 1.4",
)
def test_pixel_sizes_are_routed_to_fit_and_predict(quick, textures):
    X, y = textures
    sizes = np.linspace(0.1, 1.0, len(X))
    with sklearn.config_context(enable_metadata_routing=True):
        clf = quick.set_fit_request(pixel_size=True)
        clf.set_predict_proba_request(pixel_size=True)
        clf.set_predict_request(pixel_size=True).set_score_request(pixel_size=True)
        search = GridSearchCV(clf, {"dropout": [0.0, 0.3]}, cv=2, error_score="raise")
        search.fit(X, y, pixel_size=sizes)
    assert search.best_estimator_.model_.head.use_pixel_size


def test_cross_validated_predictions_go_to_their_images(quick, textures):
    X, y = textures
    probability = cross_val_predict(quick, X, y, cv=2, method="predict_proba")
    assert probability.shape == (24, 2)


def test_the_page_of_a_notebook_shows_state_and_parameters(quick, textures):
    before = estimator_html_repr(quick)
    after = estimator_html_repr(quick.fit(*textures))
    for page in (before, after):
        assert "MicrostructureClassifier" in page
        assert "epochs" in page
    if parse_version(sklearn.__version__) >= parse_version("1.4"):
        assert "Not fitted" in before
        assert "Not fitted" not in after

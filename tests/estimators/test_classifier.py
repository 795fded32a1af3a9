"""The classifier as a scikit-learn user meets it."""

import pickle
import random

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from morphokeras.estimators._data import Examples
from morphokeras.estimators.classifier import MicrostructureClassifier
from morphokeras.estimators.recipes import ARTICLE_RECIPE
from morphokeras.models.heads import class_terms


def test_learns_textures_it_has_not_seen(classifier, more_textures):
    X, y = more_textures
    assert classifier.score(X, y) >= 0.95
    assert classifier.classes_.tolist() == ["lamellae", "speckle"]
    assert set(classifier.predict(X)) == {"lamellae", "speckle"}


def test_probabilities_sum_to_one(classifier, more_textures):
    probability = classifier.predict_proba(more_textures[0])
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    assert probability.shape == (24, 2)


def test_probability_of_an_image_does_not_depend_on_its_company(
    classifier, more_textures
):
    X, _ = more_textures
    together = classifier.predict_proba(X)
    alone = np.concatenate([classifier.predict_proba(X[i : i + 1]) for i in (0, 5, 23)])
    np.testing.assert_allclose(together[[0, 5, 23]], alone, atol=1e-5)


def test_prediction_does_not_change_under_a_declared_flip(classifier, more_textures):
    X, _ = more_textures
    np.testing.assert_allclose(
        classifier.predict_proba(X), classifier.predict_proba(X[:, ::-1]), atol=1e-5
    )


def test_history_shows_every_term(classifier, tiny):
    assert {"loss", "class", "accuracy", "skipped_steps"} <= set(classifier.history_)
    assert len(classifier.history_["loss"]) == tiny["epochs"]


def test_attributes_describe_the_images(classifier):
    assert classifier.image_shape_ == (32, 32, 1)
    assert classifier.n_features_in_ == 1024


def test_integer_images_are_scaled_by_their_range(classifier, more_textures):
    X, _ = more_textures
    as_bytes = np.round(X * 255).astype("uint8")
    limits = classifier.intensity_range_
    try:
        classifier.intensity_range_ = (0.0, 255.0)
        from_bytes = classifier.predict_proba(as_bytes)
    finally:
        classifier.intensity_range_ = limits
    np.testing.assert_allclose(
        from_bytes, classifier.predict_proba(as_bytes / 255.0), atol=1e-5
    )


def test_attention_maps_have_the_size_of_the_images(classifier, textures):
    maps = classifier.attention_maps(textures[0])
    assert maps.shape == (24, 32, 32)
    assert 0 <= maps.min() <= maps.max() <= 1


def test_transform_gives_named_features(classifier, textures):
    features = classifier.transform(textures[0])
    names = classifier.get_feature_names_out()
    assert features.shape == (24, len(names))
    assert names[0] == "microstructureclassifier0"


def test_pickle_keeps_the_predictions(classifier, textures):
    X, _ = textures
    copy = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_allclose(
        copy.predict_proba(X), classifier.predict_proba(X), atol=1e-6
    )


def test_fit_changes_no_parameter(classifier, tiny):
    fresh = MicrostructureClassifier(**tiny)
    assert classifier.get_params() == fresh.get_params()
    assert clone(classifier).get_params() == fresh.get_params()


def test_same_seed_gives_the_same_predictions(classifier, textures, tiny):
    X, y = textures
    again = MicrostructureClassifier(**tiny).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), classifier.predict_proba(X))


@pytest.mark.torch_only
def test_another_seed_gives_another_network(classifier, textures, tiny):
    X, y = textures
    other = MicrostructureClassifier(**{**tiny, "random_state": 1, "epochs": 1})
    assert np.abs(other.fit(X, y).transform(X) - classifier.transform(X)).max() > 0.01


@pytest.mark.torch_only
def test_fit_leaves_the_process_as_it_was(textures, tiny):
    policy = keras.config.dtype_policy().name
    random.seed(3)
    expected = random.random()
    random.seed(3)
    MicrostructureClassifier(
        **{**tiny, "epochs": 1, "mixed_precision": "bfloat16"}
    ).fit(*textures)
    assert random.random() == expected
    assert keras.config.dtype_policy().name == policy


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_mixed_precision_computes_in_it(name, textures, tiny):
    X, y = textures
    clf = MicrostructureClassifier(**{**tiny, "epochs": 2, "mixed_precision": name})
    clf.fit(X, y)
    assert clf.model_.encoder.compute_dtype == name
    assert clf.model_.encoder.variable_dtype == "float32"
    assert np.isfinite(clf.predict_proba(X)).all()


@pytest.mark.torch_only
def test_is_silent_unless_asked(textures, tiny, capsys):
    X, y = textures
    MicrostructureClassifier(**{**tiny, "epochs": 1}).fit(X, y)
    assert capsys.readouterr().out == ""
    MicrostructureClassifier(**{**tiny, "epochs": 1, "verbose": 2}).fit(X, y)
    assert "accuracy" in capsys.readouterr().out


@pytest.mark.torch_only
def test_pixel_size_is_an_input(textures, tiny):
    X, y = textures
    # The classes differ by nothing but their pixel size.
    X = np.repeat(X[:1], len(X), axis=0)
    sizes = np.where(y == "speckle", 0.1, 1.0)
    clf = MicrostructureClassifier(**{**tiny, "epochs": 40, "zoom": 0.0})
    clf.fit(X, y, pixel_size=sizes)
    assert (clf.predict(X, pixel_size=sizes) == y).mean() >= 0.95
    assert clf.score(X, y, pixel_size=sizes) >= 0.95
    assert clf.attention_maps(X).shape == (24, 32, 32)
    with pytest.raises(ValueError, match="fitted with `pixel_size`"):
        clf.predict(X)


def test_pixel_size_that_was_not_learned_is_refused(classifier, textures):
    with pytest.raises(ValueError, match="fitted without `pixel_size`"):
        classifier.predict(textures[0], pixel_size=1.0)


@pytest.mark.torch_only
def test_early_stopping_watches_held_out_groups(textures, tiny):
    X, y = textures
    groups = np.arange(24) // 4
    clf = MicrostructureClassifier(
        **{**tiny, "epochs": 30, "learning_rate": 1e-9},
        early_stopping=True,
        validation_fraction=0.3,
        n_iter_no_change=2,
    ).fit(X, y, groups=groups)
    assert len(clf.history_["val_loss"]) < 30


@pytest.mark.torch_only
def test_validation_data_is_recorded(textures, more_textures, tiny):
    clf = MicrostructureClassifier(**{**tiny, "epochs": 1})
    clf.fit(*textures, validation_data=more_textures)
    assert len(clf.history_["val_loss"]) == 1


@pytest.mark.torch_only
def test_image_of_weight_zero_is_absent(textures, tiny):
    X, y = textures
    spoiled = np.where(np.arange(24) < 12, y, "lamellae")
    weight = (np.arange(24) < 12).astype(float)
    params = {**tiny, "epochs": 2}
    weighted = MicrostructureClassifier(**params).fit(X, spoiled, sample_weight=weight)
    absent = MicrostructureClassifier(**params).fit(
        X[:12], y[:12], sample_weight=[1] * 12
    )
    np.testing.assert_allclose(
        weighted.predict_proba(X), absent.predict_proba(X), atol=1e-6
    )


@pytest.mark.torch_only
def test_class_weight_shifts_the_probabilities(textures, tiny):
    X, y = textures
    X = np.repeat(X[:1], len(X), axis=0)
    params = {**tiny, "epochs": 20, "class_weight": {"speckle": 9.0, "lamellae": 1.0}}
    probability = MicrostructureClassifier(**params).fit(X, y).predict_proba(X)
    assert probability[:, 1].mean() > 0.7


@pytest.mark.torch_only
def test_unlabelled_images_are_left_out_of_the_score(textures, tiny):
    X, y = textures
    y = np.where(np.arange(24) % 3 == 0, "", y)
    params = {**tiny, "lambda_rec": 1.0, "epochs": 2, "unlabeled": "", "depth": 1}
    params |= {"latent_field_stride": 2}
    clf = MicrostructureClassifier(**params).fit(X, y)
    assert clf.classes_.tolist() == ["lamellae", "speckle"]
    labelled = y != ""
    assert clf.score(X, y) == clf.score(X[labelled], y[labelled])


def test_generative_terms_are_trained_beside_the_class(textures, tiny):
    X, y = textures
    params = {**tiny, "epochs": 2, "depth": 1, "latent_field_stride": 2}
    clf = MicrostructureClassifier(lambda_topo=0.5, **params).fit(X, y)
    assert {"class", "rec", "kl", "topo"} <= set(clf.history_)
    assert "mi" not in clf.history_
    assert clf.predict_proba(X).shape == (24, 2)
    assert clf.attention_maps(X).shape == (24, 32, 32)


@pytest.mark.torch_only
def test_warm_start_goes_on_from_the_weights(textures, tiny):
    X, y = textures
    clf = MicrostructureClassifier(
        **{**tiny, "epochs": 1, "learning_rate": 1e-9, "warm_start": True}
    ).fit(X, y)
    before = clf.model_.trainable_weights[0].numpy()
    model = clf.model_
    clf.fit(X, y)
    assert clf.model_ is model
    np.testing.assert_allclose(model.trainable_weights[0].numpy(), before, atol=1e-6)


@pytest.mark.torch_only
def test_callback_of_the_user_is_copied(textures, tiny):
    class Count(keras.callbacks.Callback):
        epochs_seen = 0

        def on_epoch_end(self, epoch, logs=None):
            self.epochs_seen += 1

    mine = Count()
    params = {**tiny, "epochs": 2, "callbacks": [mine]}
    MicrostructureClassifier(**params).fit(*textures)
    assert mine.epochs_seen == 0


@pytest.mark.torch_only
def test_works_in_cross_validation_and_pipelines(textures, tiny):
    X, y = textures
    clf = MicrostructureClassifier(**{**tiny, "epochs": 2})
    scores = cross_val_score(clf, X, y, groups=np.arange(24) // 4, cv=GroupKFold(2))
    assert scores.shape == (2,)
    pipeline = make_pipeline(clf, LogisticRegression())
    assert pipeline.fit(X, y).predict(X).shape == (24,)


@pytest.mark.torch_only
def test_grid_search_over_the_topology_weight(textures, tiny):
    X, y = textures
    params = {**tiny, "epochs": 1, "depth": 1, "latent_field_stride": 2}
    search = GridSearchCV(
        MicrostructureClassifier(**params), {"lambda_topo": [0, 0.5]}, cv=GroupKFold(2)
    ).fit(X, y, groups=np.arange(24) // 4)
    assert search.best_params_["lambda_topo"] in (0, 0.5)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_article_recipe_names_parameters_of_the_classifier():
    params = MicrostructureClassifier(**ARTICLE_RECIPE).get_params()
    assert ARTICLE_RECIPE.items() <= params.items()


def test_unfitted_use_is_refused(textures):
    with pytest.raises(NotFittedError):
        MicrostructureClassifier().predict(textures[0])


def test_another_size_is_refused_with_both_sizes(classifier):
    with pytest.raises(ValueError, match=r"\(32, 32, 1\).*\(20, 32, 1\)"):
        classifier.predict(np.zeros((2, 20, 32)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "'epochs' parameter"),
        ({"lambda_topo": -1}, "'lambda_topo' parameter"),
        ({"backbone": "vgg"}, "'backbone' parameter"),
        ({"mixed_precision": "float8"}, "'mixed_precision' parameter"),
    ],
)
def test_wrong_parameter_is_named(change, message, textures):
    with pytest.raises(ValueError, match=message):
        MicrostructureClassifier(**change).fit(*textures)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda X, y: (X * 3, y), r"must lie in \[0, 1\]"),
        (lambda X, y: (X[0], y), "single image"),
        (lambda X, y: (X, y[:-1]), "one entry an image: 24"),
        (lambda X, y: (X, np.full(24, "a")), "at least 2 classes"),
        (lambda X, y: (np.where(X > 0.9, np.nan, X), y), "contains NaN: image 0"),
        (lambda X, y: ([X[0], X[1, :8]], y[:2]), "must have one shape"),
        (lambda X, y: (X, np.linspace(0, 1, 24)), "continuous"),
    ],
)
def test_wrong_data_is_explained(spoil, message, textures):
    X, y = spoil(*textures)
    with pytest.raises(ValueError, match=message):
        MicrostructureClassifier(epochs=1).fit(X, y)


@pytest.mark.torch_only
def test_the_unit_of_the_weights_does_not_matter(textures, tiny):
    X, y = textures
    weights = np.where(np.asarray(y) == "speckle", 1.0, 3.0)
    small = MicrostructureClassifier(**{**tiny, "epochs": 2})
    small.fit(X, y, sample_weight=weights)
    large = MicrostructureClassifier(**{**tiny, "epochs": 2})
    large.fit(X, y, sample_weight=64 * weights)
    np.testing.assert_array_equal(small.predict_proba(X), large.predict_proba(X))


@pytest.mark.torch_only
def test_a_weight_of_two_pulls_like_a_copy():
    logits = keras.ops.convert_to_tensor([[1.0, 0.0], [0.5, 0.2], [0.0, 2.0]])
    labels = np.array([0, 1, 1])
    weighted = Examples(np.zeros((3, 4, 4, 1)), sample_weight=np.array([2.0, 1, 1]))
    weighted = weighted.drop_weightless().sample_weight
    loss, _, _ = class_terms(logits, labels, keras.ops.convert_to_tensor(weighted))
    copied = keras.ops.take(logits, [0, 0, 1, 2], axis=0)
    expected, _, _ = class_terms(copied, labels[[0, 0, 1, 2]])
    np.testing.assert_allclose(float(loss), float(expected), rtol=1e-6)


@pytest.mark.torch_only
def test_large_images_are_learned_by_windows_and_classified_whole(rng, tiny):
    X, options = rng.random((4, 160, 200)), {**tiny, "epochs": 1, "filters": 2}
    clf = MicrostructureClassifier(**options).fit(X, [0, 1, 0, 1])
    window = clf._augmentation()({"image": X[..., None]}, rng)["image"]
    assert window.shape == (4, 114, 143, 1)
    assert clf.predict(X).shape == (4,)
    clf.set_params(crop=1.0)
    assert clf._augmentation()({"image": X[..., None]}, rng)["image"].shape[1] == 160

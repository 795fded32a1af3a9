"""What the estimators refuse, and with which words."""

import copy

import keras
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.exceptions import NotFittedError

from morphokeras.estimators.classifier import MicrostructureClassifier
from tests.estimators.tiny import NAMES, make_classifier, make_generator

# Where a backend that compiles nothing is at hand, for a few networks are trained.
pytestmark = pytest.mark.torch_only


@pytest.fixture(scope="module")
def X():
    """Return eight images of 12 x 12 with grey values in [0, 1]."""
    return np.random.default_rng(0).random((8, 12, 12))


@pytest.fixture(scope="module")
def fitted(X):
    return make_classifier().fit(X, NAMES)


@pytest.fixture
def no_training(monkeypatch):
    """Let no refusal come as late as the training."""

    def fit(*args, **kwargs):
        raise AssertionError("the training has begun")

    monkeypatch.setattr(keras.Model, "fit", fit)


def spoiled(X, value, dtype=None):
    X = X.astype(dtype or X.dtype)
    X[3, 2, 1] = value
    return X


IMAGES = {
    "NaN": (lambda X: spoiled(X, np.nan), r"contains NaN: image 3 \(1 such"),
    "infinity": (lambda X: spoiled(X, -np.inf), "contains infinity: image 3"),
    "None among objects": (
        lambda X: spoiled(X, None, object),
        "contains NaN: image 3",
    ),
    "text among objects": (
        lambda X: spoiled(X, "x", object),
        "dtype object that is not numeric.*'x'",
    ),
    "masked pixels": (
        lambda X: np.ma.masked_array(X, mask=spoiled(X * 0, 1)),
        r"masked pixels in image 3 \(1 such images\). Fill them",
    ),
    "single image": (lambda X: X[0], r"shape \(12, 12\).*`X\[np.newaxis\]`"),
    "table": (
        lambda X: pd.DataFrame(X.reshape(8, -1)),
        r"shape \(8, 144\).*`X.reshape\(len\(X\), \*size\)`",
    ),
    "volumes": (lambda X: X.reshape(8, 4, 6, 6, 1), "give `spatial_dims=3`"),
    "sizes that differ": (
        lambda X: [*X[:7], X[7, :6]],
        r"one shape. Received shapes \[\(6, 12\), \(12, 12\)\]. Crop or resize",
    ),
    "arrays within a Series": (
        lambda X: pd.Series(list(X)),
        r"objects of type ndarray. Join them with `np.stack\(X\)`",
    ),
    "no image": (lambda X: X[:0], "at least one image. Received shape .0, 12, 12."),
    "empty list": (lambda X: [], "at least one image"),
    "no pixel": (lambda X: X[:, :0], "at least one pixel"),
    "None": (lambda X: None, "array of images.*Received NoneType"),
    "generator": (lambda X: (x for x in X), "array of images.*Received generator"),
    "dictionary": (lambda X: dict(enumerate(X)), "Received dict"),
    "file name": (lambda X: "a.png", "Received str. Read files with `datasets"),
    "file names": (lambda X: ["a.png"] * 8, "dtype <U5. Read files with `datasets"),
    "dates": (lambda X: X.astype("datetime64[s]"), r"dtype datetime64\[s\]"),
    "complex": (lambda X: X + 1j, r"must be real. Received dtype complex128.*np.abs"),
    "sparse": (lambda X: csr_matrix(X[0]), r"sparse matrix.*`X.toarray\(\)`"),
    "floats beyond 1": (
        lambda X: 200 * X,
        r"lie in \[0, 1\]. Received values in \[.*, 19.*\]. Scale them, or",
    ),
    "negative floats": (lambda X: X - 0.5, r"lie in \[0, 1\]"),
    "wide integers": (
        lambda X: (9000 * X).astype("int32"),
        "8 or 16 bits.*int32 with values in .*, 89",
    ),
    "mask of bytes": (
        lambda X: (X > 0.5).astype("uint8"),
        r"dtype uint8 with values in \[0, 1\]. For masks pass `X.astype\(bool\)`",
    ),
}


@pytest.mark.parametrize("case", IMAGES)
def test_wrong_images_are_explained(case, X, no_training):
    spoil, message = IMAGES[case]
    with pytest.raises((ValueError, TypeError), match=message):
        make_classifier().fit(spoil(X), NAMES)


def test_images_are_not_volumes(X, no_training):
    with pytest.raises(ValueError, match=r"\(n, depth, height, width\).*\(8, 12, 12\)"):
        make_classifier(spatial_dims=3).fit(X, NAMES)


def test_one_pixel_has_no_patches(no_training):
    with pytest.raises(ValueError, match=r"\(1, 1, 1\). Set `lambda_patch=0`"):
        make_generator().fit(np.zeros((4, 1, 1)))


PREDICTED = {
    "NaN": (lambda X: spoiled(X, np.nan), "contains NaN: image 3"),
    "infinity": (lambda X: spoiled(X, np.inf), "contains infinity: image 3"),
    "another size": (
        lambda X: X[:, :8],
        r"fitted to.*\(12, 12, 1\).*Received.*\(8, 12, 1\). Resize or crop",
    ),
    "colours": (
        lambda X: np.stack([X] * 3, axis=-1),
        r"fitted to.*\(12, 12, 1\).*\(12, 12, 3\).*same channels.*rgb2gray",
    ),
    "no image": (lambda X: X[:0], "at least one image"),
    "floats beyond 1": (lambda X: 255 * X, r"must lie in \[0, 1\]"),
}


@pytest.mark.parametrize("case", PREDICTED)
def test_images_unlike_those_of_the_training_are_refused(case, X, fitted):
    spoil, message = PREDICTED[case]
    with pytest.raises(ValueError, match=message):
        fitted.predict(spoil(X))


LABELS = {
    "none": (None, "requires y to be passed"),
    "one class": (["speckle"] * 8, r"at least 2 classes.*only 1 class: \['speckle'\]"),
    "too few": (NAMES[:7], r"`y` must have one entry an image: 8. .* shape \(7,\)"),
    "one for all": ("speckle", r"one class label an image. Received shape \(\)"),
    "one-hot": (np.eye(2)[[0, 1] * 4], r"shape \(8, 2\).*`y.argmax\(axis=1\)`"),
    "several an image": ([["a"], ["a", "b"]] * 4, "lists of several lengths"),
    "measurements": (np.linspace(0, 1, 8), "Unknown label type: continuous"),
    "NaN": ([0, 1] * 3 + [0, np.nan], r"missing value: nan for image 7 \(1 such"),
    "NaN in a float array": (np.r_[[0, 1, 0, 1, 0, 1, 0], np.nan], "nan for image 7"),
    "infinity": (np.r_[[0, 1, 0, 1, 0, 1, 0], np.inf], "inf for image 7"),
    "None among names": ([*NAMES[:7], None], "missing value: None for image 7"),
    "NaN among names": ([*NAMES[:7], np.nan], "missing value: nan for image 7"),
    "NA of pandas": (
        pd.Series([*NAMES[:7], None], dtype="string"),
        "missing value: <NA> for image 7",
    ),
    "names and numbers": (["a", 1] * 4, "not both. Received numbers and strings"),
    "bytes": (NAMES.astype("S"), r"strings, integers or booleans.*\|S8.*astype"),
    "dates": (np.arange(8).astype("datetime64[D]"), "Received dtype datetime64"),
    "complex": (1j * np.arange(8), "Received dtype complex128"),
}


@pytest.mark.parametrize("case", LABELS)
def test_wrong_labels_are_explained(case, X, no_training):
    y, message = LABELS[case]
    with pytest.raises((ValueError, TypeError), match=message):
        make_classifier().fit(X, y)


@pytest.mark.parametrize(
    ("unlabeled", "message"),
    [
        (-1, "of the type of the labels. Received: unlabeled=-1.*'lamellae'"),
        ("speckle", r"only 1 class: \['lamellae'\]"),
    ],
)
def test_wrong_mark_of_missing_labels_is_explained(unlabeled, message, X, no_training):
    with pytest.raises(ValueError, match=message):
        make_classifier(unlabeled=unlabeled).fit(X, NAMES)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["q"] * 8, r"Received \['q'\] only. The classifier was fitted to \['lamellae"),
        ([0, 1] * 4, r"Received \[0, 1\] only"),
        (NAMES[:5], "one entry an image: 8"),
        (None, "requires y to be passed"),
        ([*NAMES[:7], None], "missing value: None for image 7"),
    ],
    ids=["unknown", "numbers for names", "too few", "none", "missing"],
)
def test_wrong_labels_are_not_scored(y, message, X, fitted):
    with pytest.raises(ValueError, match=message):
        fitted.score(X, y)


def test_labels_of_another_training_are_refused_by_a_warm_start(X, fitted, no_training):
    clf = copy.copy(fitted).set_params(warm_start=True)
    with pytest.raises(ValueError, match=r"not fitted to: \['q'\].*fit again with"):
        clf.fit(X, ["q", *NAMES[1:]])


def test_properties_of_another_length_are_refused(X, no_training):
    with pytest.raises(ValueError, match="one entry an image: 8"):
        make_generator().fit(X, np.linspace(0, 1, 5))


KNOWN = {
    "negative weight": ({"sample_weight": [1] * 7 + [-2]}, "Received -2.0 for image 7"),
    "weight NaN": ({"sample_weight": [1] * 7 + [np.nan]}, "Received nan for image 7"),
    "weight infinite": ({"sample_weight": [1] * 7 + [np.inf]}, "inf for image 7"),
    "no weight": ({"sample_weight": np.zeros(8)}, "weight` is zero for every image"),
    "too few weights": ({"sample_weight": [1, 2]}, r"image: 8. .* shape \(2,\)"),
    "table of weights": ({"sample_weight": np.ones((8, 2))}, r"shape \(8, 2\)"),
    "words for weights": ({"sample_weight": ["a"] * 8}, "must be a number or numbers"),
    "class without weight": (
        {"sample_weight": NAMES == "speckle"},
        r"at least two classes .* positive weight. Received only \['speckle'\]",
    ),
    "pixel size 0": ({"pixel_size": 0}, "positive number of micrometres.*0.0 for"),
    "pixel size < 0": ({"pixel_size": [1] * 7 + [-1]}, "Received -1.0 for image 7"),
    "pixel size NaN": ({"pixel_size": np.nan}, r"nan for image 0 \(8 such images"),
    "pixel size with unit": ({"pixel_size": "1 um"}, "number or numbers.*'1 um'"),
    "too few pixel sizes": ({"pixel_size": [1, 2]}, "one entry an image: 8"),
    "too few groups": ({"groups": [1, 2]}, r"image: 8. .*groups of shape \(2,\)"),
    "group unknown": ({"groups": [*"aabbccd", None]}, "groups contains a missing"),
    "groups of two kinds": ({"groups": ["a", 1] * 4}, "`groups` must hold strings or"),
}


@pytest.mark.parametrize("case", KNOWN)
def test_wrong_companions_of_images_are_explained(case, X, no_training):
    given, message = KNOWN[case]
    with pytest.raises((ValueError, TypeError), match=message):
        make_classifier().fit(X, NAMES, **given)


@pytest.mark.parametrize(
    ("weight", "message"),
    [([1, 2], "one entry an image: 8"), ([-1] * 8, "not negative")],
)
def test_wrong_weights_are_not_scored(weight, message, X, fitted):
    with pytest.raises(ValueError, match=message):
        fitted.score(X, NAMES, sample_weight=weight)


def test_pixel_size_that_the_classifier_does_not_know_is_refused(X, fitted):
    with pytest.raises(ValueError, match="fitted without `pixel_size`: leave it out"):
        fitted.predict(X, pixel_size=0.5)


def test_forgotten_pixel_size_is_asked_for(X):
    clf = make_classifier().fit(X, NAMES, pixel_size=0.5)
    with pytest.raises(ValueError, match="fitted with `pixel_size`: give it"):
        clf.predict(X)


VALIDATION = {
    "images alone": (lambda X: X, "Received a ndarray"),
    "text": (lambda X: "Xy", "Received a str"),
    "four parts": (lambda X: (X, NAMES, 1, 2), "Received a tuple of 4"),
    "no labels": (lambda X: (X,), "In `validation_data`: requires y"),
    "too few labels": (lambda X: (X, NAMES[:3]), "In `validation_data`: `y` must have"),
    "unknown labels": (lambda X: (X, ["q"] * 8), r"not fitted to: \['q'\]"),
    "another size": (lambda X: (X[:, :8], NAMES), r"In `validation_data`.*\(8, 12, 1"),
    "NaN": (lambda X: (spoiled(X, np.nan), NAMES), "In `validation_data`.*image 3"),
    "another range": (lambda X: (255 * X, NAMES), r"In `validation_data`.*\[0, 1\]"),
    "pixel size": (lambda X: (X, NAMES, 1.0), "3 entries without `pixel_size` in"),
}


@pytest.mark.parametrize("case", VALIDATION)
def test_wrong_validation_data_are_explained(case, X, no_training):
    make, message = VALIDATION[case]
    with pytest.raises((ValueError, TypeError), match=message):
        make_classifier().fit(X, NAMES, validation_data=make(X))


def test_validation_data_without_the_pixel_size_are_refused(X, no_training):
    with pytest.raises(ValueError, match="2 entries with `pixel_size` in `fit`"):
        make_classifier().fit(X, NAMES, pixel_size=1.0, validation_data=(X, NAMES))


def fit_stopping_early(X, y, **given):
    return make_classifier(early_stopping=True).fit(X, y, **given)


def test_groups_that_are_the_classes_cannot_be_split(X, no_training):
    with pytest.raises(ValueError, match=r"every image of the classes \['.*'\] from"):
        fit_stopping_early(X, NAMES, groups=NAMES)


def test_one_group_cannot_be_split(X, no_training):
    with pytest.raises(ValueError, match="at least two groups. Received one"):
        fit_stopping_early(X, NAMES, groups=np.ones(8))


def test_single_images_of_classes_cannot_be_held_out(X, no_training):
    with pytest.raises(ValueError, match="needs two images of a class"):
        fit_stopping_early(X[:2], NAMES[:2])
    with pytest.raises(ValueError, match="needs two images of a class"):
        make_generator(early_stopping=True).fit(X[:1])


PARAMETERS = {
    "lambda_topo": (-1, r"float in the range \[0.0, inf\). Got -1"),
    "lambda_class": (0, r"\(0.0, inf\)"),
    "lambda_rec": ("Auto", "'auto'"),
    "epochs": (0, r"an int in the range \[1, inf\) or a str among \{'auto'\}. Got 0"),
    "batch_size": (0, r"an int in the range \[1, inf\). Got 0"),
    "filters": (4.0, r"an int in the range.* Got 4.0"),
    "learning_rate": (np.nan, r"\(0.0, inf\). Got nan"),
    "weight_decay": (np.inf, r"\[0.0, inf\). Got inf"),
    "augment": ("flip", "'flips'.* Got 'flip'"),
    "boundary": ("wrap", "'periodic'.* Got 'wrap'"),
    "backbone": ("vgg", "'steerable'.* Got 'vgg'"),
    "field": ("gray", "'grey'.* Got 'gray'"),
    "connectivity": (8, "'full'.* Got 8"),
    "soft_count": ("soft", "'rectified'.* Got 'soft'"),
    "topology_target": ("median", "'mean'.* Got 'median'"),
    "mixed_precision": ("float8", "'bfloat16'.* Got 'float8'"),
    "latent_field_stride": (3, "a int among .*16.* Got 3"),
    "spatial_dims": (4, r"\[2, 3\]. Got 4"),
    "validation_fraction": (1.0, r"\(0.0, 1.0\). Got 1.0"),
    "n_iter_no_change": (0, r"\[1, inf\). Got 0"),
    "early_stopping": ("yes", "bool.* Got 'yes'"),
    "warm_start": ("no", "bool.* Got 'no'"),
    "dropout": (1.0, r"\[0.0, 1.0\). Got 1.0"),
    "crop": (0, r"\(0.0, 1.0\].*'auto'.*Got 0"),
    "class_weight": ("balance", r"\{'balanced'\} or None. Got 'balance'"),
    "intensity": ("min-max", "'minmax'.* Got 'min-max'"),
    "callbacks": (print, "'list'.* or None. Got <built-in"),
    "random_state": (-1, r"\[0, 4294967295\].* Got -1"),
    "verbose": (-1, r"\[0, inf\).* Got -1"),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_wrong_parameter_is_named_with_what_it_may_be(name, X, no_training):
    value, message = PARAMETERS[name]
    with pytest.raises(
        ValueError, match=f"'{name}' parameter of .* must be.*{message}"
    ):
        make_classifier(**{name: value}).fit(X, NAMES)


@pytest.mark.parametrize("name", ["codes", "projection"])
def test_wrong_parameter_of_the_generator_is_named(name, X, no_training):
    with pytest.raises(ValueError, match=f"'{name}' parameter of .* among .* Got 'x'"):
        make_generator(**{name: "x"}).fit(X)


@pytest.mark.parametrize(
    "intensity",
    [(1, 0), (0, 0), (np.nan, 1), (0, np.inf), (0, 1, 2), (None, 1), ("0", "1")],
    ids=str,
)
def test_range_of_grey_values_is_two_increasing_numbers(intensity, X, no_training):
    with pytest.raises(ValueError, match=r"intensity.*\(low, high\)"):
        make_classifier(intensity=intensity).fit(X, NAMES)


def test_constant_images_have_no_range(no_training):
    with pytest.raises(ValueError, match=r"'minmax' gives \(0.5, 0.5\). Give `intens"):
        make_generator(intensity="minmax").fit(np.full((4, 12, 12), 0.5))


CLASS_WEIGHTS = {
    "misspelt": ({"lamelae": 2}, r"\['lamelae'\].*no weight for \['lamellae', 'spec"),
    "negative": ({"lamellae": -1}, "Received -1 for class 'lamellae'"),
    "NaN": ({"lamellae": np.nan}, "Received nan for class 'lamellae'"),
    "text": ({"lamellae": "2"}, "Received '2' for class 'lamellae'"),
    "zero": ({"lamellae": 0}, r"at least two classes.*only \['speckle'\]"),
}


@pytest.mark.parametrize("case", CLASS_WEIGHTS)
def test_wrong_class_weights_are_explained(case, X, no_training):
    class_weight, message = CLASS_WEIGHTS[case]
    with pytest.raises(ValueError, match=message):
        make_classifier(class_weight=class_weight).fit(X, NAMES)


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        ("checkpoint", "an entry of type str at index 1"),
        (dict, "a function that returned dict at index 1"),
    ],
)
def test_what_is_no_callback_is_refused(callback, message, X, no_training):
    callbacks = [keras.callbacks.TerminateOnNaN, callback]
    with pytest.raises(TypeError, match=f"without arguments.* Received {message}"):
        make_classifier(callbacks=callbacks).fit(X, NAMES)


def test_generator_without_any_term_is_refused(X, no_training):
    gen = make_generator(lambda_rec=0, lambda_kl=0, lambda_patch=0)
    with pytest.raises(ValueError, match="weight `lambda_...` must be positive.*patch"):
        gen.fit(X)


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "transform", "attention_maps"]
)
def test_unfitted_classifier_says_so(method, X):
    with pytest.raises(NotFittedError, match="not fitted yet. Call 'fit'"):
        getattr(MicrostructureClassifier(), method)(X)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"batch_size": 0}, "The 'batch_size' parameter of MicrostructureClassifier"),
        ({"batch_size": "all"}, "must be an int in the range"),
        ({"augment": "mirror"}, "must be a str among .*'dihedral'"),
        ({"intensity": "max"}, "must be a str among .*'minmax'"),
        ({"spatial_dims": 4}, "must be an int in the range"),
    ],
)
@pytest.mark.parametrize("method", ["predict", "transform", "attention_maps"])
def test_a_parameter_spoilt_after_the_training_is_refused(
    fitted, X, method, params, message
):
    spoilt = copy.copy(fitted).set_params(**params)
    with pytest.raises(ValueError, match=message):
        getattr(spoilt, method)(X)


def test_a_parameter_that_predictions_do_not_use_may_be_anything(fitted, X):
    changed = copy.copy(fitted).set_params(epochs=0, filters=-1)
    np.testing.assert_array_equal(changed.predict(X), fitted.predict(X))

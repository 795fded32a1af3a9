"""Estimators that read tables, for scikit-learn's own checks."""

from morphokeras.estimators.classifier import MicrostructureClassifier
from morphokeras.estimators.generator import MicrostructureGenerator

try:
    from sklearn.utils.validation import validate_data
except ImportError:  # before scikit-learn 1.6

    def validate_data(estimator, X, *, reset, **checks):
        return estimator._validate_data(X, reset=reset, **checks)


EXPECTED_FAILURES = {
    name: "a copy is met by batch normalisation and in a batch of its own; a weight "
    "changes the loss only, whose expected gradient is the same"
    for name in (
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weights_invariance",
    )
}
# Keras hands PyTorch kernels that are not contiguous.
EXPECTED_FAILURES["check_fit2d_1sample"] = (
    "PyTorch cannot differentiate the convolutions of a single row"
)


class Tabular:
    """Mixin that lays each row of a table out as an image of one pixel's height.

    The checks feed small tables with negative values, which the estimators proper
    refuse: they take images. Everything behind the reading of `X` is theirs.
    """

    def _as_images(self, X, name="X", first=False):
        table = validate_data(self, X, reset=first, dtype="float64")
        return table[:, None, :, None]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = False
        return tags

    def _more_tags(self):
        return {
            **super()._more_tags(),
            "X_types": ["2darray"],
            "_xfail_checks": EXPECTED_FAILURES,
        }


class TabularClassifier(Tabular, MicrostructureClassifier):
    """A tiny classifier of tables."""

    def __init__(
        self,
        epochs=1,
        n_iter_no_change=10,
        class_weight=None,
        warm_start=False,
        random_state=None,
    ):
        super().__init__(
            filters=2,
            epochs=epochs,
            batch_size=64,
            intensity="minmax",
            augment=None,
            zoom=0.0,
            backbone="plain",
            n_iter_no_change=n_iter_no_change,
            class_weight=class_weight,
            warm_start=warm_start,
            random_state=random_state,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # Each image is standardised: of two columns only their order is left.
        tags.classifier_tags.poor_score = True
        return tags

    def _more_tags(self):
        tags = super()._more_tags()
        failures = {
            **tags["_xfail_checks"],
            "check_classifiers_classes": "needs a good score, whatever the tag says",
        }
        return {**tags, "poor_score": True, "_xfail_checks": failures}


class TabularGenerator(Tabular, MicrostructureGenerator):
    """A tiny generator of tables."""

    def __init__(self, epochs=1, random_state=None, warm_start=False):
        super().__init__(
            filters=2,
            depth=1,
            latent_dim=2,
            kernel_size=3,
            latent_field_channels=0,
            latent_field_stride=2,
            epochs=epochs,
            batch_size=64,
            intensity="minmax",
            augment=None,
            backbone="plain",
            lambda_patch=0.0,
            prior="white",
            random_state=random_state,
            warm_start=warm_start,
        )

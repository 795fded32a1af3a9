"""What each hyper-parameter may be, in scikit-learn's own terms."""

from numbers import Integral, Real
from os import PathLike

from sklearn.base import BaseEstimator

# scikit-learn checks its own estimators with these; the module has had this face since
# version 1.2.
from sklearn.utils._param_validation import (
    Interval,
    Options,
    StrOptions,
    validate_parameter_constraints,
)

POSITIVE_INT = Interval(Integral, 1, None, closed="left")
COUNT = Interval(Integral, 0, None, closed="left")
WEIGHT = Interval(Real, 0, None, closed="left")
POSITIVE = Interval(Real, 0, None, closed="neither")
SHARE = Interval(Real, 0, 1, closed="both")
POSITIVE_SHARE = Interval(Real, 0, 1, closed="right")
SHARE_BELOW_ONE = Interval(Real, 0, 1, closed="left")
OPEN_SHARE = Interval(Real, 0, 1, closed="neither")

MODEL_OPTIONS: dict[str, list] = {
    "latent_dim": [POSITIVE_INT],
    "latent_field_channels": [COUNT],
    "latent_field_stride": [Options(Integral, {2, 4, 8, 16})],
    "backbone": [StrOptions({"steerable", "plain", "resnet50"})],
    "backbone_weights": [str, PathLike, None],
    "filters": [POSITIVE_INT],
    "depth": [POSITIVE_INT],
    "kernel_size": [POSITIVE_INT],
    "num_basis": [POSITIVE_INT, None],
    "max_displacement": [WEIGHT],
    "temperature": [POSITIVE],
    "threshold": [OPEN_SHARE],
    "soft_count": [StrOptions({"rectified", "article"})],
    "topology_target": [StrOptions({"diagram", "distribution", "mean"})],
    "topology_samples": [POSITIVE_SHARE],
    "connectivity": [StrOptions({"full", "face"})],
    "boundary": [StrOptions({"periodic", "symmetric", "zero"})],
    "field": [StrOptions({"grey", "phase"})],
    "energy_budget": [POSITIVE, None],
    "observation_variance": [POSITIVE],
    "spatial_dims": [Interval(Integral, 2, 3, closed="both")],
}

TRAINING_OPTIONS: dict[str, list] = {
    "intensity": [StrOptions({"minmax", "percentile"}), tuple, list, None],
    "augment": [StrOptions({"flips", "dihedral", "rotation"}), None],
    "epochs": [POSITIVE_INT, StrOptions({"auto"})],
    "batch_size": [POSITIVE_INT],
    "learning_rate": [POSITIVE],
    "weight_decay": [WEIGHT],
    "warmup": [SHARE_BELOW_ONE],
    "validation_fraction": [OPEN_SHARE],
    "early_stopping": ["boolean"],
    "n_iter_no_change": [POSITIVE_INT],
    "mixed_precision": [StrOptions({"float16", "bfloat16"}), None],
    "warm_start": ["boolean"],
    "callbacks": [list, tuple, None],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}

TERMS = ("rec", "kl", "mi", "topo", "warp", "det", "patch", "s2", "smooth", "curv")
"""The generative terms of the objective: each has a weight ``lambda_<term>``."""

WEIGHTS: dict[str, list] = {f"lambda_{term}": [WEIGHT] for term in TERMS}

CLASSIFIER_OPTIONS: dict[str, list] = {
    "lambda_class": [POSITIVE],
    "lambda_rec": [WEIGHT, StrOptions({"auto"})],
    "lambda_kl": [WEIGHT, StrOptions({"auto"})],
    "unlabeled": [object],
    "zoom": [WEIGHT],
    "crop": [POSITIVE_SHARE, StrOptions({"auto"})],
    "grey_jitter": [WEIGHT],
    "noise": [WEIGHT],
    "erasing": [SHARE],
    "dropout": [SHARE_BELOW_ONE],
    "label_smoothing": [SHARE_BELOW_ONE],
    "class_weight": [dict, StrOptions({"balanced"}), None],
}

GENERATOR_OPTIONS: dict[str, list] = {
    "lambda_kl": [WEIGHT, StrOptions({"auto"})],
    "lambda_patch": [WEIGHT, StrOptions({"auto"})],
    "projection": [StrOptions({"logit", "scale"})],
    "codes": [StrOptions({"all", "global"})],
    "prior": [StrOptions({"auto", "white", "flow"}), None],
    "prior_filters": [POSITIVE_INT],
    "sharpness": [POSITIVE, StrOptions({"auto"})],
    "prior_epochs": [POSITIVE_INT, StrOptions({"auto"})],
}

AFTER_TRAINING = ("augment", "batch_size", "codes", "intensity", "spatial_dims")
"""The parameters that predictions depend on: they may have been set anew."""


def check_after_training(estimator: BaseEstimator) -> None:
    """Check the parameters of a fitted estimator that predictions depend on.

    Parameters
    ----------
    estimator : BaseEstimator
        An estimator with `_parameter_constraints`.

    Raises
    ------
    ValueError
        If one is not what `fit` would accept, in the same words.
    """
    params = estimator.get_params(deep=False)
    used = {name: params[name] for name in AFTER_TRAINING if name in params}
    validate_parameter_constraints(
        estimator._parameter_constraints, used, caller_name=type(estimator).__name__
    )

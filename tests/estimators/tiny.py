"""The smallest networks that train, for tests that look at something else."""

import numpy as np

from morphokeras.estimators.classifier import MicrostructureClassifier
from morphokeras.estimators.generator import MicrostructureGenerator

NAMES = np.array(["lamellae", "speckle"] * 4)


def make_classifier(**params):
    tiny = {"filters": 2, "epochs": 1, "batch_size": 4, "random_state": 0}
    return MicrostructureClassifier(**{**tiny, **params})


def make_generator(**params):
    tiny = {"filters": 2, "depth": 1, "latent_dim": 2, "kernel_size": 3, "epochs": 1}
    tiny |= {"latent_field_stride": 2, "batch_size": 4, "random_state": 0}
    tiny |= {"prior": "white"}
    return MicrostructureGenerator(**{**tiny, **params})

"""Which of the article's ingredients help a classifier, each added or taken away.

    KERAS_BACKEND=torch python -m benchmarks.evidence.ingredients FOLDER \
        --groups specimen --merge-at + --drop martensite --size 60 64

The network alone is the reference, unless ``--reference`` names another. It has
steerable filters and a gate of spatial attention: these are taken away. Reconstruction,
and topology and the warp on top of it, are added; with them the encoder's grid is twice
as fine, so a network alone with that grid stands beside them. Hand-made descriptors,
which the network reads by default, are added too. All train for as many steps, on whole
images, and are tested on specimens that none has seen; another fold with each seed, the
same one for all. Printed: each one's accuracy, how far it lies from
the reference in the same fold, with the 95 % interval of that difference, and its CPU
seconds. Results are kept one by one in ``--output``.
"""

import argparse
import contextlib
import functools
import json
import math
import time
from pathlib import Path
from unittest import mock

import numpy as np
from tqdm.auto import tqdm

from benchmarks.evidence.micrographs import add_arguments, load
from morphokeras import MicrostructureClassifier
from morphokeras.estimators import _classification, _twins
from morphokeras.layers import SpatialAttention
from morphokeras.metrics import mean_interval
from morphokeras.metrics.cross_validation import make_folds
from morphokeras.models import heads
from morphokeras.models.classifier import ClassifierNetwork

REFERENCE = "the network alone"
WITHOUT_ATTENTION = "without attention"
FINER_GRID = "with a finer grid"
DESCRIPTORS_AND_GRID = "with descriptors and a finer grid"
VARIANTS = {
    REFERENCE: {},
    "plain filters for steerable": {"backbone": "plain"},
    WITHOUT_ATTENTION: {},
    FINER_GRID: {},
    "with descriptors": {"descriptors": "auto"},
    DESCRIPTORS_AND_GRID: {"descriptors": "auto"},
    "with reconstruction": {"lambda_rec": 1.0, "lambda_kl": 1.0},
    "with topology": {"lambda_topo": 0.5},
    "with topology and warp": {
        "lambda_topo": 0.5,
        "lambda_warp": 0.1,
        "lambda_det": 0.1,
    },
}
FOLDS = 3


class Ungated(SpatialAttention):
    """An attention that lets everything pass."""

    def call(self, features, return_map=False):
        """Return the features as they are, and a map of ones."""
        gate = 0 * features[..., :1] + 1
        return (features, gate) if return_map else features


def main():
    arguments = parse_arguments()
    data = load(arguments)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    kept = {}
    if arguments.output.exists():
        kept = json.loads(arguments.output.read_text())
    folds = make_folds(data.target, data.groups, FOLDS, arguments.seeds)
    tasks = [(s, v) for s in range(len(folds)) for v in arguments.variants]
    for index, variant in tqdm(tasks, unit="fit"):
        seed, (training, test) = arguments.seeds[index], folds[index][0]
        key = f"{variant}, seed {seed}"
        if key not in kept:
            kept[key] = train(variant, data, training, test, seed, arguments)
            arguments.output.write_text(json.dumps(kept, indent=1))
    report(kept, arguments)


def train(variant, data, training, test, seed, arguments):
    """Return the accuracy on the test images, and the CPU seconds of the fit."""
    batches = max(1, len(training) // 32)
    options = {"descriptors": False, "filters": arguments.filters, "crop": 1.0}
    clf = MicrostructureClassifier(
        epochs=math.ceil(arguments.steps / batches),
        random_state=seed,
        **{**options, **VARIANTS[variant]},
    )
    with other_network(variant):
        start = time.process_time()
        clf.fit(data.images[training], data.target[training])
        seconds = time.process_time() - start
        return [float(clf.score(data.images[test], data.target[test])), seconds]


@contextlib.contextmanager
def other_network(variant):
    """Have the estimator make what none of its parameters asks for."""
    changes = contextlib.nullcontext()
    if variant == WITHOUT_ATTENTION:
        changes = mock.patch.object(heads, "SpatialAttention", Ungated)
    if variant in (FINER_GRID, DESCRIPTORS_AND_GRID):
        finer = functools.partial(ClassifierNetwork, first_strides=1)
        changes = mock.patch.object(_classification, "ClassifierNetwork", finer)
    # No network that was kept for the next one of its kind.
    _twins.for_training.clear()
    _twins.for_prediction.clear()
    with changes:
        yield
    _twins.for_training.clear()
    _twins.for_prediction.clear()


def report(kept, arguments):
    """Print one line for each variant."""
    runs = {
        variant: np.array([kept[f"{variant}, seed {s}"] for s in arguments.seeds])
        for variant in arguments.variants
    }
    reference = runs[arguments.reference]
    for variant, figures in runs.items():
        accuracy, seconds = figures.mean(axis=0)
        line = f"{variant:30s} {accuracy:.1%}"
        if variant != arguments.reference:
            gain = figures[:, 0] - reference[:, 0]
            mean, _, high = mean_interval(100 * gain)
            line += f"  {mean:+.1f} +- {high - mean:.1f} points"
        print(f"{line}  {seconds:.0f} s")


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    add = parser.add_argument
    add("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4], help="two at least")
    add("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    add("--reference", choices=VARIANTS, default=REFERENCE, help="of the differences")
    add("--steps", type=int, default=500)
    add("--filters", type=int, default=16, help="width of the network")
    add("--output", type=Path, default=Path("outputs/ingredients.json"))
    arguments = parser.parse_args()
    if len(arguments.seeds) < 2:
        parser.error("an interval takes two seeds at least")
    if arguments.reference not in arguments.variants:
        parser.error(f"--variants must have the reference, {arguments.reference!r}")
    return arguments


if __name__ == "__main__":
    main()

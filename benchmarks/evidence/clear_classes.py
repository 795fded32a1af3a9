"""Whether descriptors harm a classifier where the images alone are enough.

``python -m benchmarks.evidence.clear_classes`` simulates micrographs of three ageing
times, as ``examples/quickstart.py`` does, and trains the classifier with and without
descriptors and a machine on descriptors alone: one data set and training a seed. Some
hundred images differ enough in their descriptors for a network to learn them by heart,
and a network that reads these beside the images need not look at the images.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from morphokeras import MicrostructureClassifier
from morphokeras.datasets import make_phase_field
from morphokeras.estimators import DescriptorClassifier
from morphokeras.metrics import mean_interval

SIZE = 48
AGES = {"1 h": 40.0, "3 h": 90.0, "9 h": 200.0}


def main():
    arguments = parse_arguments()
    scores = {name: [] for name in methods(0, arguments)}
    for seed in arguments.seeds:
        images, ages = simulate(2 * arguments.images, seed)
        half = arguments.images
        for name, clf in methods(seed, arguments).items():
            clf.fit(images[:half], ages[:half])
            scores[name].append(float(clf.score(images[half:], ages[half:])))
            print(f"seed {seed}: {scores[name][-1]:6.1%} {name}", flush=True)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(scores, indent=1))
    for name, found in scores.items():
        mean, low, high = mean_interval(found)
        print(f"{name:16s}{mean:7.1%} ({low:.1%} to {high:.1%})")


def methods(seed, arguments):
    """Return the classifiers by name."""
    settings = {
        "epochs": arguments.epochs,
        "zoom": 0.0,
        "augment": "dihedral",
        "boundary": "periodic",
        "random_state": seed,
    }
    return {
        "network": MicrostructureClassifier(**settings),
        "network alone": MicrostructureClassifier(descriptors=False, **settings),
        "descriptors": DescriptorClassifier(),
    }


def simulate(number, seed):
    """Return fields as a microscope would show them, and their ages."""
    fields, ages = make_phase_field(
        number, shape=(SIZE, SIZE), time=AGES, random_state=seed
    )
    rng = np.random.default_rng(seed)
    contrast = rng.uniform(0.2, 0.6, (number, 1, 1))
    brightness = rng.uniform(-0.15, 0.15, (number, 1, 1))
    grey = 0.5 + contrast * (fields - 0.5) + brightness
    grey += rng.normal(0, 0.12, fields.shape)
    order = rng.permutation(number)
    return (255 * np.clip(grey, 0, 1)).astype("uint8")[order], ages[order]


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--seeds", type=int, nargs="+", default=[0, 1, 2])
    add("--images", type=int, default=240, help="to train on, and as many to test")
    add("--epochs", type=int, default=40)
    add("--output", type=Path, default=Path("outputs/clear_classes.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()

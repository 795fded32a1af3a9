"""How many labelled micrographs it takes, and what unlabelled ones add.

    python -m benchmarks.evidence.few_labels FOLDER --groups specimen --merge-at + \
        --drop martensite --methods descriptors spreading

Of two thirds of the specimens, so many images of each class are drawn and trained on;
all images of the other specimens are the test. Other specimens and images with each
seed. ``spreading`` and ``semi-supervised network`` also see the images of these two
thirds whose labels were not drawn: the one as neighbours among descriptors, from which
labels spread (scikit-learn's `LabelSpreading`), the other by a generator that is
trained beside the classifier. Printed: the share of test images that is classified
right, mean and 95 % interval over the seeds, and each method's CPU seconds. Results are
kept one by one in ``--output``.
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.semi_supervised import LabelSpreading
from tqdm.auto import tqdm

from benchmarks.evidence.micrographs import METHODS, add_arguments, load
from morphokeras import MicrostructureClassifier
from morphokeras.estimators.descriptor import make_descriptor_features
from morphokeras.metrics import mean_interval
from morphokeras.metrics.cross_validation import make_folds

UNKNOWN = ""
SPREADING, SEMI_SUPERVISED = "spreading", "semi-supervised network"
CHOICES = ["network", "network alone", "descriptors", SPREADING, SEMI_SUPERVISED]


def main():
    arguments = parse_arguments()
    data = load(arguments)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    kept = read(arguments.output)
    folds = make_folds(data.target, data.groups, 3, arguments.seeds)
    tasks = [(s, n) for n in arguments.per_class for s in range(len(folds))]
    for index, number in tqdm(tasks, unit="training set"):
        seed, (training, test) = arguments.seeds[index], folds[index][0]
        found = kept.setdefault(f"{number} a class, seed {seed}", {})
        chosen = draw(data.target, training, number, seed)
        for method in arguments.methods:
            if method not in found:
                parts = chosen, np.setdiff1d(training, chosen), test
                found[method] = train(method, data, parts, seed, arguments)
                arguments.output.write_text(json.dumps(kept, indent=1))
    report(kept, arguments)


def read(path):
    """Return what an earlier run has kept."""
    return json.loads(path.read_text()) if path.exists() else {}


def draw(target, training, number, seed):
    """Return so many training images of each class, or all that there are."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(training)
    return np.concatenate(
        [shuffled[target[shuffled] == name][:number] for name in np.unique(target)]
    )


def train(method, data, parts, seed, arguments):
    """Return a method's accuracy on the test images, and its CPU seconds."""
    labelled, others, test = parts
    seen, target = labelled, data.target[labelled]
    if method in (SPREADING, SEMI_SUPERVISED):
        seen = np.concatenate([labelled, others])
        target = np.concatenate([target, np.full(len(others), UNKNOWN)])
    start = time.process_time()
    clf = Spreading() if method == SPREADING else make(method, seed)
    if hasattr(clf, "epochs"):
        options = {} if arguments.filters is None else {"filters": arguments.filters}
        if arguments.steps is not None:
            batches = max(1, len(seen) // clf.batch_size)
            options["epochs"] = math.ceil(arguments.steps / batches)
        clf.set_params(**options)
    clf.fit(data.images[seen], target)
    seconds = time.process_time() - start
    return [
        float(np.mean(clf.predict(data.images[test]) == data.target[test])),
        seconds,
    ]


def make(method, seed):
    """Return the unfitted classifier of that name."""
    if method == SEMI_SUPERVISED:
        return MicrostructureClassifier(
            lambda_rec=1.0,
            lambda_kl=1.0,
            descriptors=False,
            unlabeled=UNKNOWN,
            random_state=seed,
        )
    return METHODS[method](seed)


class Spreading:
    """Labels that spread to nearest images, by the main components of descriptors."""

    def fit(self, images, target):
        """Learn from all images, and from the labels that are known."""
        self.classes = np.setdiff1d(target, [UNKNOWN])
        codes = np.searchsorted(self.classes, target)
        codes[target == UNKNOWN] = -1
        self.features = make_pipeline(
            make_descriptor_features(), PCA(20, whiten=True, random_state=0)
        )
        self.spread = LabelSpreading(kernel="knn", n_neighbors=7, alpha=0.5)
        self.spread.fit(self.features.fit_transform(images), codes)

    def predict(self, images):
        """Return the labels of unseen images."""
        return self.classes[self.spread.predict(self.features.transform(images))]


def report(kept, arguments):
    """Print one line for each number of images a class."""
    for number in arguments.per_class:
        runs = [kept[f"{number} a class, seed {seed}"] for seed in arguments.seeds]
        line = f"{number:4d} a class"
        for method in arguments.methods:
            scores, seconds = np.transpose([run[method] for run in runs])
            mean, _, high = mean_interval(scores)
            line += f"   {method} {mean:.1%} +- {100 * (high - mean):.1f}"
            line += f", {seconds.mean():.0f} s"
        print(line)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    add = parser.add_argument
    add("--methods", nargs="+", choices=CHOICES, default=CHOICES[:3])
    add("--per-class", nargs="+", type=int, default=[1, 2, 5, 10, 20])
    add("--seeds", nargs="+", type=int, default=[0, 1, 2], help="two at least")
    add("--steps", type=int, help="of the networks; by default their own")
    add("--filters", type=int, help="width of the networks; by default their own")
    add("--output", type=Path, default=Path("outputs/few_labels.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()

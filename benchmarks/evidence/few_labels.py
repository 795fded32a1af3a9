"""How many labelled micrographs a network needs to overtake descriptors.

    python -m benchmarks.evidence.few_labels FOLDER --groups specimen --merge-at + \
        --drop martensite

Of two thirds of the specimens, so many images of each class are drawn and trained on;
all images of the other specimens are the test. Other specimens and images with each
seed. Printed: the share of test images that is classified right, mean and range over
the seeds, and each method's CPU seconds. Results are kept one by one in ``--output``.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from benchmarks.evidence.micrographs import METHODS, add_arguments, load
from morphokeras.metrics.cross_validation import make_folds


def main():
    arguments = parse_arguments()
    data = load(arguments)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    kept = read(arguments.output)
    folds = make_folds(data.target, data.groups, 3, arguments.seeds)
    tasks = [(s, n) for n in arguments.per_class for s in range(len(folds))]
    for index, number in tqdm(tasks, unit="training set"):
        seed, (training, test) = arguments.seeds[index], folds[index][0]
        key = f"{number} a class, seed {seed}"
        if key not in kept:
            chosen = draw(data.target, training, number, seed)
            kept[key] = train(data, chosen, test, seed)
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


def train(data, chosen, test, seed):
    """Return each method's accuracy on the test images, and its CPU seconds."""
    found, votes = {}, []
    for method in ("network", "descriptors"):
        start = time.process_time()
        clf = METHODS[method](seed).fit(data.images[chosen], data.target[chosen])
        seconds = time.process_time() - start
        probability = clf.predict_proba(data.images[test])
        found[method] = [accuracy(clf, probability, data.target[test]), seconds]
        votes.append(probability)
    vote = np.mean(votes, axis=0)
    seconds = sum(spent for _, spent in found.values())
    found["vote"] = [accuracy(clf, vote, data.target[test]), seconds]
    return found


def accuracy(clf, probability, truth):
    """Return the share of images whose most probable class is the true one."""
    return float(np.mean(clf.classes_[probability.argmax(axis=1)] == truth))


def report(kept, arguments):
    """Print one line for each number of images a class."""
    for number in arguments.per_class:
        runs = [kept[f"{number} a class, seed {seed}"] for seed in arguments.seeds]
        line = f"{number:4d} a class"
        for method in runs[0]:
            scores, seconds = np.transpose([run[method] for run in runs])
            line += f"   {method} {scores.mean():.1%} ({scores.min():.1%} to "
            line += f"{scores.max():.1%}), {seconds.mean():.0f} s"
        print(line)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    add = parser.add_argument
    add("--per-class", nargs="+", type=int, default=[2, 5, 20])
    add("--seeds", nargs="+", type=int, default=[0, 1, 2])
    add("--output", type=Path, default=Path("outputs/few_labels.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""How well a network, descriptors and their vote classify a folder of micrographs.

    python -m benchmarks.evidence.micrographs FOLDER --groups specimen --merge-at + \
        --drop martensite --um-per-px um_per_px

Each is trained with its defaults and tested on specimens that it has not seen, in
repeated grouped folds, a seed a repeat. With ``--um-per-px`` it is also given the pixel
size. The table has the mean over the repeats, its 95 % interval and, by stars, whether
it differs from the network's. Probabilities are kept fold by fold beside ``--output``,
so that an interrupted run goes on where it was. A fit of the network takes some minutes
of one core; ``--steps`` makes it shorter or longer.
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from morphokeras import MicrostructureClassifier
from morphokeras.datasets import load_images
from morphokeras.estimators import DescriptorClassifier, PlainCNNClassifier
from morphokeras.metrics import classification_report, format_report, score_runs
from morphokeras.metrics.cross_validation import make_folds

METHODS = {
    "network": lambda seed: MicrostructureClassifier(random_state=seed),
    "network alone": lambda seed: MicrostructureClassifier(
        descriptors=False, random_state=seed
    ),
    "descriptors": lambda seed: DescriptorClassifier(),
    "plain CNN": lambda seed: PlainCNNClassifier(random_state=seed),
}

PATHS = ("folder", "output")


def main():
    arguments = parse_arguments()
    data = load(arguments)
    folds = make_folds(
        data.target, data.groups, arguments.folds, range(arguments.repeats)
    )
    folder = arguments.output.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    runs, seconds = {}, {}
    for method in arguments.methods:
        runs[method], seconds[method] = predict(
            method, data, folds, folder, arguments.steps
        )
    if {"network", "descriptors"} <= set(runs):
        pairs = zip(runs["network"], runs["descriptors"], strict=True)
        runs["vote"] = [np.mean(pair, axis=0) for pair in pairs]
    report(data, runs, seconds, arguments)


def load(arguments):
    """Return the images that the arguments name."""
    return load_images(
        arguments.folder,
        label_column=arguments.label_column,
        group_column=arguments.groups,
        um_per_px_column=arguments.um_per_px,
        missing_groups="together",
        merge_at=arguments.merge_at,
        drop=arguments.drop,
        size=arguments.size,
    )


def predict(method, data, folds, folder, steps=None):
    """Return the probabilities of all images in each repeat, and the fits' seconds."""
    classes = np.unique(data.target)
    repeats, seconds = [], []
    progress = tqdm(total=sum(map(len, folds)), desc=method, unit="fold")
    for seed, repeat in enumerate(folds):
        found = np.zeros((len(data.target), len(classes)))
        for number, (training, test) in enumerate(repeat):
            path = folder / f"{method.replace(' ', '_')}-{seed}-{number}.npz"
            if not path.exists():
                clf = METHODS[method](seed)
                if steps is not None and hasattr(clf, "epochs"):
                    per_epoch = max(1, len(training) // clf.batch_size)
                    clf.set_params(epochs=math.ceil(steps / per_epoch))
                fit_and_write(path, clf, data, training, test)
            kept = np.load(path)
            columns = np.searchsorted(classes, kept["classes"])
            found[np.ix_(test, columns)] = kept["probability"]
            seconds.append(float(kept["seconds"]))
            progress.update()
        repeats.append(found)
    return repeats, seconds


def fit_and_write(path, clf, data, training, test):
    """Train on one part and keep the probabilities of the other."""
    known = {} if data.um_per_px is None else {"pixel_size": data.um_per_px}
    seen, unseen = (
        {name: values[part] for name, values in known.items()}
        for part in (training, test)
    )
    start = time.process_time()
    clf.fit(data.images[training], data.target[training], **seen)
    seconds = time.process_time() - start
    probability = clf.predict_proba(data.images[test], **unseen)
    part = path.with_suffix(".part.npz")
    np.savez(part, probability=probability, classes=clf.classes_, seconds=seconds)
    part.rename(path)


def report(data, runs, seconds, arguments):
    """Print the scores and write them, with what they were made of."""
    scores = score_runs(data.target, runs)
    table = format_report(classification_report(scores, reference=arguments.methods[0]))
    counts = np.unique(data.target, return_counts=True)[1]
    print(f"{len(data.target)} images of {data.images.shape[1:]}, pixel size", end=" ")
    print("not given" if data.um_per_px is None else "given")
    print(f"always the largest class: {counts.max() / counts.sum():.1%}")
    print(table.to_string())
    for name, spent in seconds.items():
        print(f"{name}: {np.median(spent):.0f} CPU seconds a fit")
    said = {k: str(v) for k, v in vars(arguments).items() if k not in PATHS}
    figures = {
        "arguments": said,
        "images": len(data.target),
        "scores": scores.to_dict("records"),
        "fit_cpu_seconds": seconds,
    }
    arguments.output.write_text(json.dumps(figures, indent=1))


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    add = parser.add_argument
    add("--methods", nargs="+", choices=METHODS, default=["network", "descriptors"])
    add("--folds", type=int, default=3)
    add("--repeats", type=int, default=3)
    add("--steps", type=int, help="of the networks; by default their own")
    add("--output", type=Path, default=Path("outputs/micrographs.json"))
    return parser.parse_args()


def add_arguments(parser):
    """Add what says which images are meant."""
    add = parser.add_argument
    add("folder", type=Path, help="class folders, or a folder with labels.csv")
    add("--label-column", default="label", metavar="COLUMN")
    add("--groups", metavar="COLUMN", help="what must not be split, e.g. the specimen")
    add("--um-per-px", metavar="COLUMN", help="pixel size in micrometres: an input")
    add("--merge-at", metavar="TEXT", help="cut labels at this text")
    add("--drop", nargs="*", default=(), metavar="LABEL", help="labels to leave out")
    add("--size", nargs=2, type=int, default=(240, 256), help="height and width")


if __name__ == "__main__":
    main()

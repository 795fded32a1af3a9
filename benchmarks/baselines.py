"""The networks to compare with, trained and tested on a folder of micrographs.

    python -m benchmarks.baselines FOLDER --groups specimen --merge-at + \
        --drop martensite --size 60 64 --epochs 40

Each network is trained anew for every fold and classifies the images of specimens that
it has not seen. For each fold: the share of the training images and of the unseen
images that is classified right, and the CPU seconds. A ResNet-50 without pre-trained
weights wants more images than most folders hold: ``--networks resnet50 --folds-run 1``
shows that it learns its training images.
"""

import argparse
import time

import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GroupKFold, StratifiedKFold

from morphokeras import MicrostructureClassifier
from morphokeras.datasets import load_images
from morphokeras.estimators import PlainCNNClassifier, ResNet50Classifier

NETWORKS = {
    "plain-cnn": PlainCNNClassifier,
    "resnet50": ResNet50Classifier,
    "ours": MicrostructureClassifier,
}


def main():
    arguments = parse_arguments()
    data = load_images(
        arguments.folder,
        label_column=arguments.label_column,
        group_column=arguments.groups,
        missing_groups="together",
        merge_at=arguments.merge_at,
        drop=arguments.drop,
        size=arguments.size,
    )
    counts = np.unique(data.target, return_counts=True)[1]
    print(f"{len(data.images)} images of {data.images.shape[1:]}")
    print(f"always the largest class: {counts.max() / counts.sum():.1%}")
    for name in arguments.networks:
        test_network(name, data, arguments)


def test_network(name, data, arguments):
    """Print the accuracy of every fold, and over all images that were tested."""
    print(f"\n{name:12}{'training':>10}{'unseen':>10}{'CPU s':>8}")
    predicted, tested = np.empty_like(data.target), np.zeros(len(data.target), bool)
    for fold, (training, test) in enumerate(make_folds(data, arguments.folds)):
        if fold == arguments.folds_run:
            break
        start = time.process_time()
        clf = NETWORKS[name](
            class_weight="balanced",
            epochs=arguments.epochs,
            mixed_precision=arguments.mixed_precision,
            random_state=arguments.seed,
        ).fit(data.images[training], data.target[training])
        seconds = time.process_time() - start
        seen = clf.score(data.images[training], data.target[training])
        predicted[test], tested[test] = clf.predict(data.images[test]), True
        unseen = accuracy_score(data.target[test], predicted[test])
        line = f"{f'fold {fold + 1}':12}{seen:10.1%}{unseen:10.1%}{seconds:8.0f}"
        print(line, flush=True)
    over_all = accuracy_score(data.target[tested], predicted[tested])
    print(f"{'all':12}{'':10}{over_all:10.1%}")


def make_folds(data, n_splits):
    """Return training and test indices, with whole groups on one side."""
    if data.groups is None:
        splitter = StratifiedKFold(n_splits, shuffle=True, random_state=0)
    else:
        splitter = GroupKFold(n_splits)
    return splitter.split(data.images, data.target, data.groups)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("folder", help="class folders, or a folder with labels.csv")
    add("--label-column", default="label", help="column of the class")
    add("--groups", help="column of the specimen")
    add("--merge-at", help="cut labels at this text")
    add("--drop", nargs="*", default=(), help="labels to leave out")
    add("--size", nargs=2, type=int, default=(60, 64), help="height and width, pixels")
    add("--networks", nargs="+", choices=NETWORKS, default=["plain-cnn"])
    add("--folds", type=int, default=5)
    add("--folds-run", type=int, help="how many of the folds, by default all")
    add("--epochs", type=int, default=40)
    add("--mixed-precision", choices=["float16", "bfloat16"])
    add("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()

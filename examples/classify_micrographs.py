r"""
Classify a folder of micrographs
================================

How far does a network, trained from scratch on a few hundred micrographs, get on
specimens that it has not seen? Point this example at a folder with one sub-folder a
class, or at a table that names images and labels, and say in which column the specimen
stands: images of one specimen resemble each other, so all of them are kept on one side
of every fold.

The micrographs of the UHCS data base (ultrahigh-carbon steel), with the labels cut at
"+" to the primary constituent::

    python examples/classify_micrographs.py uhcs --groups specimen --merge-at + \
        --drop martensite

With ``--um-per-px um_per_px`` the classifier also sees the pixel size. That helps, and
should be read with care: a microscopist chooses the magnification after the structure.

.. figure:: /images/classify.png
   :alt: Confusion matrix and attention maps

   Simulated micrographs of four kinds, after six epochs.
"""

# sphinx_gallery_thumbnail_path = "images/classify.png"

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score, recall_score
from sklearn.model_selection import GroupKFold, StratifiedKFold
from tqdm.auto import tqdm

from morphokeras import MicrostructureClassifier
from morphokeras.datasets import load_images
from morphokeras.plots import AttentionDisplay


def main():
    arguments = parse_arguments()
    data = load_images(
        arguments.folder,
        label_column=arguments.label_column,
        group_column=arguments.groups,
        um_per_px_column=arguments.um_per_px,
        merge_at=arguments.merge_at,
        drop=arguments.drop,
        size=arguments.size,
        verbose=1,
    )
    describe(data)
    start = time.perf_counter()
    predicted, classifier, test = cross_validate(data, arguments)
    report(data, predicted, minutes=(time.perf_counter() - start) / 60)
    draw(data, predicted, classifier, test, arguments)


# %%
# Every fold trains a classifier of its own, with the default recipe.


def cross_validate(data, arguments):
    """Return the prediction of each image, and the last fold's classifier and test."""
    predicted = np.empty_like(data.target)
    for training, test in tqdm(make_folds(data, arguments.folds), unit="fold"):
        # Specimens differ in their shares of the classes, and no fold knows those of
        # the specimens that it is tested on.
        clf = MicrostructureClassifier(
            class_weight="balanced",
            epochs=arguments.epochs,
            mixed_precision=arguments.mixed_precision,
            random_state=arguments.seed,
        )
        with_size = {"pixel_size": data.um_per_px} if arguments.um_per_px else {}
        seen = {name: values[training] for name, values in with_size.items()}
        unseen = {name: values[test] for name, values in with_size.items()}
        clf.fit(data.images[training], data.target[training], **seen)
        predicted[test] = clf.predict(data.images[test], **unseen)
        accuracy = accuracy_score(data.target[test], predicted[test])
        tqdm.write(f"  {accuracy:6.1%} of {len(test)} images right")
    return predicted, clf, test


def make_folds(data, n_splits):
    """Return training and test indices, with whole groups on one side."""
    if data.groups is None:
        print("No --groups: images of one specimen may stand on both sides.")
        splitter = StratifiedKFold(n_splits, shuffle=True, random_state=0)
    else:
        splitter = GroupKFold(n_splits)
    return list(splitter.split(data.images, data.target, data.groups))


# %%
# The accuracy is over all images, each predicted by the classifier that has not seen
# its specimen. Beside it stands what always naming the largest class would give.


def describe(data):
    height, width = data.images.shape[1:]
    groups = "" if data.groups is None else f", {len(set(data.groups))} groups"
    print(f"{len(data.images)} images of {height} x {width} pixels{groups}")
    for name, count in zip(*np.unique(data.target, return_counts=True), strict=True):
        print(f"  {count:5d}  {name}")


def report(data, predicted, minutes):
    accuracy = accuracy_score(data.target, predicted)
    balanced = recall_score(data.target, predicted, average="macro")
    largest = np.unique(data.target, return_counts=True)[1].max() / len(data.target)
    print(f"accuracy over the folds       {accuracy:.1%}")
    print(f"mean accuracy of the classes  {balanced:.1%}")
    print(f"largest class                 {largest:.1%}")
    print(f"time                          {minutes:.1f} min")


# %%
# The confusion matrix says which constituents are taken for each other; the attention
# maps of the last fold say where the classifier looked.


def draw(data, predicted, classifier, test, arguments):
    names = np.unique(data.target)
    figure = plt.figure(figsize=(13, 3.1 * len(names)), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.25])
    ConfusionMatrixDisplay.from_predictions(
        data.target,
        predicted,
        normalize="true",
        values_format=".0%",
        cmap="Blues",
        colorbar=False,
        xticks_rotation=30,
        ax=left.subplots(),
    )
    left.suptitle(f"{accuracy_score(data.target, predicted):.1%} right, unseen groups")
    draw_attention(data, predicted, classifier, test, right.subplots(len(names), 2))
    right.suptitle("Where the classifier looked (last fold): yellow most")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.output, dpi=120)
    print(f"figure                        {arguments.output}")


def draw_attention(data, predicted, classifier, test, axes):
    """Draw two micrographs of each class, with their attention maps."""
    for row, name in zip(axes, np.unique(data.target), strict=True):
        chosen = test[data.target[test] == name][:2]
        for ax in row[len(chosen) :]:
            ax.axis("off")
        for ax, index in zip(row, chosen, strict=False):
            AttentionDisplay.from_estimator(
                classifier,
                data.images[index],
                um_per_px=None if data.um_per_px is None else data.um_per_px[index],
                title=f"{name}, taken for {predicted[index]}",
                ax=ax,
            )


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("folder", type=Path, help="class folders, or a folder with a table (CSV)")
    add("--label-column", default="label", metavar="COLUMN", help="the class")
    add("--groups", metavar="COLUMN", help="what must not be split, e.g. the specimen")
    add("--um-per-px", metavar="COLUMN", help="pixel size in micrometres: an input")
    add("--merge-at", metavar="TEXT", help="cut labels at this text, e.g. +")
    add("--drop", nargs="+", default=(), metavar="LABEL", help="labels to leave out")
    add("--size", type=size, default=(240, 256), help="HEIGHTxWIDTH or one number")
    add("--epochs", type=epochs, default="auto", help="a number or auto")
    add("--folds", type=int, default=5)
    add("--mixed-precision", choices=["float16", "bfloat16"])
    add("--seed", type=int, default=0)
    add("--output", type=Path, default=Path("outputs/classify_micrographs.png"))
    return parser.parse_args()


def size(text):
    numbers = [int(n) for n in text.lower().split("x")]
    return tuple(numbers) if len(numbers) == 2 else (numbers[0], numbers[0])


def epochs(text):
    return text if text == "auto" else int(text)


if __name__ == "__main__":
    main()

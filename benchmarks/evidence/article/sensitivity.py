"""Table 4: the temperature of the soft count and the weight of the topology term.

    KERAS_BACKEND=torch python -m benchmarks.evidence.article.sensitivity

A classifier is trained together with its generator, as in the article: one network, an
accuracy on unseen phase fields of six classes, and samples that are compared with them.
All rows take the same number of steps; that with a weight of 0 has no topology term.
"""

import keras
import numpy as np

from benchmarks.evidence.article.classification import UNCHANGED
from benchmarks.evidence.article.shared import (
    ACCURACY,
    SCALES,
    STRUCTURE,
    Column,
    Results,
    epochs_of,
    parse_arguments,
    phase_classes,
    structure,
    timed_fit,
    write_table,
)
from morphokeras import MicrostructureClassifier
from morphokeras.metrics import classification_scores

# Temperature and weight, with the article's accuracy, F1, W1 and Euler difference.
SETTINGS = {
    (0.10, 0.0): None,
    (0.05, 0.5): "87.90 ± 0.72, 87.02 ± 0.63, 0.65 ± 0.05, 2.8 ± 0.4",
    (0.10, 0.5): "88.93 ± 0.55, 87.61 ± 0.52, 0.58 ± 0.04, 2.4 ± 0.3",
    (0.15, 0.5): "88.10 ± 0.60, 86.90 ± 0.59, 0.63 ± 0.05, 2.7 ± 0.3",
    (0.30, 0.5): "84.55 ± 0.81, 83.60 ± 0.70, 0.78 ± 0.05, 3.5 ± 0.4",
    (0.10, 0.1): "85.02 ± 0.77, 84.15 ± 0.68, 0.91 ± 0.06, 4.1 ± 0.5",
    (0.10, 1.0): "87.41 ± 0.62, 86.21 ± 0.57, 0.59 ± 0.04, 2.6 ± 0.3",
    (0.10, 2.0): "85.78 ± 0.65, 83.91 ± 0.60, 0.48 ± 0.03, 3.9 ± 0.4",
}
# Share of a scale's steps: there are many rows.
STEPS = 1 / 3
COLUMNS = (
    ACCURACY[0],
    ACCURACY[2],
    STRUCTURE[3],
    STRUCTURE[4],
    Column("seconds", "seconds of a fit", 0),
)


def main():
    arguments = parse_arguments(__doc__, "sensitivity")
    settings = {
        "scale": SCALES[arguments.scale],
        "share_of_steps": STEPS,
        "augmentation": UNCHANGED,
    }
    results = Results(arguments.output, settings)
    for seed in arguments.seeds:
        for setting in SETTINGS:
            results.row(
                seed,
                name_of(*setting),
                lambda setting=setting, seed=seed: train(
                    *setting, seed, arguments.scale
                ),
            )
    write_table(results, rows(), COLUMNS)


def train(temperature, weight, seed, scale):
    """Return the figures of one training."""
    sizes = SCALES[scale]
    number = sizes["fields"]
    fields, labels = phase_classes(number + sizes["test"], sizes["size"], seed)
    clf = MicrostructureClassifier(
        weight,
        descriptors=False,
        lambda_rec=1.0,
        lambda_kl=1.0,
        temperature=temperature,
        field="phase",
        boundary="periodic",
        augment="dihedral",
        filters=sizes["filters"],
        epochs=epochs_of(STEPS * sizes["steps"], number),
        random_state=seed,
        **UNCHANGED,
    )
    seconds = timed_fit(clf, scale, fields[:number], labels[:number])
    unseen, truth = fields[number:], labels[number:]
    scores = classification_scores(
        truth, clf.predict_proba(unseen), classes=clf.classes_
    )
    classes = np.searchsorted(clf.classes_, truth)
    samples = clf.model_.generate(len(truth), label=classes, seed=seed)
    samples = keras.ops.convert_to_numpy(samples)[..., 0]
    return {
        "top_1": scores["top_1"],
        "macro_f1": scores["macro_f1"],
        **structure(unseen, samples, "periodic", seed),
        "seconds": seconds,
    }


def rows():
    """Return the rows of the table, with the article's figures."""
    figures = [column.figure for column in COLUMNS[:4]]
    return {
        name_of(*setting): said and dict(zip(figures, said.split(", "), strict=True))
        for setting, said in SETTINGS.items()
    }


def name_of(temperature: float, weight: float) -> str:
    if not weight:
        return "no topology term"
    return f"temperature {temperature:.2f}, weight {weight:.1f}"


if __name__ == "__main__":
    main()

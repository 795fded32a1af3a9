"""Table 6: what synthetic pre-training is worth, and each part of the generator.

    KERAS_BACKEND=torch python -m benchmarks.evidence.article.ablation

Of phase fields of six classes few are labelled. A generator learns these with their
labels; the classifier is trained on its samples, then on the real fields, and tested on
unseen ones. Without pre-training it takes as many steps in all, on the real fields.
Each further row takes one part away from the generator.
"""

import numpy as np

from benchmarks.evidence.article.classification import UNCHANGED
from benchmarks.evidence.article.shared import (
    ACCURACY,
    SCALES,
    STRUCTURE,
    Results,
    epochs_of,
    parse_arguments,
    phase_classes,
    structure,
    write_table,
)
from morphokeras import MicrostructureClassifier, MicrostructureGenerator
from morphokeras.metrics import classification_scores

# Of the fields of a scale so many are labelled; so many samples for each of them.
LABELLED = {"small": 96, "full": 384}
SAMPLES = 4
# Shares of the steps of a scale.
GENERATOR_STEPS = 1 / 3
PRETRAINING_STEPS = 1 / 6
TRAINING_STEPS = 1 / 3

WHOLE = {
    "field": "phase",
    "lambda_topo": 0.5,
    "lambda_patch": 1.0,
    "lambda_warp": 0.1,
    "lambda_det": 0.1,
}
WITHOUT = {
    "topology": {"lambda_topo": 0.0},
    "projection": {"field": "grey"},
    "warp": {"max_displacement": 0.0, "lambda_warp": 0.0, "lambda_det": 0.0},
    "patch term": {"lambda_patch": 0.0},
    "latent field": {"latent_field_channels": 0},
}
COLUMNS = (*ACCURACY, STRUCTURE[0], STRUCTURE[3], STRUCTURE[4])
ARTICLE = {
    "no pre-training": "82.51, 80.12, 81.15, 85.33",
    "pre-training": "88.93, 87.02, 87.61, 91.05",
    "without topology": "86.27, 84.15, 84.80, 88.62",
    "without projection": "85.49, 83.11, 83.76, 87.91",
    "without warp": "86.02, 84.03, 84.52, 88.33",
    "without patch term": None,
    "without latent field": None,
}


def main():
    arguments = parse_arguments(__doc__, "ablation")
    scale = {**SCALES[arguments.scale], "labelled": LABELLED[arguments.scale]}
    settings = {
        "scale": scale,
        "shares_of_steps": [GENERATOR_STEPS, PRETRAINING_STEPS, TRAINING_STEPS],
        "generator": WHOLE,
        "augmentation": UNCHANGED,
    }
    results = Results(arguments.output, settings)
    for seed in arguments.seeds:
        run(seed, scale, results)
    figures = [column.figure for column in ACCURACY]
    rows = {
        name: said and dict(zip(figures, said.split(", "), strict=True))
        for name, said in ARTICLE.items()
    }
    write_table(results, rows, COLUMNS)


def run(seed, scale, results):
    """Compute all rows of a seed."""
    number = scale["labelled"]
    fields, labels = phase_classes(number + scale["test"], scale["size"], seed)
    training, test = (
        (fields[:number], labels[:number]),
        (
            fields[number:],
            labels[number:],
        ),
    )
    results.row(
        seed,
        "no pre-training",
        lambda: scored(classifier(scale, seed, None, training), test),
    )
    configurations = {
        "pre-training": WHOLE,
        **{f"without {part}": {**WHOLE, **less} for part, less in WITHOUT.items()},
    }
    for name, options in configurations.items():
        results.row(
            seed,
            name,
            lambda options=options: pretrained(options, scale, seed, training, test),
        )


def pretrained(options, scale, seed, training, test):
    """Return the scores of a classifier that began with samples, and theirs."""
    number = len(training[0])
    gen = MicrostructureGenerator(
        boundary="periodic",
        augment="dihedral",
        filters=scale["filters"],
        prior="white",
        epochs=epochs_of(GENERATOR_STEPS * scale["steps"], number),
        random_state=seed,
        **options,
    ).fit(*training)
    drawn = np.tile(training[1], SAMPLES)
    samples = gen.sample(len(drawn), y=drawn, random_state=seed)
    clf = classifier(scale, seed, (samples, drawn), training)
    return {
        **scored(clf, test),
        **structure(test[0], samples[: len(test[0])], "periodic", seed),
    }


def classifier(scale, seed, synthetic, training):
    """Return a classifier trained on synthetic images, if there are any, then on real.

    In all cases it takes the same number of steps.
    """
    clf = MicrostructureClassifier(
        descriptors=False, warm_start=True, random_state=seed, **UNCHANGED
    )
    steps = scale["steps"]
    left = (PRETRAINING_STEPS + TRAINING_STEPS) * steps
    if synthetic:
        epochs = epochs_of(PRETRAINING_STEPS * steps, len(synthetic[0]))
        clf.set_params(epochs=epochs).fit(*synthetic)
        left = TRAINING_STEPS * steps
    return clf.set_params(epochs=epochs_of(left, len(training[0]))).fit(*training)


def scored(clf, test):
    """Return the scores on the test fields."""
    scores = classification_scores(
        test[1], clf.predict_proba(test[0]), classes=clf.classes_
    )
    return {name: scores[name] for name in (c.figure for c in ACCURACY)}


if __name__ == "__main__":
    main()

"""
Quickstart
==========

Simulated micrographs of three heat treatments are classified and generated: a
classifier beside a plain network of the same size, and samples beside real fields. It
takes a few minutes on two cores.

.. image:: /images/quickstart.png
   :alt: Confusion matrices, attention, samples and two-point curves
"""

# sphinx_gallery_thumbnail_path = "images/quickstart.png"

import time
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

from morphokeras import MicrostructureClassifier, MicrostructureGenerator
from morphokeras.datasets import make_phase_field
from morphokeras.metrics import two_point_error
from morphokeras.models import plain_cnn
from morphokeras.plots import AttentionDisplay, SampleGridDisplay, TwoPointDisplay

FIGURE = Path("outputs/quickstart.png")
EPOCHS = 24


def main():
    start = time.perf_counter()
    fields, treatment = simulate()
    images = photograph(fields)
    X_train, X_test, y_train, y_test = train_test_split(
        images, treatment, test_size=0.5, stratify=treatment, random_state=0
    )
    classifier = classify(X_train, y_train)
    plain = classify_plainly(X_train, y_train, classifier)
    predicted = {
        "MicrostructureClassifier": classifier.predict(X_test),
        "Plain CNN of the same size": plain(X_test),
    }
    for name, labels in predicted.items():
        print(f"{np.mean(labels == y_test):6.1%} of unseen images right: {name}")

    seen, unseen = np.split(fields, 2)
    ages, asked = np.split(treatment, 2)
    samples = {"Simulated": unseen, "Generated": generate(seen, ages, asked)}
    draw(classifier, X_test, y_test, predicted, samples, asked)
    print(f"{(time.perf_counter() - start) / 60:.1f} minutes; figure: {FIGURE}")


# %%
# Fields of three ageing times, as a microscope with noise, uneven contrast and
# brightness would show them.


def simulate():
    times = {"1 h": 40.0, "3 h": 90.0, "9 h": 200.0}
    return make_phase_field(480, shape=(48, 48), time=times, random_state=0, verbose=1)


def photograph(fields):
    rng = np.random.default_rng(0)
    contrast = rng.uniform(0.2, 0.6, (len(fields), 1, 1))
    brightness = rng.uniform(-0.15, 0.15, (len(fields), 1, 1))
    noise = rng.normal(0, 0.12, fields.shape)
    grey = 0.5 + contrast * (fields - 0.5) + brightness + noise
    return (255 * np.clip(grey, 0, 1)).astype("uint8")


# %%
# The classifier, and an ordinary network with as many parameters, which sees each image
# as often.


def classify(X, y):
    print("Training MicrostructureClassifier")
    # Ageing is told from the size of the features, so the images must not be zoomed;
    # they may be turned and mirrored.
    return MicrostructureClassifier(
        epochs=EPOCHS,
        zoom=0.0,
        augment="dihedral",
        boundary="periodic",
        random_state=0,
    ).fit(X, y)


def classify_plainly(X, y, classifier):
    print("Training a plain CNN of the same size")
    keras.utils.set_random_seed(0)
    classes, labels = np.unique(y, return_inverse=True)
    network = plain_cnn((48, 48, 1), len(classes), classifier.model_.count_params())
    network.compile(
        keras.optimizers.AdamW(1e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    network.fit(X[..., None] / 255.0, labels, batch_size=32, epochs=EPOCHS, verbose=0)

    def predict(X):
        return classes[network.predict(X[..., None] / 255.0, verbose=0).argmax(axis=1)]

    return predict


# %%
# The generator learns the fields themselves, with a prior that follows them in shape,
# and is asked for samples of each age.


def generate(fields, ages, asked):
    print("Training MicrostructureGenerator")
    generator = MicrostructureGenerator(
        boundary="periodic",
        field="phase",
        augment="dihedral",
        epochs=12,
        random_state=0,
    ).fit(fields, ages)
    active = generator.model_.active_latents(fields[..., None])
    print(f"active latents: {active.code} of the code, {active.field} of the field")
    return generator.sample(len(asked), y=asked, random_state=1)


# %%
# One figure: what is confused with what, where the classifier looks, and whether the
# samples have the statistics of the simulated fields.


def draw(classifier, X, y, predicted, samples, ages):
    error = two_point_error(
        samples["Simulated"], samples["Generated"], boundary="periodic"
    )
    print(f"two-point error of the samples: {error:.4f}")
    figure = plt.figure(figsize=(12, 9.2), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.25, 1])
    *matrices, attention = top.subplots(1, 3)
    for ax, (name, labels) in zip(matrices, predicted.items(), strict=True):
        ConfusionMatrixDisplay.from_predictions(
            y,
            labels,
            normalize="true",
            values_format=".0%",
            cmap="Blues",
            colorbar=False,
            ax=ax,
        )
        ax.set_title(f"{name}\n{np.mean(labels == y):.1%} of unseen images right")
    AttentionDisplay.from_estimator(
        classifier, X[0], title=f"Where it looks ({y[0]})", ax=attention
    )
    left, right = bottom.subfigures(1, 2, width_ratios=[1.7, 1])
    titles = {name: list(ages[:6]) for name in samples}
    SampleGridDisplay.from_fields(samples, titles=titles, n_columns=6, figure=left)
    TwoPointDisplay.from_fields(samples, boundary="periodic", ax=right.subplots())
    FIGURE.parent.mkdir(exist_ok=True)
    figure.savefig(FIGURE, dpi=110)


if __name__ == "__main__":
    main()

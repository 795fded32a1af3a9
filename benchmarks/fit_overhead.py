"""What the estimator costs beside Keras alone: training, and predicting one image.

``python -m benchmarks.fit_overhead`` trains the same network on the same batches
through `MicrostructureClassifier.fit` and through `keras.Model.fit`, interleaved, in
CPU time; then it compares `predict_proba` on one image with a call of the network.
"""

import numpy as np

from morphokeras import MicrostructureClassifier  # chooses the backend before Keras

# isort: split
import keras

from benchmarks._timing import print_ratios, time_interleaved
from morphokeras.estimators._data import Examples, TrainingBatches
from morphokeras.estimators._training import make_optimizer

EPOCHS, BATCH = 5, 32


def main():
    rng = np.random.default_rng(0)
    X = rng.random((256, 64, 64), "float32")
    y = rng.integers(0, 3, len(X))
    clf = MicrostructureClassifier(epochs=EPOCHS, batch_size=BATCH, random_state=0)
    clf.fit(X, y)
    print(f"=== {keras.backend.backend()}, keras {keras.__version__} ===")
    rounds = {"rounds": 9, "budget": 600.0}
    steps = {"keras.Model.fit": bare_fit(clf, X, y), "clf.fit": lambda: clf.fit(X, y)}
    title = f"{EPOCHS} epochs of {len(X)} images, 64 x 64, compiled before"
    print_ratios(
        title, time_interleaved(steps, **rounds), "keras.Model.fit", {"clf.fit": 1.05}
    )
    network, image = clf.model_, X[:1]
    calls = {
        "network(image)": lambda: network(image[..., None], training=False),
        "clf.predict_proba, four views": lambda: clf.predict_proba(image),
    }
    title = "One image of 64 x 64"
    names = list(calls)
    print_ratios(
        title, time_interleaved(repeat(calls, 20), **rounds), names[0], {names[1]: 2.0}
    )


def bare_fit(clf, X, y):
    """Return a function that trains a network of the same build on the same batches."""
    model = type(clf.model_).from_config(clf.model_.get_config())
    model.build((None, *clf.image_shape_))
    examples = Examples(X[..., None], labels=y.astype("int32"))
    steps = EPOCHS * (len(X) // BATCH)
    model.compile(
        make_optimizer(clf.learning_rate, clf.weight_decay, clf.warmup, steps)
    )

    def fit():
        batches = TrainingBatches(examples, BATCH, clf._augmentation(), seed=0)
        model.fit(batches, epochs=EPOCHS, verbose=0, shuffle=False)

    return fit


def repeat(functions, times):
    """Return functions that each call one of `functions` several times."""

    def several(function):
        return lambda: [function() for _ in range(times)]

    return {name: several(function) for name, function in functions.items()}


if __name__ == "__main__":
    main()

"""What the estimator costs beside Keras alone: time of training and of one prediction.

    python -m benchmarks.fit_overhead             # times
    python -m benchmarks.fit_overhead --memory    # growth over 20 fits and predictions

The same network is trained on the same batches through `MicrostructureClassifier.fit`
and through `keras.Model.fit`, interleaved, in CPU time. `clf.fit` makes a network anew
each time, with new weights; the bare loop that the mark is for goes on training one
that was made and compiled before. Beside it stands the bare loop that starts with
making and compiling its network, as a script does for every fold.
"""

import argparse
import gc
import statistics

import numpy as np

from morphokeras import MicrostructureClassifier  # chooses the backend before Keras

# isort: split
import keras

from benchmarks._timing import print_ratios, time_interleaved
from morphokeras.estimators._data import Examples, TrainingBatches
from morphokeras.estimators._training import make_optimizer

BATCH, ROUNDS = 32, 9
NUM_FITS, MOST_MEGABYTES = 20, 50.0


def main():
    arguments = parse_arguments()
    print(f"=== {keras.backend.backend()}, keras {keras.__version__} ===")
    rng = np.random.default_rng(0)
    X = rng.random((256, 64, 64), "float32")
    y = rng.integers(0, 3, len(X))
    if arguments.memory:
        measure_memory(X[:64], y[:64])
        return
    # Measuring descriptors is work of its own, not a cost of the estimator.
    clf = MicrostructureClassifier(
        descriptors=False, epochs=arguments.epochs, batch_size=BATCH, random_state=0
    )
    clf.fit(X, y)
    time_fit(clf, X, y)
    time_prediction(clf, X[:1])


def time_fit(clf, X, y):
    again, anew = bare_fits(clf, X, y)
    names = ("keras.Model.fit, compiled before", "clf.fit", "build, compile, Model.fit")
    steps = dict(zip(names, (again, lambda: clf.fit(X, y), anew), strict=True))
    times = time_interleaved(steps, ROUNDS, budget=3600.0)
    title = f"{clf.epochs} epochs of {len(X)} images, 64 x 64"
    print_ratios(title, times, names[0], {names[1]: 1.05})
    pairs = zip(times[names[1]], times[names[0]], strict=True)
    constant = statistics.median(ours - bare for ours, bare in pairs)
    print(f"  clf.fit takes {1e3 * constant:.0f} ms more than the first")


def time_prediction(clf, image):
    network = clf.model_
    calls = {
        "network(image)": lambda: network(image[..., None], training=False),
        "clf.predict_proba, four views": lambda: clf.predict_proba(image),
    }
    names = list(calls)
    times = time_interleaved(repeat(calls, 20), ROUNDS, budget=600.0)
    print_ratios("One image of 64 x 64", times, names[0], {names[1]: 2.0})


def measure_memory(X, y):
    """Print how much the process grows by fits and predictions of new classifiers."""
    for seed in range(3):
        fit_and_predict(X, y, seed)
    before = resident_megabytes()
    for seed in range(3, 3 + NUM_FITS):
        fit_and_predict(X, y, seed)
    growth = resident_megabytes() - before
    verdict = "met" if growth <= MOST_MEGABYTES else "MISSED"
    print(
        f"{NUM_FITS} fits and predictions, after 3: {growth:+.0f} MB"
        f"   <= {MOST_MEGABYTES:.0f} {verdict}"
    )


def fit_and_predict(X, y, seed):
    clf = MicrostructureClassifier(epochs=1, batch_size=BATCH, random_state=seed)
    clf.fit(X, y).predict(X)
    clf.attention_maps(X[:2])


def resident_megabytes():
    """Return the memory of the process that is in use (Linux)."""
    gc.collect()
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def bare_fits(clf, X, y):
    """Return functions that train a network of the same build on the same batches.

    The first goes on with one that is compiled, the second makes a new one.
    """
    examples = Examples(X[..., None], labels=y.astype("int32"))
    steps = clf.epochs * (len(X) // BATCH)

    def compiled():
        model = type(clf.model_).from_config(clf.model_.get_config())
        model.build((None, *clf.image_shape_))
        model.compile(
            make_optimizer(clf.learning_rate, clf.weight_decay, clf.warmup, steps)
        )
        return model

    def fit(model):
        batches = TrainingBatches(examples, BATCH, clf._augmentation(), seed=0)
        model.fit(batches, epochs=clf.epochs, verbose=0, shuffle=False)

    model = compiled()
    return lambda: fit(model), lambda: fit(compiled())


def repeat(functions, times):
    """Return functions that each call one of `functions` several times."""

    def several(function):
        return lambda: [function() for _ in range(times)]

    return {name: several(function) for name, function in functions.items()}


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=20, help="of every fit")
    parser.add_argument("--memory", action="store_true", help="memory, not time")
    return parser.parse_args()


if __name__ == "__main__":
    main()

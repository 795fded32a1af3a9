"""Where the time of a fit goes: of a classifier, and of a generator.

    KERAS_BACKEND=torch OMP_NUM_THREADS=1 python -m benchmarks.profile_fit

PyTorch's profiler watches a second fit, whose compiled functions and caches are there
already: 32 windows of 128 x 128 pixels a step for the classifier, 32 fields of 64 x 64
for the generators. The table has the share of the CPU time by kind of operation.
"""

import argparse
import collections

import numpy as np

from morphokeras import MicrostructureClassifier, MicrostructureGenerator

# isort: split
import keras

# The first kind whose word is in the name of an operation takes it.
KINDS = {
    "convolutions": ["conv"],
    "loading and changing images": ["DataLoader"],
    "matrix products": ["mm"],
    "copies": ["copy", "clone", "cat", "fill_", "zero_", "contiguous", "roll", "flip"],
    "sorting": ["sort"],
    "means and sums": ["sum", "mean", "var"],
    "book-keeping": [
        *("autograd", "empty", "strided", "view", "reshape", "permute", "to"),
        *("expand", "detach", "slice", "select", "transpose", "item", "Backward"),
    ],
}
REST = "element by element"


def main():
    arguments = parse_arguments()
    if keras.backend.backend() != "torch":
        raise SystemExit("The profiler is PyTorch's: set KERAS_BACKEND=torch.")
    columns = {
        name: profile(estimator, images, arguments.epochs)
        for name, (estimator, images) in cases().items()
    }
    width = max(map(len, [*KINDS, REST]))
    print(" " * width, *(f"{name:>20}" for name in columns))
    for kind in ["convolutions", REST, *list(KINDS)[1:]]:
        shares = (column[kind] / sum(column.values()) for column in columns.values())
        print(f"{kind:{width}}", *(f"{share:20.1%}" for share in shares))


def cases():
    """Return the estimators, not fitted, and the images they learn from."""
    rng = np.random.default_rng(0)
    images = rng.random((96, 128, 128), "float32")
    fields = rng.random((96, 64, 64), "float32")
    options = {"field": "phase", "boundary": "periodic", "random_state": 0}
    return {
        "classifier": (MicrostructureClassifier(random_state=0), images),
        "generator, white": (MicrostructureGenerator(**options, prior="white"), fields),
        "generator, flow": (MicrostructureGenerator(**options, prior="flow"), fields),
    }


def profile(estimator, images, epochs: int) -> dict[str, float]:
    """Return the microseconds that each kind of operation takes in a fit."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as watch

    labels = np.arange(len(images)) % 3
    own = (labels,) if isinstance(estimator, MicrostructureClassifier) else ()
    estimator.set_params(epochs=epochs)
    estimator.fit(images, *own)
    with watch(activities=[ProfilerActivity.CPU]) as watched:
        estimator.fit(images, *own)
    spent: dict[str, float] = collections.Counter()
    for event in watched.key_averages():
        spent[kind_of(event.key)] += event.self_cpu_time_total
    return spent


def kind_of(operation: str) -> str:
    """Return what an operation counts as."""
    return next(
        (kind for kind, words in KINDS.items() if any(w in operation for w in words)),
        REST,
    )


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=2, help="of the fit watched")
    return parser.parse_args()


if __name__ == "__main__":
    main()

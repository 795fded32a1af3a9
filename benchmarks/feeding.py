"""What it saves TensorFlow to be fed without a generator.

    TF_NUM_INTRAOP_THREADS=1 python -m benchmarks.feeding

Fits as `morphokeras.estimators._feed` feeds them, beside the same fits with batches
that Keras turns into a data set from a generator. Each is a process of its own, as the
first generator changes the allocator of a process for good; they take turns. Timed is
the second fit of a process, when all is compiled, of twelve steps: 32 windows of
128 x 128 pixels a step for the classifier, 32 fields of 64 x 64 for the generator.
"""

import os
import subprocess
import sys
import time

import numpy as np

from benchmarks._timing import print_ratios
from morphokeras import MicrostructureClassifier, MicrostructureGenerator
from morphokeras.estimators import _training

ROUNDS = 3
WAYS = ("from a generator", "batch by batch")


def main():
    seconds = {}
    for _ in range(ROUNDS):
        for way in WAYS:
            for name, spent in measure_apart(way).items():
                seconds.setdefault(name, {}).setdefault(way, []).append(spent)
    for name, times in seconds.items():
        print_ratios(f"{name}, twelve steps", times, WAYS[0])


def measure_apart(way: str) -> dict[str, float]:
    """Return the CPU seconds of each fit, of a process that is fed this way."""
    command = [sys.executable, "-m", "benchmarks.feeding", way]
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    out = subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    ).stdout
    lines = [line.rsplit(" ", 1) for line in out.splitlines()]
    return {name: float(spent) for name, spent in lines}


def measure(way: str) -> None:
    """Print the CPU seconds of each fit, fed this way."""
    if way == WAYS[0]:
        _training.feed = lambda batches: batches
    images = np.random.default_rng(0).random((96, 128, 128), "float32")
    options = {"epochs": 4, "random_state": 0}
    clf = MicrostructureClassifier(descriptors=False, **options)
    generator = MicrostructureGenerator(sharpness=1.0, **options)
    fits = {
        "classifier": lambda: clf.fit(images, np.arange(96) % 3),
        "generator": lambda: generator.fit(images[:, :64, :64]),
    }
    for name, fit in fits.items():
        fit()
        start = time.process_time()
        fit()
        print(name, time.process_time() - start)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1])
    else:
        main()

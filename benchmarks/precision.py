"""Whether half precision pays: whole fits in bfloat16 beside those in float32.

    KERAS_BACKEND=torch OMP_NUM_THREADS=1 python -m benchmarks.precision

Twelve steps a fit: 32 windows of 128 x 128 pixels each for the classifier, 32 fields
of 64 x 64 for the generator.
"""

import numpy as np

from benchmarks._timing import print_ratios, time_interleaved
from morphokeras import MicrostructureClassifier, MicrostructureGenerator

# isort: split
import keras

PRECISIONS = {"float32": None, "bfloat16": "bfloat16"}


def main():
    rng = np.random.default_rng(0)
    images = rng.random((96, 128, 128), "float32")
    labels = np.arange(96) % 3
    compare("classifier", MicrostructureClassifier, images, labels)
    compare("generator", MicrostructureGenerator, images[:, :64, :64])


def compare(title, estimator, *data):
    """Print the time of a fit by precision."""
    fits = {
        name: estimator(mixed_precision=precision, epochs=4, random_state=0)
        for name, precision in PRECISIONS.items()
    }
    functions = {name: lambda fit=fit: fit.fit(*data) for name, fit in fits.items()}
    title = f"{title}, Keras {keras.version()} on {keras.backend.backend()}"
    print_ratios(title, time_interleaved(functions, rounds=5, budget=60), "float32")


if __name__ == "__main__":
    main()

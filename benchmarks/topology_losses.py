"""Which loss makes the topology of fields right faster, counting or matching.

    KERAS_BACKEND=torch OMP_NUM_THREADS=1 python benchmarks/topology_losses.py

A small convolutional network turns smooth noise into fields. It is trained with
nothing but a topological loss, towards simulated phase fields, from two starts: from
random weights, whose fields are nearly flat, and from weights that give sharp fields of
another topology. The losses are

``counts``    sorted soft Betti numbers of a batch against those of real fields
``matching``  the diagram of each field against that of a real one, both sets put in
              order of their total persistence

and every one takes the same noise, the same real fields and the same learning rates, of
which the best is reported. Printed is the energy distance between the Betti numbers (at
the threshold 0.5) of 128 unseen fields of each kind, against the processor's
seconds: medians of the seeds, with their range.
"""

import argparse
import time

import numpy as np
from scipy import ndimage

from morphokeras.datasets import make_phase_field

# isort: split
import keras
from keras import ops

from morphokeras.losses import betti_distribution_loss
from morphokeras.topology import (
    diagram_matching_loss,
    persistence_diagram,
    persistence_pairs,
    soft_betti,
)

SIZE, BATCH, NUM_TEST = 64, 16, 128
LEARNING_RATES = (1e-3, 3e-3, 1e-2)
FORMAT = {"data_format": "channels_last"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=150)
    options = parser.parse_args()
    train, test, other = real_fields()
    floor = energy_distance(betti_numbers(test), betti_numbers(other))
    print(f"{keras.version()} on {keras.backend.backend()}")
    print(f"energy distance between two sets of {NUM_TEST} real fields: {floor:.2f}\n")
    print(f"{'start':8} {'loss':9} {'rate':>6} {'step':>5} {'seconds':>8}   distance")
    for start in ("flat", "sharp"):
        for name, make_loss in LOSSES.items():
            curves = {
                rate: [
                    train_generator(make_loss, start, rate, train, test, seed, options)
                    for seed in range(options.seeds)
                ]
                for rate in LEARNING_RATES
            }
            last = {
                rate: np.median([c[-1][2] for c in curves[rate]]) for rate in curves
            }
            best = min(last, key=last.get)
            print_curve(start, name, best, np.array(curves[best]))


def real_fields():
    """Return three sets of simulated fields."""
    numbers = (256, NUM_TEST, NUM_TEST)
    fields, _ = make_phase_field(
        sum(numbers),
        shape=(SIZE, SIZE),
        composition=0.35,
        composition_spread=0.03,
        random_state=0,
    )
    return np.split(fields.astype("float32"), np.cumsum(numbers)[:-1])


def train_generator(make_loss, start, rate, train, test, seed, options):
    """Return (step, CPU seconds, energy distance) at several steps of one training."""
    rng = np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)
    network = build_network()
    if start == "sharp":
        sharpen(network, rng)
    loss = make_loss(train)
    trainer = Trainer(network, loss)
    trainer.compile(keras.optimizers.Adam(rate), jit_compile=False)
    noise, expected = smooth_noise(NUM_TEST, rng), betti_numbers(test)
    stops = (0, 10, 30, options.steps // 2, options.steps)
    curve, spent = [], 0.0
    for step in range(options.steps + 1):
        if step in stops:
            found = betti_numbers(network.predict_on_batch(noise)[..., 0])
            curve.append((step, spent, energy_distance(found, expected)))
        numbers = rng.choice(len(train), BATCH, replace=False)
        began = time.process_time()
        trainer.train_on_batch(smooth_noise(BATCH, rng), loss.target(numbers))
        spent += time.process_time() - began if step else 0.0  # the first one compiles
    return curve


class Trainer(keras.Model):
    """The network with its loss."""

    def __init__(self, network, loss):
        super().__init__()
        self.network, self.topology_loss = network, loss

    def call(self, noise):
        """Return the fields."""
        return self.network(noise)

    def compute_loss(self, x=None, y=None, y_pred=None, *_, **__):
        """Return the topological loss and nothing else."""
        return self.topology_loss(y_pred, y)


class CountLoss:
    """Sorted soft Betti numbers of the batch against those of real fields."""

    def __init__(self, fields):
        self.counts = ops.convert_to_numpy(soft_betti(fields[..., None], **FORMAT))
        self.deviation = self.counts.std(axis=0)

    def target(self, numbers):
        """Return what the real fields of these numbers are compared by."""
        return self.counts[numbers]

    def __call__(self, fields, counts):
        """Return the loss of a batch."""
        own = soft_betti(fields, **FORMAT)
        return betti_distribution_loss(own, counts, self.deviation)


class MatchingLoss:
    """The diagram of each field against one of a real field, in order of size."""

    def __init__(self, fields):
        self.diagrams = persistence_diagram(fields, min_persistence=0.05)

    def target(self, numbers):
        """Return what the real fields of these numbers are compared by."""
        return self.diagrams[numbers]

    def __call__(self, fields, diagrams):
        """Return the loss of a batch."""
        length = ops.sum(ops.abs(diagrams[..., 0] - diagrams[..., 1]), axis=1)
        rank = ops.argsort(ops.argsort(ops.std(fields, axis=(1, 2, 3))))
        diagrams = ops.take(diagrams, ops.take(ops.argsort(length), rank), axis=0)
        return ops.mean(diagram_matching_loss(fields, diagrams, **FORMAT))


LOSSES = {"counts": CountLoss, "matching": MatchingLoss}


def build_network():
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 2)),
            keras.layers.Conv2D(16, 5, padding="same", activation="swish"),
            keras.layers.Conv2D(16, 5, padding="same", activation="swish"),
            keras.layers.Conv2D(1, 5, padding="same", activation="sigmoid"),
        ]
    )


def sharpen(network, rng):
    """Train the network to return its first noise field, cut at its mean."""
    network.compile(keras.optimizers.Adam(3e-3), "mse", jit_compile=False)
    for _ in range(150):
        noise = smooth_noise(BATCH, rng)
        network.train_on_batch(noise, 1 / (1 + np.exp(-6 * noise[..., :1])))


def smooth_noise(number, rng):
    """Return periodic Gaussian fields of two correlation lengths, as channels."""
    fields = [
        ndimage.gaussian_filter(
            rng.normal(size=(number, SIZE, SIZE)), (0, width, width), mode="wrap"
        )
        for width in (2, 4)
    ]
    return np.stack([f / f.std() for f in fields], axis=-1).astype("float32")


def betti_numbers(fields):
    """Return the Betti numbers of the fields above 0.5."""
    phases = (fields > 0.5).astype("float32")
    return np.array([[len(p) for p in own] for own in persistence_pairs(phases)], float)


def energy_distance(a, b):
    """Return 2 E|a - b| - E|a - a'| - E|b - b'|."""

    def mean_distance(x, y):
        return np.abs(x[:, None] - y[None]).sum(axis=2).mean()

    return 2 * mean_distance(a, b) - mean_distance(a, a) - mean_distance(b, b)


def final_distance(curves):
    return np.median([curve[-1][2] for curve in curves])


def print_curve(start, name, rate, curves):
    for step, seconds, _ in np.median(curves, axis=0):
        distances = curves[:, curves[0, :, 0] == step, 2]
        low, median, high = np.quantile(distances, [0, 0.5, 1])
        print(
            f"{start:8} {name:9} {rate:6.0e} {step:5.0f} {seconds:8.1f}   "
            f"{median:7.2f} ({low:.2f} - {high:.2f})",
            flush=True,
        )


if __name__ == "__main__":
    main()

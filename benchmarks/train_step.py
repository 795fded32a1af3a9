"""Time of a training step of MorphoTensorVAE, and what the topology term adds.

Run it once for each backend, for example::

    KERAS_BACKEND=torch OMP_NUM_THREADS=1 python benchmarks/train_step.py

Printed are CPU seconds, the least of several repeats, the variants taken in turns.
``without`` is a step with no term that judges samples; ``with topology`` adds the
topology term and its decoder pass for fresh samples (a quarter of the batch);
``kernel`` is one call of SoftBetti, forward, on as many images as such a step counts:
kernel, transfers to and from the host, and gather.
"""

import argparse
import time

import keras
import numpy as np
from keras import ops

from morphokeras.models.vae import MorphoTensorVAE
from morphokeras.topology.betti import soft_betti

CASES = ((64, 32), (256, 8))
TOPOLOGY_SAMPLES = 0.25


def main(repeats: int = 5, cases=CASES) -> None:
    backend = keras.backend.backend()
    print(f"{keras.version()} on {backend}; CPU seconds a step, least of {repeats}")
    print(f"{'case':>14} {'without':>9} {'topology':>9} {'added':>7} {'kernel':>7}")
    for size, batch_size in cases:
        images = smooth_fields(batch_size, size)
        plain = one_step({"rec": 1.0, "kl": 1.0}, images)
        topological = one_step({"rec": 1.0, "kl": 1.0, "topo": 0.5}, images)
        count = counting(images)
        without, with_topology, kernel = interleaved(
            [plain, topological, count], repeats
        )
        print(
            f"{size:>5}^2 x {batch_size:<4} {without:9.3f} {with_topology:9.3f} "
            f"{with_topology / without - 1:7.1%} {kernel / with_topology:7.1%}",
            flush=True,
        )


def one_step(loss_weights, images):
    """Return a function that takes one compiled step."""
    model = MorphoTensorVAE(
        images.shape[1:],
        field="phase",
        boundary="periodic",
        loss_weights=loss_weights,
        topology_samples=TOPOLOGY_SAMPLES,
    )
    model.adapt(images)
    model.compile(keras.optimizers.AdamW(1e-3))
    return lambda: model.train_on_batch({"image": images})


def counting(images):
    """Return a function that counts as many images as a step with topology does."""
    fresh = int(np.ceil(TOPOLOGY_SAMPLES * len(images)))
    counted = np.concatenate([images, images, images[:fresh]])
    tensor = ops.convert_to_tensor(counted)
    return lambda: ops.convert_to_numpy(soft_betti(tensor, data_format="channels_last"))


def interleaved(functions, repeats):
    """Return the least CPU time of each function, after one call to compile it."""
    for function in functions:
        function()
    times = np.empty((repeats, len(functions)))
    for row in times:
        for index, function in enumerate(functions):
            start = time.process_time()
            function()
            row[index] = time.process_time() - start
    return times.min(axis=0)


def smooth_fields(num, size):
    """Return random phase fields with features of about eight pixels."""
    noise = np.random.default_rng(0).standard_normal((num, size, size))
    frequency = np.hypot(*np.meshgrid(*[np.fft.fftfreq(size)] * 2))
    smooth = np.fft.ifft2(np.fft.fft2(noise) * np.exp(-((12 * frequency) ** 2))).real
    smooth /= smooth.std(axis=(1, 2), keepdims=True)
    return (1 / (1 + np.exp(-4 * smooth))).astype("float32")[..., np.newaxis]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--small", action="store_true", help="only 64 x 64")
    arguments = parser.parse_args()
    main(arguments.repeats, CASES[:1] if arguments.small else CASES)

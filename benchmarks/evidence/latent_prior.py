"""What a learned latent prior does for samples: white noise, a flow, a plain VAE.

``python -m benchmarks.evidence.latent_prior`` trains three generators on the same
fields, the plain VAE for as many seconds as the slowest of the other two, and measures
their samples against fields that none has seen; other unseen fields give the floor
that a perfect generator would reach. By default simulated Cahn-Hilliard fields,
64 x 64; ``--map FILE`` takes crops of a two-phase map instead (``.npy`` or an image),
training and test from its two halves, or with ``--stripes 4`` from every other one of
four stripes. The parts of a map differ: the training crops themselves, beside those of
the test, say how much of a distance is the map's, and a second CNN tells samples from
fresh crops of the training part. The figures go to a JSON file, real and generated
fields side by side into a picture. Sized for two cores within an hour with
``--seeds 0 1 2``.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from morphokeras import MicrostructureGenerator  # chooses the backend before Keras

# isort: split
import keras
from skimage.io import imread

from morphokeras.datasets import make_phase_field
from morphokeras.descriptors import two_point_correlation
from morphokeras.metrics import compare
from morphokeras.models import PlainVAE, plain_cnn
from morphokeras.topology import euler_characteristic

SIZE = 64
PRIORS = ("white", "flow", "auto")


def main():
    arguments = parse_arguments()
    results = [run(seed, arguments) for seed in arguments.seeds]
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(results, indent=1))
    report(results)


def run(seed: int, arguments: argparse.Namespace) -> dict:
    """Train and measure everything once; return the figures by set of samples."""
    training, unseen, other = load_fields(seed, arguments)
    boundary = "open" if arguments.map else "periodic"
    samples, seconds = {"real (floor)": other}, {}
    fresh = None
    if arguments.map:
        fresh = load_fields(1000 + seed, arguments, arguments.samples)[0]
        samples["real (training)"] = fresh
    for name in arguments.priors:
        samples[f"{name} prior"], seconds[name] = train(name, training, seed, arguments)
    if seconds and not arguments.no_plain:
        budget = max(seconds.values())
        samples["plain VAE"] = train_plain(training, len(unseen), budget, seed)
    rows = {
        name: measure(fields, unseen, training, boundary, seed, arguments)
        for name, fields in samples.items()
    }
    for prior in seconds if arguments.map else ():
        rows[f"{prior} prior"]["training_or_fake"] = real_or_fake(
            fresh, samples[f"{prior} prior"], seed, arguments.cnn_epochs
        )
    for name, spent in seconds.items():
        rows[f"{name} prior"]["fit_seconds"] = spent
    draw(samples | {"unseen": unseen}, arguments.output.with_suffix(f".{seed}.png"))
    return {
        "seed": seed,
        "backend": keras.backend.backend(),
        "arguments": {k: said(v) for k, v in vars(arguments).items() if k != "output"},
        "rows": rows,
    }


def said(value):
    """Return an argument in words, files by their name."""
    return value.name if isinstance(value, Path) else str(value)


def load_fields(seed, arguments, number=None):
    """Return training fields, and two sets of unseen ones."""
    number = number or arguments.fields
    if arguments.map is None:
        fields, _ = make_phase_field(
            number + 2 * arguments.samples,
            shape=(SIZE, SIZE),
            time=120.0,
            random_state=seed,
        )
        cuts = [number, number + arguments.samples]
        return np.split(fields.astype("float32"), cuts)
    stripes = np.array_split(load_map(arguments), arguments.stripes, axis=1)
    rng = np.random.default_rng(seed)
    test = crops(stripes[1::2], 2 * arguments.samples, rng)
    training = crops(stripes[::2], number, rng)
    return training, test[::2], test[1::2]


def load_map(arguments):
    """Return a map of 0 and 1, reduced by the majority in blocks of pixels."""
    if arguments.map.suffix == ".npy":
        phase = np.load(arguments.map) == 1
    else:
        phase = imread(arguments.map, as_gray=True) > 0.5
    step = arguments.reduce
    height, width = (size // step for size in phase.shape)
    blocks = phase[: height * step, : width * step].reshape(height, step, width, step)
    return (blocks.mean(axis=(1, 3)) > 0.5).astype("float32")


def crops(stripes, number, rng):
    """Return square pieces at random places of the stripes, mirrored at random."""
    pieces = []
    for index in range(number):
        phase = stripes[index // 2 % len(stripes)]
        row, column = (rng.integers(size - SIZE + 1) for size in phase.shape)
        piece = phase[row : row + SIZE, column : column + SIZE]
        pieces.append(piece[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])])
    return np.stack(pieces)


def train(prior, fields, seed, arguments):
    """Return samples of a `MicrostructureGenerator`, and the seconds of its fit."""
    start = time.perf_counter()
    generator = MicrostructureGenerator(
        boundary="symmetric" if arguments.map else "periodic",
        augment="flips" if arguments.map else "dihedral",
        field="phase",
        latent_field_stride=arguments.stride,
        epochs=arguments.epochs,
        random_state=seed,
        verbose=2,
        prior=prior,
    ).fit(fields)
    seconds = time.perf_counter() - start
    return generator.sample(arguments.samples, random_state=seed), seconds


def train_plain(fields, number, seconds, seed):
    """Return samples of a plain VAE that was trained for as many seconds."""
    keras.utils.set_random_seed(seed)
    plain = PlainVAE((SIZE, SIZE, 1))
    plain.compile(keras.optimizers.AdamW(1e-3))
    plain.fit(
        fields[..., None],
        batch_size=32,
        epochs=10_000,
        callbacks=[StopAfter(seconds)],
        verbose=0,
    )
    return plain.generate(number, seed=seed)[..., 0]


class StopAfter(keras.callbacks.Callback):
    """Stop the training when its time is over."""

    def __init__(self, seconds):
        super().__init__()
        self.end = time.perf_counter() + seconds

    def on_train_batch_end(self, batch, logs=None):
        """Look at the clock."""
        if time.perf_counter() > self.end:
            self.model.stop_training = True


def measure(fields, real, training, boundary, seed, arguments) -> dict:
    """Return every figure of one set of samples."""
    table = compare(
        real,
        fields,
        metrics=["two_point", "chords", "persistence"],
        boundary=boundary,
        n_bootstrap=200,
        max_pairwise=arguments.pairwise,
        random_state=seed,
    )
    euler = [euler_characteristic(x > 0.5, boundary=boundary) for x in (real, fields)]
    contrast = [covariances(x, boundary) for x in (real, fields)]
    fraction = [x.mean(axis=(1, 2)) for x in (real, fields)]
    columns = ["value", "low", "high", "floor_high"]
    return {
        **{name: list(table.loc[name, columns].astype(float)) for name in table.index},
        "euler_wasserstein": wasserstein(*euler),
        "covariance_wasserstein": float(
            np.mean([wasserstein(*pair) for pair in zip(*contrast, strict=True)])
        ),
        "euler_deviation": float(euler[1].std() / euler[0].std()),
        "fraction_wasserstein": wasserstein(*fraction),
        "grey_share": float(np.mean((fields > 0.2) & (fields < 0.8))),
        "nearest_training": nearest(fields, training),
        "real_or_fake": real_or_fake(real, fields, seed, arguments.cnn_epochs),
    }


def covariances(fields, boundary):
    """Return each field's own covariance at shifts of 0, 2, 4, 8, 16, (shift, n)."""
    maps = two_point_correlation(fields, boundary=boundary)
    mean = fields.mean(axis=(1, 2))
    return np.stack([(maps[:, 0, s] + maps[:, s, 0]) / 2 for s in (0, 2, 4, 8, 16)]) - (
        mean**2
    )


def wasserstein(first, second):
    """Return the distance of two sets of numbers, equally many."""
    return float(np.abs(np.sort(first) - np.sort(second)).mean())


def nearest(fields, training):
    """Return the median greatest correlation with a training field, shifted by 8s."""
    shifts = [(i, j) for i in range(0, SIZE, 8) for j in range(0, SIZE, 8)]
    own = standardised(fields[:64])
    best = np.full(len(own), -1.0)
    for shift in shifts:
        moved = standardised(np.roll(training, shift, axis=(1, 2)))
        best = np.maximum(best, (own @ moved.T).max(axis=1))
    return float(np.median(best))


def standardised(fields):
    """Return fields as vectors of mean 0 and length 1."""
    flat = fields.reshape(len(fields), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return flat / np.linalg.norm(flat, axis=1, keepdims=True)


def real_or_fake(real, fields, seed, epochs):
    """Return how often a small CNN tells samples from real fields; 0.5 is chance."""
    keras.utils.set_random_seed(seed)
    images = np.concatenate([real, fields])[..., None]
    labels = np.repeat([0, 1], [len(real), len(fields)])
    order = np.random.default_rng(seed).permutation(len(images))
    images, labels = images[order], labels[order]
    half = len(images) // 2
    cnn = plain_cnn((SIZE, SIZE, 1), 2, num_parameters=20_000)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    cnn.compile(keras.optimizers.Adam(2e-3), loss)
    cnn.fit(images[:half], labels[:half], batch_size=32, epochs=epochs, verbose=0)
    found = cnn.predict(images[half:], verbose=0).argmax(axis=1)
    return float(np.mean(found == labels[half:]))


def report(results: list[dict]) -> None:
    """Print one line a set of samples and figure: the mean over the seeds."""
    for name in results[0]["rows"]:
        print(name)
        rows = [result["rows"][name] for result in results]
        for figure, value in rows[0].items():
            if isinstance(value, list):
                means = np.mean([row[figure] for row in rows], axis=0)
                print("  {:24s}{:9.4f}  [{:.4f}, {:.4f}]".format(figure, *means[:3]))
            else:
                values = [row[figure] for row in rows]
                listed = " ".join(f"{v:.4g}" for v in values)
                print(f"  {figure:24s}{np.mean(values):9.4f}  ({listed})")


def draw(samples, path):
    """Save ten fields of each set in rows."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        len(samples), 10, figsize=(12, 1.35 * len(samples)), layout="constrained"
    )
    for row, (name, fields) in zip(axes, samples.items(), strict=True):
        row[0].set_ylabel(name, fontsize=8)
        for ax, field in zip(row, fields, strict=False):
            ax.imshow(field, cmap="gray", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--seeds", type=int, nargs="+", default=[0])
    add("--map", type=Path, help="a two-phase map; phase 1 of .npy is the bright one")
    add("--reduce", type=int, default=1, help="pixels of the map that become one")
    add("--stripes", type=int, default=2, help="of the map, every other for the test")
    add("--fields", type=int, default=768, help="training fields")
    add("--samples", type=int, default=1024, help="fields of each test set")
    add("--epochs", type=int, default=32, help="passes of the autoencoders")
    add("--stride", type=int, default=4, help="grid spacing of the latent field")
    add("--priors", nargs="*", choices=PRIORS, default=["white", "flow"])
    add("--no-plain", action="store_true", help="leave the plain VAE out")
    add("--pairwise", type=int, default=128, help="fields compared pair by pair")
    add("--cnn-epochs", type=int, default=15)
    add("--output", type=Path, default=Path("outputs/latent_prior.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()

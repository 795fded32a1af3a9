"""
Generate phase fields
=====================

A `MicrostructureGenerator` and a plain variational autoencoder learn the same simulated
spinodal structures for the same time. Fresh samples of both are compared with fields
that neither has seen.

The measure is the error of the radial two-point correlation: how wrong are the phase
fraction, the sharpness of the interfaces and the spacing of the features? The error
between real fields and the training fields is what a perfect generator would reach.
"""

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt

from morphokeras import MicrostructureGenerator
from morphokeras.datasets import make_phase_field
from morphokeras.metrics import two_point_error
from morphokeras.models import PlainVAE
from morphokeras.plots import SampleGridDisplay, TwoPointDisplay


def main():
    arguments = parse_arguments()
    training, unseen = simulate(arguments)
    generator, seconds = train(training, arguments)
    plain = train_plain(training, seconds, arguments)

    number = len(unseen)
    samples = {
        "Simulated (unseen)": unseen,
        "Generator": generator.sample(number, random_state=1),
        "Plain VAE": plain.generate(number, seed=1)[..., 0],
    }
    report(samples, training)
    large = generator.sample(1, shape=(192, 192), random_state=2)[0]
    draw(samples, large, arguments.output)


# %%
# The fields: Cahn-Hilliard at equal fractions, one age, periodic.


def simulate(arguments):
    X, _ = make_phase_field(
        arguments.fields + 256, time=120.0, random_state=arguments.seed, verbose=1
    )
    return X[:-256], X[-256:]


# %%
# The generator is told that fields are periodic and hold phase fractions. It also
# learns how the latents of phases are distributed, in about half of the time, which
# makes samples true in shape. The plain autoencoder then gets as many seconds.


def train(fields, arguments):
    start = time.perf_counter()
    generator = MicrostructureGenerator(
        boundary="periodic",
        field="phase",
        augment="dihedral",
        epochs=arguments.epochs,
        random_state=arguments.seed,
        verbose=2,
    ).fit(fields)
    seconds = time.perf_counter() - start
    active = generator.model_.active_latents(fields[:256, ..., None])
    print(f"trained in {seconds:.0f} s; active latents: {active}")
    return generator, seconds


def train_plain(fields, seconds, arguments):
    # Not before morphokeras, which sets TensorFlow to its fast convolutions.
    import keras

    keras.utils.set_random_seed(arguments.seed)
    plain = PlainVAE((*fields.shape[1:], 1))
    plain.compile(keras.optimizers.AdamW(1e-3))
    end = time.perf_counter() + seconds

    def stop_in_time(batch, logs):
        plain.stop_training = time.perf_counter() > end

    history = plain.fit(
        fields[..., None],
        batch_size=32,
        epochs=10_000,
        callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=stop_in_time)],
        verbose=0,
    )
    print(f"plain VAE: {len(history.epoch)} epochs in as many seconds")
    return plain


# %%
# A generator that copied the statistics exactly would reach the first number.


def report(samples, training):
    real = samples["Simulated (unseen)"]
    errors = {
        "Simulated (training)": two_point_error(
            real, training[: len(real)], boundary="periodic"
        )
    }
    for name in ("Generator", "Plain VAE"):
        errors[name] = two_point_error(real, samples[name], boundary="periodic")
    print("two-point error against unseen fields")
    for name, error in errors.items():
        print(f"  {error:.4f}  {name}")
    ratio = errors["Generator"] / errors["Plain VAE"]
    print(f"  {ratio:.2f} of the plain VAE's")


# %%
# The latent field is stationary: the same network draws larger fields, without a seam.


def draw(samples, large, path):
    figure = plt.figure(figsize=(11, 8.6), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.35, 1])
    SampleGridDisplay.from_fields(samples, n_columns=8, figure=top)
    curves, field = bottom.subplots(1, 2, width_ratios=[1.6, 1])
    TwoPointDisplay.from_fields(samples, boundary="periodic", ax=curves)
    field.imshow(large, cmap="gray", vmin=0, vmax=1)
    field.set(title="A sample of nine times the area", xticks=[], yticks=[])
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    print(f"figure: {path}")


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--fields", type=int, default=768, help="simulated fields to learn from")
    add("--epochs", type=int, default=8)
    add("--seed", type=int, default=0)
    add("--output", type=Path, default=Path("outputs/generate_phase_field.png"))
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Whether a number of particles can be asked of samples.

``python -m benchmarks.evidence.steering`` fits a generator with a learned prior to
simulated periodic phase fields of 64 x 64 pixels, whose bright phase lies in particles,
and asks it for as many as the 5 %, 50 % and 95 % quantiles of unseen fields have. Three
ways: samples as they are drawn, the best of eight of them, and `betti_numbers` of
`MicrostructureGenerator.sample`, which takes less time than the second. Each set is
compared with simulated fields that have so many particles; these among themselves give
the floor. Figures go to a JSON file, fields into a picture.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from morphokeras import MicrostructureGenerator
from morphokeras.datasets import make_phase_field
from morphokeras.metrics import compare
from morphokeras.topology import betti_numbers

SIZE = 64
QUANTILES = (0.05, 0.5, 0.95)
CANDIDATES = 8
METRICS = ["two_point", "chords", "persistence"]


def main():
    arguments = parse_arguments()
    results = [run(seed, arguments) for seed in arguments.seeds]
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(results, indent=1))
    report(results)


def run(seed, arguments):
    """Fit once, ask for each number in each way, and measure."""
    generator = MicrostructureGenerator(
        field="phase",
        boundary="periodic",
        augment="dihedral",
        prior="flow",
        epochs=arguments.epochs,
        random_state=seed,
        verbose=2,
    ).fit(simulate(arguments.fields, seed))
    real = simulate(arguments.real, 1000 + seed)
    counts = count(real)
    found, picture = {}, {}
    for quantile in QUANTILES:
        target = int(np.quantile(counts, quantile, method="nearest"))
        alike = real[counts == target]
        half = len(alike) // 2
        rows = {"real": {"fields": len(alike)}}
        rows["real"] |= measure(alike[:half], alike[half:], target)
        picture["real", target] = alike
        for way, draw_samples in WAYS.items():
            start = time.perf_counter()
            samples = draw_samples(generator, arguments.samples, target, seed)
            rows[way] = {"seconds": time.perf_counter() - start}
            rows[way] |= measure(alike, samples, target)
            picture[way, target] = samples
        found[f"quantile {quantile:.0%}"] = {"target": target, "rows": rows}
    draw(picture, arguments.output.with_suffix(f".{seed}.png"))
    return {"seed": seed, "found": found}


def simulate(number, seed):
    """Return phase fields whose bright phase lies in particles."""
    return make_phase_field(
        number, shape=(SIZE, SIZE), composition=0.36, time=120.0, random_state=seed
    )[0].astype("float32")


def count(fields):
    """Return the number of particles in each field."""
    return betti_numbers(fields, boundary="periodic")[:, 0]


def draw_plainly(generator, number, target, seed):
    """Draw, whatever comes."""
    return generator.sample(number, random_state=seed)


def choose(generator, number, target, seed):
    """Draw several times as many, and keep the nearest."""
    drawn = generator.sample(CANDIDATES * number, random_state=seed)
    off = np.abs(count(drawn) - target).reshape(CANDIDATES, number)
    return drawn[off.argmin(axis=0) * number + np.arange(number)]


def ask(generator, number, target, seed):
    """Ask for the number."""
    return generator.sample(number, betti_numbers=target, random_state=seed)


WAYS = {"drawn": draw_plainly, "best of eight": choose, "asked for": ask}


def measure(real, fields, target):
    """Return how far the counts are from the target, and fields from real ones."""
    off = np.abs(count(fields) - target)
    table = compare(
        real,
        fields,
        metrics=METRICS,
        boundary="periodic",
        n_bootstrap=50,
        max_pairwise=96,
        random_state=0,
    )
    return {
        "exact": float(np.mean(off == 0)),
        "mean_off": float(off.mean()),
        **{name: float(table.loc[name, "value"]) for name in METRICS},
    }


def report(results):
    """Print the mean over the seeds, one line a set."""
    for quantile in results[0]["found"]:
        found = [result["found"][quantile] for result in results]
        targets = " ".join(str(one["target"]) for one in found)
        print(f"{quantile}: {targets} particles")
        for way in found[0]["rows"]:
            rows = [one["rows"][way] for one in found]
            listed = "  ".join(
                f"{name} {np.mean([row[name] for row in rows]):.3g}" for name in rows[0]
            )
            print(f"  {way:14s} {listed}")


def draw(picture, path):
    """Save some fields of each set, a row each."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        len(picture), 8, figsize=(9.5, 1.05 * len(picture)), layout="constrained"
    )
    for row, ((way, target), fields) in zip(axes, picture.items(), strict=True):
        label = f"{target} particles:\n{way}"
        row[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8)
        for ax in row:
            ax.set(xticks=[], yticks=[])
        for ax, field in zip(row, fields, strict=False):
            ax.imshow(field, cmap="gray", vmin=0, vmax=1)
            ax.set_title(str(count(field[np.newaxis])[0]), fontsize=7, pad=2)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)
    plt.close(figure)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--seeds", type=int, nargs="+", default=[0])
    add("--fields", type=int, default=384, help="training fields")
    add("--real", type=int, default=2048, help="unseen fields")
    add("--epochs", type=int, default=12, help="passes of the autoencoder")
    add("--samples", type=int, default=64, help="samples of each number and way")
    add("--output", type=Path, default=Path("outputs/steering.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()

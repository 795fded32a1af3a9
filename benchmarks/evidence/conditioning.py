"""Whether samples have the class, the fraction and the size that are asked for.

``python -m benchmarks.evidence.conditioning`` fits one generator to simulated periodic
phase fields of 64 x 64 pixels and two ages, and asks it for each age, for volume
fractions, and for fields of 128 x 128 and 256 x 256, which are compared with simulated
ones of that size. The floor are other simulated fields. A seam would show as a greater
change of grey values from pixel to pixel where the training's 64 pixels end, or where
the field repeats, than elsewhere. Figures go to a JSON file, fields into a picture.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from morphokeras import MicrostructureGenerator
from morphokeras.datasets import make_phase_field
from morphokeras.metrics import compare
from morphokeras.topology import euler_characteristic

SIZE = 64
AGES = {"young": 40.0, "old": 160.0}
# Of the training fields: the mean fraction of the bright phase, and its half width.
COMPOSITION, SPREAD = 0.42, 0.05
FRACTIONS = (0.38, 0.42, 0.46)
# So many fields of each size: of nearly equal area, and not too few.
NUMBERS = {64: 256, 128: 96, 256: 32}
METRICS = ["two_point", "chords", "persistence"]


def main():
    arguments = parse_arguments()
    results = [run(seed, arguments) for seed in arguments.seeds]
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(results, indent=1))
    for result in results:
        report(result)


def run(seed, arguments):
    """Fit and measure once."""
    fields, ages = simulate(arguments.fields, SIZE, AGES, seed)
    start = time.perf_counter()
    generator = MicrostructureGenerator(
        field="phase",
        boundary="periodic",
        augment="dihedral",
        prior=arguments.prior,
        epochs=arguments.epochs,
        random_state=seed,
        verbose=2,
    ).fit(fields, ages)
    seconds = time.perf_counter() - start
    print(f"fitted in {seconds:.0f} s", flush=True)
    sizes, picture = compare_sizes(generator, seed)
    draw(picture, arguments.output.with_suffix(f".{seed}.png"))
    return {
        "seed": seed,
        "prior": arguments.prior,
        "fit_seconds": seconds,
        "classes": compare_classes(generator, seed),
        "fractions": compare_fractions(generator, seed),
        "sizes": sizes,
    }


def simulate(number, size, ages, seed):
    """Return fields of these ages and their names."""
    return make_phase_field(
        number,
        shape=(size, size),
        composition=COMPOSITION,
        composition_spread=SPREAD,
        time=ages,
        random_state=seed,
    )


def compare_classes(generator, seed):
    """Return how far samples of each age are from simulated fields of each."""
    found = {}
    real = {age: simulate(256, SIZE, AGES[age], 1000 + seed)[0] for age in AGES}
    other = {age: simulate(256, SIZE, AGES[age], 2000 + seed)[0] for age in AGES}
    for age in AGES:
        samples = generator.sample(256, y=age, random_state=seed)
        for truth in AGES:
            found[f"{age} samples, {truth} fields"] = distances(real[truth], samples)
        found[f"{age}: floor"] = distances(real[age], other[age])
    return found


def compare_fractions(generator, seed):
    """Return the greatest error of the fraction of a sample, and its phase's share."""
    found = {}
    for fraction in FRACTIONS:
        samples = generator.sample(64, volume_fraction=fraction, random_state=seed)
        means = samples.mean(axis=(1, 2))
        found[str(fraction)] = {
            "largest_error": float(np.abs(means - fraction).max()),
            "share_above_half": float(np.mean(samples > 0.5)),
        }
    return found


def compare_sizes(generator, seed):
    """Return distances and seams of samples of several sizes, and some to look at."""
    found, picture = {}, {}
    for size, number in NUMBERS.items():
        real = simulate(number, size, AGES["old"], 3000 + seed)[0]
        other = simulate(number, size, AGES["old"], 4000 + seed)[0]
        samples = generator.sample(
            number, y="old", shape=(size, size), random_state=seed
        )
        found[str(size)] = {
            "samples": {**distances(real, samples), "seam": seam(samples)},
            "floor": {**distances(real, other), "seam": seam(other)},
        }
        for kind, fields in (("simulated", real), ("samples", samples)):
            # Of like fractions, which change the look most.
            off = np.abs(fields.mean(axis=(1, 2)) - COMPOSITION)
            picture[kind, size] = fields[off.argmin()]
    return found, picture


def distances(real, fields):
    """Return the figures of one set beside another."""
    table = compare(
        real,
        fields,
        metrics=METRICS,
        boundary="periodic",
        n_bootstrap=50,
        max_pairwise=96,
        random_state=0,
    )
    area = real[0].size / SIZE**2
    euler = [euler_characteristic(x > 0.5, boundary="periodic") for x in (real, fields)]
    return {
        **{name: float(table.loc[name, "value"]) for name in METRICS},
        "euler_mean": float(euler[1].mean() / area),
        "euler_mean_real": float(euler[0].mean() / area),
        "euler_deviation_ratio": float(euler[1].std() / euler[0].std()),
    }


def seam(fields):
    """Return the mean step across seams as a multiple of that elsewhere."""
    steps = []
    for axis in (1, 2):
        step = np.abs(np.roll(fields, -1, axis) - fields)
        steps.append(step.mean(axis=(0, 3 - axis)))
    profile = np.mean(steps, axis=0)
    at_seam = (np.arange(len(profile)) + 1) % SIZE == 0
    return float(profile[at_seam].mean() / profile[~at_seam].mean())


def report(result):
    """Print the figures, one line a comparison."""
    print(f"seed {result['seed']}, prior {result['prior']}")
    rows = dict(result["classes"])
    for size, pair in result["sizes"].items():
        rows |= {f"{size} pixels, {name}": figures for name, figures in pair.items()}
    rows |= {f"fraction {k}": v for k, v in result["fractions"].items()}
    for name, figures in rows.items():
        listed = "  ".join(f"{figure} {value:.4g}" for figure, value in figures.items())
        print(f"  {name:28s}{listed}")


def draw(picture, path):
    """Save a simulated field and a sample of each size."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    sizes = list(NUMBERS)
    figure, axes = plt.subplots(2, len(sizes), figsize=(9, 6.4), layout="constrained")
    for row, kind in zip(axes, ("simulated", "samples"), strict=True):
        for ax, size in zip(row, sizes, strict=True):
            ax.imshow(picture[kind, size], cmap="gray", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
            ax.set_title(f"{kind}, {size} x {size}", fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--seeds", type=int, nargs="+", default=[0])
    add("--prior", choices=["white", "flow"], default="flow")
    add("--fields", type=int, default=768, help="training fields")
    add("--epochs", type=int, default=24, help="passes of the autoencoder")
    add("--output", type=Path, default=Path("outputs/conditioning.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()

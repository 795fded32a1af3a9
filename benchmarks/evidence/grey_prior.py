"""What samples of grey micrographs of one class are like, with each prior.

    python -m benchmarks.evidence.grey_prior FOLDER --label spheroidite \
        --groups specimen

Half of the specimens give the training crops of 64 x 64 pixels, and other crops of the
same specimens judge the samples: specimens differ more than that. The crops of the
other half say how much. The figures go to a JSON file, crops, rebuilt crops and samples
into a picture. A fit takes three to seven minutes of one core.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from benchmarks.evidence.latent_prior import covariances, draw, real_or_fake
from benchmarks.evidence.latent_prior import wasserstein as distance
from morphokeras import MicrostructureGenerator
from morphokeras.datasets import load_images
from morphokeras.estimators._prior import betti_curves, energy_distance

SIZE = 64
METHODS = {
    "white": {"prior": "white"},
    "flow": {"prior": "flow"},
    "flow and patches": {"prior": "flow", "lambda_patch": 1.0},
}


def main():
    arguments = parse_arguments()
    training, fresh, others = load_crops(arguments)
    rows = {
        "other crops (floor)": measure(fresh[::2], fresh[1::2], arguments),
        "other specimens": measure(fresh[::2], others[1::2], arguments),
    }
    pictures = {"real": fresh}
    for name in arguments.methods:
        start = time.perf_counter()
        generator = MicrostructureGenerator(
            epochs=arguments.epochs,
            random_state=arguments.seed,
            verbose=2,
            **METHODS[name],
        ).fit(training)
        seconds = time.perf_counter() - start
        samples = generator.sample(len(fresh) // 2, random_state=arguments.seed)
        rows[name] = measure(fresh[::2], samples, arguments)
        rows[name]["fit_seconds"] = seconds
        codes = generator.transform(fresh[:10])
        pictures[f"{name}, rebuilt"] = generator.inverse_transform(codes)
        pictures[name] = samples
    report(rows)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    said = {k: str(v) for k, v in vars(arguments).items() if k != "output"}
    said["folder"] = arguments.folder.name
    figures = {"arguments": said, "rows": rows}
    arguments.output.write_text(json.dumps(figures, indent=1))
    draw(pictures, arguments.output.with_suffix(".png"))


def load_crops(arguments):
    """Return training crops, others of the same specimens, and of other specimens."""
    data = load_images(arguments.folder, group_column=arguments.groups)
    chosen = data.target == arguments.label
    if not chosen.any():
        raise SystemExit(
            f"--label must be one of {', '.join(np.unique(data.target))}. "
            f"Received: {arguments.label}."
        )
    images = data.images[chosen]
    groups = np.arange(len(images)) if arguments.groups is None else data.groups[chosen]
    rng = np.random.default_rng(arguments.seed)
    held_out = np.isin(groups, rng.permutation(np.unique(groups))[::2])
    number = arguments.samples
    return (
        crops(images[~held_out], arguments.crops, rng),
        crops(images[~held_out], 2 * number, rng),
        crops(images[held_out], 2 * number, rng),
    )


def crops(images, number, rng):
    """Return square pieces at random places of the images in turn, mirrored."""
    pieces = []
    for index in range(number):
        image = images[index % len(images)]
        row, column = (rng.integers(size - SIZE + 1) for size in image.shape)
        piece = image[row : row + SIZE, column : column + SIZE]
        pieces.append(piece[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])])
    return np.stack(pieces)


def measure(real, images, arguments) -> dict[str, float]:
    """Return every figure of one set of images."""
    own = [covariances(x, "open") for x in (real, images)]
    contrast = [x.std(axis=(1, 2)) for x in (real, images)]
    return {
        "betti_energy": energy_distance(
            betti_curves(real[..., None]), betti_curves(images[..., None])
        ),
        "covariance_wasserstein": float(
            np.mean([distance(*pair) for pair in zip(*own, strict=True)])
        ),
        "grey_wasserstein": distance(real.ravel(), images.ravel()),
        "contrast_wasserstein": distance(*contrast),
        "real_or_fake": real_or_fake(real, images, arguments.seed, 15),
    }


def report(rows):
    """Print a table with a column a figure."""
    names = list(rows["other specimens"])
    print(f"{'':24s}", *(f"{name:>24}" for name in names))
    for name, row in rows.items():
        print(f"{name:24s}", *(f"{row[figure]:24.4f}" for figure in names))


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("folder", type=Path, help="images and labels, as load_images reads them")
    add("--label", required=True, help="the class")
    add("--groups", help="column of the specimen")
    add("--methods", nargs="*", choices=METHODS, default=list(METHODS))
    add("--crops", type=int, default=768, help="training crops")
    add("--samples", type=int, default=512, help="samples and crops that judge them")
    add("--epochs", type=int, default=16)
    add("--seed", type=int, default=0)
    add("--output", type=Path, default=Path("outputs/grey_prior.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()

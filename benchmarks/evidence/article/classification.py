"""Table 2: classification beside a plain CNN.

    KERAS_BACKEND=torch python -m benchmarks.evidence.article.classification
    KERAS_BACKEND=torch python -m benchmarks.evidence.article.classification --maps EBSD

Phase fields of six classes (composition and time) and synthetic orientation maps of
nine (grain size and texture); ``--maps`` adds the orientation maps of a folder: which
map a patch is of, a quarter of each map being the test, another with each seed.
`MicrostructureClassifier` takes a number of steps, the CNN as many seconds. Both see
the same images, in the same order and with the same random changes.
"""

from pathlib import Path

import numpy as np

from benchmarks.evidence.article.shared import (
    ACCURACY,
    SCALES,
    Column,
    Results,
    epochs_of,
    fit_for,
    parse_arguments,
    phase_classes,
    timed_fit,
    write_table,
)
from morphokeras import MicrostructureClassifier
from morphokeras.datasets import extract_patches, load_ebsd, make_voronoi_grains
from morphokeras.ebsd import EBSDMap, Phase, ipf_colors, orientation_channels
from morphokeras.estimators import PlainCNNClassifier
from morphokeras.metrics import classification_scores

STEPS = {"small": 300, "full": 10_000}
# Grains on 32 x 32 points.
GRAINS = {"coarse": 10, "medium": 18, "fine": 32}
# Degrees about the <001> fibre along the normal; None: orientations drawn evenly.
TEXTURES = {"none": None, "weak": 35.0, "strong": 20.0}
NOT_INDEXED = 0.03
PATCH = 24
STRIDE = 8
# Sizes and brightness are what the classes differ in.
UNCHANGED = {"zoom": 0.0, "grey_jitter": 0.0, "noise": 0.05}

COLUMNS = (*ACCURACY, Column("seconds", "seconds of a fit", 0))
ARTICLE = {
    ("EBSD", "plain CNN"): "82.51 ± 0.85, 80.12 ± 1.01, 81.15 ± 0.92, 85.33 ± 0.76",
    ("EBSD", "ours"): "88.93 ± 0.67, 87.02 ± 0.59, 87.61 ± 0.73, 91.05 ± 0.65",
    ("phase", "plain CNN"): "84.20 ± 0.88, 83.05 ± 0.97, 83.41 ± 1.08, 86.78 ± 0.74",
    ("phase", "ours"): "90.37 ± 0.55, 89.12 ± 0.62, 89.55 ± 0.71, 93.20 ± 0.48",
}
DATA = {
    "phase fields": "phase",
    "synthetic EBSD maps": "EBSD",
    "real EBSD maps": "EBSD",
}


def main():
    maps = {"type": Path, "help": "a folder of .ang and .ctf files"}
    arguments = parse_arguments(__doc__, "classification", maps=maps)
    settings = {
        "scale": SCALES[arguments.scale],
        "steps": STEPS[arguments.scale],
        "augmentation": UNCHANGED,
    }
    results = Results(arguments.output, settings)
    for seed in arguments.seeds:
        run(seed, arguments.scale, results, "phase fields", split_phase_fields)
        run(seed, arguments.scale, results, "synthetic EBSD maps", split_grains)
        if arguments.maps:
            maps = read_maps(arguments.maps)
            run(
                seed,
                arguments.scale,
                results,
                "real EBSD maps",
                lambda sizes, seed, maps=maps: split_maps(maps, seed),
            )
    write_table(results, rows(), COLUMNS)


def run(seed, scale, results, name, split):
    """Compute the two rows of a data set, for a seed."""
    sizes = SCALES[scale]
    training, test = split(sizes, seed)

    def ours():
        clf = MicrostructureClassifier(
            descriptors=False,
            epochs=epochs_of(STEPS[scale], len(training[0])),
            random_state=seed,
            **UNCHANGED,
        )
        return scored(clf, timed_fit(clf, scale, *training), test)

    def plain():
        cnn = PlainCNNClassifier(random_state=seed, **UNCHANGED)
        return scored(cnn, fit_for(cnn, budget, scale, *training), test)

    budget = results.row(seed, f"{name}, ours", ours)["seconds"]
    results.row(seed, f"{name}, plain CNN", plain)


def scored(clf, seconds, test):
    """Return the scores on the test images, and the seconds."""
    probability = clf.predict_proba(test[0])
    scores = classification_scores(test[1], probability, classes=clf.classes_)
    kept = {name: value for name, value in scores.items() if not np.isnan(value)}
    return {**kept, "seconds": seconds}


def rows():
    """Return the rows of the table, with the article's figures."""
    figures = [column.figure for column in ACCURACY]
    return {
        f"{name}, {model}": dict(
            zip(figures, ARTICLE[of, model].split(", "), strict=True)
        )
        for name, of in DATA.items()
        for model in ("plain CNN", "ours")
    }


def split_phase_fields(sizes, seed):
    """Return training and test fields with their labels."""
    number = sizes["fields"]
    fields, labels = phase_classes(number + sizes["test"], sizes["size"], seed)
    return (fields[:number], labels[:number]), (fields[number:], labels[number:])


def split_grains(sizes, seed):
    """Return training and test maps of synthetic polycrystals with their labels."""
    number = sizes["fields"]
    data = make_voronoi_grains(
        number + sizes["test"],
        shape=(sizes["size"],) * 2,
        n_grains={name: n * (sizes["size"] // 32) ** 2 for name, n in GRAINS.items()},
        random_state=seed,
        return_X_y=False,
    )
    rng = np.random.default_rng(seed)
    textures = rng.permutation(np.resize(list(TEXTURES), len(data.images)))
    maps = np.stack(
        [
            orientation_image(grains, textured(angles, TEXTURES[texture], rng), rng)
            for grains, angles, texture in zip(
                data.images, data.euler_angles, textures, strict=True
            )
        ]
    )
    labels = np.char.add(np.char.add(data.target.astype(str), " "), textures)
    return (maps[:number], labels[:number]), (maps[number:], labels[number:])


def textured(euler_angles, spread, rng):
    """Return angles whose second one is within the texture's spread, in degrees."""
    if spread is None:
        return euler_angles
    angles = euler_angles.copy()
    least = np.cos(np.deg2rad(spread))
    angles[:, 1] = np.arccos(rng.uniform(least, 1, len(angles)))
    return angles


def orientation_image(grains, euler_angles, rng):
    """Return the orientation channels of a cubic map in [0, 1], some points missing."""
    y, x = np.indices(grains.shape) * 1.0
    is_indexed = rng.random(grains.shape) > NOT_INDEXED
    angles = np.where(is_indexed[..., None], euler_angles[grains - 1], np.nan)
    phases = {1: Phase("cubic", "m-3m")}
    ebsd = EBSDMap(is_indexed.astype(int), angles, x, y, (1.0, 1.0), phases)
    return (orientation_channels(ebsd) + 1) / 2


def read_maps(folder):
    """Return the orientation maps of a folder that hold patches in four regions."""
    maps = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in (".ang", ".ctf"):
            ebsd = load_ebsd(path)
            if min(ebsd.shape) >= 2 * PATCH:
                maps[path.stem] = ebsd
    return maps


def split_maps(maps, seed):
    """Return patches of the maps' colours; the test is a quarter of each map."""
    parts = {True: [], False: []}
    for name, ebsd in maps.items():
        patches = extract_patches(
            [ipf_colors(ebsd)], PATCH, stride=STRIDE, regions=2, groups=[name]
        )
        regions = np.unique(patches.groups)
        is_test = patches.groups == regions[seed % len(regions)]
        for side, chosen in ((True, is_test), (False, ~is_test)):
            parts[side].append((patches.patches[chosen], [name] * chosen.sum()))
    return tuple(
        tuple(map(np.concatenate, zip(*parts[side], strict=True)))
        for side in (False, True)
    )


if __name__ == "__main__":
    main()

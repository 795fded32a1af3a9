"""Our topological features beside giotto-tda's: accuracy in one SVM, and time.

    python benchmarks/topology_features.py xsdd --groups group --size 128
    python benchmarks/topology_features.py uhcs --groups specimen --merge-at + \
        --drop martensite --size 120x128

Both sides see the same standardised images, smoothed alike, both filtrations and the
same folds, in which a group is never split. Compared are

- statistics: `PersistenceFeatures` beside entropies, numbers of points and amplitudes;
- curves: the `BettiCurve` of each library, at 16 levels;
- all: statistics and curves of one side, and of both.

Times are processor time on one thread, taken in turn on a few of the images.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from _timing import print_ratios, time_interleaved
from gtda.diagrams import Amplitude, NumberOfPoints, PersistenceEntropy
from gtda.diagrams import BettiCurve as GiottoCurve
from gtda.homology import CubicalPersistence
from scipy.ndimage import gaussian_filter
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from tqdm.auto import tqdm

from morphokeras.datasets import load_images
from morphokeras.features import BettiCurve, PersistenceFeatures
from morphokeras.features._memory import MEMORY

SCALES = (0.0, 1.0, 2.0, 4.0)
FILTRATIONS = ("superlevel", "sublevel")
LEVELS = 16
AMPLITUDES = ("bottleneck", "wasserstein", "landscape", "betti", "silhouette")
SIDES = ("ours", "giotto-tda")
TARGET = 1 / 50


def main() -> int:
    options = parse_arguments()
    data = load_images(
        options.folder,
        group_column=options.groups,
        merge_at=options.merge_at,
        drop=options.drop,
        size=options.size,
    )
    X, y, groups = data.images, data.target, data.groups
    shape = " x ".join(map(str, X.shape[1:3]))
    print(f"{len(y)} images of {shape} pixels, {len(set(groups))} groups")
    missed = compare_times(X[:: max(len(X) // options.timed, 1)])
    tables = {name: measure(X) for name, measure in tqdm(FEATURES.items())}
    for side in SIDES:
        names = [f"statistics, {side}", f"curves, {side}"]
        tables[f"all, {side}"] = np.hstack([tables[name] for name in names])
    tables["all, both"] = np.hstack([tables[f"all, {side}"] for side in SIDES])
    return compare_accuracy(tables, y, groups, options.repeats) or missed


def our_statistics(X: np.ndarray) -> np.ndarray:
    MEMORY.clear()
    return PersistenceFeatures(SCALES, filtrations=FILTRATIONS).fit_transform(X)


def our_curves(X: np.ndarray) -> np.ndarray:
    MEMORY.clear()
    curve = BettiCurve(LEVELS, filtrations=FILTRATIONS, standardize=True)
    return curve.fit_transform(X)


def giotto_statistics(X: np.ndarray) -> np.ndarray:
    amplitudes = [Amplitude(metric=metric) for metric in AMPLITUDES]
    measure = make_union(PersistenceEntropy(), NumberOfPoints(), *amplitudes)
    return np.hstack(
        [
            measure.fit_transform(diagrams)
            for scale in SCALES
            for diagrams in giotto_diagrams(X, scale)
        ]
    )


def giotto_curves(X: np.ndarray) -> np.ndarray:
    curves = [
        GiottoCurve(n_bins=LEVELS).fit_transform(diagrams)
        for diagrams in giotto_diagrams(X, 0.0)
    ]
    return np.hstack([curve.reshape(len(X), -1) for curve in curves])


FEATURES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "statistics, ours": our_statistics,
    "statistics, giotto-tda": giotto_statistics,
    "curves, ours": our_curves,
    "curves, giotto-tda": giotto_curves,
}


def giotto_diagrams(X: np.ndarray, scale: float) -> list[np.ndarray]:
    """Return giotto-tda's diagrams of superlevel and of sublevel sets."""
    X = X.reshape(X.shape[:3]).astype("float64")
    X = X - X.mean(axis=(1, 2), keepdims=True)
    X /= np.maximum(X.std(axis=(1, 2), keepdims=True), 1e-6)
    X = gaussian_filter(X, (0, scale, scale)) if scale else X
    return [CubicalPersistence().fit_transform(sign * X) for sign in (-1, 1)]


def compare_times(X: np.ndarray) -> int:
    status = 0
    for kind in ("statistics", "curves"):
        functions = {
            side: lambda name=f"{kind}, {side}": FEATURES[name](X) for side in SIDES
        }
        times = time_interleaved(functions, rounds=5)
        title = f"{kind}: {len(X)} images"
        print_ratios(title, times, "giotto-tda", {"ours": TARGET})
        ratio = min(times["giotto-tda"]) / min(times["ours"])
        print(f"  giotto-tda takes {ratio:.0f} times as long")
        status |= ratio < 1 / TARGET
    return int(status)


def compare_accuracy(
    tables: dict[str, np.ndarray], y: np.ndarray, groups: np.ndarray, repeats: int
) -> int:
    print(f"\naccuracy over 5 grouped folds, {repeats} times: mean, deviation")
    accuracies = {name: np.empty(repeats) for name in tables}
    for repeat in tqdm(range(repeats)):
        splitter = StratifiedGroupKFold(5, shuffle=True, random_state=repeat)
        folds = list(splitter.split(y, y, groups))
        for name, table in tables.items():
            accuracies[name][repeat] = accuracy(table, y, folds)
    for name, found in accuracies.items():
        features = f"{tables[name].shape[1]} features"
        print(f"  {name:24}{features:>14}{found.mean():9.1%} +- {found.std():.1%}")
    worse = [
        kind
        for kind in ("statistics", "curves", "all")
        if accuracies[f"{kind}, ours"].mean() < accuracies[f"{kind}, giotto-tda"].mean()
    ]
    for kind in worse:
        print(f"MISSED: {kind}: giotto-tda's are more accurate")
    return int(bool(worse))


def accuracy(table: np.ndarray, y: np.ndarray, folds: list) -> float:
    """Return the share of images named right, each by an SVM that has not seen it."""
    right = 0
    for training, test in folds:
        machine = make_pipeline(
            FunctionTransformer(np.arcsinh), StandardScaler(), SVC(C=10)
        )
        machine.fit(table[training], y[training])
        right += (machine.predict(table[test]) == y[test]).sum()
    return right / len(y)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("folder", type=Path, help="a folder with labels.csv and images")
    add("--groups", required=True, metavar="COLUMN", help="what must not be split")
    add("--merge-at", metavar="TEXT", help="cut labels at this text, e.g. +")
    add("--drop", nargs="+", default=(), metavar="LABEL", help="labels to leave out")
    add("--size", type=size, metavar="HEIGHTxWIDTH", help="resample and crop")
    add("--repeats", type=int, default=5, help="times that folds are drawn")
    add("--timed", type=int, default=10, help="images to time")
    return parser.parse_args()


def size(text: str) -> tuple[int, int]:
    numbers = [int(n) for n in text.lower().split("x")]
    return numbers[0], numbers[-1]


if __name__ == "__main__":
    sys.exit(main())

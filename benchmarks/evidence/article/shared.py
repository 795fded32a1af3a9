"""What the experiments on the article's tables share: fields, measures, kept results.

An experiment is a list of rows. Each row of each seed is computed once and kept in a
JSON file, so that an interrupted run goes on where it was; the table made of them, with
the article's own figures between the lines, is written beside it as a CSV file.
"""

import argparse
import csv
import dataclasses
import json
import time
from pathlib import Path

import numpy as np

from morphokeras.datasets import make_phase_field
from morphokeras.metrics import compare, mean_interval

RESULTS = Path("benchmarks/evidence/results")
SCALES = {
    # Width and steps of generators; classifiers have their default width.
    "small": {"size": 32, "filters": 16, "fields": 768, "test": 256, "steps": 300},
    "full": {"size": 128, "filters": 32, "fields": 4096, "test": 1024, "steps": 10_000},
}
CLASSES = {"composition": (0.42, 0.5), "time": (40.0, 80.0, 160.0)}


@dataclasses.dataclass(frozen=True)
class Column:
    """A figure of a table: its name in the results, its title, how it is written."""

    figure: str
    title: str
    digits: int = 3
    factor: float = 1.0


STRUCTURE = (
    Column("two_point", "two-point error", 4),
    Column("chords", "chord divergence", 4),
    Column("phase_size", "phase size error", 3),
    Column("persistence", "persistence", 3),
    Column("euler", "Euler difference", 2),
)
ACCURACY = (
    Column("top_1", "accuracy, %", 1, 100),
    Column("mean_per_class_accuracy", "recall, %", 1, 100),
    Column("macro_f1", "F1, %", 1, 100),
    Column("macro_auc", "AUC, %", 1, 100),
)


class Results:
    """Figures by seed and row, kept in a file that a later run goes on with.

    Parameters
    ----------
    path : Path
        The JSON file; what it holds must have been made with the same settings.
    settings : dict
        What the figures were made with.
    """

    def __init__(self, path: Path, settings: dict):
        self.path = path
        # As JSON has them: lists for tuples.
        self.settings = json.loads(json.dumps(settings))
        self.rows: dict[str, dict[str, dict]] = {}
        if path.exists():
            kept = json.loads(path.read_text())
            if kept["settings"] != self.settings:
                raise SystemExit(
                    f"{path} holds figures made with {kept['settings']}, not with "
                    f"{self.settings}. Give another `--output`, or remove it."
                )
            self.rows = kept["rows"]

    def row(self, seed: int, name: str, compute) -> dict:
        """Return a row of a seed, computed and written if it is not there yet."""
        rows = self.rows.setdefault(str(seed), {})
        if name not in rows:
            rows[name] = compute()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            kept = {"settings": self.settings, "rows": self.rows}
            self.path.write_text(json.dumps(kept, indent=1) + "\n")
            print(f"seed {seed}, {name}: {rows[name]}", flush=True)
        return rows[name]

    def values(self, name: str, figure: str) -> list[float]:
        """Return a figure of a row, one number a seed that has it."""
        found = (rows.get(name, {}).get(figure) for rows in self.rows.values())
        return [value for value in found if value is not None]

    def count(self, name: str) -> int:
        """Return how many seeds have a row."""
        return sum(name in rows for rows in self.rows.values())


def write_table(results: Results, rows, columns) -> None:
    """Write the table of some rows as CSV beside the results, and print it.

    `rows` maps the name of each row to the article's figures by column, or to None.
    Rows that no seed has are left out.
    """
    lines = [["", "seeds", *(column.title for column in columns)]]
    for name, article in rows.items():
        if not results.count(name):
            continue
        cells = (cell(results.values(name, c.figure), c) for c in columns)
        lines.append([name, str(results.count(name)), *cells])
        if article:
            said = (article.get(column.figure, "") for column in columns)
            lines.append(["*in the article*", "", *said])
    with results.path.with_suffix(".csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)))


def cell(values: list[float], column: Column) -> str:
    """Return a mean with its 95 % interval; without, of fewer than three seeds."""
    if not values:
        return ""
    mean, low, high = mean_interval([column.factor * value for value in values])
    text = f"{mean:.{column.digits}f}"
    return text if np.isnan(low) else f"{text} ± {(high - low) / 2:.{column.digits}f}"


def phase_fields(
    number: int, size: int, seed: int, gradient_energy: float
) -> np.ndarray:
    """Return Cahn-Hilliard fields of many fractions, (number, size, size).

    All lengths go with the square root of the gradient energy.
    """
    fields, _ = make_phase_field(
        number,
        shape=(size, size),
        composition=0.5,
        composition_spread=0.05,
        gradient_energy=gradient_energy,
        time=80.0 * gradient_energy,
        random_state=seed,
    )
    return fields


def phase_classes(number: int, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return Cahn-Hilliard fields of six classes, and their labels.

    Two compositions that overlap, at three times.
    """
    return make_phase_field(
        number,
        shape=(size, size),
        composition_spread=0.05,
        random_state=seed,
        **CLASSES,
    )


def structure(real, generated, boundary: str, seed: int) -> dict[str, float]:
    """Return the five structural metrics of two sets of fields."""
    table = compare(
        real,
        generated,
        boundary=boundary,
        max_pairwise=128,
        n_bootstrap=1,
        random_state=seed,
    )
    return {name: float(table.loc[name, "value"]) for name in table.index}


def clock(scale: str) -> float:
    """Return seconds: of the processor, or of the wall where a GPU computes."""
    return time.process_time() if scale == "small" else time.perf_counter()


def timed_fit(estimator, scale: str, *data) -> float:
    """Train, and return the seconds that it took."""
    start = clock(scale)
    estimator.fit(*data)
    return clock(scale) - start


def fit_for(estimator, seconds: float, scale: str, *data) -> float:
    """Train for about so many seconds, and return how many they were.

    A first training, of two epochs, says how long one takes.
    """
    estimator.set_params(epochs=1).fit(*data)
    one = timed_fit(estimator.set_params(epochs=2), scale, *data) / 2
    epochs = max(1, round(seconds / one))
    return timed_fit(estimator.set_params(epochs=epochs), scale, *data)


def epochs_of(steps: int, number: int, batch_size: int = 32) -> int:
    """Return the passes over so many images that make so many steps."""
    return max(1, round(steps / np.ceil(number / batch_size)))


def parse_arguments(description: str, name: str, **more) -> argparse.Namespace:
    """Return the arguments of an experiment; `more` adds options of its own."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    seeds_help = "what to compute; none: write the table of what is there"
    add("--seeds", type=int, nargs="*", default=[0, 1, 2], help=seeds_help)
    add("--scale", choices=SCALES, default="small", help="'full' wants a GPU")
    add("--output", type=Path, default=RESULTS / f"article_{name}.json")
    for option, settings in more.items():
        add(f"--{option}", **settings)
    return parser.parse_args()

"""A report on how far two sets of microstructures are alike."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from morphokeras.metrics import compare, describe
from morphokeras.plots import ChordLengthDisplay, SampleGridDisplay, TwoPointDisplay
from morphokeras.plots._style import import_pyplot
from morphokeras.reports._page import Page

WORDS = {
    "two_point": "Two-point error",
    "chords": "Chord divergence",
    "phase_size": "Phase size error",
    "persistence": "Persistence distance",
    "euler": "Euler number error",
    "volume_fraction": "Volume fraction",
    "specific_surface": "Specific surface",
    "mean_curvature": "Integral of mean curvature",
    "euler_density": "Euler number",
    "mean_chord": "Mean chord",
    "mean_diameter": "Mean diameter of parts",
}


def report(
    real: np.ndarray,
    generated: np.ndarray,
    path: str | os.PathLike,
    *,
    names: tuple[str, str] = ("Real", "Generated"),
    title: str | None = None,
    um_per_px: float | None = None,
    n_columns: int = 8,
    groups: Sequence | None = None,
    generated_groups: Sequence | None = None,
    boundary: str = "open",
    threshold: float = 0.5,
    phase: int | None = None,
    spatial_dims: int = 2,
    random_state: int | np.random.RandomState | None = 0,
    **options: Any,
) -> None:
    r"""Write one HTML file that compares two sets of microstructures.

    It holds the table of `morphokeras.metrics.compare`, what it says in plain words,
    what each set is by `morphokeras.metrics.describe`, example fields, two-point
    curves, chord lengths, the conventions and the versions. It needs no other file, and
    prints well.

    Parameters
    ----------
    real, generated : ndarray of shape (n_samples, \*shape)
        Fields with values in [0, 1], booleans, or with `phase` labels.
    path : str or path-like
        The file to write. An older one is replaced when the new one is complete.
    names : tuple of two str, default=("Real", "Generated")
        What to call the sets, such as the names of two alloys; not the same.
    title : str, default=None
        The heading. By default made of the names.
    um_per_px : float, default=None
        Micrometres per pixel, to give lengths in micrometres.
    n_columns : int, default=8
        Example fields of each set.
    groups, generated_groups, boundary, threshold, phase, spatial_dims, random_state
        As in `morphokeras.metrics.compare`.
    **options
        Further arguments of `compare`.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        As `compare`.
    OSError
        If the file cannot be written; an older one is then left as it was.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from morphokeras.reports import report
    >>> fields = np.random.default_rng(0).random((16, 16, 16)) < 0.4
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "report.html")
    ...     report(fields[:8], fields[8:], path, n_bootstrap=10)
    ...     "Two-point error" in path.read_text()
    True
    """
    import_pyplot()
    names = _checked_names(names)
    page = Page(
        f"{names[1]} against {names[0]}" if title is None else title,
        f"{names[0]}: {_described(real)}. {names[1]}: {_described(generated)}."
        + ("" if phase is None else f" The phase is the label {phase}."),
    )
    add_comparison(
        page,
        {names[0]: np.asarray(real), names[1]: np.asarray(generated)},
        um_per_px=um_per_px,
        n_columns=n_columns,
        groups=groups,
        generated_groups=generated_groups,
        boundary=boundary,
        threshold=threshold,
        phase=phase,
        spatial_dims=spatial_dims,
        random_state=random_state,
        **options,
    )
    page.write(path)


def add_comparison(
    page: Page,
    sets: dict[str, np.ndarray],
    *,
    um_per_px: float | None,
    n_columns: int,
    boundary: str,
    threshold: float,
    phase: int | None,
    spatial_dims: int,
    **options: Any,
) -> None:
    """Add the sections that compare two sets, the first one being the reference."""
    first, second = sets
    table = compare(
        sets[first],
        sets[second],
        boundary=boundary,
        threshold=threshold,
        phase=phase,
        spatial_dims=spatial_dims,
        **options,
    )
    page.heading("How far the sets lie apart")
    for name, row in table.iterrows():
        page.paragraph(f"{WORDS[str(name)]}: {_verdict(row, first)}")
    shown = table.drop(columns="convention").rename(index=WORDS)
    shown.columns = ["distance", "low", "high", "floor", "floor, upper"]
    page.table(shown)
    page.paragraph(
        "Low and high are the ends of the bootstrap interval. The floor is the mean "
        f"distance between two random halves of {first}, and its upper quantile: what "
        "lies below cannot be told from other fields of the same kind."
    )
    page.heading("What each set is")
    page.table(
        _descriptions(
            sets,
            um_per_px=um_per_px,
            boundary=boundary,
            threshold=threshold,
            phase=phase,
            spatial_dims=spatial_dims,
            options=options,
        ),
        words=("unit", *sets),
    )
    page.paragraph(
        "Means with their intervals over groups, by Student's t. Surfaces, curvature "
        "and Euler number are by the area or volume of the fields."
    )
    page.heading("Examples")
    pictures = _pictures(sets, phase)
    page.figure(
        SampleGridDisplay.from_fields(
            pictures, n_columns=n_columns, um_per_px=um_per_px
        ).figure_,
        f"The first fields of {first} and {second}.",
    )
    page.heading("Two-point correlation")
    page.figure(
        TwoPointDisplay.from_fields(
            pictures,
            boundary=boundary,
            spatial_dims=spatial_dims,
            um_per_px=um_per_px,
        ).figure_,
        "How often two points at a distance are both of the phase.",
    )
    page.heading("Chords")
    page.figure(
        ChordLengthDisplay.from_fields(
            sets,
            threshold=threshold,
            phase=phase,
            boundary=boundary,
            spatial_dims=spatial_dims,
            um_per_px=um_per_px,
        ).figure_,
        "Lengths of the lines that the phase cuts out, along all axes.",
    )
    page.heading("Conventions")
    page.rows(table.convention.rename(index=WORDS).items(), "conventions")


def _descriptions(
    sets: dict[str, np.ndarray], *, options: dict[str, Any], **conventions: Any
) -> Any:
    """Return what each set is: a mean and its interval, in words."""
    import pandas

    shared = {
        k: options[k] for k in ("connectivity", "cut", "confidence") if k in options
    }
    keys = ("groups", "generated_groups")
    columns: dict[str, Any] = {}
    for (name, fields), key in zip(sets.items(), keys, strict=True):
        table = describe(fields, groups=options.get(key), **shared, **conventions)
        columns["unit"] = table["unit"]
        columns[name] = [
            _with_interval(*row) for row in table[["mean", "low", "high"]].to_numpy()
        ]
    found = pandas.DataFrame(columns, index=table.index).rename(index=WORDS)
    return found[[*sets, "unit"]]


def _with_interval(mean: float, low: float, high: float) -> str:
    if np.isnan(mean):
        return "–"
    if np.isnan(low):
        return f"{mean:.3g}"
    return f"{mean:.3g} ({low:.3g} to {high:.3g})"


def _checked_names(names: Any) -> tuple[str, str]:
    is_pair = not isinstance(names, str) and len(names) == 2
    if not is_pair or len({*names}) != 2 or not all(isinstance(n, str) for n in names):
        raise ValueError(
            f"`names` must be two different names. Received: names={names!r}."
        )
    return names[0], names[1]


def _verdict(row: Any, reference: str) -> str:
    """Return in words what a row of the table says."""
    if np.isnan(row["value"]):
        return "no number; see the conventions below."
    if np.isnan(row["floor_high"]):
        return f"too few groups in {reference} to say what is to be expected."
    if row["value"] <= row["floor_high"]:
        return f"not to be told from two halves of {reference}."
    ratio = row["value"] / row["floor"] if row["floor"] > 0 else np.inf
    times = f"{ratio:.1f} times" if ratio < 100 else "far more than"
    if row["low"] > row["floor_high"]:
        return f"the sets differ, {times} the distance of two halves of {reference}."
    return f"{times} the distance of two halves of {reference}, but not beyond doubt."


def _described(fields: np.ndarray) -> str:
    size = " × ".join(str(size) for size in np.shape(fields)[1:])
    return f"{len(fields)} fields of {size}"


def _pictures(sets: dict[str, np.ndarray], phase: int | None) -> dict[str, np.ndarray]:
    if phase is None:
        return {name: fields.astype("float32") for name, fields in sets.items()}
    return {name: (fields == phase).astype("float32") for name, fields in sets.items()}

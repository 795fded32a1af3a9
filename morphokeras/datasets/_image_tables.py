"""Tables of image files, labels, groups and scales."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from morphokeras.datasets._image_files import SUFFIXES

UNKNOWN_GROUP = "unknown"
LISTED_ITEMS = 20
SEGMENTATION_FOLDERS = {"labels", "masks", "annotations"}


def find_images(
    path: Path, file: str, label: str, group: str | None, scale: str | None
) -> pd.DataFrame:
    """Return a table with the columns file, path, label, group and um_per_px."""
    if not path.exists():
        raise FileNotFoundError(
            f"`path` must be a folder of images or a CSV file. Nothing is at {path}."
        )
    table_file = path if path.is_file() else _table_in(path)
    if table_file is not None:
        return _read_table(table_file, file, label, group, scale)
    if group or scale:
        raise ValueError(
            "`group_column` and `um_per_px_column` name columns of a CSV table, and "
            f"{path} holds no labels.csv. Received: group_column={group!r}, "
            f"um_per_px_column={scale!r}."
        )
    return _read_class_folders(path)


def _table_in(folder: Path) -> Path | None:
    """Return labels.csv, or the only CSV file of a folder."""
    tables = sorted(p for p in folder.iterdir() if p.suffix.lower() == ".csv")
    named = [p for p in tables if p.name.lower() == "labels.csv"]
    if named:
        return named[0]
    if len(tables) > 1:
        raise ValueError(
            f"{folder} holds {len(tables)} CSV files and none is named labels.csv. "
            "Give the path of the one to read as `path`."
        )
    return tables[0] if tables else None


def _read_table(
    source: Path, file: str, label: str, group: str | None, scale: str | None
) -> pd.DataFrame:
    """Read the named columns of a CSV file."""
    separator = _separator(source)
    raw = pd.read_csv(
        source, sep=separator, dtype=str, keep_default_na=False, skipinitialspace=True
    )
    wanted = {"file_column": file, "label_column": label}
    wanted |= {"group_column": group} if group else {}
    wanted |= {"um_per_px_column": scale} if scale else {}
    for parameter, column in wanted.items():
        if column not in raw.columns:
            raise ValueError(
                f"`{parameter}` must name a column of {source}, which has "
                f"{list(raw.columns)}. Received: {parameter}={column!r}."
            )
    folder = source.parent
    images = folder / "images"
    return pd.DataFrame(
        {
            "file": raw[file].str.strip(),
            "path": [_locate(name.strip(), folder, images) for name in raw[file]],
            "label": raw[label].str.strip(),
            "group": raw[group].str.strip() if group else UNKNOWN_GROUP,
            "um_per_px": _as_scales(raw[scale], source) if scale else np.nan,
        }
    )


def _separator(source: Path) -> str:
    """Return what separates the names of the columns."""
    with open(source, encoding="utf-8", errors="replace") as file:
        first = file.readline()
    if not first.strip():
        raise ValueError(
            f"{source} must begin with the names of its columns, such as "
            "file,label. Its first line is empty."
        )
    return max(",;\t", key=first.count)


def _locate(name: str, folder: Path, images: Path) -> Path:
    """Return the path of an image named in a table."""
    beside = folder / name
    return beside if beside.exists() or not images.is_dir() else images / name


def _as_scales(column: pd.Series, source: Path) -> pd.Series:
    """Return micrometres per pixel, NaN for empty cells."""
    empty = column.str.strip() == ""
    numbers = column.where(~empty).str.replace(",", ".")
    scales = pd.to_numeric(numbers, errors="coerce")
    wrong = ~empty & ~((scales > 0) & np.isfinite(scales))
    if wrong.any():
        raise ValueError(
            f"Column {column.name!r} of {source} must hold positive numbers or "
            f"nothing. Received: {listed(sorted(set(column[wrong])))}."
        )
    return scales.astype(float)


def _read_class_folders(folder: Path) -> pd.DataFrame:
    """List the images of a folder whose sub-folders are classes."""
    files = sorted(
        p
        for p in folder.rglob("*")
        if p.suffix.lower() in SUFFIXES and p.parent != folder
    )
    if not files:
        raise ValueError(
            f"{folder} holds neither a CSV file nor sub-folders with "
            f"{', '.join(SUFFIXES)} files. Put the images of each class into a "
            "sub-folder named after it, or list them in a labels.csv with the columns "
            "file and label."
        )
    names = [p.relative_to(folder) for p in files]
    classes = {name.parts[0] for name in names}
    if "images" in classes and classes & SEGMENTATION_FOLDERS:
        raise ValueError(
            f"The sub-folders of {folder} are {listed(sorted(classes))}: label maps of "
            "images, it seems, not classes. Give a folder with one sub-folder a class."
        )
    return pd.DataFrame(
        {
            "file": [name.as_posix() for name in names],
            "path": files,
            "label": [name.parts[0] for name in names],
            "group": UNKNOWN_GROUP,
            "um_per_px": np.nan,
        }
    )


def select_images(
    table: pd.DataFrame, merge_at: str | None, drop: Sequence[str], missing_groups: str
) -> pd.DataFrame:
    """Merge and drop labels, and settle missing groups."""
    written = table["label"]
    drop = [drop] if isinstance(drop, str) else list(drop)
    merged = (
        written.str.split(merge_at, n=1, regex=False).str[0] if merge_at else written
    )
    merged = merged.str.strip()
    if unknown := sorted(set(drop) - set(written) - set(merged)):
        raise ValueError(
            f"`drop` must name labels that occur: {listed(sorted(set(merged)))}. "
            f"Received: {listed(unknown)}."
        )
    keep = ~(written.isin(drop) | merged.isin(drop))
    table = table.assign(label=merged)[keep]
    table = _settle_groups(table, missing_groups).reset_index(drop=True)
    if table.empty:
        raise ValueError("No image is left: look at `drop` and `missing_groups`.")
    if bare := int((table["label"] == "").sum()):
        warnings.warn(
            f'{bare} of {len(table)} images have no label; their target is "". Leave '
            'them out with `drop=[""]`, or train on them with `unlabeled=""`.',
            UserWarning,
            stacklevel=3,
        )
    return table


def _settle_groups(table: pd.DataFrame, missing_groups: str) -> pd.DataFrame:
    """Put images without a group together, apart or away."""
    missing = table["group"] == ""
    if not missing.any():
        return table
    fate = {
        "together": f"they form one group {UNKNOWN_GROUP!r}",
        "apart": "each forms its own group, so specimens may be split over folds",
        "drop": "they are left out",
    }[missing_groups]
    warnings.warn(
        f"{int(missing.sum())} of {len(table)} images have no group: {fate}. Choose "
        "with `missing_groups`: 'together', 'apart' or 'drop'.",
        UserWarning,
        stacklevel=4,
    )
    if missing_groups == "drop":
        return table[~missing]
    own = UNKNOWN_GROUP + " " + table["file"]
    return table.assign(
        group=table["group"].mask(
            missing, own if missing_groups == "apart" else UNKNOWN_GROUP
        )
    )


def listed(items: Sequence[str], separator: str = ", ") -> str:
    """Join the first items and count the rest."""
    shown = separator.join(str(item) for item in items[:LISTED_ITEMS])
    rest = len(items) - LISTED_ITEMS
    return shown + (f"{separator}and {rest} more" if rest > 0 else "")

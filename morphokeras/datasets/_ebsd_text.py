"""Tables of numbers in text files, with the line of what cannot be read."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from morphokeras.ebsd import Phase

LOOKED_AT = 100
"""Data lines that decide on the decimal mark."""


def read_header(path: Path, is_data: Callable[[str], bool]) -> tuple[list[str], str]:
    """Return the lines before the data, and the file's encoding.

    Parameters
    ----------
    path : Path
        A text file.
    is_data : callable
        Says of a line whether it is the first of the data.

    Returns
    -------
    lines : list of str
        Without their ends.
    encoding : str
        UTF-8, UTF-16 if the file says so, or else Latin-1.

    Raises
    ------
    ValueError
        If there is no data.
    """
    with open(path, "rb") as file:
        mark = file.read(2)
    encodings = ["utf-16"] if mark in (b"\xff\xfe", b"\xfe\xff") else []
    for encoding in [*encodings, "utf-8-sig", "latin-1"]:
        lines: list[str] = []
        try:
            with open(path, encoding=encoding) as file:
                for line in file:
                    if is_data(line):
                        return lines, encoding
                    lines.append(line.rstrip("\r\n"))
        except UnicodeError:
            continue
        break
    raise ValueError(
        f"{path} holds no line of data: {len(lines)} lines were read. Is the file cut "
        "short, or of another kind than its suffix says?"
    )


def read_table(
    path: Path, n_header: int, encoding: str
) -> tuple[pd.DataFrame, list[str]]:
    """Return the numbers after a header, and what had to be mended.

    Parameters
    ----------
    path : Path
        A text file of numbers between blanks or tabs; lines of ``#`` are passed over.
    n_header : int
        Lines before the data.
    encoding : str
        Of the file.

    Returns
    -------
    table : DataFrame of float
        Columns 0, 1 ...
    remarks : list of str
        A last line that is cut short is left out, and named here.

    Raises
    ------
    ValueError
        With the line, if the lines differ in length or hold anything but numbers.
    """
    decimal = _decimal_mark(path, n_header, encoding)
    width = len(next(_data_lines(path, n_header, encoding))[1])
    options = {
        "sep": r"\s+",
        "header": None,
        "names": range(width),
        "skiprows": n_header,
        "decimal": decimal,
        "comment": "#",
        "encoding": encoding,
        "index_col": False,
        "dtype": float,
    }
    try:
        table = pd.read_csv(path, **options)  # type: ignore[call-overload]
    except ValueError:  # of pandas, which does not say where; its ParserError is one
        _refuse_bad_line(path, n_header, encoding, width, decimal)
        raise
    last = _cut_last_line(path, n_header, encoding, width) if _has_gaps(table) else 0
    if _has_gaps(table):
        _refuse_bad_line(path, n_header, encoding, width, decimal, last)
    if not last:
        return table, []
    return table.iloc[:-1], [f"its last line, {last}, is cut short and was left out"]


def line_of_row(path: Path, n_header: int, encoding: str, row: int) -> int:
    """Return the number of the line that a row of the table was read from."""
    for count, (number, _) in enumerate(_data_lines(path, n_header, encoding)):
        if count == row:
            return number
    raise ValueError(f"{path} has no data line {row}.")


def phase_numbers(
    path: Path, column: pd.Series, n_header: int, encoding: str
) -> np.ndarray:
    """Return the column of phases as integers; refuse what is no whole number."""
    values = column.to_numpy()
    bad = ~np.isfinite(values) | (values != np.rint(values))
    if bad.any():
        row = int(np.argmax(bad))
        line = line_of_row(path, n_header, encoding, row)
        raise ValueError(
            f"{path}, line {line}: the phase must be a whole number, got "
            f"{values[row]:g}. Are the columns in their usual order?"
        )
    return values.astype(int)


def name_all_phases(
    numbers: np.ndarray, phases: dict[int, Phase], remarks: list[str], x_axis: str = "a"
) -> dict[int, Phase]:
    """Return the header's phases and those that only points have; remark on these."""
    unnamed = sorted(set(numbers[numbers > 0].tolist()) - set(phases))
    if unnamed and phases:
        remarks.append(
            f"points have phases that the header does not name, {unnamed}: give their "
            f'symmetry, for example with `phases={{{unnamed[0]}: "m-3m"}}`'
        )
    more = {n: Phase(f"phase {n}", None, x_axis=x_axis) for n in unnamed}
    return dict(sorted((phases | more).items()))


def is_numeric(fields: list[str]) -> bool:
    """Return whether all fields are numbers, with a decimal point or comma."""
    return bool(fields) and all(_is_number(f.replace(",", ".")) for f in fields)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _data_lines(
    path: Path, n_header: int, encoding: str
) -> Iterator[tuple[int, list[str]]]:
    """Yield the numbers and the fields of the lines of data."""
    with open(path, encoding=encoding) as file:
        for number, line in enumerate(file, start=1):
            fields = line.split("#")[0].split()
            if number > n_header and fields:
                yield number, fields


def _decimal_mark(path: Path, n_header: int, encoding: str) -> str:
    """Return the decimal mark; refuse a mixture."""
    lines = _data_lines(path, n_header, encoding)
    for number, fields in islice(lines, LOOKED_AT):
        text = " ".join(fields)
        if "," in text and "." in text:
            raise ValueError(
                f"{path}, line {number}: it mixes points and commas: {text[:60]!r}. "
                "Numbers must be separated by blanks or tabs, with one decimal mark."
            )
        if "," in text or "." in text:
            return "," if "," in text else "."
    return "."


def _has_gaps(table: pd.DataFrame) -> bool:
    return bool(table.iloc[:, -1].isna().any())


def _cut_last_line(path: Path, n_header: int, encoding: str, width: int) -> int:
    """Return the number of the last line if it alone has too few fields, else 0."""
    short, number = [], 0
    for number, fields in _data_lines(path, n_header, encoding):
        if len(fields) < width:
            short.append(number)
    return number if short == [number] else 0


def _refuse_bad_line(
    path: Path, n_header: int, encoding: str, width: int, decimal: str, passed: int = 0
) -> None:
    """Raise an error that names the first line that is wrong."""
    for number, fields in _data_lines(path, n_header, encoding):
        if number == passed:
            continue
        if len(fields) != width:
            raise ValueError(
                f"{path}, line {number}: it has {len(fields)} columns, the first line "
                f"of data has {width}. Export the map again."
            )
        for column, field in enumerate(fields, start=1):
            text = field.replace(",", ".") if decimal == "," else field
            if not _is_number(text):
                raise ValueError(
                    f"{path}, line {number}, column {column}: expected a number, got "
                    f"{field!r}. Export the map again, or correct the line."
                )


def place(
    values: np.ndarray, index: np.ndarray, shape: tuple[int, int], fill
) -> np.ndarray:
    """Return values of points as an image, `fill` where there is no point."""
    image = np.full((shape[0] * shape[1], *values.shape[1:]), fill, values.dtype)
    image[index] = values
    return image.reshape(*shape, *values.shape[1:])

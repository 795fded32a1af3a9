"""Tables with one row a method and run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas


def check_scores(scores: Any) -> pandas.DataFrame:
    """Return a table of scores; refuse one without methods, runs and numbers.

    Parameters
    ----------
    scores : pandas.DataFrame or Bunch
        The table, or what holds it under `scores`.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    ValueError
        If a column is missing or a method has a run twice.
    """
    table = scores["scores"] if isinstance(scores, Mapping) else scores
    columns = list(getattr(table, "columns", []))
    if not {"method", "run"} < set(columns) or not len(table):
        raise ValueError(
            "`scores` must be a table with the columns 'method' and 'run' and at least "
            f"one score, as `score_runs` makes it. Received the columns {columns}."
        )
    twice = table[["method", "run"]].duplicated()
    if twice.any():
        method, run = table.loc[twice.idxmax(), ["method", "run"]]
        raise ValueError(
            f"`scores` must hold each run of a method once. Received run {run} of "
            f"{method!r} more than once: average it first, or name the runs apart."
        )
    return table


def score_names(table: pandas.DataFrame) -> list[str]:
    """Return the columns of a table that hold scores."""
    return [name for name in table.columns if name not in ("method", "run")]

"""What all figures share: the plotting library, colours and field checks."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

# Okabe and Ito's colours, which the colour-blind tell apart; black for what is real.
COLOURS = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
LINES = ("-", "--", "-.", ":")

Axes = Any
Figure = Any


def import_pyplot() -> ModuleType:
    """Return matplotlib.pyplot, or say how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Figures need matplotlib, which is not installed. Install it with "
            '`pip install "morphokeras[plots]"`.'
        ) from error
    return plt


def check_sets(sets: object, name: str = "sets") -> dict[str, np.ndarray]:
    """Return sets of fields as arrays by their names; refuse what is none."""
    if not isinstance(sets, Mapping):
        raise TypeError(
            f"`{name}` must be a dict of sets of fields by their names, for example "
            f'{{"Real": fields}}. Received: {type(sets).__name__}.'
        )
    if not sets:
        raise ValueError(f"`{name}` must hold at least one set of fields. It is empty.")
    arrays = {key: np.asarray(fields) for key, fields in sets.items()}
    for key, fields in arrays.items():
        if fields.dtype.kind not in "biuf":
            raise TypeError(
                f"`{name}` must hold real numbers. Received dtype {fields.dtype} in "
                f"{key!r}."
            )
        if fields.size == 0:
            raise ValueError(f"`{name}` must hold fields. {key!r} is empty.")
    return arrays


def as_phase(
    fields: np.ndarray, threshold: float | None, phase: int | None
) -> np.ndarray:
    """Return where fields are of a phase; without both arguments, their values."""
    if phase is not None:
        return fields == phase
    if fields.dtype.kind in "iu" and fields.max() > 1:
        raise ValueError(
            "`sets` must hold values in [0, 1] or booleans. Received: whole numbers up "
            f"to {fields.max()}. Pass `phase`, the label to draw, or divide grey "
            "values by their range, for example by 255."
        )
    if not np.isfinite(fields).all():
        raise ValueError(
            "`sets` must hold finite values. Received NaN or infinity: leave these "
            "fields out, or crop them."
        )
    return fields if threshold is None else fields > threshold


def check_um_per_px(um_per_px: float | None) -> None:
    """Raise unless a pixel size is unknown or positive."""
    if um_per_px is not None and not 0 < um_per_px < np.inf:
        raise ValueError(
            "`um_per_px` must be a positive number of micrometres per pixel. "
            f"Received: um_per_px={um_per_px!r}."
        )


def as_pictures(fields: np.ndarray, name: str) -> np.ndarray:
    """Return fields as pictures: no channel axis, volumes by their middle section."""
    fields = np.asarray(fields)
    if fields.ndim > 3 and fields.shape[-1] == 1:
        fields = fields[..., 0]
    if fields.ndim == 4:
        fields = fields[:, fields.shape[1] // 2]
    if fields.ndim != 3 or fields.size == 0:
        raise ValueError(
            f"`{name}` must have the shape (n_samples, height, width), with one axis "
            "more for volumes or for a single channel, and must not be empty. "
            f"Received: shape={fields.shape}."
        )
    return fields


def without_ticks(ax: Axes) -> None:
    """Remove ticks and frame from the axes of a picture."""
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)

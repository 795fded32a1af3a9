"""What all figures share: the plotting library, colours and field checks."""

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

"""Grain boundaries as lines between pixels."""

from typing import Any

import numpy as np

from morphokeras.ebsd.grains import neighbour_misorientations
from morphokeras.ebsd.map import EBSDMap
from morphokeras.plots._style import COLOURS, Axes

HIGH_ANGLE = 15.0


def draw_boundaries(ax: Axes, ebsd: EBSDMap, threshold: float, color: str) -> list[Any]:
    """Draw all boundaries in one colour.

    Parameters
    ----------
    ax : matplotlib Axes
        Axes that show the map, one data unit a pixel.
    ebsd : EBSDMap
        On square pixels.
    threshold : float
        Degrees from which on a misorientation is a boundary.
    color : str
        Colour of the lines.

    Returns
    -------
    list of matplotlib Line2D
        What belongs into the legend.
    """
    pairs, angles = neighbour_misorientations(ebsd)
    crossed = pairs[angles >= threshold]
    label = f"boundary, at least {threshold:g}°"
    return [_draw(ax, crossed, ebsd.shape[1], label, color, 0.7)]


def draw_boundary_kinds(ax: Axes, ebsd: EBSDMap, threshold: float) -> list[Any]:
    """Draw boundaries of low angle, of high angle and of phases, each in its colour.

    Parameters and what is returned are those of :func:`draw_boundaries`.
    """
    pairs, angles = neighbour_misorientations(ebsd)
    high = max(threshold, HIGH_ANGLE)
    low_label = f"boundary, {threshold:g} to {high:g}°"
    kinds = [
        (low_label, COLOURS[1], 0.6, (angles >= threshold) & (angles < high)),
        (f"boundary, at least {high:g}°", COLOURS[0], 1.1, angles >= high),
        ("boundary of phases", COLOURS[6], 1.1, np.isinf(angles)),
    ]
    return [
        _draw(ax, pairs[chosen], ebsd.shape[1], label, color, width)
        for label, color, width, chosen in kinds
        if chosen.any()
    ]


def boundary_segments(pairs: np.ndarray, width: int) -> np.ndarray:
    """Return the sides that pairs of neighbouring pixels share.

    Parameters
    ----------
    pairs : ndarray of shape (n_pairs, 2), int
        Flat indices; the second pixel lies right of the first or below it.
    width : int
        Pixels in a row.

    Returns
    -------
    ndarray of shape (n_pairs, 2, 2)
        Start and end of each side as (x, y), pixel centres at whole numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.plots._boundary_lines import boundary_segments
    >>> boundary_segments(np.array([[0, 1], [0, 3]]), 3).tolist()
    [[[0.5, -0.5], [0.5, 0.5]], [[-0.5, 0.5], [0.5, 0.5]]]
    """
    row, column = np.divmod(pairs[:, 0], width)
    is_right = pairs[:, 1] == pairs[:, 0] + 1
    end = np.stack([column + 0.5, row + 0.5], axis=-1)
    start = end - np.where(is_right[:, np.newaxis], (0, 1), (1, 0))
    return np.stack([start, end], axis=1)


def _draw(
    ax: Axes, pairs: np.ndarray, width: int, label: str, color: str, linewidth: float
) -> Any:
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D

    style: dict[str, Any] = {"color": color, "linewidth": linewidth}
    # Projecting ends close the corners of the staircase.
    lines = LineCollection(
        list(boundary_segments(pairs, width)), capstyle="projecting", **style
    )
    ax.add_collection(lines, autolim=False)
    return Line2D([], [], label=label, **style)

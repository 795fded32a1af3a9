"""Keys that say which crystal direction has which colour."""

import re

import numpy as np

from morphokeras.ebsd.colors import KEYS, direction_colors, sector_corners
from morphokeras.ebsd.symmetry import laue_group
from morphokeras.plots._style import Axes


def draw_ipf_key(ax: Axes, symmetry: str, *, n_pixels: int = 200) -> None:
    """Draw the coloured sector of a Laue group, with the indices of its corners.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    symmetry : str
        Laue or point group.
    n_pixels : int, default=200
        Pixels along each side of the picture.

    Notes
    -----
    The projection is stereographic, with x to the right and y up.
    """
    corners = sector_corners(symmetry)
    outline = _outline(np.array(list(corners.values())))
    low, high = outline.min(axis=0), outline.max(axis=0)
    x, y = np.meshgrid(*np.linspace(low, high, n_pixels).T)
    image = ax.imshow(
        direction_colors(_directions(x, y), symmetry),
        origin="lower",
        extent=(low[0], high[0], low[1], high[1]),
        interpolation="bilinear",
    )
    (edge,) = ax.fill(*outline.T, facecolor="none", edgecolor="black", linewidth=0.8)
    image.set_clip_path(edge)
    middle = outline.mean(axis=0)
    for name, place in zip(corners, _project(list(corners.values())), strict=True):
        away = (place - middle) / np.linalg.norm(place - middle)
        ax.annotate(
            miller_text(name),
            place,
            xytext=10 * away * (1.3, 1.0),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=8,
        )
    ax.set_axis_off()


def key_group(symmetry: str) -> str:
    """Return the Laue group whose key a group has.

    Examples
    --------
    >>> from morphokeras.plots._ipf_key import key_group
    >>> key_group("432"), key_group("2/m")
    ('m-3m', 'mmm')
    """
    laue = laue_group(symmetry)
    return KEYS.get(laue, laue)


def miller_text(indices: str) -> str:
    r"""Return Miller indices with bars for minus signs.

    Examples
    --------
    >>> from morphokeras.plots._ipf_key import miller_text
    >>> miller_text("2-1-10")
    '$2\\bar{1}\\bar{1}0$'
    """
    return "$" + re.sub(r"-(\d)", r"\\bar{\1}", indices) + "$"


def _outline(corners: np.ndarray, n_points: int = 40) -> np.ndarray:
    """Return the projected sides of a spherical triangle, as a closed line."""
    share = np.linspace(0, 1, n_points, endpoint=False)[:, np.newaxis]
    sides = [
        (1 - share) * start + share * end
        for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True)
    ]
    return _project(np.concatenate(sides))


def _project(directions: np.ndarray | list) -> np.ndarray:
    """Return the stereographic projection of directions above the equator."""
    vectors = np.array(directions, dtype=float)
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors[..., :2] / (1 + vectors[..., 2:])


def _directions(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the unit vectors whose projection is at x and y."""
    squared = x**2 + y**2
    return np.stack([2 * x, 2 * y, 1 - squared], axis=-1) / (1 + squared)[..., None]

"""Colours of orientations: inverse pole figure maps."""

import numpy as np

from morphokeras.ebsd.map import EBSDMap, Phase
from morphokeras.ebsd.misorientation import orientations

SAMPLE_AXES = {"x": (1, 0, 0), "y": (0, 1, 0), "z": (0, 0, 1)}
# Groups whose sector is no triangle take the colours of one with more mirrors.
KEYS = {
    "-1": "mmm",
    "2/m": "mmm",
    "4/m": "4/mmm",
    "-3": "-3m",
    "6/m": "6/mmm",
    "m-3": "m-3m",
}
# Around z: mirrors in so many directions, the first at this azimuth in degrees.
MIRRORS = {"mmm": (2, 0), "4/mmm": (4, 0), "6/mmm": (6, 0), "-3m": (3, -30)}


def ipf_colors(
    ebsd: EBSDMap, direction: str | tuple[float, float, float] = "z"
) -> np.ndarray:
    """Return the inverse pole figure map of a direction.

    The colour of a point says which crystal direction lies along a direction of the
    sample: see :func:`direction_colors`.

    Parameters
    ----------
    ebsd : EBSDMap
        An orientation map.
    direction : {'x', 'y', 'z'} or tuple of 3 floats, default='z'
        Direction in the sample's axes; z is the normal of the surface.

    Returns
    -------
    ndarray of shape (height, width, 3), float32
        Red, green and blue in [0, 1]; black where not indexed.

    Raises
    ------
    ValueError
        If `direction` is none, or the symmetry of a phase is not known.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.ebsd import EBSDMap, Phase, ipf_colors
    >>> y, x = np.indices((1, 3)) * 1.0
    >>> angles = np.deg2rad([[[0, 0, 0], [0, 45, 0], [0, 54.7356, 45]]])
    >>> ebsd = EBSDMap(np.ones((1, 3), int), angles, x, y, (1.0, 1.0),
    ...                {1: Phase("ferrite", "m-3m")})
    >>> ipf_colors(ebsd).round(3).tolist()
    [[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]]
    """
    axis = _sample_direction(direction)
    colors = np.zeros((*ebsd.shape, 3), np.float32)
    for number, phase in ebsd.phases.items():
        points = ebsd.phase_id == number
        if points.any():
            along = orientations(ebsd.euler_angles[points]).inv().apply(axis)
            colors[points] = direction_colors(along, phase)
    return colors


def direction_colors(directions: np.ndarray, symmetry: str | Phase) -> np.ndarray:
    """Return the colours of crystal directions.

    Parameters
    ----------
    directions : ndarray of shape (..., 3)
        Crystal directions in Cartesian axes, of any length but 0.
    symmetry : str or Phase
        Laue or point group, such as ``"m-3m"``, or a phase, whose setting counts then.

    Returns
    -------
    ndarray of shape (..., 3), float32
        Red, green and blue in [0, 1], the same for equivalent directions.

    Raises
    ------
    ValueError
        If there is no such group.

    Notes
    -----
    A direction is brought into the group's sector, a spherical triangle. Red, green and
    blue are its distances from the three sides, each in units of the opposite corner's,
    divided by the greatest: the corners, see :func:`sector_corners`, are purely red,
    green and blue as in the makers' programs, and white is where the three distances
    are equal. Between the corners the makers' shades differ from each other, too.

    Only mmm, 4/mmm, -3m, 6/mmm and m-3m have such a triangle. The colours of the others
    are those of the next of these: -1 and 2/m take those of mmm, 4/m of 4/mmm, -3 of
    -3m, 6/m of 6/mmm, m-3 of m-3m. Colours change nowhere abruptly, save at the
    equator of -3m and -3, but directions that only the added mirrors relate look the
    same. :func:`orientation_channels` has neither fault.

    Examples
    --------
    >>> from morphokeras.ebsd import direction_colors
    >>> direction_colors([[0, 0, 1], [0, -1, 1], [1, 1, -1]], "m-3m").round(3).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    phase = symmetry if isinstance(symmetry, Phase) else Phase("", symmetry)
    key = KEYS.get(phase.laue_group, phase.laue_group)
    flat = np.asarray(directions, float)
    flat = flat / np.linalg.norm(flat, axis=-1, keepdims=True)
    if phase.x_axis == "a*" and key in ("-3m", "6/mmm"):
        flat = _turn(flat, -np.pi / 6)
    folded = _fold_cubic(flat) if key == "m-3m" else _fold_around_z(flat, *MIRRORS[key])
    corners = np.array(list(sector_corners(key).values()))
    sides = np.cross(np.roll(corners, -1, axis=0), np.roll(corners, -2, axis=0))
    sides /= np.linalg.norm(sides, axis=1, keepdims=True)
    greatest = np.arcsin(np.clip(np.sum(sides * corners, axis=1), -1, 1))
    sines = np.clip(folded @ sides.T, -1, 1)
    # A direction on a side may lie beyond it by a rounding error.
    distances = np.clip(np.arcsin(sines) / greatest, 0, 1)
    return (distances / distances.max(axis=-1, keepdims=True)).astype(np.float32)


def sector_corners(symmetry: str) -> dict[str, tuple[float, float, float]]:
    """Return the corners of a colour key, in the order red, green, blue.

    Parameters
    ----------
    symmetry : str
        Laue or point group.

    Returns
    -------
    dict of tuple of 3 floats
        Unit vectors in Cartesian axes, x parallel to a, by their Miller (or, with four
        indices, Miller-Bravais) indices. Those of mmm and 4/mmm are directions [uvw].

    Raises
    ------
    ValueError
        If there is no such group.

    Examples
    --------
    >>> from morphokeras.ebsd import sector_corners
    >>> list(sector_corners("6/mmm"))
    ['0001', '2-1-10', '10-10']
    """
    laue = Phase("", symmetry).laue_group
    key = KEYS.get(laue, laue)
    if key == "m-3m":
        half, third = float(np.sqrt(0.5)), float(np.sqrt(1 / 3))
        return {"001": (0, 0, 1), "101": (half, 0, half), "111": (third, third, third)}
    names = {
        "mmm": ("001", "100", "010"),
        "4/mmm": ("001", "100", "110"),
        "6/mmm": ("0001", "2-1-10", "10-10"),
        "-3m": ("0001", "1-100", "10-10"),
    }[key]
    mirrors, start = MIRRORS[key]
    azimuths = np.deg2rad([start, start + 180 / mirrors])
    equator = [(float(np.cos(a)), float(np.sin(a)), 0.0) for a in azimuths]
    return dict(zip(names, [(0.0, 0.0, 1.0), *equator], strict=True))


def _sample_direction(direction: str | tuple[float, float, float]) -> np.ndarray:
    if isinstance(direction, str) and direction in SAMPLE_AXES:
        return np.array(SAMPLE_AXES[direction], float)
    try:
        vector = np.asarray(direction, float)
    except (TypeError, ValueError):
        vector = np.zeros(0)
    if vector.shape != (3,) or not 0 < np.linalg.norm(vector) < np.inf:
        raise ValueError(
            "`direction` must be 'x', 'y', 'z' or three numbers that are not all 0. "
            f"Received: direction={direction!r}."
        )
    return vector / np.linalg.norm(vector)


def _turn(vectors: np.ndarray, angle: float) -> np.ndarray:
    """Return vectors turned around z."""
    cosine, sine = np.cos(angle), np.sin(angle)
    x, y, z = np.moveaxis(vectors, -1, 0)
    return np.stack([cosine * x - sine * y, sine * x + cosine * y, z], axis=-1)


def _fold_cubic(vectors: np.ndarray) -> np.ndarray:
    """Return equivalent directions with 0 <= y <= x <= z."""
    return np.sort(np.abs(vectors), axis=-1)[..., [1, 0, 2]]


def _fold_around_z(vectors: np.ndarray, mirrors: int, start: float) -> np.ndarray:
    """Return equivalent directions above the equator and between two mirrors."""
    # The inversion, which turns the azimuth by half a turn too.
    upper = np.where(vectors[..., 2:] < 0, -vectors, vectors)
    period, first = 2 * np.pi / mirrors, np.deg2rad(start)
    azimuth = np.mod(np.arctan2(upper[..., 1], upper[..., 0]) - first, period)
    azimuth = np.minimum(azimuth, period - azimuth) + first
    radius = np.hypot(upper[..., 0], upper[..., 1])
    folded = [radius * np.cos(azimuth), radius * np.sin(azimuth), upper[..., 2]]
    return np.stack(folded, axis=-1)

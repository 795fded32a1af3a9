"""Laue groups: their many names, and the rotations that leave a crystal as it is."""

import numpy as np
from scipy.spatial.transform import Rotation

POINT_GROUPS = {
    "-1": ("1", "-1"),
    "2/m": ("2", "m", "2/m", "20"),
    "mmm": ("222", "mm2", "mmm", "22"),
    "4/m": ("4", "-4", "4/m"),
    "4/mmm": ("422", "4mm", "-42m", "-4m2", "4/mmm", "42"),
    "-3": ("3", "-3"),
    "-3m": ("32", "321", "3m", "3m1", "-3m", "-3m1"),
    "6/m": ("6", "-6", "6/m"),
    "6/mmm": ("622", "6mm", "-6m2", "-62m", "6/mmm", "62"),
    "m-3": ("23", "m-3", "m3"),
    "m-3m": ("432", "-43m", "m-3m", "m3m", "43"),
}
"""Laue group and the names of its point groups; the last may be TSL's number."""

LAUE_GROUPS = tuple(POINT_GROUPS)
"""The eleven Laue groups, in the order of the numbers 1 to 11 of ``.ctf`` files."""

LAST_SPACE_GROUPS = (2, 15, 74, 88, 142, 148, 167, 176, 194, 206, 230)
# The main axis is so many fold; are there twofold axes across it?
AXES = {
    "-1": (1, False),
    "2/m": (2, False),
    "mmm": (2, True),
    "4/m": (4, False),
    "4/mmm": (4, True),
    "-3": (3, False),
    "-3m": (3, True),
    "6/m": (6, False),
    "6/mmm": (6, True),
}


def laue_group(symbol: str | int) -> str:
    """Return the Laue group of a point group or of a space group.

    Diffraction adds a centre of inversion, so that only the Laue group can be seen.

    Parameters
    ----------
    symbol : str or int
        A point group in the international notation, such as ``"432"``; one of TSL's
        numbers as a string, such as ``"43"``; or the number of a space group as an
        integer, 1 to 230.

    Returns
    -------
    str
        One of `LAUE_GROUPS`.

    Raises
    ------
    ValueError
        If there is no such group.

    Examples
    --------
    >>> from morphokeras.ebsd import laue_group
    >>> laue_group("432"), laue_group("6mm"), laue_group("43"), laue_group(194)
    ('m-3m', '6/mmm', 'm-3m', '6/mmm')
    """
    if isinstance(symbol, int | np.integer):
        if 1 <= symbol <= 230:
            return LAUE_GROUPS[int(np.searchsorted(LAST_SPACE_GROUPS, symbol))]
    else:
        name = str(symbol).strip().replace(" ", "")
        for laue, names in POINT_GROUPS.items():
            if name in names:
                return laue
    raise ValueError(
        "`symbol` must be a point group such as '432', 'm-3m' or '6/mmm', or the "
        f"number of a space group from 1 to 230. Received: {symbol!r}."
    )


def symmetry_rotations(
    symmetry: str, *, x_axis: str = "a", unique_axis: str = "y"
) -> Rotation:
    """Return the proper rotations of a Laue group.

    Parameters
    ----------
    symmetry : str
        A Laue or point group, see :func:`laue_group`.
    x_axis : {'a', 'a*'}, default='a'
        What the crystal's Cartesian x axis is parallel to, in trigonal groups: ``'a'``
        as in ``.ang`` files, ``'a*'`` as in ``.ctf`` files. The twofold axes of -3m are
        along a, as in the setting -3m1.
    unique_axis : {'x', 'y', 'z'}, default='y'
        Cartesian axis of the twofold rotation in monoclinic crystals; the usual axis b
        is parallel to y.

    Returns
    -------
    Rotation of length n_rotations
        The identity comes first.

    Raises
    ------
    ValueError
        If there is no such group, or an option is none of those above.

    Examples
    --------
    >>> from morphokeras.ebsd import symmetry_rotations
    >>> [len(symmetry_rotations(name)) for name in ("m-3m", "6/mmm", "-1")]
    [24, 12, 1]
    """
    if x_axis not in ("a", "a*"):
        raise ValueError(f"`x_axis` must be 'a' or 'a*'. Received: x_axis={x_axis!r}.")
    if unique_axis not in ("x", "y", "z"):
        raise ValueError(
            "`unique_axis` must be 'x', 'y' or 'z'. Received: "
            f"unique_axis={unique_axis!r}."
        )
    laue = laue_group(symmetry)
    if laue.startswith("m-3"):
        cubic = Rotation.create_group("O" if laue == "m-3m" else "T")
        return _identity_first(cubic)
    fold, has_twofold = AXES[laue]
    axis = np.eye(3)["xyz".index(unique_axis if laue == "2/m" else "z")]
    angles = 2 * np.pi * np.arange(fold) / fold
    cyclic = Rotation.from_rotvec(angles[:, np.newaxis] * axis)
    if not has_twofold:
        return _identity_first(cyclic)
    twofold = [0, np.pi, 0] if laue == "-3m" and x_axis == "a*" else [np.pi, 0, 0]
    flipped = cyclic * Rotation.from_rotvec(twofold)
    return _identity_first(Rotation.concatenate([cyclic, flipped]))


def _identity_first(group: Rotation) -> Rotation:
    return group[np.argsort(group.magnitude(), kind="stable")]

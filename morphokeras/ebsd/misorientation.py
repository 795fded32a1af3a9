"""Misorientation angles under crystal symmetry."""

import numpy as np
from scipy.spatial.transform import Rotation

from morphokeras.ebsd.map import Phase
from morphokeras.ebsd.symmetry import symmetry_rotations


def orientations(euler_angles: np.ndarray) -> Rotation:
    """Return the rotations from crystal axes to sample axes.

    Parameters
    ----------
    euler_angles : ndarray of shape (..., 3)
        Bunge's angles phi1, Phi, phi2 in radians.

    Returns
    -------
    Rotation of length n
        One for each orientation, in C order. ``rotation.apply(h)`` gives the sample
        direction of a crystal direction h, its inverse the crystal direction of a
        sample direction (Bunge's g).

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.ebsd import orientations
    >>> quarter = orientations(np.array([np.pi / 2, 0, 0]))
    >>> quarter.apply([1, 0, 0]).round(6).tolist()
    [[0.0, 1.0, 0.0]]
    """
    return Rotation.from_euler("ZXZ", np.asarray(euler_angles, float).reshape(-1, 3))


def misorientation_angle(
    first: np.ndarray, second: np.ndarray, symmetry: str | Phase
) -> np.ndarray:
    """Return the least angle that takes one orientation to another, or its equivalent.

    Parameters
    ----------
    first, second : ndarray of shape (..., 3)
        Bunge's Euler angles in radians, of one shape after broadcasting.
    symmetry : str or Phase
        Laue or point group of the crystal, such as ``"m-3m"``, or a phase, whose
        setting counts then.

    Returns
    -------
    ndarray of shape (...)
        Angles in degrees, from 0 to at most 62.8 (m-3m), 93.8 (6/mmm) or 180 (-1); NaN
        where an orientation is.

    Raises
    ------
    ValueError
        If there is no such group.

    Notes
    -----
    With unit quaternions p and q of the orientations and s of the group's rotations,
    the angle is 2 arccos max_s ``|p* q s|``: the trace of a product does not change
    when its factors are turned around, so one of the two crystals' symmetries suffices.

    Examples
    --------
    A quarter turn about an axis of the cube changes nothing; 60 degrees about the body
    diagonal is the first-order twin:

    >>> import numpy as np
    >>> from morphokeras.ebsd import misorientation_angle
    >>> turned = np.deg2rad([[90, 0, 0], [10, 0, 0]])
    >>> misorientation_angle(np.zeros(3), turned, "m-3m").round(3).tolist()
    [0.0, 10.0]
    """
    first, second = np.broadcast_arrays(np.asarray(first, float), second)
    known = np.isfinite(first).all(-1) & np.isfinite(second).all(-1)
    angles = np.full(known.shape, np.nan)
    if known.any():
        p, q = orientations(first[known]), orientations(second[known])
        angles[known] = disorientation(p, q, rotations_of(symmetry))
    return angles


def disorientation(first: Rotation, second: Rotation, group: Rotation) -> np.ndarray:
    """Return the least angles, in degrees, under the symmetry of a group."""
    delta = (first.inv() * second).as_quat()
    cosine = np.zeros(len(delta))
    # The scalar part of a quaternion times the inverse of another is their product as
    # vectors; a group holds all inverses.
    for operator in group.as_quat():
        np.maximum(cosine, np.abs(delta @ operator), out=cosine)
    return np.rad2deg(2 * np.arccos(np.minimum(cosine, 1.0)))


def rotations_of(symmetry: str | Phase) -> Rotation:
    """Return the rotations of a group's name or of a phase."""
    if isinstance(symmetry, Phase):
        return symmetry.rotations
    return symmetry_rotations(symmetry)


def mackenzie_density(angles: np.ndarray) -> np.ndarray:
    """Return how often misorientation angles occur between random cubic crystals.

    The density that a texture-free polycrystal of symmetry m-3m has if the orientations
    of neighbours do not depend on each other.

    Parameters
    ----------
    angles : ndarray
        Angles in degrees.

    Returns
    -------
    ndarray of the same shape
        Density per degree, with the integral 1; 0 beyond 62.8 degrees.

    References
    ----------
    J. K. Mackenzie, Second paper on statistics associated with the random
    disorientation of cubes, Biometrika 45 (1958), 229-240.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.ebsd import mackenzie_density
    >>> mackenzie_density(np.array([20.0, 45.0, 60.0, 70.0])).round(4).tolist()
    [0.008, 0.0391, 0.0102, 0.0]
    """
    degrees = np.asarray(angles, float)
    theta = np.deg2rad(np.clip(degrees, 1e-9, 62.8))
    a = np.sqrt(2) - 1
    sine, versine = np.sin(theta), 1 - np.cos(theta)
    cotangent = 1 / np.tan(theta / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        x = a / np.sqrt(1 - (a * cotangent) ** 2)
        y = a**2 / np.sqrt(3 - cotangent**2)
        along = 2 * a * np.arccos(x * cotangent)
        along += np.arccos(y * cotangent) / np.sqrt(3)
        across = 2 * np.arccos(x / a / np.sqrt(2)) + np.arccos(y / a / np.sqrt(2))
    third = (2 / 15) * ((3 * a + 4 / np.sqrt(3)) * sine - 6 * versine)
    pieces = [
        (2 / 15) * versine,
        (2 / 15) * (3 * a * sine - 2 * versine),
        third,
        third - 8 / (5 * np.pi) * (along * sine - across * versine),
    ]
    corner = np.rad2deg(2 * np.arctan(a * np.sqrt(2)))
    limits = [degrees < 45, degrees < 60, degrees < corner, degrees <= 62.79943]
    inside = np.select(limits, pieces, 0.0)
    return np.where(degrees >= 0, np.maximum(inside, 0.0), 0.0)

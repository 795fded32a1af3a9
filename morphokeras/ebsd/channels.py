"""Orientations as channels that crystal symmetry does not change."""

from functools import cache

import numpy as np

from morphokeras.ebsd._harmonics import (
    invariant_functions,
    turn_around_x,
    turn_around_z,
)
from morphokeras.ebsd.map import EBSDMap, Phase

DEGREES = {
    "-1": 2,
    "2/m": 2,
    "mmm": 2,
    "4/m": 4,
    "4/mmm": 4,
    "-3": 4,
    "-3m": 4,
    "6/m": 6,
    "6/mmm": 6,
    "m-3": 6,
    "m-3m": 4,
}
"""The least even degree of harmonics that tells all orientations of a group apart."""


def orientation_channels(ebsd: EBSDMap, phase: int | None = None) -> np.ndarray:
    """Return orientations as smooth channels, equal for equivalent orientations.

    For networks and other models: Euler angles jump, and name one orientation in many
    ways; these channels do not.

    Parameters
    ----------
    ebsd : EBSDMap
        An orientation map.
    phase : int, default=None
        The phase whose points are wanted. By default all phases, which then must have
        one symmetry and setting.

    Returns
    -------
    ndarray of shape (height, width, n_channels), float32
        Values in [-1, 1], 0 where not indexed or of another phase. There are
        9 channels for m-3m, 26 for m-3 and 6/mmm, 39 for 6/m, 18 for 4/mmm and -3m, 27
        for 4/m and -3, 10 for mmm, 15 for 2/m, 25 for -1.

    Raises
    ------
    ValueError
        If phases differ in symmetry, there is no such phase, or a symmetry is not
        known.

    Notes
    -----
    The functions of a crystal direction that the Laue group leaves as they are,
    harmonic polynomials of one degree (4 for m-3m: x⁴ + y⁴ + z⁴ - 3/5), are turned as
    the crystal is; the channels are the coefficients of the result in the 2 degree + 1
    real spherical harmonics of the sample's axes. Degrees are the least even ones that
    tell all orientations apart: 2 (-1, 2/m, mmm), 4 (4/m, 4/mmm, -3, -3m, m-3m),
    6 (6/m, 6/mmm, m-3). Turning the sample is an orthogonal map of the channels, so
    that their Euclidean distance depends on the misorientation only. Each invariant
    function has the norm 1, and so have its channels together.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.ebsd import EBSDMap, Phase, orientation_channels
    >>> y, x = np.indices((1, 2)) * 1.0
    >>> angles = np.deg2rad([[[10, 20, 30], [10, 20, 120]]])
    >>> ebsd = EBSDMap(np.ones((1, 2), int), angles, x, y, (1.0, 1.0),
    ...                {1: Phase("ferrite", "m-3m")})
    >>> channels = orientation_channels(ebsd)
    >>> channels.shape, bool(np.allclose(channels[0, 0], channels[0, 1], atol=1e-6))
    ((1, 2, 9), True)
    """
    wanted = _wanted_phases(ebsd, phase)
    description = ebsd.phases[wanted[0]]
    points = np.isin(ebsd.phase_id, wanted)
    values = euler_channels(ebsd.euler_angles[points], description)
    channels = np.zeros((*ebsd.shape, values.shape[-1]), np.float32)
    channels[points] = values
    return channels


def euler_channels(euler_angles: np.ndarray, phase: Phase) -> np.ndarray:
    """Return the channels of Euler angles of shape (n, 3), in radians."""
    degree = DEGREES[phase.laue_group]
    functions = _functions(phase, degree)
    phi1, phi, phi2 = np.asarray(euler_angles, float).T
    turned = np.broadcast_to(functions, (len(phi1), *functions.shape))
    turned = turn_around_z(turned, phi2)
    turned = turn_around_x(turned, phi)
    turned = turn_around_z(turned, phi1)
    return turned.swapaxes(1, 2).reshape(len(phi1), -1)


@cache
def _functions(phase: Phase, degree: int) -> np.ndarray:
    return invariant_functions(phase.rotations, degree)


def _wanted_phases(ebsd: EBSDMap, phase: int | None) -> list[int]:
    """Return the numbers of the phases to take, all of one kind."""
    if phase is not None:
        if phase not in ebsd.phases:
            raise ValueError(
                f"`phase` must be one of {sorted(ebsd.phases)}. Received: "
                f"phase={phase!r}."
            )
        return [phase]
    present = [n for n in ebsd.phases if np.any(ebsd.phase_id == n)]
    if not present:
        raise ValueError("The map has no indexed point.")
    kinds = {
        (
            ebsd.phases[n].laue_group,
            ebsd.phases[n]._unique_axis(),
            ebsd.phases[n].x_axis,
        )
        for n in present
    }
    if len(kinds) > 1:
        raise ValueError(
            "Phases of different symmetry have different channels. Give one of "
            f"{present} as `phase=`."
        )
    return present

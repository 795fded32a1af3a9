"""Small orientation maps for the tests."""

import numpy as np

from morphokeras.ebsd import EBSDMap, Phase

FERRITE = {1: Phase("ferrite", "m-3m")}


def map_of(degrees, phase_id=None, phases=None, step=(1.0, 1.0), **options):
    """Return a map of Euler angles in degrees, or of phi1 alone."""
    degrees = np.asarray(degrees, float)
    if degrees.ndim == 2:
        degrees = np.stack([degrees, 0 * degrees, 0 * degrees], axis=-1)
    height, width = degrees.shape[:2]
    y, x = np.indices((height, width)) * np.reshape(step, (2, 1, 1))
    if options.get("grid") == "hexagonal":
        x[options.get("shifted_rows", 1) :: 2] += step[1] / 2
    if phase_id is None:
        phase_id = np.ones((height, width), int)
    return EBSDMap(
        np.asarray(phase_id),
        np.deg2rad(degrees),
        x,
        y,
        step,
        phases or FERRITE,
        **options,
    )

"""Where the lines of a grid cross the boundaries of grains."""

import numpy as np

from morphokeras.utils.compile import jit


def boundary_hits(
    labels: np.ndarray, known: np.ndarray | None, axis: int, boundary: str
) -> tuple[float, int]:
    """Count the boundaries that all lines along one axis of a field cross.

    Parameters
    ----------
    labels : ndarray of shape (*shape)
        Numbers of grains; 0 where a boundary is drawn.
    known : ndarray of bool of shape (*shape), or None
        Which pixels are known: lines are interrupted where one is not.
    axis : int
        The axis of the lines, counted from 0.
    boundary : {'open', 'periodic'}
        Whether lines end at the border, or go on at the other side.

    Returns
    -------
    hits : float
        Number of boundaries; 1.5 for a drawn one that touches three grains, 0.5 for
        one at the end of a line.
    steps : int
        Length of the lines, in steps from pixel to pixel.
    """
    codes = labels.astype(np.int64)
    if known is not None:
        codes[~known] = -1
    lines = np.ascontiguousarray(np.moveaxis(codes, axis, -1))
    lines = lines.reshape((1,) * (3 - lines.ndim) + lines.shape)
    return _count_hits(lines, boundary == "periodic")


@jit
def _count_hits(codes, periodic):
    """Walk along the last axis; codes are grains, 0 for boundaries, -1 for missing."""
    depth, height, width = codes.shape
    hits, steps = 0.0, 0
    for z in range(depth):
        for y in range(height):
            start = 0
            if periodic:
                # Begun in a grain, the walk around meets each boundary once.
                while start < width and codes[z, y, start] <= 0:
                    start += 1
                start = 0 if start == width else start
            grain, drawn, wide, last = 0, False, False, -1
            for step in range(width + 1 if periodic else width):
                x = (start + step) % width
                code = codes[z, y, x]
                steps += code >= 0 and last >= 0
                if code == 0:
                    drawn = True
                    wide = wide or _touches_three(codes, periodic, z, y, x)
                elif drawn:
                    if grain > 0 and code > 0:
                        hits += 1.5 if wide else 1.0
                    elif grain > 0 or code > 0:
                        hits += 0.5
                elif grain > 0 and code > 0 and code != grain:
                    hits += 1.0
                if code != 0:
                    grain, drawn, wide = code, False, False
                last = code
            if drawn and grain > 0 and not periodic:
                hits += 0.5
    return hits, steps


@jit
def _touches_three(codes, periodic, z, y, x):
    """Tell whether three grains or more are next to a pixel."""
    depth, height, width = codes.shape
    first, second = 0, 0
    for dz in range(-1, 2):
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                k, j, i = z + dz, y + dy, x + dx
                if periodic:
                    k, j, i = k % depth, j % height, i % width
                elif not (0 <= k < depth and 0 <= j < height and 0 <= i < width):
                    continue
                code = codes[k, j, i]
                if code <= 0 or code == first or code == second:
                    continue
                if first == 0:
                    first = code
                elif second == 0:
                    second = code
                else:
                    return True
    return False

"""Runs: how long lines of pixels stay in a phase."""

import numpy as np

from morphokeras.descriptors._fields import check_axis, check_spacing
from morphokeras.utils.compile import jit

# What a pixel of a line is.
OTHER, PHASE, MISSING = 0, 1, 2


def run_counts(
    indicators: np.ndarray,
    known: np.ndarray | None,
    axis: int,
    *,
    boundary: str,
    keep_cut: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Count the maximal runs of each length along one axis.

    Parameters
    ----------
    indicators : ndarray of bool of shape (n_samples, *shape)
        Where the phase is.
    known : ndarray of bool of shape (n_samples, *shape), or None
        Which pixels are known.
    axis : int
        The spatial axis, counted from 0.
    boundary : {'open', 'periodic'}
        Whether lines end at the border, or go on at the other side.
    keep_cut : bool, default=True
        Whether runs count that end at the border or at a missing pixel.

    Returns
    -------
    counts : ndarray of shape (n_samples, size + 1), int64
        Number of runs of 0, 1, ... pixels.
    endless : ndarray of shape (n_samples,), int64
        Of these, the periodic lines that never leave the phase, counted as runs of
        `size` pixels.
    """
    codes = indicators.astype(np.uint8)
    if known is not None:
        codes[~known] = MISSING
    size = indicators.shape[axis + 1]
    lines = np.moveaxis(codes, axis + 1, -1).reshape(len(codes), -1, size)
    counts = np.zeros((len(codes), size + 1), np.int64)
    endless = np.zeros(len(codes), np.int64)
    for i in range(len(codes)):
        endless[i] = _count_runs(
            np.ascontiguousarray(lines[i]), boundary == "periodic", keep_cut, counts[i]
        )
    return counts, endless


def run_axes(axis: int | None, spacing, spatial_dims: int) -> tuple[list[int], float]:
    """Return the axes along which runs are wanted, and the size of their pixels."""
    sizes = check_spacing(spacing, spatial_dims)
    if axis is not None:
        axis = check_axis(axis, spatial_dims)
        return [axis], np.broadcast_to(spacing, spatial_dims)[axis]
    if len(set(sizes)) > 1:
        raise ValueError(
            "Lengths along axes with pixels of different sizes cannot be counted "
            f"together. Received: spacing={spacing!r} and axis=None. Choose an `axis`."
        )
    return list(range(spatial_dims)), np.broadcast_to(spacing, spatial_dims)[0]


@jit
def _count_runs(lines, periodic, keep_cut, counts):
    """Add the runs of all lines to `counts`; return the number of endless lines."""
    size = lines.shape[1]
    endless = 0
    for line in lines:
        start = 0
        if periodic:
            # A run over the seam is whole if the walk begins outside the phase.
            while start < size and line[start] == PHASE:
                start += 1
            if start == size:
                endless += 1
                counts[size] += 1
                continue
        length = 0
        cut = not periodic
        for step in range(size):
            place = start + step
            code = line[place - size if place >= size else place]
            if code == PHASE:
                length += 1
                continue
            if length and (keep_cut or not (cut or code == MISSING)):
                counts[length] += 1
            length = 0
            cut = code == MISSING
        # The walk around ends before the pixel where it began.
        cut = cut or not periodic or line[start] == MISSING
        if length and (keep_cut or not cut):
            counts[length] += 1
    return endless

"""The parts of a phase and their sizes."""

import itertools
from typing import Any

import numpy as np
import scipy.ndimage
import scipy.sparse.csgraph

from morphokeras.descriptors._fields import (
    check_boundary,
    check_connectivity,
    check_cut,
    check_indicators,
    check_spacing,
)


def label_components(
    fields: np.ndarray,
    *,
    phase: int = 1,
    connectivity: str = "full",
    boundary: str = "open",
    mask: np.ndarray | None = None,
    spatial_dims: int = 2,
) -> np.ndarray:
    r"""Give a number to each connected part of a phase.

    Parameters
    ----------
    fields : ndarray of shape (n_samples, height, width)
        Booleans or labels of phases; (n_samples, depth, height, width) with
        ``spatial_dims=3``.
    phase : int, default=1
        The label of the phase; 1 is True and 0 False.
    connectivity : {'full', 'face'}, default='full'
        Whether pixels that share only a corner or an edge are connected.
    boundary : {'open', 'periodic'}, default='open'
        Whether parts end at the border, or go on at the other side.
    mask : ndarray of bool of shape (\*shape) or (n_samples, \*shape), default=None
        True where a pixel is known. Missing pixels connect nothing.
    spatial_dims : {2, 3}, default=2
        The number of spatial axes.

    Returns
    -------
    ndarray of shape (n_samples, \*shape), int32
        1, 2, ... in the parts of each field, 0 elsewhere.

    Raises
    ------
    TypeError
        If `fields` does not hold real numbers.
    ValueError
        If an argument is not as described.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.descriptors import label_components
    >>> field = np.array([[[1, 0, 0, 1], [0, 1, 0, 0]]])
    >>> label_components(field)[0].tolist()
    [[1, 0, 0, 2], [0, 1, 0, 0]]
    >>> label_components(field, boundary="periodic").tolist()
    [[[1, 0, 0, 1], [0, 1, 0, 0]]]
    """
    check_connectivity(connectivity)
    check_boundary(boundary)
    indicators, _ = check_indicators(fields, phase, mask, spatial_dims=spatial_dims)
    structure = _structure(connectivity, spatial_dims)
    labels = np.empty(indicators.shape, np.int32)
    for i, indicator in enumerate(indicators):
        number = scipy.ndimage.label(indicator, structure, output=labels[i])
        if boundary == "periodic":
            labels[i] = _joined(labels[i], number, structure)
    return labels


def equivalent_diameters(
    fields: np.ndarray,
    *,
    phase: int = 1,
    connectivity: str = "full",
    boundary: str = "open",
    cut: str = "keep",
    mask: np.ndarray | None = None,
    spacing=1.0,
    spatial_dims: int = 2,
) -> list[np.ndarray]:
    r"""Measure the size of each part of a phase.

    Parameters
    ----------
    fields : ndarray of shape (n_samples, height, width)
        Booleans or labels of phases; (n_samples, depth, height, width) with
        ``spatial_dims=3``.
    phase : int, default=1
        The label of the phase; 1 is True and 0 False.
    connectivity : {'full', 'face'}, default='full'
        Whether pixels that share only a corner or an edge are connected.
    boundary : {'open', 'periodic'}, default='open'
        Whether parts end at the border, or go on at the other side.
    cut : {'keep', 'drop'}, default='keep'
        What becomes of parts that touch an open border or a missing pixel. Kept, they
        are too small; dropped, large ones are missed more often than small ones.
    mask : ndarray of bool of shape (\*shape) or (n_samples, \*shape), default=None
        True where a pixel is known. Missing pixels connect nothing.
    spacing : float or sequence of float, default=1.0
        Size of a pixel, or its sizes along the axes, in any unit of length.
    spatial_dims : {2, 3}, default=2
        The number of spatial axes.

    Returns
    -------
    list of ndarray of shape (n_parts,), float64
        For each field, the diameters of the discs (balls) with the area (volume) of
        its parts, in the unit of `spacing`.

    Raises
    ------
    TypeError
        If `fields` does not hold real numbers.
    ValueError
        If an argument is not as described.

    See Also
    --------
    local_thickness : For a phase that is one connected piece.

    Notes
    -----
    ``2 sqrt(A / pi)`` and ``(6 V / pi)^(1/3)``.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.descriptors import equivalent_diameters
    >>> squares = np.kron(np.eye(2, dtype=int), np.ones((3, 3), int))[np.newaxis]
    >>> [sizes.round(2).tolist() for sizes in equivalent_diameters(squares)]
    [[4.79]]
    >>> sizes = equivalent_diameters(squares, connectivity="face", spacing=0.5)
    >>> [sizes.round(2).tolist() for sizes in sizes]
    [[1.69, 1.69]]
    """
    check_cut(cut)
    pixel = np.prod(check_spacing(spacing, spatial_dims))
    labels = label_components(
        fields,
        phase=phase,
        connectivity=connectivity,
        boundary=boundary,
        mask=mask,
        spatial_dims=spatial_dims,
    )
    known = None if mask is None else np.broadcast_to(mask, labels.shape)
    diameters = []
    for i, numbers in enumerate(labels):
        counts = np.bincount(numbers.ravel())
        kept = counts > 0
        if cut == "drop":
            kept[_touching(numbers, None if known is None else known[i], boundary)] = 0
        volumes = pixel * counts[1:][kept[1:]]
        if spatial_dims == 2:
            diameters.append(2 * np.sqrt(volumes / np.pi))
        else:
            diameters.append(np.cbrt(6 * volumes / np.pi))
    return diameters


def _structure(connectivity: str, spatial_dims: int) -> np.ndarray:
    rank = spatial_dims if connectivity == "full" else 1
    return scipy.ndimage.generate_binary_structure(spatial_dims, rank)


def _joined(labels: np.ndarray, number: int, structure: np.ndarray) -> np.ndarray:
    """Return labels with those united that touch across a seam of the torus."""
    pairs = [np.zeros((2, 0), labels.dtype)]
    for axis in range(labels.ndim):
        near = np.take(labels, 0, axis)
        far = np.take(labels, -1, axis)
        # Neighbours one step beyond the seam, and to the sides if these count.
        sides = np.take(structure, 2, axis)
        for shift in itertools.product((-1, 0, 1), repeat=labels.ndim - 1):
            if sides[tuple(np.add(shift, 1))]:
                other = np.roll(near, shift, tuple(range(near.ndim)))
                both = (far > 0) & (other > 0)
                pairs.append(np.stack([far[both], other[both]]))
    first, second = np.concatenate(pairs, axis=1)
    graph = scipy.sparse.coo_array(
        (np.ones(len(first), bool), (first, second)), (number + 1, number + 1)
    )
    _, groups = scipy.sparse.csgraph.connected_components(graph, directed=False)
    # The background is a group of its own, and the first.
    return groups[labels].astype(np.int32)


def _touching(
    numbers: np.ndarray, known: np.ndarray | None, boundary: str
) -> np.ndarray:
    """Return the numbers of the parts that a border or a missing pixel may cut."""
    cut = np.zeros(numbers.shape, bool)
    if known is not None:
        mode: Any = "wrap" if boundary == "periodic" else "nearest"
        cut = scipy.ndimage.maximum_filter(~known, 3, mode=mode)
    if boundary == "open":
        for axis in range(numbers.ndim):
            np.moveaxis(cut, axis, 0)[[0, -1]] = True
    touched = np.unique(numbers[cut])
    return touched[touched > 0]

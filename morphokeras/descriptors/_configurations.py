"""How often small configurations of pixels lie in a phase, by direction."""

import functools
import itertools

import numpy as np

Offset = tuple[int, ...]


class Placements:
    """All places of a small configuration in fields, where all its pixels are known.

    Parameters
    ----------
    fields : ndarray of bool of shape (n_samples, *shape)
        Where the phase is.
    known : ndarray of bool of shape (n_samples, *shape), or None
        Which pixels are known.
    boundary : {'open', 'periodic'}
        Whether configurations must lie inside the field, or go on at the other side.
    """

    def __init__(
        self, fields: np.ndarray, known: np.ndarray | None, boundary: str
    ) -> None:
        self.is_periodic = boundary == "periodic"
        self.shape = fields.shape[1:]
        self.fields = self._framed(fields)
        self.known = None if known is None else self._framed(known)

    def share_inside(self, offsets: list[Offset], outside: bool = False) -> np.ndarray:
        """Return the share of places with all pixels in the phase (or all outside).

        Parameters
        ----------
        offsets : list of tuple of int
            The pixels of the configuration; entries -1, 0 and 1.
        outside : bool, default=False
            Whether all pixels are to be outside of the phase instead.

        Returns
        -------
        ndarray of shape (n_samples,)
            Shares in [0, 1]; NaN where the configuration has no place.
        """
        views = self._views(self.fields, offsets)
        hits = ~views[0] if outside else views[0].copy()
        for view in views[1:]:
            hits &= ~view if outside else view
        return self._share(hits, offsets)

    def share_apart(self, offset: Offset) -> np.ndarray:
        """Return the share of pairs of pixels that an interface separates."""
        offsets = [(0,) * len(offset), offset]
        first, second = self._views(self.fields, offsets)
        return self._share(first ^ second, offsets)

    def _share(self, hits: np.ndarray, offsets: list[Offset]) -> np.ndarray:
        axes = tuple(range(1, hits.ndim))
        places = np.full(len(hits), np.prod(hits.shape[1:]))
        if self.known is not None:
            valid = np.logical_and.reduce(self._views(self.known, offsets))
            hits &= valid
            places = np.count_nonzero(valid, axis=axes)
        with np.errstate(invalid="ignore"):
            return np.count_nonzero(hits, axis=axes) / places

    def _framed(self, fields: np.ndarray) -> np.ndarray:
        if not self.is_periodic:
            return fields
        return np.pad(fields, [(0, 0)] + [(1, 1)] * (fields.ndim - 1), mode="wrap")

    def _views(self, fields: np.ndarray, offsets: list[Offset]) -> list[np.ndarray]:
        """Return, for each pixel of a configuration, its values at all places."""
        if self.is_periodic:
            first, last = (1,) * len(self.shape), np.add(self.shape, 1)
        else:
            first = tuple(-np.min(offsets, axis=0))
            last = np.subtract(self.shape, np.max(offsets, axis=0))
        views = []
        for offset in offsets:
            window = [
                slice(max(a + o, 0), max(b + o, 0))
                for a, b, o in zip(first, last, offset, strict=True)
            ]
            views.append(fields[(slice(None), *window)])
        return views


@functools.cache
def line_directions(
    spacing: tuple[float, ...],
) -> list[tuple[Offset, float, float]]:
    """Return the directions to the nearest pixels, with lengths and weights.

    Parameters
    ----------
    spacing : tuple of float
        Size of a pixel along each of two or three axes.

    Returns
    -------
    list of (tuple of int, float, float)
        The 4 or 13 offsets to neighbours, one of each opposite pair; their lengths;
        and the share of all directions that is nearest to each, in sum 1.
    """
    offsets = _half_of_neighbours(len(spacing))
    vectors = np.array(offsets) * spacing
    lengths = np.linalg.norm(vectors, axis=1)
    weights = direction_weights(vectors)
    return list(zip(offsets, lengths.tolist(), weights.tolist(), strict=True))


@functools.cache
def plane_lattices(
    spacing: tuple[float, float, float],
) -> list[tuple[Offset, Offset, bool, float, float]]:
    """Return the lattice planes of a grid of pixels, with areas and weights.

    Parameters
    ----------
    spacing : tuple of float
        Size of a pixel along each of three axes.

    Returns
    -------
    list of (tuple of int, tuple of int, bool, float, float)
        For each of the 3 planes along two axes, the 6 along a diagonal and the 4 along
        three of them: two vectors of its lattice, whether that is one of triangles, the
        area of a pixel in it, and the share of directions nearest to its normal.
    """
    planes: list[tuple[Offset, Offset, bool]] = []
    units = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    for axis in range(3):
        along, second, third = np.roll(units, -axis, axis=0)
        planes.append((tuple(second), tuple(third), False))
        for diagonal in (second + third, second - third):
            planes.append((tuple(along), tuple(diagonal), False))
    for signs in itertools.product([1], [1, -1], [1, -1]):
        first, second = np.multiply(signs, (1, -1, 0)), np.multiply(signs, (0, 1, -1))
        planes.append((tuple(first), tuple(second), True))
    normals = np.array(
        [
            np.cross(np.multiply(a, spacing), np.multiply(b, spacing))
            for a, b, _ in planes
        ]
    )
    areas = np.linalg.norm(normals, axis=1)
    weights = direction_weights(normals)
    return [
        (*plane, float(area), float(weight))
        for plane, area, weight in zip(planes, areas, weights, strict=True)
    ]


def direction_weights(vectors: np.ndarray) -> np.ndarray:
    """Return the share of all directions that is nearest to each line.

    Parameters
    ----------
    vectors : ndarray of shape (n_directions, 2 or 3)
        One vector along each line; no two lines are the same.

    Returns
    -------
    ndarray of shape (n_directions,)
        Shares of the half circle or half sphere, in sum 1.
    """
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    if unit.shape[1] == 3:
        from scipy.spatial import SphericalVoronoi

        areas = SphericalVoronoi(np.concatenate([unit, -unit])).calculate_areas()
        return areas[: len(unit)] / (2 * np.pi)
    angles = np.arctan2(unit[:, 0], unit[:, 1]) % np.pi
    order = np.argsort(angles)
    gaps = np.diff(angles[order], append=angles[order[0]] + np.pi)
    weights = np.empty(len(unit))
    weights[order] = (gaps + np.roll(gaps, 1)) / (2 * np.pi)
    return weights


def _half_of_neighbours(num_axes: int) -> list[Offset]:
    offsets = itertools.product((0, 1, -1), repeat=num_axes)
    # The first entry that is not 0 is 1 in one of two opposite offsets.
    return [o for o in offsets if any(o) and next(filter(None, o)) == 1]

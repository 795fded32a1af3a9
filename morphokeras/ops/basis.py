"""Steerable filters: Gaussian rings times angular harmonics, sampled on a grid."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from scipy.special import lpmv

RING_WIDTH = 0.45
"""Deviation of the Gaussian rings in pixels; wider rings reach off small grids."""

NULL_TOLERANCE = 1e-6


@dataclass(frozen=True)
class SteerableBasis:
    """Filters that turn into combinations of each other, low orders first.

    The filters of one order and one radius form a group, which rotations map to
    itself. In two dimensions order `m` has the members ``cos(m a)`` (component `m`)
    and ``sin(m a)`` (component `-m`), where `a` is the angle that grows
    counter-clockwise from the width axis as an image is displayed. In three
    dimensions order `l` has the real spherical harmonics `-l .. l`.

    Attributes
    ----------
    filters : ndarray of shape (num_basis, *kernel)
        The filters in float64. Each group has a mean squared norm of 1.
    orders : ndarray of shape (num_basis,)
        Angular order of each filter, 0 for the isotropic ones.
    radii : ndarray of shape (num_basis,)
        Radius of each filter's ring in pixels.
    components : ndarray of shape (num_basis,)
        Place of each filter in its group, from `-order` to `order`.
    """

    filters: np.ndarray
    orders: np.ndarray
    radii: np.ndarray
    components: np.ndarray

    def __len__(self) -> int:
        return len(self.filters)

    def rotation_matrix(self, angle: float) -> np.ndarray:
        """Return the matrix that gives the turned filters as combinations.

        Exact at multiples of a quarter turn; at other angles it is exact for the
        continuous functions, and approximate for their samples.

        Parameters
        ----------
        angle : float
            Counter-clockwise angle in radians, as an image is displayed.

        Returns
        -------
        ndarray of shape (num_basis, num_basis)
            ``matrix @ filters`` are the filters turned by `angle`.

        Raises
        ------
        ValueError
            If the filters are not two-dimensional.
        """
        if self.filters.ndim != 3:
            raise ValueError(
                "`rotation_matrix` is for filters of 2 dimensions. Received filters "
                f"of {self.filters.ndim - 1}; fit the turned filters by least squares."
            )
        same_ring = self.radii[:, None] == self.radii[None, :]
        same = same_ring & (self.components[:, None] == self.components[None, :])
        partner = same_ring & (self.components[:, None] == -self.components[None, :])
        phase = self.components[:, None] * angle
        return np.cos(phase) * same + np.sin(phase) * (partner & ~same)


def steerable_basis(
    kernel_size: int, spatial_dims: int = 2, num_basis: int | None = None
) -> SteerableBasis:
    """Return the steerable filters of one kernel size.

    Each filter is a Gaussian ring around the kernel's centre times one angular
    harmonic. The rings lie one pixel apart. A ring of radius `r` carries orders up to
    ``r + 1``, in volumes ``r + 2``: higher ones vanish on the grid, repeat or turn
    badly.

    Parameters
    ----------
    kernel_size : int
        Width of the filters in pixels, the same along each axis.
    spatial_dims : {2, 3}, default=2
        Number of spatial axes.
    num_basis : int, default=None
        How many filters to keep, low orders first. A group of one order and radius
        cannot be split. ``None`` keeps all.

    Returns
    -------
    SteerableBasis
        The filters, which are linearly independent, and what each of them is.

    Raises
    ------
    ValueError
        If `kernel_size` is not positive, `spatial_dims` is neither 2 nor 3, or
        `num_basis` is too large or splits a group.

    Notes
    -----
    Eq. 6. Rings of one order are made orthogonal to each other, with one constant
    for each pair of ring and order. Cosine and sine keep the same constant: separate
    norms would spoil the rotation of their combinations.

    Examples
    --------
    >>> from morphokeras.ops.basis import steerable_basis
    >>> basis = steerable_basis(kernel_size=5)
    >>> basis.filters.shape
    (13, 5, 5)
    >>> basis.components.tolist()
    [0, 0, 0, 1, -1, 1, -1, 2, -2, 2, -2, 3, -3]
    """
    if kernel_size < 1:
        raise ValueError(
            f"`kernel_size` must be a positive integer. Received: {kernel_size}."
        )
    if spatial_dims not in (2, 3):
        raise ValueError(f"`spatial_dims` must be 2 or 3. Received: {spatial_dims}.")
    basis = _full_basis(int(kernel_size), int(spatial_dims))
    return basis if num_basis is None else _keep(basis, num_basis)


@functools.lru_cache(maxsize=64)
def _full_basis(kernel_size: int, spatial_dims: int) -> SteerableBasis:
    axis = np.arange(kernel_size) - (kernel_size - 1) / 2
    grid = list(np.meshgrid(*[axis] * spatial_dims, indexing="ij"))
    radius = np.sqrt(sum(coordinate**2 for coordinate in grid))
    rings = np.unique(np.abs(axis))
    harmonics = _circular_harmonics if spatial_dims == 2 else _spherical_harmonics

    kept: list[np.ndarray] = []
    labels: list[tuple[int, float, int]] = []
    for order in range(int(rings[-1]) + spatial_dims):
        angular = harmonics(grid, order)
        carriers = [
            r for r in rings if order == 0 or (r > 0 and order <= r + spatial_dims - 1)
        ]
        profiles = _orthogonal_rings(radius, carriers, order)
        for carrier, profile in zip(carriers, profiles, strict=True):
            for component, harmonic in angular.items():
                member = math.sqrt(len(angular)) * profile * harmonic
                if _is_new(member, kept):
                    kept.append(member)
                    labels.append((order, carrier, component))
    orders, radii, components = (
        np.array(column) for column in zip(*labels, strict=True)
    )
    filters = np.stack(kept)
    for array in (filters, orders, radii, components):
        array.flags.writeable = False
    return SteerableBasis(filters, orders, radii, components)


def _circular_harmonics(grid: list[np.ndarray], order: int) -> dict[int, np.ndarray]:
    """Return cos and sin of `order` times the angle; their squares sum to 1."""
    row, column = grid
    angle = np.arctan2(-row, column)
    if order == 0:
        return {0: np.ones_like(angle)}
    return {order: np.cos(order * angle), -order: np.sin(order * angle)}


def _spherical_harmonics(grid: list[np.ndarray], order: int) -> dict[int, np.ndarray]:
    """Return the real spherical harmonics of `order`; their squares sum to 1."""
    depth, row, column = grid
    radius = np.sqrt(depth**2 + row**2 + column**2)
    height = np.divide(depth, radius, out=np.zeros_like(radius), where=radius > 0)
    angle = np.arctan2(-row, column)
    harmonics = {}
    for m in range(-order, order + 1):
        turns = np.cos(m * angle) if m >= 0 else np.sin(-m * angle)
        norm = math.factorial(order - abs(m)) / math.factorial(order + abs(m))
        scale = math.sqrt((1 if m == 0 else 2) * norm)
        harmonics[m] = scale * lpmv(abs(m), order, height) * turns
    return harmonics


def _orthogonal_rings(
    radius: np.ndarray, carriers: list[float], order: int
) -> list[np.ndarray]:
    """Return Gaussian rings of unit norm, each orthogonal to those before it."""
    # the centre has no direction: there only the isotropic order has a value
    support = np.ones_like(radius) if order == 0 else (radius > 0).astype(float)
    rings: list[np.ndarray] = []
    for carrier in carriers:
        ring = support * np.exp(-0.5 * ((radius - carrier) / RING_WIDTH) ** 2)
        for other in rings:
            ring = ring - np.sum(ring * other) * other
        rings.append(ring / np.linalg.norm(ring))
    return rings


def _is_new(member: np.ndarray, kept: list[np.ndarray]) -> bool:
    """Tell whether a filter is neither zero nor a combination of the kept ones."""
    rest = member.ravel()
    if kept:
        span = np.stack([filter_.ravel() for filter_ in kept], axis=1)
        rest = rest - span @ np.linalg.lstsq(span, rest, rcond=None)[0]
    return bool(np.linalg.norm(rest) > NULL_TOLERANCE)


def _keep(basis: SteerableBasis, num_basis: int) -> SteerableBasis:
    groups = np.stack([basis.orders, basis.radii])
    starts = np.flatnonzero(np.any(np.diff(groups, axis=1) != 0, axis=0)) + 1
    allowed = [*starts.tolist(), len(basis)]
    if num_basis not in allowed:
        raise ValueError(
            "`num_basis` must leave each cosine with its sine, that is be one of "
            f"{allowed} for a kernel of {basis.filters.shape[1:]}. "
            f"Received: num_basis={num_basis}."
        )
    return SteerableBasis(
        basis.filters[:num_basis],
        basis.orders[:num_basis],
        basis.radii[:num_basis],
        basis.components[:num_basis],
    )

"""The covariance of a phase, summed up to the distance where it has died away."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from morphokeras.descriptors._correlation import lagged_pairs, lagged_products
from morphokeras.descriptors._fields import check_indicators, check_spacing
from morphokeras.descriptors.two_point import two_point_correlation

# Sums go so many radii of the disc far that has the area of the integral range.
WINDOW = 3.0


class CovarianceSums(NamedTuple):
    """What the covariance of one field tells about its volume fraction."""

    fraction: float
    variance: float
    """Of the fraction, from field to field."""
    integral_range: float
    """Area or volume, in the unit of the spacing."""
    num_windows: float
    """How many discs (balls) as wide as the sums go fit into the field."""
    num_pixels: int


def covariance_sums(
    fields: np.ndarray,
    *,
    phase: int,
    boundary: str,
    mask: np.ndarray | None,
    spacing,
    spatial_dims: int,
) -> Iterator[CovarianceSums]:
    """Yield the sums for each field; arguments as for `volume_fraction_interval`."""
    indicators, known = check_indicators(fields, phase, mask, spatial_dims=spatial_dims)
    sizes = np.array(check_spacing(spacing, spatial_dims))
    shape = indicators.shape[1:]
    distance = _whole_distances(shape, sizes)
    maps = two_point_correlation(
        indicators, boundary=boundary, mask=known, spatial_dims=spatial_dims
    )
    for i, correlation in enumerate(maps):
        num_pixels = indicators[i].size if known is None else np.sum(known[i])
        fraction = np.sum(indicators[i]) / num_pixels
        if known is not None:
            pairs = np.rint(lagged_products(known[i], None, boundary))
        else:
            pairs = _all_pairs(shape, boundary)
        covariance = np.nan_to_num(correlation - fraction**2)
        yield _sums(
            covariance, pairs / num_pixels**2, distance, sizes, fraction
        )._replace(num_pixels=int(num_pixels))


def _sums(
    covariance: np.ndarray,
    weights: np.ndarray,
    distance: np.ndarray,
    sizes: np.ndarray,
    fraction: float,
) -> CovarianceSums:
    """Sum up to the smallest distance that is wide beside the sum itself."""
    reach = int(min(np.array(covariance.shape) * sizes) / min(sizes) / 2 + 1e-9)

    def within(values: np.ndarray) -> np.ndarray:
        return np.bincount(distance, values.ravel())[: reach + 1].cumsum()

    share = np.minimum(within(weights), 1 - 1e-9)
    # Around the field's own fraction every covariance is too small by the variance.
    variance = within(weights * covariance) / (1 - share)
    total = within(covariance) + variance * within(np.ones(covariance.shape))
    pixel = np.prod(sizes)
    unit_variance = fraction * (1 - fraction)
    areas = pixel * total / unit_variance if unit_variance else np.zeros(reach + 1)
    ball = np.pi if len(sizes) == 2 else 4 / 3 * np.pi
    radii = (np.maximum(areas, pixel) / ball) ** (1 / len(sizes))
    wide = np.arange(reach + 1) * min(sizes) >= WINDOW * radii
    end = int(np.argmax(wide)) if wide.any() else reach
    return CovarianceSums(
        fraction, variance[end], areas[end], 1 / max(share[end], 1e-12), 0
    )


def _whole_distances(shape: tuple[int, ...], sizes: np.ndarray) -> np.ndarray:
    """Return the length of each lag in whole smallest pixels, flattened."""
    lags = np.meshgrid(
        *[h * np.fft.fftfreq(n, 1 / n) for n, h in zip(shape, sizes, strict=True)],
        indexing="ij",
        sparse=True,
    )
    squares = sum(lag**2 for lag in lags)
    return np.rint(np.sqrt(squares) / min(sizes)).astype(np.intp).ravel()


def _all_pairs(shape: tuple[int, ...], boundary: str) -> np.ndarray:
    """Return the number of pairs of pixels at each lag of a field without gaps."""
    pairs = np.ones(shape)
    if boundary == "periodic":
        return pairs * np.prod(shape)
    for factor in lagged_pairs(shape):
        pairs *= factor
    return pairs

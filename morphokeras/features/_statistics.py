"""Statistics of births and deaths, in one pass over them."""

import numpy as np

from morphokeras.utils.compile import jit

QUANTILES = (0.25, 0.5, 0.75, 0.95)
STATISTICS = (
    "count",
    "entropy",
    *("lifetime_sum", "lifetime_mean", "lifetime_std", "lifetime_max"),
    *(f"lifetime_q{100 * q:.0f}" for q in QUANTILES),
    *("midpoint_mean", "midpoint_std"),
    *(f"midpoint_q{100 * q:.0f}" for q in QUANTILES),
)


def statistics(values: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Return `STATISTICS` of births and deaths, and how many lifetimes are longer.

    Parameters
    ----------
    values : ndarray of shape (2, n_pairs), float64
        Births and deaths.
    thresholds : ndarray of shape (n_thresholds,), float64
        Lifetimes that others exceed.

    Returns
    -------
    ndarray of shape (n_statistics + n_thresholds,)
        All 0 if there is no pair.
    """
    found = np.zeros(len(STATISTICS) + len(thresholds))
    if values.size:
        births, deaths = values
        lifetimes = np.sort(np.abs(births - deaths))
        midpoints = np.sort((births + deaths) / 2)
        _summarise(lifetimes, midpoints, QUANTILES, thresholds, found)
    return found


@jit
def _summarise(lifetimes, midpoints, quantiles, thresholds, found):
    """Write the statistics of sorted lifetimes and midpoints."""
    count, total = lifetimes.size, lifetimes.sum()
    entropy = 0.0
    for lifetime in lifetimes:
        if lifetime > 0:
            entropy -= lifetime / total * np.log(lifetime / total)
    found[0], found[1], found[2] = count, entropy, total
    found[3], found[4], found[5] = lifetimes.mean(), lifetimes.std(), lifetimes[-1]
    found[10], found[11] = midpoints.mean(), midpoints.std()
    for i, quantile in enumerate(quantiles):
        found[6 + i] = _quantile(lifetimes, quantile)
        found[12 + i] = _quantile(midpoints, quantile)
    for i, threshold in enumerate(thresholds):
        found[16 + i] = count - np.searchsorted(lifetimes, threshold, side="right")


@jit
def _quantile(ascending, quantile):
    """Return what `numpy.quantile` does, of sorted numbers."""
    place = quantile * (ascending.size - 1)
    low = int(place)
    high = min(low + 1, ascending.size - 1)
    return ascending[low] + (place - low) * (ascending[high] - ascending[low])

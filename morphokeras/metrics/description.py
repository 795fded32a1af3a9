"""What a set of microstructures is, in numbers with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from morphokeras.descriptors._fields import check_spacing
from morphokeras.descriptors.chords import chord_length_distribution
from morphokeras.descriptors.fraction import volume_fraction_interval
from morphokeras.descriptors.minkowski import minkowski_functionals
from morphokeras.descriptors.phases import equivalent_diameters
from morphokeras.metrics.comparison import checked_groups
from morphokeras.metrics.significance import mean_interval
from morphokeras.metrics.structure import checked_set

if TYPE_CHECKING:
    import pandas

# By their powers of a length; the Euler number has that of the number of axes.
POWERS = {
    2: {"volume_fraction": 0, "specific_surface": -1, "euler_density": -2},
    3: {
        "volume_fraction": 0,
        "specific_surface": -1,
        "mean_curvature": -2,
        "euler_density": -3,
    },
}
LENGTHS = {"mean_chord": 1, "mean_diameter": 1}
SIGNED = ("mean_curvature", "euler_density")


def describe(
    fields: np.ndarray,
    *,
    groups: Sequence | None = None,
    threshold: float = 0.5,
    phase: int | None = None,
    connectivity: str = "full",
    boundary: str = "open",
    cut: str = "keep",
    um_per_px: float | Sequence[float] | None = None,
    confidence: float = 0.95,
    spatial_dims: int = 2,
) -> pandas.DataFrame:
    r"""Tell how much there is of a phase in a set, how fine it is and how connected.

    Use it beside :func:`compare`, which tells how far two sets lie apart.

    Parameters
    ----------
    fields : ndarray of shape (n_samples, \*shape)
        Fields with values in [0, 1], booleans, or with `phase` labels.
    groups : sequence of length n_samples, default=None
        What each field comes from, such as a specimen: the interval is that over the
        means of groups. By default each field is a group.
    threshold, phase, connectivity, boundary, cut
        As in :func:`compare`.
    um_per_px : float or sequence of float, default=None
        Micrometres per pixel, or those along the axes; None measures in pixels.
    confidence : float, default=0.95
        Of the intervals, in (0, 1).
    spatial_dims : {2, 3}, default=2
        Number of axes of a field.

    Returns
    -------
    pandas.DataFrame
        The columns are ``mean``, the ends ``low`` and ``high`` of its interval by
        Student's t (NaN with fewer than three groups), ``deviation``, that of single
        fields, and ``unit``. The rows are

        - ``volume_fraction``; of a single field with the interval of
          :func:`~morphokeras.descriptors.volume_fraction_interval`;
        - ``specific_surface``: interface, an area (in 2D a length) by the volume;
        - ``mean_curvature``, in 3D, integrated over the interface, by the volume;
        - ``euler_density``: parts less holes (in 3D less tunnels and with cavities), by
          the volume;
        - ``mean_chord``: the phase's mean length along the axes;
        - ``mean_diameter``: of its parts, that of discs or balls as large.

    Raises
    ------
    TypeError
        If the fields are not numbers.
    ValueError
        If fields, groups or an option are not as described.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.metrics import describe
    >>> stripes = np.tile([True, True, False, False], (4, 16, 4))
    >>> table = describe(stripes, boundary="periodic", um_per_px=0.5)
    >>> table.loc[["volume_fraction", "mean_diameter"], ["mean", "unit"]].round(2)
                     mean unit
    volume_fraction  0.50
    mean_diameter    3.19   µm
    """
    import pandas

    fields = checked_set(fields, "fields", phase, spatial_dims) > (
        threshold if phase is None else 0.5
    )
    numbers = checked_groups(groups, len(fields), "groups")
    options: dict[str, Any] = {
        "boundary": boundary,
        "spatial_dims": spatial_dims,
        "spacing": 1.0 if um_per_px is None else um_per_px,
    }
    check_spacing(options["spacing"], spatial_dims, "um_per_px")
    powers = {**POWERS[spatial_dims], **LENGTHS}
    values = dict(
        zip(powers, _measured(fields, connectivity, cut, options), strict=True)
    )
    rows = {
        name: _row(found, numbers, confidence, name) for name, found in values.items()
    }
    if len(fields) == 1:
        ends = volume_fraction_interval(fields, confidence=confidence, **options)
        rows["volume_fraction"] |= {"low": ends[1][0], "high": ends[2][0]}
    table = pandas.DataFrame.from_dict(rows, orient="index")
    unit = "px" if um_per_px is None else "µm"
    table["unit"] = [_unit(unit, power) for power in powers.values()]
    return table


def _measured(
    fields: np.ndarray, connectivity: str, cut: str, options: dict
) -> list[np.ndarray]:
    """Return the values of all fields, quantity by quantity."""
    functionals = minkowski_functionals(fields, connectivity=connectivity, **options)
    number, length = np.zeros((2, len(fields)))
    for axis in range(options["spatial_dims"]):
        lengths, counts = chord_length_distribution(
            fields, axis=axis, cut=cut, **options
        )
        number += counts.sum(axis=1)
        length += counts @ lengths
    diameters = equivalent_diameters(
        fields, connectivity=connectivity, cut=cut, **options
    )
    with np.errstate(invalid="ignore"):
        chords = length / number
    means = np.array([d.mean() if d.size else np.nan for d in diameters])
    return [*functionals.T, chords, means]


def _row(
    values: np.ndarray, groups: np.ndarray, confidence: float, name: str
) -> dict[str, float]:
    """Return mean, interval and deviation over the fields that have a value."""
    known = np.isfinite(values)
    values, groups = values[known], groups[known]
    row = dict.fromkeys(("mean", "low", "high", "deviation"), np.nan)
    if not values.size:
        return row
    means = [values[groups == group].mean() for group in np.unique(groups)]
    mean, low, high = mean_interval(means, confidence=confidence)
    if name not in SIGNED:
        low = max(low, 0.0) if np.isfinite(low) else low
    if name == "volume_fraction":
        high = min(high, 1.0) if np.isfinite(high) else high
    if values.size > 1:
        row["deviation"] = float(values.std(ddof=1))
    return row | {"mean": mean, "low": low, "high": high}


def _unit(length: str, power: int) -> str:
    digits = {-3: "⁻³", -2: "⁻²", -1: "⁻¹", 1: ""}
    return length + digits[power] if power else ""

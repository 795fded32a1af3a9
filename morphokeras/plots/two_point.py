"""Two-point correlation curves of sets of fields."""

from collections.abc import Mapping

import numpy as np

from morphokeras.descriptors.two_point import radial_average, two_point_correlation
from morphokeras.plots._style import (
    COLOURS,
    LINES,
    Axes,
    as_phase,
    check_sets,
    check_um_per_px,
    import_pyplot,
)


class TwoPointDisplay:
    """Mean radial two-point correlation of each set, with a band over its fields.

    Parameters
    ----------
    radii : dict of ndarray of shape (n_radii,)
        Distances of each set in pixels, by the set's name.
    profiles : dict of ndarray of shape (n_samples, n_radii)
        Radial correlation of each field of a set.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure, after :meth:`plot`.
    ax_ : matplotlib Axes
        The axes with the curves.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.plots.two_point import TwoPointDisplay
    >>> fields = np.random.default_rng(0).random((5, 16, 16)) < 0.3
    >>> display = TwoPointDisplay.from_fields({"Noise": fields})
    >>> len(display.ax_.lines)
    1
    """

    def __init__(
        self, radii: Mapping[str, np.ndarray], profiles: Mapping[str, np.ndarray]
    ):
        self.radii = radii
        self.profiles = profiles

    @classmethod
    def from_fields(
        cls,
        sets: Mapping[str, np.ndarray],
        *,
        threshold: float | None = None,
        phase: int | None = None,
        boundary: str = "open",
        spatial_dims: int = 2,
        um_per_px: float | None = None,
        ax: Axes = None,
    ) -> "TwoPointDisplay":
        r"""Compute and draw the correlation of sets of fields.

        Parameters
        ----------
        sets : dict of ndarray of shape (n_samples, \*shape)
            Fields with values in [0, 1], booleans, or with `phase` labels, by the name
            of the set.
        threshold : float, default=None
            Correlate where values are above it, instead of the values.
        phase : int, default=None
            Correlate this label of label maps.
        boundary : {'open', 'periodic'}, default='open'
            As in :func:`~morphokeras.descriptors.two_point.two_point_correlation`.
        spatial_dims : {2, 3}, default=2
            Number of axes of a field.
        um_per_px : float, default=None
            Micrometres per pixel, to give distances in micrometres.
        ax : matplotlib Axes, default=None
            Where to draw; by default a new figure.

        Returns
        -------
        TwoPointDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError, ValueError
            If the sets or an option are not as described.
        """
        radii, profiles = {}, {}
        for name, fields in check_sets(sets).items():
            maps = two_point_correlation(
                as_phase(fields, threshold, phase),
                boundary=boundary,
                spatial_dims=spatial_dims,
            )
            radii[name], profiles[name] = radial_average(maps)
        return cls(radii, profiles).plot(ax=ax, um_per_px=um_per_px)

    def plot(
        self,
        *,
        ax: Axes = None,
        um_per_px: float | None = None,
        band: tuple[float, float] | None = (10.0, 90.0),
    ) -> "TwoPointDisplay":
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; by default a new figure.
        um_per_px : float, default=None
            Micrometres per pixel, to give distances in micrometres.
        band : tuple of float or None, default=(10.0, 90.0)
            Percentiles over the fields of a set between which the band lies.

        Returns
        -------
        TwoPointDisplay
            The display itself.
        """
        check_um_per_px(um_per_px)
        plt = import_pyplot()
        if ax is None:
            _, ax = plt.subplots(figsize=(5, 3.5), layout="constrained")
        for i, (name, profiles) in enumerate(self.profiles.items()):
            colour = COLOURS[i % len(COLOURS)]
            distance = self.radii[name] * (um_per_px or 1.0)
            if band is not None:
                low, high = np.percentile(profiles, band, axis=0)
                ax.fill_between(
                    distance, low, high, color=colour, alpha=0.15, linewidth=0
                )
            ax.plot(
                distance,
                profiles.mean(axis=0),
                LINES[i % len(LINES)],
                color=colour,
                label=name,
            )
        ax.set_xlabel("distance (pixels)" if um_per_px is None else "distance (µm)")
        ax.set_ylabel("two-point correlation")
        ax.set_xlim(left=0)
        ax.spines[["top", "right"]].set_visible(False)
        title = (
            "mean" if band is None else f"mean, {band[0]:g} to {band[1]:g} % of fields"
        )
        ax.legend(title=title, frameon=False, fontsize=9, title_fontsize=8)
        self.ax_, self.figure_ = ax, ax.figure
        return self

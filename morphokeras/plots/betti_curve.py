"""Betti curves of sets of fields."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from morphokeras.plots._dimensions import dimension_name
from morphokeras.plots._style import (
    COLOURS,
    LINES,
    Figure,
    check_sets,
    import_pyplot,
)
from morphokeras.topology.level_sets import betti_curves


class BettiCurveDisplay:
    """Number of components and holes at each threshold, with a band over the fields.

    Parameters
    ----------
    levels : ndarray of shape (n_levels,)
        Thresholds, in grey values.
    curves : dict of ndarray of shape (n_samples, n_dimensions, n_levels)
        Betti numbers of each field of a set, by the set's name.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure, after :meth:`plot`.
    axes_ : ndarray of shape (n_dimensions,) of matplotlib Axes
        One for each homology dimension.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.plots import BettiCurveDisplay
    >>> fields = np.random.default_rng(0).random((5, 16, 16))
    >>> display = BettiCurveDisplay.from_fields({"Noise": fields}, n_levels=11)
    >>> [ax.get_title() for ax in display.axes_]
    ['components', 'holes']
    """

    def __init__(self, levels: np.ndarray, curves: Mapping[str, np.ndarray]):
        self.levels = levels
        self.curves = curves

    @classmethod
    def from_fields(
        cls,
        sets: Mapping[str, np.ndarray],
        *,
        levels: Any = None,
        n_levels: int = 101,
        filtration: str = "superlevel",
        connectivity: str = "full",
        boundary: str = "open",
        spatial_dims: int = 2,
        figure: Figure = None,
    ) -> "BettiCurveDisplay":
        r"""Compute and draw the curves of sets of fields.

        Parameters
        ----------
        sets : dict of ndarray of shape (n_samples, \*shape)
            Fields, by the name of the set. Sets of different sizes of field cannot be
            compared by eye: counts grow with the area.
        levels : array_like of shape (n_levels,), default=None
            Thresholds; None spreads `n_levels` between the least and the greatest
            grey value of all sets.
        n_levels : int, default=101
            Number of thresholds, without `levels`.
        filtration, connectivity, boundary, spatial_dims
            As in :func:`~morphokeras.topology.betti_curves`.
        figure : matplotlib Figure, default=None
            Figure to draw into; by default a new one.

        Returns
        -------
        BettiCurveDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If `sets` is empty, or as :func:`~morphokeras.topology.betti_curves`.
        ImportError
            If matplotlib is not installed.
        """
        sets = check_sets(sets)
        if levels is None:
            low = min(float(np.min(fields)) for fields in sets.values())
            high = max(float(np.max(fields)) for fields in sets.values())
            levels = np.linspace(low, high, n_levels)
        curves = {
            name: betti_curves(
                fields,
                levels,
                filtration=filtration,
                connectivity=connectivity,
                boundary=boundary,
                spatial_dims=spatial_dims,
            )
            for name, fields in sets.items()
        }
        return cls(np.asarray(levels), curves).plot(figure=figure)

    def plot(
        self,
        *,
        figure: Figure = None,
        band: tuple[float, float] | None = (10.0, 90.0),
    ) -> "BettiCurveDisplay":
        """Draw the curves, one panel for each homology dimension.

        Parameters
        ----------
        figure : matplotlib Figure, default=None
            Figure to draw into; by default a new one.
        band : tuple of float or None, default=(10.0, 90.0)
            Percentiles over the fields of a set between which the band lies.

        Returns
        -------
        BettiCurveDisplay
            The display itself.
        """
        plt = import_pyplot()
        n_dimensions = next(iter(self.curves.values())).shape[1]
        if figure is None:
            figure = plt.figure(figsize=(3.6 * n_dimensions, 3.4), layout="constrained")
        axes = figure.subplots(1, n_dimensions, squeeze=False)[0]
        for i, (name, curves) in enumerate(self.curves.items()):
            style = {"color": COLOURS[i % len(COLOURS)], "label": name}
            style["linestyle"] = LINES[i % len(LINES)]
            for dimension, ax in enumerate(axes):
                self._draw_curve(ax, curves[:, dimension], style, band)
        for dimension, ax in enumerate(axes):
            ax.set_title(dimension_name(dimension, n_dimensions), fontsize=10)
            ax.set_xlabel("threshold (grey value)")
            ax.set_ylim(bottom=0)
            ax.spines[["top", "right"]].set_visible(False)
        axes[0].set_ylabel("number in a field")
        title = "mean"
        if band is not None and any(len(c) > 1 for c in self.curves.values()):
            title = f"mean, {band[0]:g} to {band[1]:g} % of fields"
        # Below the panels: curves may leave no corner free.
        figure.legend(
            *axes[0].get_legend_handles_labels(),
            title=title,
            loc="outside lower center",
            ncols=min(len(self.curves), 3),
            frameon=False,
            fontsize=9,
            title_fontsize=8,
        )
        self.axes_, self.figure_ = axes, figure
        return self

    def _draw_curve(self, ax: Any, curves: np.ndarray, style: dict, band) -> None:
        order = np.argsort(self.levels)
        levels, curves = self.levels[order], curves[:, order]
        if band is not None and len(curves) > 1:
            low, high = np.percentile(curves, band, axis=0)
            colour = style["color"]
            ax.fill_between(levels, low, high, color=colour, alpha=0.15, linewidth=0)
        ax.plot(levels, curves.mean(axis=0), **style)

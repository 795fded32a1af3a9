"""Orientation maps with their colour keys."""

from dataclasses import replace
from typing import Any

import numpy as np

from morphokeras.ebsd.colors import ipf_colors
from morphokeras.ebsd.grains import kernel_average_misorientation
from morphokeras.ebsd.map import EBSDMap
from morphokeras.plots._boundary_lines import draw_boundaries, draw_boundary_kinds
from morphokeras.plots._ipf_key import draw_ipf_key, key_group
from morphokeras.plots._style import Axes, import_pyplot, without_ticks
from morphokeras.plots.attention import add_scale_bar

PICTURES = ("ipf", "phase", "kam", "boundaries", "quality")
QUALITY_LABELS = {
    "iq": "image quality",
    "bc": "band contrast",
    "bs": "band slope",
    "ci": "confidence index",
    "mad": "mean angular deviation (°)",
    "fit": "fit (°)",
    "bands": "number of bands",
    "sem": "detector signal",
}
# Neighbours differ in lightness, for print without colours.
PHASE_COLOURS = ("#E69F00", "#0072B2", "#F0E442", "#CC79A7", "#009E73", "#56B4E9")


class EBSDMapDisplay:
    """An orientation map as a picture, with its key and a scale bar.

    Parameters
    ----------
    ebsd : EBSDMap
        The map. One on a hexagonal grid is drawn on square pixels.
    show : str, default='ipf'
        What is drawn:

        - ``'ipf'``: inverse pole figure colours, with a key for each symmetry;
        - ``'phase'``: the phases, with the share of each;
        - ``'kam'``: the kernel average misorientation, in degrees;
        - ``'boundaries'``: grain boundaries of low and of high angle, and those of
          phases;
        - ``'quality'``: the image quality or the band contrast;
        - any name of a column in ``ebsd.quality``, in grey.
    direction : {'x', 'y', 'z'} or tuple of 3 floats, default='z'
        The sample's direction of ``'ipf'``: see :func:`~morphokeras.ebsd.ipf_colors`.
    threshold : float, default=5.0
        Degrees from which on a misorientation is a grain boundary.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure, after :meth:`plot`.
    ax_ : matplotlib Axes
        The axes with the map.

    Notes
    -----
    Inverse pole figure colours are those that the field is used to. They do not survive
    a print in grey, and not all eyes tell them apart; boundaries drawn over them do.
    The other pictures are made for both.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.ebsd import EBSDMap, Phase
    >>> from morphokeras.plots import EBSDMapDisplay
    >>> y, x = np.indices((20, 30)) * 0.5
    >>> angles = np.deg2rad(np.stack([40 * (x > 7), 0 * x, 0 * x], axis=-1))
    >>> ebsd = EBSDMap(np.ones((20, 30), int), angles, x, y, (0.5, 0.5),
    ...                {1: Phase("ferrite", "m-3m")})
    >>> display = EBSDMapDisplay.from_map(ebsd, boundaries=True)
    >>> [text.get_text() for text in display.ax_.get_legend().texts]
    ['boundary, at least 5°']
    """

    def __init__(
        self,
        ebsd: EBSDMap,
        show: str = "ipf",
        *,
        direction: str | tuple[float, float, float] = "z",
        threshold: float = 5.0,
    ):
        self.ebsd = ebsd
        self.show = show
        self.direction = direction
        self.threshold = threshold

    @classmethod
    def from_map(
        cls,
        ebsd: EBSDMap,
        show: str = "ipf",
        *,
        direction: str | tuple[float, float, float] = "z",
        threshold: float = 5.0,
        boundaries: bool = False,
        key: bool = True,
        title: str | None = None,
        ax: Axes = None,
    ) -> "EBSDMapDisplay":
        """Draw a map.

        Parameters
        ----------
        ebsd, show, direction, threshold
            As in the class.
        boundaries, key, title, ax
            As in :meth:`plot`.

        Returns
        -------
        EBSDMapDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the map has no such picture, or the symmetry of a phase is not known.
        ImportError
            If matplotlib is not installed.
        """
        display = cls(ebsd, show, direction=direction, threshold=threshold)
        return display.plot(ax=ax, boundaries=boundaries, key=key, title=title)

    def plot(
        self,
        *,
        ax: Axes = None,
        boundaries: bool = False,
        key: bool = True,
        title: str | None = None,
    ) -> "EBSDMapDisplay":
        """Draw the map, its key and the scale bar.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; by default a new figure. The key goes to the right of it and
            the legend below: leave room, or use the layout ``'constrained'``.
        boundaries : bool, default=False
            Draw the grain boundaries over the map.
        key : bool, default=True
            Draw the colour key, the colour bar and the legend.
        title : str, default=None
            Title.

        Returns
        -------
        EBSDMapDisplay
            The display itself.

        Raises
        ------
        ValueError, ImportError
            As :meth:`from_map`.
        """
        plt = import_pyplot()
        square, column = self._prepare()
        own_figure = ax is None
        if own_figure:
            _, ax = plt.subplots(layout="constrained")
        handles = self._draw_picture(ax, square, column, key)
        if boundaries or self.show == "boundaries":
            handles += self._draw_boundaries(ax, square)
        add_scale_bar(ax, square.step[1])
        if title:
            ax.set_title(title, fontsize=10)
        if key and handles:
            ax.legend(
                handles=handles,
                loc="upper left",
                bbox_to_anchor=(0, -0.01),
                borderaxespad=0.2,
                frameon=False,
                fontsize=8,
            )
        if own_figure:
            lines = len(handles) * key + 2 * bool(title)
            ax.figure.set_size_inches(_figure_size(square.shape, lines))
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _prepare(self) -> tuple[EBSDMap, str]:
        """Return the map on square pixels, and the column that is drawn, if one is."""
        ebsd, column = self.ebsd, self.show
        if column == "quality":
            found = [name for name in QUALITY_LABELS if name in ebsd.quality]
            column = next(iter(found or ebsd.quality), column)
        if column == "kam":
            # Neighbours are those of the grid that was measured.
            kam = kernel_average_misorientation(ebsd, threshold=self.threshold)
            ebsd = replace(ebsd, quality={**ebsd.quality, "kam": kam})
        elif column not in ("ipf", "phase", "boundaries", *ebsd.quality):
            raise ValueError(
                f"`show` must be one of {PICTURES} or a column of the map: "
                f"{', '.join(ebsd.quality) or 'it has none'}. Received: "
                f"show={self.show!r}."
            )
        return ebsd.to_square(), column

    def _draw_picture(
        self, ax: Axes, ebsd: EBSDMap, column: str, key: bool
    ) -> list[Any]:
        """Draw the pixels and their key; return what belongs into the legend."""
        without_ticks(ax)
        if column in ebsd.quality:
            values = ebsd.quality[column]
            _draw_values(ax, values, column, key)
            return _mark_unknown(ax, np.isfinite(values), "no value")
        colors = np.ones((*ebsd.shape, 3))
        handles: list[Any] = []
        if column == "ipf":
            colors = ipf_colors(ebsd, self.direction)
            if key:
                _draw_keys(ax, ebsd, self.direction)
        elif column == "phase":
            colors, handles = _phase_colors(ebsd)
        ax.imshow(np.dstack([colors, ebsd.is_indexed]))
        return handles + _mark_unknown(ax, ebsd.is_indexed, "not indexed")

    def _draw_boundaries(self, ax: Axes, ebsd: EBSDMap) -> list[Any]:
        """Draw the boundaries; return what belongs into the legend."""
        if self.show == "boundaries":
            for spine in ax.spines.values():
                spine.set(visible=True, linewidth=0.5)
            return draw_boundary_kinds(ax, ebsd, self.threshold)
        # Black cannot be seen on dark grey.
        is_light = self.show in ("ipf", "phase", "kam")
        color = "black" if is_light else "#D55E00"
        return draw_boundaries(ax, ebsd, self.threshold, color)


def _figure_size(shape: tuple[int, int], lines: int) -> tuple[float, float]:
    """Return the size of a figure, in inches, with room for key and lines of text.

    No more room than that: a map that grew into it would push the key over the edge,
    since the layout follows such a map in many small steps only.
    """
    height, width = 4.2 * np.array(shape) / max(shape)
    return max(width, 1.5) + 2.1, max(height, 1.6) + 0.1 + 0.18 * lines


def _phase_colors(ebsd: EBSDMap) -> tuple[np.ndarray, list[Any]]:
    """Return a picture of the phases, and what belongs into the legend."""
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Patch

    colors, handles = np.ones((*ebsd.shape, 3)), []
    for i, (number, phase) in enumerate(ebsd.phases.items()):
        points = ebsd.phase_id == number
        color = PHASE_COLOURS[i % len(PHASE_COLOURS)]
        colors[points] = to_rgb(color)
        label = f"{phase.name}, {100 * points.mean():.1f} %"
        handles.append(Patch(facecolor=color, edgecolor="0.3", label=label))
    return colors, handles


def _draw_values(ax: Axes, values: np.ndarray, column: str, key: bool) -> None:
    """Draw a column of numbers and its colour bar."""
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, (1, 99)) if finite.size else (0.0, 1.0)
    # A scale that begins at 0 shows where nothing is bent.
    low = 0.0 if column == "kam" else low
    # The map that is light at 0 leaves black boundaries visible.
    cmap = "YlOrRd" if column == "kam" else "gray"
    image = ax.imshow(np.ma.masked_invalid(values), cmap=cmap, vmin=low, vmax=high)
    if key:
        ends = (finite < low).any(), (finite > high).any()
        extend = {(1, 1): "both", (1, 0): "min", (0, 1): "max"}.get(ends, "neither")
        bar = ax.figure.colorbar(image, ax=ax, shrink=0.9, extend=extend)
        labels = {"kam": "kernel average\nmisorientation (°)", **QUALITY_LABELS}
        bar.set_label(labels.get(column, column), fontsize=9)
        bar.ax.tick_params(labelsize=8)


def _mark_unknown(ax: Axes, known: np.ndarray, name: str) -> list[Any]:
    """Hatch the ground of points without a value; return what the legend says."""
    from matplotlib.patches import Patch, Rectangle

    if known.all():
        return []
    height, width = known.shape
    style: dict[str, Any] = {"facecolor": "0.92", "edgecolor": "0.5", "linewidth": 0}
    ax.add_patch(
        Rectangle((-0.5, -0.5), width, height, hatch="//////", zorder=-1, **style)
    )
    label = f"{name}, {100 * (1 - known.mean()):.1f} %"
    return [Patch(hatch="//////", label=label, **style)]


def _draw_keys(
    ax: Axes, ebsd: EBSDMap, direction: str | tuple[float, float, float]
) -> None:
    """Draw the key of each symmetry to the right of the map, from the top."""
    from matplotlib.transforms import ScaledTranslation

    # In inches from the upper right corner, so that keys are legible at any map.
    corner = ScaledTranslation(1, 1, ax.transAxes)
    inches = ax.figure.dpi_scale_trans + corner
    # A layout finds the room for keys at once if the map does not move for it.
    ax.set_anchor("NW")
    for i, (laue, names) in enumerate(_symmetries(ebsd).items()):
        inset = ax.inset_axes((0.35, -1.5 - 1.7 * i, 1.0, 0.95), transform=inches)
        draw_ipf_key(inset, laue)
        along = direction if isinstance(direction, str) else f"{tuple(direction)}"
        of_other = "" if key_group(laue) == laue else f", as {key_group(laue)}"
        title = "\n".join([*names, f"{laue}{of_other}, along {along}"])
        inset.set_title(title, fontsize=8, pad=16)


def _symmetries(ebsd: EBSDMap) -> dict[str, list[str]]:
    """Return the names of the phases of each Laue group that is in the map."""
    names: dict[str, list[str]] = {}
    for number, phase in ebsd.phases.items():
        if np.any(ebsd.phase_id == number):
            names.setdefault(phase.laue_group, []).append(phase.name)
    return names

"""Persistence diagrams: when the components and holes of an image come and go."""

from collections.abc import Sequence

import numpy as np

from morphokeras.plots._dimensions import DIMENSION_COLOURS, MARKERS, dimension_name
from morphokeras.plots._style import Axes, import_pyplot
from morphokeras.topology.diagrams import persistence_intervals


class PersistenceDiagramDisplay:
    """Births and deaths of the components and holes of an image.

    Each point is one of them; the farther from the diagonal, the longer it persists
    while the threshold moves. Points near the diagonal are mostly noise.

    Parameters
    ----------
    diagram : sequence of ndarray of shape (n_pairs, 2)
        Births and deaths of each homology dimension. A death may be infinite.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure, after :meth:`plot`.
    ax_ : matplotlib Axes
        The axes with the points.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.plots import PersistenceDiagramDisplay
    >>> ring = np.zeros((9, 9))
    >>> ring[2:7, 2:7] = 0.8
    >>> ring[4, 4] = 0.2
    >>> display = PersistenceDiagramDisplay.from_image(ring)
    >>> [text.get_text() for text in display.ax_.get_legend().get_texts()]
    ['1 component', '1 hole']
    """

    def __init__(self, diagram: Sequence[np.ndarray]):
        self.diagram = diagram

    @classmethod
    def from_image(
        cls,
        image: np.ndarray,
        *,
        filtration: str = "superlevel",
        connectivity: str = "full",
        boundary: str = "open",
        spatial_dims: int = 2,
        min_persistence: float = 0.0,
        ax: Axes = None,
    ) -> "PersistenceDiagramDisplay":
        """Compute and draw the diagram of an image.

        Parameters
        ----------
        image : array_like of shape (height, width)
            Finite values; (depth, height, width) with ``spatial_dims=3``.
        filtration, connectivity, boundary, spatial_dims, min_persistence
            As in :func:`~morphokeras.topology.persistence_pairs`.
        ax : matplotlib Axes, default=None
            Where to draw; by default a new figure.

        Returns
        -------
        PersistenceDiagramDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        diagram = persistence_intervals(
            image,
            filtration=filtration,
            connectivity=connectivity,
            boundary=boundary,
            spatial_dims=spatial_dims,
            min_persistence=min_persistence,
            value_range=None,
        )
        return cls(diagram).plot(ax=ax)

    def plot(self, *, ax: Axes = None) -> "PersistenceDiagramDisplay":
        """Draw the points, the diagonal, and a line for what never dies.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; by default a new figure.

        Returns
        -------
        PersistenceDiagramDisplay
            The display itself.
        """
        plt = import_pyplot()
        if ax is None:
            _, ax = plt.subplots(figsize=(4.2, 4), layout="constrained")
        points = np.concatenate([np.reshape(own, (-1, 2)) for own in self.diagram])
        finite = points[np.isfinite(points)]
        low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
        margin = 0.06 * ((high - low) or 1.0)
        ax.plot([low, high], [low, high], color="0.5", linewidth=0.8, zorder=1)
        end = None
        if np.isinf(points).any():
            end = low - margin if (points == -np.inf).any() else high + margin
            _draw_end(ax, end)
        for dimension, own in enumerate(self.diagram):
            self._draw_points(ax, dimension, own, end)
        ax.set_xlim(low - margin, high + margin)
        ax.set_ylim(low - 1.6 * margin, high + 1.6 * margin)
        ax.set_aspect("equal")
        ax.set_xlabel("birth (grey value)")
        ax.set_ylabel("death (grey value)")
        ax.spines[["top", "right"]].set_visible(False)
        # Superlevel sets fill the lower right corner, sublevel sets the upper left.
        is_below = points.size and points[:, 1].sum() < points[:, 0].sum()
        legend = ax.legend(
            loc="upper left" if is_below else "lower right", frameon=False
        )
        # Of many points each is too small to show its shape in the legend.
        for handle in legend.legend_handles:
            handle.set_sizes([24])
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_points(self, ax: Axes, dimension: int, own: np.ndarray, end) -> None:
        name = dimension_name(dimension, len(self.diagram))
        ax.scatter(
            own[:, 0],
            np.where(np.isinf(own[:, 1]), end, own[:, 1]),
            s=np.clip(4000 / max(len(own), 1), 5, 30),
            marker=MARKERS[dimension],
            facecolor=DIMENSION_COLOURS[dimension],
            edgecolor="white",
            linewidth=0.3,
            alpha=0.8,
            label=f"{len(own)} {_singular(name) if len(own) == 1 else name}",
            zorder=3 + dimension,
            clip_on=False,
        )


def _draw_end(ax: Axes, end: float) -> None:
    """Draw the line on which points lie that never die."""
    ax.axhline(end, color="0.5", linewidth=0.8, linestyle=":", zorder=1)
    ax.text(
        *(0.5, end),
        "never dies",
        transform=ax.get_yaxis_transform(),
        ha="center",
        va="bottom",
        fontsize=8,
        color="0.35",
    )


def _singular(name: str) -> str:
    return name.replace("ies", "ys").removesuffix("s")

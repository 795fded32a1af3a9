"""An image with its most persistent components and holes drawn on it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from morphokeras.plots._dimensions import DIMENSION_COLOURS, MARKERS, dimension_name
from morphokeras.plots._style import Axes, import_pyplot, without_ticks
from morphokeras.topology.cubical import persistence_pairs


class PersistentPairsDisplay:
    """Where the longest-lived components and holes of an image are born and die.

    A full mark stands where a component or a hole is born while the threshold moves,
    an empty one where it dies, and a line joins them; what never dies has no line. For
    superlevel sets a component is born at its brightest pixel and dies at the bridge to
    an older one; a hole is born where a ring of bright pixels closes, and dies at its
    darkest pixel.

    Parameters
    ----------
    image : ndarray of shape (height, width)
        Grey image.
    pairs : sequence of ndarray of shape (n_pairs, 2)
        Birth and death pixel of each homology dimension, as indices into the flattened
        image; a death of -1 for what never dies.
    boundary : {'open', 'periodic'}, default='open'
        Whether a line may leave the image at one side and come back at the other.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure, after :meth:`plot`.
    ax_ : matplotlib Axes
        The axes with the picture.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.plots import PersistentPairsDisplay
    >>> ring = np.zeros((9, 9))
    >>> ring[2:7, 2:7] = 0.8
    >>> ring[4, 4] = 0.2
    >>> display = PersistentPairsDisplay.from_image(ring)
    >>> [len(pairs) for pairs in display.pairs]
    [1, 1]
    """

    def __init__(
        self, image: np.ndarray, pairs: Sequence[np.ndarray], boundary: str = "open"
    ):
        self.image = image
        self.pairs = pairs
        self.boundary = boundary

    @classmethod
    def from_image(
        cls,
        image: np.ndarray,
        *,
        n_pairs: int | None = 20,
        min_persistence: float = 0.0,
        filtration: str = "superlevel",
        connectivity: str = "full",
        boundary: str = "open",
        homology_dimensions: tuple[int, ...] = (0, 1),
        ax: Axes = None,
    ) -> "PersistentPairsDisplay":
        """Compute and draw the most persistent pairs of an image.

        Parameters
        ----------
        image : array_like of shape (height, width)
            Finite values.
        n_pairs : int or None, default=20
            Most pairs of each dimension, the longest first; None draws all.
        min_persistence : float, default=0.0
            Only pairs that persist longer are drawn, in grey values.
        filtration, connectivity, boundary
            As in :func:`~morphokeras.topology.persistence_pairs`.
        homology_dimensions : tuple of int, default=(0, 1)
            What is drawn: 0 components, 1 holes.
        ax : matplotlib Axes, default=None
            Where to draw; by default a new figure.

        Returns
        -------
        PersistentPairsDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the image has not two axes, or as
            :func:`~morphokeras.topology.persistence_pairs`.
        ImportError
            If matplotlib is not installed.
        """
        image = np.asarray(image)
        if image.ndim != 2:
            raise ValueError(
                "`image` must have the shape (height, width). Received: shape="
                f"{image.shape}. Draw a section of a volume."
            )
        found = persistence_pairs(
            image[np.newaxis],
            filtration=filtration,
            connectivity=connectivity,
            boundary=boundary,
            homology_dimensions=homology_dimensions,
            min_persistence=min_persistence,
            max_pairs=n_pairs,
        )[0]
        pairs = [np.empty((0, 2), np.int32)] * 2
        for dimension, own in zip(homology_dimensions, found, strict=True):
            pairs[dimension] = own
        return cls(image, pairs, boundary).plot(ax=ax)

    def plot(
        self, *, ax: Axes = None, cmap: str = "gray", marker_size: float = 5.0
    ) -> "PersistentPairsDisplay":
        """Draw the image and the pairs.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; by default a new figure.
        cmap : str, default='gray'
            Colour map of the image.
        marker_size : float, default=5.0
            Size of the marks in points.

        Returns
        -------
        PersistentPairsDisplay
            The display itself.
        """
        plt = import_pyplot()
        if ax is None:
            height, width = self.image.shape
            size = (5, min(5 * height / width, 10) + 0.5)
            _, ax = plt.subplots(figsize=size, layout="constrained")
        without_ticks(ax)
        ax.imshow(self.image, cmap=cmap)
        ax.autoscale(False)
        for dimension, pairs in enumerate(self.pairs):
            if len(pairs):
                self._draw_dimension(ax, dimension, np.asarray(pairs), marker_size)
        if ax.get_legend_handles_labels()[0]:
            ax.legend(
                loc="upper center",
                bbox_to_anchor=(0.5, -0.01),
                ncols=2,
                frameon=False,
                fontsize=9,
            )
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_dimension(
        self, ax: Axes, dimension: int, pairs: np.ndarray, marker_size: float
    ) -> None:
        shape = np.array(self.image.shape)
        births = np.stack(np.unravel_index(pairs[:, 0], shape), axis=1)
        dies = pairs[:, 1] >= 0
        deaths = np.stack(np.unravel_index(pairs[dies, 1], shape), axis=1)
        for start, stop in self._lines(births[dies], deaths):
            steps = {"xs": (start[1], stop[1]), "ys": (start[0], stop[0])}
            _draw_line(ax, dimension, **steps)
        name = dimension_name(dimension, 2)
        for points, is_full, label in (
            (births, True, f"{name}: birth"),
            (deaths, False, f"{name}: death"),
        ):
            ax.plot(
                *(points[:, 1], points[:, 0]),
                linestyle="none",
                label=label,
                zorder=4 + is_full,
                clip_on=False,
                **_mark(dimension, is_full, marker_size),
            )

    def _lines(self, births: np.ndarray, deaths: np.ndarray) -> list:
        """Return the ends of the lines; those across a border are drawn at both."""
        if self.boundary != "periodic":
            return list(zip(births, deaths, strict=True))
        shape = np.array(self.image.shape)
        boxes = np.round((deaths - births) / shape).astype(int) * shape
        lines = list(zip(births, deaths - boxes, strict=True))
        around = boxes.any(axis=1)
        return lines + list(zip((births + boxes)[around], deaths[around], strict=True))


def _draw_line(ax: Axes, dimension: int, xs: Any, ys: Any) -> None:
    # White below the colour, to be seen on any grey.
    ax.plot(xs, ys, color="white", linewidth=2.6, zorder=2, solid_capstyle="round")
    ax.plot(xs, ys, color=DIMENSION_COLOURS[dimension], linewidth=1.2, zorder=3)


def _mark(dimension: int, is_full: bool, marker_size: float) -> dict[str, Any]:
    """Return the style of a mark: coloured with a white rim, or the other way."""
    colours = (DIMENSION_COLOURS[dimension], "white")
    return {
        "marker": MARKERS[dimension],
        "markersize": marker_size,
        "markerfacecolor": colours[0] if is_full else colours[1],
        "markeredgecolor": colours[1] if is_full else colours[0],
        "markeredgewidth": 0.8 if is_full else 1.4,
    }

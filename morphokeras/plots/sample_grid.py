"""Rows of example fields, such as real ones above generated ones."""

import textwrap
from collections.abc import Mapping

import numpy as np

from morphokeras.plots._style import (
    Figure,
    as_pictures,
    check_sets,
    import_pyplot,
    without_ticks,
)
from morphokeras.plots.attention import add_scale_bar

Range = tuple[float, float] | str | None


class SampleGridDisplay:
    """Example fields in rows, one row a set, each with its name.

    Parameters
    ----------
    rows : dict of ndarray of shape (n_samples, height, width)
        Pictures of each row by the row's name.
    titles : dict of list of str, default=None
        A title for each picture of a row, by the row's name.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure, after :meth:`plot`.
    axes_ : ndarray of shape (n_rows, n_columns) of matplotlib Axes
        One for each picture.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.plots.sample_grid import SampleGridDisplay
    >>> fields = np.random.default_rng(0).random((5, 16, 16))
    >>> display = SampleGridDisplay.from_fields({"Real": fields}, n_columns=4)
    >>> display.axes_.shape
    (1, 4)
    """

    def __init__(
        self,
        rows: Mapping[str, np.ndarray],
        titles: Mapping[str, list[str]] | None = None,
    ):
        self.rows = rows
        self.titles = titles

    @classmethod
    def from_fields(
        cls,
        rows: Mapping[str, np.ndarray],
        *,
        titles: Mapping[str, list[str]] | None = None,
        n_columns: int = 6,
        cmap: str = "gray",
        value_range: Range = "auto",
        um_per_px: float | None = None,
        figure: Figure = None,
    ) -> "SampleGridDisplay":
        """Draw the first fields of each set.

        Parameters
        ----------
        rows : dict of ndarray of shape (n_samples, height, width)
            Sets of fields by their names, drawn from the top. One channel axis at the
            end is allowed; of volumes (n_samples, depth, height, width) the middle
            section is drawn.
        titles : dict of list of str, default=None
            A title for each field of a set, such as its class.
        n_columns : int, default=6
            Most fields of a row.
        cmap : str, default='gray'
            Colour map.
        value_range : tuple of float, 'auto' or None, default='auto'
            Values of the darkest and the brightest colour. ``'auto'``: 0 and 1, or the
            range of all pictures together where that is wider, as it is of label maps.
            None takes each picture's own.
        um_per_px : float, default=None
            Micrometres per pixel, for a scale bar in the first picture.
        figure : matplotlib Figure, default=None
            Figure to draw into; by default a new one.

        Returns
        -------
        SampleGridDisplay
            The display, drawn.

        Raises
        ------
        TypeError, ValueError
            If `rows` is empty or no dict, or a set is not made of fields.
        ImportError
            If matplotlib is not installed.
        """
        pictures = {
            name: as_pictures(fields, "rows")[:n_columns]
            for name, fields in check_sets(rows, "rows").items()
        }
        return cls(pictures, titles).plot(
            figure=figure, cmap=cmap, value_range=value_range, um_per_px=um_per_px
        )

    def plot(
        self,
        *,
        figure: Figure = None,
        cmap: str = "gray",
        value_range: Range = "auto",
        um_per_px: float | None = None,
    ) -> "SampleGridDisplay":
        """Draw the rows.

        Parameters
        ----------
        figure, cmap, value_range, um_per_px
            As in :meth:`from_fields`.

        Returns
        -------
        SampleGridDisplay
            The display itself.
        """
        plt = import_pyplot()
        n_columns = max(len(pictures) for pictures in self.rows.values())
        if figure is None:
            size = (1.5 * n_columns + 0.4, 1.55 * len(self.rows) + 0.1)
            figure = plt.figure(figsize=size, layout="constrained")
        axes = figure.subplots(len(self.rows), n_columns, squeeze=False)
        low, high = self._limits(value_range)
        for row, (name, pictures) in zip(axes, self.rows.items(), strict=True):
            titles = (self.titles or {}).get(name, [])
            for column, ax in enumerate(row):
                without_ticks(ax)
                if column < len(pictures):
                    ax.imshow(pictures[column], cmap=cmap, vmin=low, vmax=high)
                if column < len(titles):
                    ax.set_title(titles[column], fontsize=8)
            # A line of more letters is longer than the picture is high.
            row[0].set_ylabel(textwrap.fill(name, 18), fontsize=10)
        if um_per_px is not None:
            add_scale_bar(axes[0, 0], um_per_px, longest=0.5)
        self.figure_, self.axes_ = figure, axes
        return self

    def _limits(self, value_range: Range) -> tuple[float | None, float | None]:
        """Return the values of the darkest and the brightest colour."""
        if value_range is None:
            return None, None
        if not isinstance(value_range, str):
            return value_range
        if value_range != "auto":
            raise ValueError(
                "`value_range` must be two numbers, 'auto' or None. Received: "
                f"value_range={value_range!r}."
            )
        values = np.concatenate([p[np.isfinite(p)] for p in self.rows.values()])
        return float(values.min(initial=0)), float(values.max(initial=1))

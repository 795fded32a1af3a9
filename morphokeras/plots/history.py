"""Training histories, one panel a term."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from morphokeras.plots._style import COLOURS, Figure, import_pyplot


class TrainingHistoryDisplay:
    """Each tracked term over the epochs, training and validation.

    Terms differ by orders of magnitude, so each has a panel and a scale of its own.

    Parameters
    ----------
    history : dict of list of float
        Values after each epoch by the name of the term; the validation value of a term
        goes by the same name after ``val_``.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure, after :meth:`plot`.
    axes_ : ndarray of matplotlib Axes
        One for each term, in order.

    Examples
    --------
    >>> from morphokeras.plots.history import TrainingHistoryDisplay
    >>> history = {"loss": [2.0, 1.0], "val_loss": [2.1, 1.5], "rec": [1.0, 0.5]}
    >>> display = TrainingHistoryDisplay(history).plot()
    >>> [ax.get_title() for ax in display.axes_]
    ['loss', 'rec']
    """

    def __init__(self, history: Mapping[str, Sequence[float]]):
        self.history = history

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, terms: Sequence[str] | None = None
    ) -> "TrainingHistoryDisplay":
        """Draw the history of a fitted estimator.

        Parameters
        ----------
        estimator : MicrostructureClassifier or MicrostructureGenerator
            Fitted estimator with `history_`.
        terms : sequence of str, default=None
            Terms to draw; by default those of :meth:`plot`.

        Returns
        -------
        TrainingHistoryDisplay
            The display, drawn.
        """
        return cls(estimator.history_).plot(terms=terms)

    def plot(
        self, *, terms: Sequence[str] | None = None, figure: Figure = None
    ) -> "TrainingHistoryDisplay":
        """Draw one panel a term.

        Parameters
        ----------
        terms : sequence of str, default=None
            Terms to draw, without ``val_``; by default all, but for the count of
            skipped steps where none was skipped.
        figure : matplotlib Figure, default=None
            Figure to draw into; by default a new one.

        Returns
        -------
        TrainingHistoryDisplay
            The display itself.

        Raises
        ------
        ValueError
            If the history has no such term.
        ImportError
            If matplotlib is not installed.
        """
        plt = import_pyplot()
        known = [name for name in self.history if not name.startswith("val_")]
        names = self._terms_to_draw(known) if terms is None else list(terms)
        if not names or not set(names) <= set(known):
            raise ValueError(f"`terms` must be among {known}. Received: terms={terms}.")
        n_columns = min(len(names), 4)
        n_rows = -(-len(names) // n_columns)
        if figure is None:
            size = (2.6 * n_columns, 2.0 * n_rows + 0.3)
            figure = plt.figure(figsize=size, layout="constrained")
        axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for name, ax in zip(names, axes, strict=False):
            self._draw_term(ax, name)
        for ax in axes[len(names) :]:
            ax.remove()
        for ax in axes[max(0, len(names) - n_columns) : len(names)]:
            ax.set_xlabel("epoch", fontsize=8)
        handles, labels = axes[0].get_legend_handles_labels()
        if len(handles) > 1:
            figure.legend(handles, labels, loc="outside lower center", ncols=2)
        self.figure_, self.axes_ = figure, axes[: len(names)]
        return self

    def _terms_to_draw(self, known: list[str]) -> list[str]:
        """Return the terms that say something."""
        skipped = any(self.history.get("skipped_steps", ()))
        return [name for name in known if skipped or name != "skipped_steps"]

    def _draw_term(self, ax: Any, name: str) -> None:
        """Draw one term into its panel."""
        for key, label, style in (
            (name, "training", "-"),
            (f"val_{name}", "validation", "--"),
        ):
            if key in self.history:
                values = np.asarray(self.history[key], dtype=float)
                epochs = np.arange(1, len(values) + 1)
                colour = COLOURS[2] if style == "-" else COLOURS[1]
                marker = "o" if len(values) == 1 else None
                ax.plot(epochs, values, style, color=colour, label=label, marker=marker)
        ax.set_title(name, fontsize=9)
        ax.tick_params(labelsize=8)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.spines[["top", "right"]].set_visible(False)

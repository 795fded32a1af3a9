"""Distributions of chord lengths of sets of fields."""

from collections.abc import Mapping

import numpy as np

from morphokeras.descriptors.chords import chord_length_distribution
from morphokeras.plots._style import (
    COLOURS,
    LINES,
    Axes,
    as_phase,
    check_sets,
    check_um_per_px,
    import_pyplot,
)


class ChordLengthDisplay:
    """How often chords of each length are, in each of several sets of fields.

    Parameters
    ----------
    lengths : dict of ndarray of shape (n_lengths,)
        Lengths in pixels, by the set's name.
    counts : dict of ndarray of shape (n_samples, n_lengths)
        Chords of each field of a set, by their length.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure, after :meth:`plot`.
    ax_ : matplotlib Axes
        The axes with the curves.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.plots import ChordLengthDisplay
    >>> fields = np.random.default_rng(0).random((5, 16, 16)) < 0.3
    >>> display = ChordLengthDisplay.from_fields({"Noise": fields})
    >>> display.ax_.get_xlabel()
    'chord length (pixels)'
    """

    def __init__(
        self, lengths: Mapping[str, np.ndarray], counts: Mapping[str, np.ndarray]
    ):
        self.lengths = lengths
        self.counts = counts

    @classmethod
    def from_fields(
        cls,
        sets: Mapping[str, np.ndarray],
        *,
        threshold: float = 0.5,
        phase: int | None = None,
        axis: int | None = None,
        boundary: str = "open",
        spatial_dims: int = 2,
        um_per_px: float | None = None,
        ax: Axes = None,
    ) -> "ChordLengthDisplay":
        r"""Measure and draw the chords of sets of fields.

        Parameters
        ----------
        sets : dict of ndarray of shape (n_samples, \*shape)
            Fields with values in [0, 1], booleans, or with `phase` labels, by the name
            of the set.
        threshold : float, default=0.5
            Values above it are the phase.
        phase : int, default=None
            Measure this label of label maps instead.
        axis : int, default=None
            Along which spatial axis, 0 being the first; None: along all.
        boundary : {'open', 'periodic'}, default='open'
            Whether chords end at the border, or go on at the other side.
        spatial_dims : {2, 3}, default=2
            Number of axes of a field.
        um_per_px : float, default=None
            Micrometres per pixel, to give lengths in micrometres.
        ax : matplotlib Axes, default=None
            Where to draw; by default a new figure.

        Returns
        -------
        ChordLengthDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError, ValueError
            If the sets or an option are not as described.
        """
        lengths, counts = {}, {}
        for name, fields in check_sets(sets).items():
            lengths[name], counts[name] = chord_length_distribution(
                as_phase(fields, threshold, phase),
                axis=axis,
                boundary=boundary,
                spatial_dims=spatial_dims,
            )
        return cls(lengths, counts).plot(ax=ax, um_per_px=um_per_px)

    def plot(
        self, *, ax: Axes = None, um_per_px: float | None = None, bin_width: int = 2
    ) -> "ChordLengthDisplay":
        """Draw the distributions.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; by default a new figure.
        um_per_px : float, default=None
            Micrometres per pixel, to give lengths in micrometres.
        bin_width : int, default=2
            Lengths that share a step of a curve, in pixels.

        Returns
        -------
        ChordLengthDisplay
            The display itself.
        """
        check_um_per_px(um_per_px)
        plt = import_pyplot()
        if ax is None:
            _, ax = plt.subplots(figsize=(5, 3.5), layout="constrained")
        scale, unit = (1.0, "pixels") if um_per_px is None else (um_per_px, "µm")
        reach = 0.0
        for i, (name, counts) in enumerate(self.counts.items()):
            edges, shares = _shares(counts.sum(axis=0), bin_width)
            mean = (
                scale * counts.sum(axis=0) @ self.lengths[name] / max(counts.sum(), 1)
            )
            ax.stairs(
                shares,
                scale * edges,
                color=COLOURS[i % len(COLOURS)],
                linestyle=LINES[i % len(LINES)],
                linewidth=1.5,
                label=f"{name}: {mean:.3g} {unit}",
            )
            last = int(np.searchsorted(np.cumsum(shares), 0.995))
            reach = max(reach, scale * edges[min(last + 1, len(shares))])
        ax.set(xlabel=f"chord length ({unit})", ylabel="share of chords")
        ax.set(xlim=(0, reach or None), ylim=(0, None))
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(title="mean length", frameon=False, fontsize=9, title_fontsize=8)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _shares(counts: np.ndarray, bin_width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges of bins of lengths 1, 2, ..., and each bin's share of chords."""
    starts = np.arange(0, len(counts), bin_width)
    sums = np.add.reduceat(counts, starts)
    edges = np.append(starts, starts[-1] + bin_width) + 0.5
    return edges, sums / max(sums.sum(), 1)

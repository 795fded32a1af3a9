"""Micrographs with a scale bar and an attention map laid over them."""

from typing import Any

import numpy as np

from morphokeras.plots._style import (
    Axes,
    check_um_per_px,
    import_pyplot,
    without_ticks,
)


class AttentionDisplay:
    """A micrograph and where the classifier looked.

    Parameters
    ----------
    image : ndarray of shape (height, width)
        Grey micrograph.
    attention : ndarray of shape (map_height, map_width)
        Attention in [0, 1]; a coarser map is stretched over the image.
    um_per_px : float, default=None
        Micrometres per pixel of the image, for the scale bar; None draws no bar.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure, after :meth:`plot`.
    ax_ : matplotlib Axes
        The axes with the picture.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.plots.attention import AttentionDisplay
    >>> display = AttentionDisplay(np.zeros((64, 64)), np.eye(8), um_per_px=0.2)
    >>> [text.get_text() for text in display.plot().ax_.texts]
    ['2 µm']
    """

    def __init__(
        self,
        image: np.ndarray,
        attention: np.ndarray,
        um_per_px: float | None = None,
    ):
        self.image = image
        self.attention = attention
        self.um_per_px = um_per_px

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        image: np.ndarray,
        *,
        um_per_px: float | None = None,
        title: str | None = None,
        ax: Axes = None,
    ) -> "AttentionDisplay":
        """Compute the attention map of a fitted classifier and draw it.

        Parameters
        ----------
        estimator : MicrostructureClassifier
            Fitted estimator with `attention_maps`.
        image : ndarray of shape (height, width)
            Grey micrograph of the size that the estimator was fitted on.
        um_per_px : float, default=None
            Micrometres per pixel, for the scale bar.
        title : str, default=None
            Title, such as the true and the predicted class.
        ax : matplotlib Axes, default=None
            Where to draw; by default a new figure.

        Returns
        -------
        AttentionDisplay
            The display, drawn.
        """
        image = np.asarray(image)
        maps = np.asarray(estimator.attention_maps(image[None]))
        attention = maps.reshape(maps.shape[:3])[0]
        return cls(image, attention, um_per_px).plot(ax=ax, title=title)

    def plot(
        self,
        *,
        ax: Axes = None,
        title: str | None = None,
        cmap: str = "inferno",
        alpha: float = 0.65,
        colorbar: bool = False,
    ) -> "AttentionDisplay":
        """Draw the micrograph, the map over it, and the scale bar.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; by default a new figure.
        title : str, default=None
            Title.
        cmap : str, default='inferno'
            Colour map of the attention.
        alpha : float, default=0.65
            Opacity where attention is largest; where it is least, the micrograph is
            bare.
        colorbar : bool, default=False
            Draw the scale of the attention beside the picture.

        Returns
        -------
        AttentionDisplay
            The display itself.

        Raises
        ------
        ValueError
            If the image or the map has not two axes.
        ImportError
            If matplotlib is not installed.
        """
        plt = import_pyplot()
        image = _as_plane("image", self.image)
        attention = _stretch(_as_plane("attention", self.attention), image.shape)
        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        without_ticks(ax)
        ax.imshow(image, cmap="gray")
        low, high = float(attention.min()), float(attention.max())
        strength = (attention - low) / max(high - low, 1e-12)
        overlay = ax.imshow(attention, cmap=cmap, alpha=alpha * strength)
        if colorbar:
            bar = ax.figure.colorbar(overlay, ax=ax, fraction=0.046)
            bar.set_label("attention")
        if title:
            ax.set_title(title, fontsize=9)
        if self.um_per_px is not None:
            add_scale_bar(ax, self.um_per_px)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def add_scale_bar(ax: Axes, um_per_px: float, *, longest: float = 0.25) -> None:
    """Draw a scale bar of a round length into the picture of some axes.

    Parameters
    ----------
    ax : matplotlib Axes
        Axes that show a picture, one data unit a pixel.
    um_per_px : float
        Micrometres per pixel.
    longest : float, default=0.25
        The bar's greatest length, a share of the picture's width in (0, 0.9]; small
        pictures need more to have room for the letters.

    Raises
    ------
    ValueError
        If `um_per_px` is not a positive number, or `longest` no such share.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from morphokeras.plots.attention import add_scale_bar
    >>> ax = plt.figure().add_subplot()
    >>> picture = ax.imshow([[0.0] * 200] * 100)
    >>> add_scale_bar(ax, um_per_px=0.5)
    >>> ax.texts[0].get_text()
    '20 µm'
    """
    check_um_per_px(um_per_px)
    if not 0 < longest <= 0.9:
        raise ValueError(
            f"`longest` must lie in (0, 0.9]. Received: longest={longest!r}."
        )
    from matplotlib.transforms import ScaledTranslation, blended_transform_factory

    left, right = ax.get_xlim()
    width = right - left
    length = round_length(longest * width * um_per_px)
    bar = length / um_per_px
    start, margin = left + 0.05 * width, 0.02 * width
    plt = import_pyplot()
    # Along the bar pixels of the picture, across it inches from its lower edge, where
    # the letters' size does not depend on that of the picture.
    inches = ax.figure.dpi_scale_trans + ScaledTranslation(0, 0, ax.transAxes)
    place = {"transform": blended_transform_factory(ax.transData, inches), "zorder": 5}
    # White on a dark ground can be read on any micrograph.
    ground = plt.Rectangle(
        (start - margin, 0.05),
        bar + 2 * margin,
        0.26,
        facecolor="black",
        alpha=0.6,
        edgecolor="none",
        **place,
    )
    ax.add_patch(ground)
    ax.add_patch(plt.Rectangle((start, 0.09), bar, 0.04, facecolor="white", **place))
    ax.text(
        start + bar / 2,
        0.16,
        f"{length:g} µm",
        color="white",
        ha="center",
        va="bottom",
        fontsize=8,
        **place,
    )


def round_length(longest: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is not above `longest`.

    Examples
    --------
    >>> from morphokeras.plots.attention import round_length
    >>> [round_length(length) for length in (0.07, 1.0, 49.0)]
    [0.05, 1.0, 20.0]
    """
    # The shift keeps exact powers of ten from rounding down.
    power = 10.0 ** np.floor(np.log10(longest) + 1e-9)
    digit = max(d for d in (1, 2, 5) if d <= longest / power * (1 + 1e-9))
    return float(f"{digit * power:.1g}")


def _as_plane(name: str, values: np.ndarray) -> np.ndarray:
    """Return an array of two axes, without a channel axis of size 1."""
    values = np.asarray(values)
    if values.ndim == 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != 2:
        raise ValueError(
            f"`{name}` must have the shape (height, width). Received: "
            f"shape={values.shape}."
        )
    return values


def _stretch(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Interpolate a coarse map to the size of the image."""
    from skimage.transform import resize

    return resize(values.astype(float), shape, order=1, mode="edge")

"""What each direction of the latent space does to an image."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from morphokeras.plots._style import Figure, as_pictures, import_pyplot, without_ticks


class LatentTraversalDisplay:
    """One image decoded again and again, while one latent variable moves.

    Parameters
    ----------
    pictures : ndarray of shape (n_latents, n_steps, height, width)
        The decoded images.
    values : ndarray of shape (n_latents, n_steps)
        The values of each latent variable.
    names : sequence of str
        A name for each latent variable.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure, after :meth:`plot`.
    axes_ : ndarray of shape (n_latents, n_steps) of matplotlib Axes
        One for each picture.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.plots import LatentTraversalDisplay
    >>> pictures, values = np.zeros((2, 5, 8, 8)), np.tile(np.arange(5.0), (2, 1))
    >>> LatentTraversalDisplay(pictures, values, ["z1", "z4"]).plot().axes_.shape
    (2, 5)
    """

    def __init__(self, pictures: np.ndarray, values: np.ndarray, names: Sequence[str]):
        self.pictures = pictures
        self.values = values
        self.names = names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: np.ndarray,
        *,
        number: int = 0,
        latents: Sequence[int] | None = None,
        n_latents: int = 4,
        n_steps: int = 7,
        extent: float = 2.0,
        figure: Figure = None,
    ) -> "LatentTraversalDisplay":
        """Move the latent variables of one image that vary most over a set.

        Parameters
        ----------
        estimator : MicrostructureGenerator
            Fitted generator.
        X : ndarray of shape (n_samples, height, width)
            Images that tell how far each variable varies, at least two.
        number : int, default=0
            The image of `X` that is decoded; its latent field stays as it is.
        latents : sequence of int, default=None
            Numbers of the latent variables, counted from 0. By default those that vary
            most over `X`.
        n_latents, n_steps : int, default=4, 7
            Number of variables, if `latents` is None, and of steps.
        extent : float, default=2.0
            How far variables move from their mean, in standard deviations over `X`.
        figure : matplotlib Figure, default=None
            Figure to draw into; by default a new one.

        Returns
        -------
        LatentTraversalDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If `X` has fewer than two images, or a latent variable is unknown.
        ImportError
            If matplotlib is not installed.
        """
        if len(X) < 2:
            raise ValueError(
                "`X` must hold at least two images, to tell how far latent variables "
                f"vary. Received: {len(X)}."
            )
        codes = np.asarray(estimator.transform(X))
        global_codes = codes[:, : estimator.latent_dim]
        mean, deviation = global_codes.mean(axis=0), global_codes.std(axis=0)
        if latents is None:
            latents = np.argsort(-deviation)[:n_latents].tolist()
        if not set(latents) <= set(range(len(mean))):
            raise ValueError(
                f"`latents` must be numbers from 0 to {len(mean) - 1}. Received: "
                f"latents={latents}."
            )
        steps = np.linspace(-extent, extent, n_steps)
        values = np.stack([mean[k] + deviation[k] * steps for k in latents])
        moved = np.repeat(codes[number][None], values.size, axis=0)
        moved = moved.reshape(*values.shape, -1)
        for row, k in enumerate(latents):
            moved[row, :, k] = values[row]
        decoded = estimator.inverse_transform(moved.reshape(values.size, -1))
        pictures = as_pictures(decoded, "X")
        pictures = pictures.reshape(*values.shape, *pictures.shape[1:])
        names = [f"z[{k}]" for k in latents]
        return cls(pictures, values, names).plot(figure=figure)

    def plot(
        self, *, figure: Figure = None, cmap: str = "gray"
    ) -> "LatentTraversalDisplay":
        """Draw one row a latent variable.

        Parameters
        ----------
        figure : matplotlib Figure, default=None
            Figure to draw into; by default a new one.
        cmap : str, default='gray'
            Colour map, from 0 to 1.

        Returns
        -------
        LatentTraversalDisplay
            The display itself.
        """
        plt = import_pyplot()
        n_rows, n_columns = self.values.shape
        if figure is None:
            size = (1.3 * n_columns + 0.4, 1.45 * n_rows + 0.1)
            figure = plt.figure(figsize=size, layout="constrained")
        axes = figure.subplots(n_rows, n_columns, squeeze=False)
        for row, name in enumerate(self.names):
            for column, ax in enumerate(axes[row]):
                without_ticks(ax)
                ax.imshow(self.pictures[row, column], cmap=cmap, vmin=0, vmax=1)
                ax.set_title(f"{self.values[row, column]:.2f}", fontsize=8)
            axes[row, 0].set_ylabel(name, fontsize=10)
        self.figure_, self.axes_ = figure, axes
        return self

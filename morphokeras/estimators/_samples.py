"""What a fitted generator is asked for: new microstructures."""

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from morphokeras.estimators import _labels, _twins
from morphokeras.estimators._base import BaseMicrostructureEstimator
from morphokeras.models.vae import MorphoTensorVAE
from morphokeras.utils.entries import check_fractions
from morphokeras.utils.validation import check_length, check_size


class DrawsSamples(BaseMicrostructureEstimator):
    """Mixin of a generator: it draws samples."""

    classes_: np.ndarray
    model_: MorphoTensorVAE

    def sample(
        self,
        n_samples=1,
        y=None,
        *,
        volume_fraction=None,
        betti_numbers=None,
        shape=None,
        random_state=None,
    ):
        """Draw new microstructures.

        Parameters
        ----------
        n_samples : int, default=1
            How many.
        y : label or array-like of shape (n_samples,), optional
            Their class, if the generator was fitted with labels; drawn as often as
            in the training set if not given.
        volume_fraction : float or array-like of shape (n_samples,), optional
            Fraction of the bright phase in each, in [0, 1], met exactly; for
            ``field='phase'``; of several phases one each, of shape (n_samples,
            n_channels). By default drawn from those of the class, or of all.
        betti_numbers : int, sequence or array of shape (n_samples, n_dims), optional
            Number of components of the bright phase in each; or the numbers of
            components and holes (of volumes tunnels and cavities), None for any. The
            samples are moved until they have them, or come as near as they can, which
            takes some seconds for ten; for ``field='phase'``. Connections are those
            of `connectivity`, and across the edges only if `boundary` is periodic.
        shape : tuple of int, optional
            Their size in pixels; that of the training images if not given.
        random_state : int, RandomState or None, default=None
            Same seed, same samples.

        Returns
        -------
        ndarray of shape (n_samples, height, width[, channels])
            Grey values in [0, 1]; a channel axis only if the training images had one.

        Raises
        ------
        ValueError
            If a class is not known, a fraction or a Betti number is asked of a grey
            field or lies out of its range, or another size is asked of a model that
            has one.
        """
        check_is_fitted(self, "model_")
        if not isinstance(n_samples, int | np.integer) or n_samples < 1:
            raise ValueError(
                f"`n_samples` must be a positive integer. Received: {n_samples!r}."
            )
        if shape is not None:
            shape = check_size(shape, self.spatial_dims)
        if volume_fraction is not None:
            volume_fraction = check_fractions(volume_fraction, int(n_samples))
        seed = check_random_state(random_state).randint(2**31 - 1)
        labels = self._labels_to_draw(y, int(n_samples))
        with _twins.lend_predicting(self.model_) as model:
            samples = model.generate(
                int(n_samples), labels, volume_fraction, shape, seed, betti_numbers
            )
        return self._restore_axes(samples)

    def _labels_to_draw(self, y, n_samples: int) -> np.ndarray | None:
        if y is None:
            return None
        if not len(self.classes_):
            raise ValueError(
                "The generator was fitted without labels: leave `y` out, or fit it "
                "with `fit(X, y)`."
            )
        wanted = np.full(n_samples, y) if np.ndim(y) == 0 else np.asarray(y)
        check_length(wanted, n_samples, "y")
        return _labels.encode_known(wanted, n_samples, self.classes_, None)

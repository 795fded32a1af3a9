"""What the transformers of images share: validation, threads, names."""

import math
from collections.abc import Hashable, Sequence
from numbers import Integral

import joblib
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import Options, StrOptions
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from morphokeras.features._memory import MEMORY, digest
from morphokeras.topology.cubical import BOUNDARIES, CONNECTIVITIES
from morphokeras.utils.intensity import learn_range, scale_intensity
from morphokeras.utils.validation import check_images

SHARED_OPTIONS: dict[str, list] = {
    "standardize": ["boolean"],
    "intensity": [StrOptions({"minmax", "percentile"}), tuple, list, None],
    "n_jobs": [Integral, None],
}
TOPOLOGY_OPTIONS: dict[str, list] = {
    "filtrations": ["array-like"],
    "connectivity": [StrOptions(set(CONNECTIVITIES))],
    "boundary": [StrOptions(set(BOUNDARIES))],
    "spatial_dims": [Options(Integral, {2, 3})],
}
# Below this deviation an image counts as constant: float32 rounds grey values so.
LEAST_DEVIATION = 1e-6


class ImageFeatures(TransformerMixin, BaseEstimator):
    """Measure every image by itself.

    A subclass says what is measured (`_measure`) and how it is called (`_names`), and
    has the parameters `standardize`, `intensity` and `n_jobs`, and also
    `spatial_dims` if volumes can be measured.
    """

    spatial_dims: int = 2
    standardize: bool
    intensity: str | tuple[float, float] | None
    n_jobs: int | None

    def fit(self, X, y=None):
        """Learn the range of the grey values; nothing else is learned.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of one size, or volumes (n_samples, depth, height, width[, channels])
            if `spatial_dims` is 3. Several channels are averaged.
        y : ignored
            For scikit-learn's sake.

        Returns
        -------
        self
            The fitted transformer.

        Raises
        ------
        ValueError, TypeError
            If the images or a parameter are not as described.
        """
        self._validate_params()
        self._check_parameters()
        images = check_images(X, spatial_dims=self.spatial_dims)
        return self._learn(images.shape[1:], learn_range(images, self.intensity))

    def transform(self, X):
        """Return the features of each image.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images of the size of those in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Features, in the order of `get_feature_names_out`.

        Raises
        ------
        ValueError, TypeError
            If the images are not as described.
        """
        check_is_fitted(self)
        images = check_images(X, spatial_dims=self.spatial_dims)
        if images.shape[1:] != self.image_shape_:
            raise ValueError(
                f"{type(self).__name__} was fitted to images of shape "
                f"{self.image_shape_}, channels last. Received images of shape "
                f"{images.shape[1:]}. Resize or crop them, for example with "
                "`datasets.load_images(size=...)`."
            )
        way = self._way()
        keys = [(way, digest(self._prepare(image))) for image in images]
        rows = MEMORY.rows(keys, lambda new: self._rows([images[i] for i in new]))
        return np.array(rows, dtype="float64")

    def get_feature_names_out(self, input_features=None):
        """Return the names of the features.

        Parameters
        ----------
        input_features : ignored
            Pixels have no names.

        Returns
        -------
        ndarray of shape (n_features,), of str
            What each column of `transform` is.
        """
        check_is_fitted(self)
        return np.array(self._names(), dtype=object)

    def _learn(
        self, image_shape: tuple[int, ...], intensity_range: tuple[float, float]
    ):
        """Set all that is ever learned."""
        self.intensity_range_ = intensity_range
        self.image_shape_ = image_shape
        self.n_features_in_ = math.prod(image_shape)
        return self

    def _check_parameters(self) -> None:
        """Raise if parameters do not fit each other, or have wrong entries."""

    def _way(self) -> Hashable:
        """Return what tells these features of a prepared image from others."""
        before = ("intensity", "standardize", "n_jobs")
        parameters = {k: v for k, v in self.get_params().items() if k not in before}
        return type(self), joblib.hash(parameters)

    def _rows(self, images: list[np.ndarray]) -> list:
        if joblib.effective_n_jobs(self.n_jobs) == 1:  # spares what joblib itself takes
            return [self._row(image) for image in images]
        return Parallel(n_jobs=self.n_jobs, prefer="threads")(
            delayed(self._row)(image) for image in images
        )

    def _row(self, image: np.ndarray) -> Sequence[float] | np.ndarray:
        return self._measure(self._prepare(image))

    def _measure(self, image: np.ndarray) -> Sequence[float] | np.ndarray:
        """Return the features of a grey image without a channel axis, float32."""
        raise NotImplementedError

    def _names(self) -> list[str]:
        raise NotImplementedError

    def _prepare(self, image: np.ndarray) -> np.ndarray:
        """Return one image in grey, float32, standardised if asked."""
        grey = scale_intensity(image, self.intensity_range_).mean(axis=-1)
        if not self.standardize:
            return grey
        deviation = grey.std(dtype="float64")
        grey = grey - grey.mean(dtype="float64")
        return (grey / max(deviation, LEAST_DEVIATION)).astype("float32")

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "image_shape_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags

    def _more_tags(self):
        return {"X_types": ["3darray"]}


def check_numbers(values, name: str, least: int = 1) -> None:
    """Raise unless `values` are finite numbers, none negative, at least so many."""
    numbers = np.asarray(values, dtype="float64")
    good = numbers.ndim == 1 and np.isfinite(numbers).all() and (numbers >= 0).all()
    if not good or len(numbers) < least:
        raise ValueError(
            f"`{name}` must be a sequence of numbers that are not negative"
            f"{', at least one' if least else ''}. Received: {name}={values!r}."
        )

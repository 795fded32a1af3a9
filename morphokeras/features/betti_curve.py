"""Betti numbers of the level sets of an image, level by level."""

import functools
from collections.abc import Callable
from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval

from morphokeras.features._base import SHARED_OPTIONS, TOPOLOGY_OPTIONS, ImageFeatures
from morphokeras.features._diagrams import check_filtrations
from morphokeras.topology._levels import LevelSets
from morphokeras.topology.level_sets import curves_function

# Hardly any standardised image has grey values beyond so many deviations.
REACH = 8.0
LEVELS_A_BAND = 4


class BettiCurve(ImageFeatures):
    """Count the parts and holes of an image, grey level by grey level.

    In volumes the holes are tunnels, and cavities are counted as well.

    Parameters
    ----------
    levels : int or sequence of float, default=16
        A number of bands, or levels. Bands are of equal width, from 0 to 1, or from -8
        to 8 deviations of a standardised image; of each, the mean number of parts and
        holes is given. At levels their number is counted.
    filtrations : sequence of str, default=('superlevel',)
        Whether the parts of what is as bright as a level are counted
        (``'superlevel'``), of what is as dark as it (``'sublevel'``), or both.
    connectivity : {'full', 'face'}, default='full'
        Which neighbours of a pixel are connected to it: 8 or 4, in volumes 26 or 6.
        What lies between the parts is connected the other way.
    boundary : {'open', 'periodic'}, default='open'
        Whether parts end at the border, or opposite borders are one.
    spatial_dims : {2, 3}, default=2
        Whether images or volumes are measured.
    standardize : bool, default=False
        Whether each image is brought to mean 0 and deviation 1 first.
    intensity : {None, 'minmax', 'percentile'} or (float, float), default=None
        The grey values that become 0 and 1. None: the range of an integer dtype;
        floats must then lie in [0, 1].
    n_jobs : int or None, default=None
        Number of threads.

    Attributes
    ----------
    levels_ : ndarray of shape (n_levels,)
        The levels at which is counted; four, evenly spread, in each band.
    image_shape_ : tuple of int
        Shape of an image, channels last.
    intensity_range_ : (float, float)
        The grey values that became 0 and 1.
    n_features_in_ : int
        Number of values of an image.

    Notes
    -----
    The counts are those of :func:`~morphokeras.topology.betti_curves`, which counts all
    levels at once. An open border closes no hole. Bands miss no grey value, and so name
    images better than as many levels do; their reach was chosen on X-SDD.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.features import BettiCurve
    >>> ring = np.zeros((1, 5, 5))
    >>> ring[0, 1:4, 1:4] = 0.8
    >>> ring[0, 2, 2] = 0.4
    >>> curve = BettiCurve(levels=[0.2, 0.6, 1.0])
    >>> curve.fit_transform(ring)
    array([[1., 1., 0., 0., 1., 0.]])
    >>> curve.get_feature_names_out()[:2].tolist()
    ['superlevel_b0_at_0.2', 'superlevel_b0_at_0.6']
    >>> curve = BettiCurve(levels=2)
    >>> curve.fit_transform(ring)
    array([[1.  , 0.5 , 0.25, 0.5 ]])
    >>> curve.get_feature_names_out()[:2].tolist()
    ['superlevel_b0_from_0_to_0.5', 'superlevel_b0_from_0.5_to_1']
    """

    _parameter_constraints = {
        "levels": [Interval(Integral, 1, None, closed="left"), "array-like"],
        **TOPOLOGY_OPTIONS,
        **SHARED_OPTIONS,
    }

    def __init__(
        self,
        levels=16,
        *,
        filtrations=("superlevel",),
        connectivity="full",
        boundary="open",
        spatial_dims=2,
        standardize=False,
        intensity=None,
        n_jobs=None,
    ):
        self.levels = levels
        self.filtrations = filtrations
        self.connectivity = connectivity
        self.boundary = boundary
        self.spatial_dims = spatial_dims
        self.standardize = standardize
        self.intensity = intensity
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        check_filtrations(self.filtrations)
        if self._has_bands:
            self.levels_ = self._levels_in_bands()
            return
        self.levels_ = np.asarray(self.levels, dtype="float64")
        good = self.levels_.ndim == 1 and np.isfinite(self.levels_).all()
        if not good or not len(self.levels_):
            raise ValueError(
                "`levels` must be a number of bands or a sequence of finite grey "
                f"values. Received: levels={self.levels!r}."
            )

    @property
    def _has_bands(self) -> bool:
        return isinstance(self.levels, Integral)

    def _edges_of_bands(self) -> np.ndarray:
        low, high = (-REACH, REACH) if self.standardize else (0.0, 1.0)
        return np.linspace(low, high, int(self.levels) + 1)

    def _levels_in_bands(self) -> np.ndarray:
        """Return the middles of the quarters of each band."""
        edges = self._edges_of_bands()
        parts = (np.arange(LEVELS_A_BAND) + 0.5) / LEVELS_A_BAND
        return (edges[:-1, np.newaxis] + np.diff(edges)[:, np.newaxis] * parts).ravel()

    def _measure(self, image: np.ndarray) -> np.ndarray:
        levels = tuple(self.levels_.tolist())
        curves = []
        for filtration in self.filtrations:
            sets = LevelSets(
                filtration, self.connectivity, self.boundary, self.spatial_dims
            )
            curves.append(_curves_function(levels, sets, image.dtype)(image))
        found = np.concatenate(curves)
        if self._has_bands:
            found = found.reshape(len(found), -1, LEVELS_A_BAND).mean(axis=-1)
        return found.ravel()

    def _names(self) -> list[str]:
        places = [f"at_{level:.4g}" for level in self.levels_]
        if self._has_bands:
            edges = [f"{edge:.4g}" for edge in self._edges_of_bands()]
            bands = zip(edges[:-1], edges[1:], strict=True)
            places = [f"from_{low}_to_{high}" for low, high in bands]
        return [
            f"{filtration}_b{dimension}_{place}"
            for filtration in self.filtrations
            for dimension in range(self.spatial_dims)
            for place in places
        ]


@functools.lru_cache(maxsize=16)
def _curves_function(
    levels: tuple[float, ...], sets: LevelSets, dtype: np.dtype
) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function of `curves_function`, made once for all images."""
    return curves_function(levels, sets, dtype)

"""Betti numbers of the level sets of an image, level by level."""

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval

from morphokeras.features._base import SHARED_OPTIONS, TOPOLOGY_OPTIONS, ImageFeatures
from morphokeras.features._diagrams import check_filtrations
from morphokeras.topology._levels import LevelSets
from morphokeras.topology.level_sets import curves_function

# Standardised images have few grey values beyond so many deviations.
REACH = 2.5


class BettiCurve(ImageFeatures):
    """Count the parts and holes of an image at each of several grey levels.

    In volumes the holes are tunnels, and cavities are counted as well.

    Parameters
    ----------
    levels : int or sequence of float, default=16
        Number of levels, or the levels themselves. A number of them is spread evenly:
        inside (0, 1), or from -2.5 to 2.5 deviations of a standardised image.
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
        The levels.
    image_shape_ : tuple of int
        Shape of an image, channels last.
    intensity_range_ : (float, float)
        The grey values that became 0 and 1.
    n_features_in_ : int
        Number of values of an image.

    Notes
    -----
    The counts are those of :func:`~morphokeras.topology.betti_curves`, which counts all
    levels at once. An open border closes no hole.

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
        if isinstance(self.levels, Integral):
            self.levels_ = _spread_levels(int(self.levels), self.standardize)
            return
        self.levels_ = np.asarray(self.levels, dtype="float64")
        good = self.levels_.ndim == 1 and np.isfinite(self.levels_).all()
        if not good or not len(self.levels_):
            raise ValueError(
                "`levels` must be a number of levels or a sequence of finite grey "
                f"values. Received: levels={self.levels!r}."
            )

    def _measure(self, image: np.ndarray) -> np.ndarray:
        curves = []
        for filtration in self.filtrations:
            sets = LevelSets(
                filtration, self.connectivity, self.boundary, self.spatial_dims
            )
            find_curves = curves_function(self.levels_, sets, image.dtype)
            curves.append(find_curves(image).ravel())
        return np.concatenate(curves)

    def _names(self) -> list[str]:
        return [
            f"{filtration}_b{dimension}_at_{level:.4g}"
            for filtration in self.filtrations
            for dimension in range(self.spatial_dims)
            for level in self.levels_
        ]


def _spread_levels(count: int, standardize: bool) -> np.ndarray:
    if standardize:
        return np.linspace(-REACH, REACH, count)
    return np.arange(1, count + 1) / (count + 1)

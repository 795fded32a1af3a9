"""Statistics of persistence diagrams as features of an image."""

from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from morphokeras.features._base import (
    SHARED_OPTIONS,
    TOPOLOGY_OPTIONS,
    ImageFeatures,
    check_numbers,
)
from morphokeras.features._diagrams import check_filtrations, values_of_pairs
from morphokeras.features._statistics import STATISTICS, statistics
from morphokeras.topology.cubical import pairs_function


class PersistenceFeatures(ImageFeatures):
    """Describe an image by its bright and dark parts and holes, at several scales.

    The image is smoothed; a threshold passes through its grey values from above
    (superlevel sets) and from below (sublevel sets). Parts (H0) and holes (H1) appear
    and vanish, in volumes also cavities (H2): their number, lifetimes and midpoints are
    summed up by statistics.

    Parameters
    ----------
    scales : sequence of float, default=(0.0, 1.0, 2.0, 4.0)
        Standard deviations of the Gaussian that smooths the image, in pixels.
    filtrations : sequence of str, default=('superlevel', 'sublevel')
        Which sets are followed.
    connectivity : {'full', 'face'}, default='full'
        Which neighbours of a pixel are connected to it: 8 or 4, in volumes 26 or 6.
    boundary : {'open', 'periodic'}, default='open'
        Whether the image ends at its border, beyond which smoothing sees its mirror
        image, or opposite borders are one.
    spatial_dims : {2, 3}, default=2
        Whether images or volumes are measured.
    thresholds : sequence of float, default=(0.25, 0.5, 1.0)
        Lifetimes above which parts and holes are counted as well, in grey values (in
        deviations of the image, if it is standardised).
    standardize : bool, default=True
        Whether each image is brought to mean 0 and deviation 1 first, so that neither
        brightness nor contrast counts.
    intensity : {None, 'minmax', 'percentile'} or (float, float), default=None
        The grey values that become 0 and 1. None: the range of an integer dtype;
        floats must then lie in [0, 1].
    n_jobs : int or None, default=None
        Number of threads.

    Attributes
    ----------
    image_shape_ : tuple of int
        Shape of an image, channels last.
    intensity_range_ : (float, float)
        The grey values that became 0 and 1.
    n_features_in_ : int
        Number of values of an image.

    Notes
    -----
    Of each diagram: the number of pairs and the number above each threshold; the
    entropy of the lifetimes' shares; sum, mean, deviation, greatest and quantiles of
    the lifetimes; mean, deviation and quantiles of the midpoints of birth and death.
    What never vanishes, such as the last part, is said to die at the other end of the
    image's own grey values. All are 0 for an empty diagram. An open border closes no
    hole. Turns by 90 degrees and mirroring change nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.features import PersistenceFeatures
    >>> ring = np.zeros((1, 9, 9))
    >>> ring[0, 2:7, 2:7] = 1
    >>> ring[0, 4, 4] = 0
    >>> features = PersistenceFeatures(
    ...     [0], filtrations=["superlevel"], standardize=False
    ... ).set_output(transform="pandas")
    >>> table = features.fit_transform(ring)
    >>> table[["superlevel_s0_h0_count", "superlevel_s0_h1_count"]].iloc[0].tolist()
    [1.0, 1.0]
    """

    _parameter_constraints = {
        "scales": ["array-like"],
        **TOPOLOGY_OPTIONS,
        "thresholds": ["array-like"],
        **SHARED_OPTIONS,
    }

    def __init__(
        self,
        scales=(0.0, 1.0, 2.0, 4.0),
        *,
        filtrations=("superlevel", "sublevel"),
        connectivity="full",
        boundary="open",
        spatial_dims=2,
        thresholds=(0.25, 0.5, 1.0),
        standardize=True,
        intensity=None,
        n_jobs=None,
    ):
        self.scales = scales
        self.filtrations = filtrations
        self.connectivity = connectivity
        self.boundary = boundary
        self.spatial_dims = spatial_dims
        self.thresholds = thresholds
        self.standardize = standardize
        self.intensity = intensity
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        check_filtrations(self.filtrations)
        check_numbers(self.scales, "scales")
        check_numbers(self.thresholds, "thresholds", least=0)

    def _measure(self, image: np.ndarray) -> np.ndarray:
        options = {"boundary": self.boundary, "spatial_dims": self.spatial_dims}
        find_pairs = {
            filtration: pairs_function(filtration, self.connectivity, **options)
            for filtration in self.filtrations
        }
        mode: Any = "wrap" if self.boundary == "periodic" else "reflect"
        thresholds = np.asarray(self.thresholds, dtype="float64")
        features = []
        for scale in self.scales:
            smooth = gaussian_filter(image, scale, mode=mode) if scale else image
            for filtration, find in find_pairs.items():
                for values in values_of_pairs(smooth, find(smooth), filtration):
                    features.append(statistics(values, thresholds))
        return np.concatenate(features)

    def _names(self) -> list[str]:
        measured = [*STATISTICS, *(f"count_above_{t:g}" for t in self.thresholds)]
        return [
            f"{filtration}_s{scale:g}_h{dimension}_{statistic}"
            for scale in self.scales
            for filtration in self.filtrations
            for dimension in range(self.spatial_dims)
            for statistic in measured
        ]

"""Wavelet scattering of an image as features."""

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from morphokeras.features._base import (
    LEAST_DEVIATION,
    SHARED_OPTIONS,
    ImageFeatures,
)
from morphokeras.features._wavelets import scatter


class ScatteringFeatures(ImageFeatures):
    r"""Describe an image by how strong its waves are, and how their strength varies.

    The image is filtered with wavelets of several scales and directions; the mean of
    the responses' magnitude says how much structure there is of that size and
    direction. The magnitudes are filtered again: that says how such structure is
    arranged, in bands, grains or patches. Nothing is trained, so few images will do.

    Parameters
    ----------
    num_scales : int, default=5
        Number of scales: the waves are 8/3, 16/3, ... pixels long. Scales beyond the
        image's shorter side are left out.
    num_orientations : int, default=8
        Number of directions over half a turn, even.
    symmetry : {'flips', 'rotation'}, default='flips'
        What changes nothing: mirroring, or turning the image as well (nearly: by
        multiples of the angle between directions). See `MicrostructureClassifier`'s
        `augment`.
    standardize : bool, default=False
        Whether each image is brought to mean 0 and deviation 1 first, so that contrast
        does not count. Brightness never does.
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
    With Morlet wavelets :math:`\psi_{j\theta}` of scale :math:`2^j` and direction
    :math:`\theta` [1]_, the features are the decimal logarithms of the means

    .. math::
        s_{j\theta} = \overline{|x * \psi_{j\theta}|}, \qquad
        \frac{\overline{||x * \psi_{j\theta}| * \psi_{k\phi}|}}{s_{j\theta}},
        \quad k > j

    over the image, which is taken as periodic; its sides are first brought to
    multiples of :math:`2^J` by mirroring, where there are J scales. They are called
    ``scale1_45`` and ``scale1_scale4_45_90``: waves of scale 1 at 45 degrees from the
    last axis of the image to the first, and the changes of these at scale 4. A wave
    :math:`a \cos(\omega \cdot r)` has :math:`s = a\,\hat\psi(\omega) / 2`. Of two
    directions that mirroring exchanges, the mean of the logarithms is a single
    feature. The magnitudes are sampled at every :math:`2^j`-th pixel, so that shifts of
    an image are without effect up to that grid.

    An image of 256 x 256 pixels takes about 90 milliseconds and has 365 features.

    References
    ----------
    .. [1] J. Bruna, S. Mallat, "Invariant scattering convolution networks", IEEE
       TPAMI 35(8), 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.features import ScatteringFeatures
    >>> stripes = np.tile([0.0, 0.0, 1.0, 1.0], (1, 32, 8))
    >>> features = ScatteringFeatures(num_scales=2).set_output(transform="pandas")
    >>> table = features.fit_transform(stripes)
    >>> table[["scale1_0", "scale1_90"]].round(1).values.tolist()
    [[-0.6, -6.0]]
    """

    _parameter_constraints = {
        "num_scales": [Interval(Integral, 1, None, closed="left")],
        "num_orientations": [Interval(Integral, 2, None, closed="left")],
        "symmetry": [StrOptions({"flips", "rotation"})],
        **SHARED_OPTIONS,
    }

    def __init__(
        self,
        num_scales=5,
        *,
        num_orientations=8,
        symmetry="flips",
        standardize=False,
        intensity=None,
        n_jobs=None,
    ):
        self.num_scales = num_scales
        self.num_orientations = num_orientations
        self.symmetry = symmetry
        self.standardize = standardize
        self.intensity = intensity
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        if self.num_orientations % 2:
            raise ValueError(
                "`num_orientations` must be even, so that both axes of an image are "
                f"among them. Received: num_orientations={self.num_orientations}."
            )

    def _measure(self, image: np.ndarray) -> np.ndarray:
        num_scales = self._num_scales()
        multiple = 2**num_scales
        image = np.pad(image, [(0, -n % multiple) for n in image.shape], "symmetric")
        first, second = scatter(image, num_scales, self.num_orientations)
        finer = np.triu_indices(num_scales, 1)[0]
        # A response of rounding errors alone is none.
        first, second = first + LEAST_DEVIATION, second + LEAST_DEVIATION
        second = second / first[finer, :, np.newaxis]
        singles, pairs = self._directions()
        return np.concatenate(
            [
                _means(np.log10(first), singles),
                _means(np.log10(second).reshape(len(finer), singles.size**2), pairs),
            ]
        )

    def _names(self) -> list[str]:
        angles = 180 / self.num_orientations * np.arange(self.num_orientations)
        singles, pairs = (
            np.unique(d, return_index=True)[1] for d in self._directions()
        )
        scales = [f"scale{2**j}" for j in range(self._num_scales())]
        if self.symmetry == "rotation":
            ways = [f"{angles[pair]:g}" for pair in pairs]
            names = list(scales)
        else:
            ways = [
                "{:g}_{:g}".format(*angles[list(divmod(pair, len(angles)))])
                for pair in pairs
            ]
            names = [f"{s}_{angles[single]:g}" for s in scales for single in singles]
        for j, k in zip(*np.triu_indices(len(scales), 1), strict=True):
            names += [f"{scales[j]}_{scales[k]}_{way}" for way in ways]
        return names

    def _num_scales(self) -> int:
        """Return the number of scales that fit into an image."""
        return max(1, min(self.num_scales, min(self.image_shape_[:2]).bit_length() - 1))

    def _directions(self) -> tuple[np.ndarray, np.ndarray]:
        """Return a number for each direction and for each pair; equal: exchangeable."""
        number = self.num_orientations
        one, other = np.indices((number, number)).reshape(2, -1)
        if self.symmetry == "rotation":
            turn = (other - one) % number
            return np.zeros(number, dtype=int), np.minimum(turn, -turn % number)
        mirrored = -one % number * number + -other % number
        single = np.arange(number)
        return (
            np.minimum(single, -single % number),
            np.minimum(one * number + other, mirrored),
        )


def _means(values: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Return the mean of each row over exchangeable directions, all in one row."""
    members = (directions == np.unique(directions)[:, np.newaxis]).astype("float64")
    return (values @ (members / members.sum(axis=1, keepdims=True)).T).ravel()

"""A classifier of hand-made descriptors, to compare networks with."""

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from morphokeras.features import PersistenceFeatures, TextureFeatures


def make_descriptor_classifier(
    *,
    C: float = 0.03,
    kernel: str = "linear",
    class_weight: dict | str | None = "balanced",
    probability: bool = True,
    intensity: str | tuple[float, float] | None = None,
    n_jobs: int | None = None,
) -> Pipeline:
    """Make a pipeline of descriptors of images and a support vector machine.

    Use it as the yardstick of a network, or beside one: it trains in seconds, and its
    errors are others.

    Parameters
    ----------
    C : float, default=0.03
        Inverse strength of the regularisation.
    kernel : {'linear', 'rbf'} or another of `sklearn.svm.SVC`, default='linear'
        Kernel of the support vector machine. With ``'rbf'`` a greater `C`, such as 10,
        does better.
    class_weight : dict, 'balanced' or None, default='balanced'
        Weights of the classes.
    probability : bool, default=True
        Whether there is a `predict_proba`, fitted by cross-validation on the training
        images: this takes five images of each class. Without it there is a
        `decision_function`.
    intensity : {None, 'minmax', 'percentile'} or (float, float), default=None
        The grey values that become 0 and 1. None: the range of an integer dtype;
        floats must then lie in [0, 1].
    n_jobs : int or None, default=None
        Number of threads that measure images.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Unfitted; it takes images of shape (n_samples, height, width[, channels]) and
        labels.

    See Also
    --------
    morphokeras.features.PersistenceFeatures, morphokeras.features.TextureFeatures

    Notes
    -----
    The inverse hyperbolic sine brings counts, which range over decades, to a
    logarithmic scale and leaves small numbers as they are.

    In five-fold cross-validation 87 % of the primary constituents of 720 UHCS
    micrographs (three classes, 240 x 256 pixels, whole specimens held out) and 98 % of
    the 1087 defects of X-SDD (seven classes, 128 x 128, single images held out) were
    named right. The features took 70 and 22 milliseconds an image, the fit a tenth of
    a second.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.estimators import make_descriptor_classifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.random((20, 16, 16))
    >>> X[10:] = np.sort(X[10:], axis=1)
    >>> y = ["noise"] * 10 + ["gradient"] * 10
    >>> clf = make_descriptor_classifier().fit(X[::2], y[::2])
    >>> clf.score(X[1::2], y[1::2])
    1.0
    """
    classifier = SVC(C=C, kernel=kernel, class_weight=class_weight)
    return make_pipeline(
        make_union(
            PersistenceFeatures(intensity=intensity, n_jobs=n_jobs),
            TextureFeatures(intensity=intensity, n_jobs=n_jobs),
        ),
        FunctionTransformer(np.arcsinh, feature_names_out="one-to-one"),
        StandardScaler(),
        CalibratedClassifierCV(classifier, ensemble=False)
        if probability
        else classifier,
    )

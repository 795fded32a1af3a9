"""Fitted estimators from files."""

import os
from typing import Any

from morphokeras.estimators._files import read_estimator
from morphokeras.estimators.baselines import PlainCNNClassifier, ResNet50Classifier
from morphokeras.estimators.classifier import MicrostructureClassifier
from morphokeras.estimators.descriptor import DescriptorClassifier
from morphokeras.estimators.generator import MicrostructureGenerator
from morphokeras.estimators.plain_vae import PlainVAEGenerator
from morphokeras.estimators.voting import MicrostructureVotingClassifier

CLASSES = {
    "MicrostructureClassifier": MicrostructureClassifier,
    "DescriptorClassifier": DescriptorClassifier,
    "MicrostructureVotingClassifier": MicrostructureVotingClassifier,
    "MicrostructureGenerator": MicrostructureGenerator,
    "PlainCNNClassifier": PlainCNNClassifier,
    "PlainVAEGenerator": PlainVAEGenerator,
    "ResNet50Classifier": ResNet50Classifier,
}


def load(path: str | os.PathLike) -> Any:
    """Return the fitted estimator that its method `save` wrote to a file.

    Any backend reads what any other wrote. No code of the file is run, so that files of
    strangers may be opened: at worst they are refused, take much memory, or predict
    wrongly.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    a classifier, a generator or a baseline of this package
        With the parameters and all that was learned; `fit` with ``warm_start=True``
        goes on from there, with a new optimizer.

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If the file was not written by `save`, comes from a newer version, is damaged,
        or holds anything but numbers, texts and a network of morphokeras. The message
        gives the reason.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import morphokeras
    >>> X, _ = morphokeras.datasets.make_phase_field(4, shape=(16, 16), random_state=0)
    >>> generator = morphokeras.MicrostructureGenerator(filters=4, depth=2, epochs=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "phases.mkz"
    ...     generator.fit(X).save(path)
    ...     morphokeras.load(path).sample(2).shape
    (2, 16, 16)
    """
    return read_estimator(path, CLASSES)

"""Deep learning for material microstructures: Keras layers, scikit-learn estimators.

The names below are imported when they are first used, so that ``import morphokeras``
is quick and chooses no backend.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from morphokeras import (
        datasets,
        descriptors,
        ebsd,
        estimators,
        features,
        layers,
        metrics,
        models,
        ops,
        plots,
        reports,
        topology,
    )
    from morphokeras.estimators import (
        ARTICLE_RECIPE,
        MicrostructureClassifier,
        MicrostructureGenerator,
        load,
    )
    from morphokeras.layers import (
        LatentWarp,
        SoftBetti,
        SpectralUpsample,
        SteerableConv,
    )
    from morphokeras.models import MorphoTensorVAE
    from morphokeras.reports import report

__version__ = "0.1.0.dev0"

__all__ = [
    "ARTICLE_RECIPE",
    "LatentWarp",
    "MicrostructureClassifier",
    "MicrostructureGenerator",
    "MorphoTensorVAE",
    "SoftBetti",
    "SpectralUpsample",
    "SteerableConv",
    "datasets",
    "descriptors",
    "ebsd",
    "estimators",
    "features",
    "layers",
    "load",
    "metrics",
    "models",
    "ops",
    "plots",
    "report",
    "reports",
    "topology",
]

_HOME = {
    "ARTICLE_RECIPE": "estimators",
    "LatentWarp": "layers",
    "MicrostructureClassifier": "estimators",
    "MicrostructureGenerator": "estimators",
    "MorphoTensorVAE": "models",
    "SoftBetti": "layers",
    "SpectralUpsample": "layers",
    "SteerableConv": "layers",
    "load": "estimators",
    "report": "reports",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"morphokeras.{_HOME[name]}"), name)
    if name in __all__:
        return importlib.import_module(f"morphokeras.{name}")
    raise AttributeError(f"module 'morphokeras' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

"""Deep learning for material microstructures: Keras layers, scikit-learn estimators."""

__version__ = "0.1.0.dev0"

"""Figures of microstructures and of fitted estimators."""

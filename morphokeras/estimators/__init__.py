"""Scikit-learn estimators for micrographs and phase fields."""

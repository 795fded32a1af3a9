"""Scikit-learn estimators for micrographs and phase fields."""

from morphokeras.utils.backend import choose_backend

choose_backend()

"""Keras layers, each useful alone in anybody's model."""

from morphokeras.utils.backend import choose_backend

choose_backend()

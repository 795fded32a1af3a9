"""Stateless formulas in keras.ops, from the steerable basis to the projection."""

from morphokeras.utils.backend import choose_backend

choose_backend()

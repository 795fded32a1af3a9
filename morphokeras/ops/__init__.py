"""Stateless formulas in keras.ops: basis, spectral, warp, pyramid, projection, fields."""

from morphokeras.utils.backend import choose_backend

choose_backend()

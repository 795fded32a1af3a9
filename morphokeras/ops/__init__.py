"""Stateless formulas in keras.ops: basis, spectral, warp, pyramid, projection, fields."""

"""Measures of one field: NumPy in, arrays out."""

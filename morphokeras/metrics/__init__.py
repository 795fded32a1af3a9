"""Distances between two sets of fields."""

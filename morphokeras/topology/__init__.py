"""Cubical persistence and soft Betti numbers."""

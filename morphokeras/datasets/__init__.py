"""Simulated microstructures with known answers, and loaders for real ones."""

"""Keras layers, each useful alone in anybody's model."""

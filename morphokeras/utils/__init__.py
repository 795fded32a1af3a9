"""Validation, compatibility shims, typing and backend choice."""

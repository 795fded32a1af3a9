"""Names for the types that no single library owns."""

from typing import Any

Tensor = Any
"""A tensor of the active Keras backend."""

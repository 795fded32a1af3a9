"""How the homology dimensions are called and drawn, in all figures alike."""

from morphokeras.plots._style import COLOURS

# Shapes tell the dimensions apart in print without colours.
MARKERS = ("o", "s", "^")
DIMENSION_COLOURS = COLOURS[1:4]


def dimension_name(dimension: int, spatial_dims: int) -> str:
    """Return what the features of a dimension are called in images or volumes.

    Examples
    --------
    >>> from morphokeras.plots._dimensions import dimension_name
    >>> [dimension_name(k, 3) for k in range(3)]
    ['components', 'tunnels', 'cavities']
    """
    names = ("components", "holes" if spatial_dims == 2 else "tunnels", "cavities")
    return names[dimension]

"""The Euler number of a phase."""

import numpy as np

from morphokeras.descriptors._fields import (
    check_boundary,
    check_connectivity,
    check_indicators,
)
from morphokeras.topology import euler_characteristic


def euler_number(
    fields: np.ndarray,
    *,
    phase: int = 1,
    connectivity: str = "full",
    boundary: str = "open",
    mask: np.ndarray | None = None,
    spatial_dims: int = 2,
) -> np.ndarray:
    r"""Count the parts of a phase less its tunnels plus its cavities.

    In two dimensions it is the number of parts less that of holes.

    Parameters
    ----------
    fields : ndarray of shape (n_samples, height, width)
        Booleans or labels of phases; (n_samples, depth, height, width) with
        ``spatial_dims=3``.
    phase : int, default=1
        The label of the phase; 1 is True and 0 False.
    connectivity : {'full', 'face'}, default='full'
        Whether pixels that share only a corner or an edge are connected.
    boundary : {'open', 'periodic'}, default='open'
        Whether the phase ends at the border, or goes on at the other side.
    mask : ndarray of bool of shape (\*shape) or (n_samples, \*shape), default=None
        True where a pixel is known. Missing pixels are not of the phase.
    spatial_dims : {2, 3}, default=2
        The number of spatial axes.

    Returns
    -------
    ndarray of shape (n_samples,), int64
        Euler numbers of the phase as it is seen, with the border as its end.

    Raises
    ------
    TypeError
        If `fields` does not hold real numbers.
    ValueError
        If an argument is not as described.

    See Also
    --------
    minkowski_functionals : The Euler number per volume, corrected for the border.
    morphokeras.topology.euler_characteristic : Of grey values, at many thresholds.

    Notes
    -----
    scikit-image's `euler_number` is the same with its greatest connectivity for
    ``"full"`` and its least for ``"face"``.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.descriptors import euler_number
    >>> ring = np.ones((1, 5, 5), bool)
    >>> ring[0, 2, 2] = False
    >>> euler_number(ring).tolist(), euler_number(ring, phase=0).tolist()
    ([0], [1])
    """
    check_connectivity(connectivity)
    check_boundary(boundary)
    indicators, _ = check_indicators(fields, phase, mask, spatial_dims=spatial_dims)
    return euler_characteristic(
        indicators,
        connectivity=connectivity,
        boundary=boundary,
        spatial_dims=spatial_dims,
    )

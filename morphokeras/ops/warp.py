"""Warping by a displacement field, and how much such a field deforms (Eq. 10-14)."""

import itertools

from keras import ops

from morphokeras.ops import _gather
from morphokeras.ops.padding import check_boundary
from morphokeras.utils.typing import Tensor


def warp(x: Tensor, displacement: Tensor, boundary: str = "symmetric") -> Tensor:
    r"""Pull an image back along a displacement field, with linear interpolation.

    The value at pixel :math:`p` is that of `x` at :math:`p + d(p)`. Coordinates are
    kept in float32 whatever the type of the image, for float16 cannot tell
    neighbouring positions apart beyond a few hundred pixels.

    Parameters
    ----------
    x : tensor of shape (batch, *spatial, channels)
        Images (two spatial axes) or volumes (three).
    displacement : tensor of shape (batch, *spatial, spatial_dims)
        Displacements in pixels, in the order of the spatial axes: rows before
        columns, depth first in volumes.
    boundary : {'periodic', 'symmetric', 'zero'}, default='symmetric'
        What lies outside: the image again; its mirror image, edge pixel repeated;
        the nearest edge pixel. ``'zero'``, the boundary of zero-padded convolutions,
        is clamped here, for zeros drawn into the picture would be no part of it.

    Returns
    -------
    tensor of shape (batch, *spatial, channels)
        Warped images, of the type of `x`.

    Raises
    ------
    ValueError
        If the boundary is unknown or the shapes do not fit.

    Notes
    -----
    Eq. 10 and 11 of the article with :math:`\xi(p) = p + d(p)`. The gradient with
    respect to the displacement is that of the linear interpolant.

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.ops.warp import warp
    >>> image = ops.reshape(ops.arange(4.0), (1, 1, 4, 1))
    >>> half_a_pixel = ops.ones((1, 1, 4, 2)) * ops.convert_to_tensor([0.0, 0.5])
    >>> warped = warp(image, half_a_pixel, boundary="periodic")
    >>> ops.convert_to_numpy(warped)[0, 0, :, 0].round(3)
    array([0.5, 1.5, 2.5, 1.5], dtype=float32)
    """
    check_boundary(boundary)
    x = ops.convert_to_tensor(x)
    displacement = ops.cast(displacement, "float32")
    _check_shapes(x.shape, displacement.shape)
    warped = _gather.sample_linear(ops.cast(x, "float32"), displacement, boundary)
    return ops.cast(warped, x.dtype)


def corner_jacobians(displacement: Tensor, boundary: str = "symmetric") -> Tensor:
    r"""Return the Jacobian of :math:`p + d(p)` at every corner of every cell.

    A cell lies between 2 (or 2 by 2) neighbouring pixels an axis. At each of its
    corners the derivatives are the differences along the edges that meet there: the
    only differences that see every fold. Central ones are blind to a checkerboard.

    Parameters
    ----------
    displacement : tensor of shape (batch, *spatial, spatial_dims)
        Displacements in pixels.
    boundary : {'periodic', 'symmetric', 'zero'}, default='symmetric'
        ``'periodic'`` counts the cells across the border too, one a pixel; the others
        have one less an axis.

    Returns
    -------
    tensor of shape (batch, *cells, 2**spatial_dims, spatial_dims, spatial_dims)
        Entry ``[..., i, j]`` is the derivative of coordinate i along axis j,
        dimensionless, float32. The corners are counted as the pixels are.

    Raises
    ------
    ValueError
        If the boundary is unknown.

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.ops.warp import corner_jacobians
    >>> tuple(corner_jacobians(ops.zeros((1, 8, 8, 2)), boundary="periodic").shape)
    (1, 8, 8, 4, 2, 2)
    """
    corners = _corner_gradients(displacement, boundary)
    jacobians = ops.stack([ops.stack(columns, axis=-1) for columns in corners], axis=-3)
    return jacobians + ops.eye(len(corners[0]), dtype="float32")


def deformation_losses(
    displacement: Tensor, boundary: str = "symmetric"
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Return the smoothness loss, the volume loss and the folded share, per sample.

    Parameters
    ----------
    displacement : tensor of shape (batch, *spatial, spatial_dims)
        Displacements in pixels.
    boundary : {'periodic', 'symmetric', 'zero'}, default='symmetric'
        See :func:`corner_jacobians`.

    Returns
    -------
    warp : tensor of shape (batch,)
        Eq. 13, :math:`\langle \|J - I\|_F^2 \rangle`, the mean over all corners.
    det : tensor of shape (batch,)
        Eq. 14, :math:`\langle (\det J - 1)^2 \rangle`, likewise.
    folded : tensor of shape (batch,)
        Share in [0, 1] of the cells whose least corner determinant is not positive. A
        measure, not a loss: its gradient is zero.

    Raises
    ------
    ValueError
        If the boundary is unknown.

    Notes
    -----
    On a periodic plane the mean determinant is 1 for every displacement, so the
    volume loss is the variance of the determinant.

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.ops.warp import deformation_losses
    >>> stretch = ops.stack([0.5 * ops.arange(4.0), ops.zeros(4)], axis=-1)
    >>> stretch = ops.broadcast_to(stretch[None, :, None], (1, 4, 4, 2))
    >>> [round(float(term[0]), 3) for term in deformation_losses(stretch)]
    [0.25, 0.25, 0.0]
    """
    corners = _corner_gradients(displacement, boundary)
    smooth = sum(ops.square(column) for columns in corners for column in columns)
    excess = ops.stack([_excess_determinant(columns) for columns in corners], axis=-1)
    folded = ops.cast(ops.min(excess, axis=-1) <= -1.0, "float32")
    cells = tuple(range(1, len(excess.shape) - 1))
    return (
        ops.mean(ops.sum(smooth, axis=-1), axis=cells) / len(corners),
        ops.mean(ops.square(excess), axis=(*cells, -1)),
        ops.mean(folded, axis=cells),
    )


def _corner_gradients(displacement: Tensor, boundary: str) -> list[list[Tensor]]:
    """List the columns of J - I for each corner, each (batch, *cells, spatial_dims)."""
    check_boundary(boundary)
    displacement = ops.cast(displacement, "float32")
    axes = range(1, len(displacement.shape) - 1)
    if boundary == "periodic":
        for axis in axes:
            first = displacement[(*[slice(None)] * axis, slice(0, 1))]
            displacement = ops.concatenate([displacement, first], axis=axis)
    edges = [_difference(displacement, axis) for axis in axes]
    return [
        [_side(edge, bits, axis) for axis, edge in zip(axes, edges, strict=True)]
        for bits in itertools.product((0, 1), repeat=len(edges))
    ]


def _difference(x: Tensor, axis: int) -> Tensor:
    before = (slice(None),) * axis
    return x[(*before, slice(1, None))] - x[(*before, slice(None, -1))]


def _side(edge: Tensor, bits: tuple[int, ...], along: int) -> Tensor:
    """Take of the differences along one axis those that start at the given corner."""
    sides = (slice(None, -1), slice(1, None))
    return edge[
        (
            slice(None),
            *(
                slice(None) if axis == along else sides[bit]
                for axis, bit in enumerate(bits, start=1)
            ),
        )
    ]


def _excess_determinant(columns: list[Tensor]) -> Tensor:
    """Return det(I + A) - 1 from the columns of A, without the cancellation."""
    a = [[column[..., i] for column in columns] for i in range(len(columns))]
    if len(columns) == 2:
        return a[0][0] + a[1][1] + _minor(a, 0, 1)
    minors = _minor(a, 0, 1) + _minor(a, 0, 2) + _minor(a, 1, 2)
    determinant = (
        a[0][0] * _minor(a, 1, 2)
        + a[0][1] * (a[1][2] * a[2][0] - a[1][0] * a[2][2])
        + a[0][2] * (a[1][0] * a[2][1] - a[1][1] * a[2][0])
    )
    return a[0][0] + a[1][1] + a[2][2] + minors + determinant


def _minor(a: list[list[Tensor]], i: int, j: int) -> Tensor:
    return a[i][i] * a[j][j] - a[i][j] * a[j][i]


def _check_shapes(image: tuple, displacement: tuple) -> None:
    dims = len(image) - 2
    fits = len(displacement) == len(image) and displacement[-1] == dims
    same = fits and all(
        a == b or a is None or b is None
        for a, b in zip(image[:-1], displacement[:-1], strict=True)
    )
    if dims not in (2, 3) or not same:
        raise ValueError(
            "`x` must be (batch, *spatial, channels) with two or three spatial axes "
            "and `displacement` (batch, *spatial, spatial_dims) on the same grid. "
            f"Received: x.shape={tuple(image)}, "
            f"displacement.shape={tuple(displacement)}."
        )

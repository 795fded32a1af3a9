"""Riemannian geometry of a latent space, by finite differences (Eq. 17, 18)."""

from collections.abc import Callable

import keras
from keras import ops

from morphokeras.utils.typing import Tensor

Decode = Callable[[Tensor], Tensor]


def latent_metric(decode: Decode, z: Tensor, step: float = 0.02) -> Tensor:
    r"""Return the metric that a decoder induces on its latent space.

    Two codes that are close in this metric give similar images, however far apart
    their numbers are.

    Parameters
    ----------
    decode : callable
        Maps codes (n, k) to images (n, ...), deterministic.
    z : tensor of shape (n, k)
        Codes at which to take the metric.
    step : float, default=0.02
        Half the distance of the central differences, in units of `z`. From 0.01 to
        0.03 the relative error is 1e-5 to 1e-4 in float32.

    Returns
    -------
    tensor of shape (n, k, k)
        Symmetric, not negative, float32.

    Raises
    ------
    ValueError
        If `z` is not (n, k) or `step` is not positive.

    Notes
    -----
    Eq. 17: :math:`g_{ij} = \langle \partial_i G \; \partial_j G \rangle`, the mean over
    pixels. It costs 2 k decoded images a code.

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.models.geometry import latent_metric
    >>> double = lambda z: 2 * z
    >>> ops.convert_to_numpy(latent_metric(double, ops.zeros((1, 2)))).round(3)
    array([[[2., 0.],
            [0., 2.]]], dtype=float32)
    """
    z = _check(z, step)
    size = z.shape[-1]
    tangents = _central_differences(decode, z, ops.eye(size, dtype="float32"), step)
    return ops.matmul(tangents, ops.transpose(tangents, (0, 2, 1))) / tangents.shape[-1]


def curvature(decode: Decode, z: Tensor, step: float = 0.1) -> Tensor:
    r"""Return how much a decoder bends its latent space, over all pairs of axes.

    The exact loop over k (k + 1) / 2 pairs, for small latent spaces and for tests; use
    :func:`curvature_surrogate` in training.

    Parameters
    ----------
    decode : callable
        Maps codes (n, k) to images (n, ...), deterministic.
    z : tensor of shape (n, k)
        Codes, k at most 8.
    step : float, default=0.1
        Distance of the second differences, in units of `z`.

    Returns
    -------
    tensor of shape (n,)
        Not negative, float32; 0 where the decoder is linear.

    Raises
    ------
    ValueError
        If `z` is not (n, k) with k up to 8, or `step` is not positive.

    Notes
    -----
    Eq. 18 with the generator for its :math:`g`:
    :math:`R = \sum_{ij} \langle (\partial_i \partial_j G)^2 \rangle`, the mean over
    pixels. Second derivatives of the metric itself would be lost in rounding.

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.models.geometry import curvature
    >>> square = lambda z: z**2
    >>> ops.convert_to_numpy(curvature(square, ops.zeros((1, 2)))).round(2)
    array([4.], dtype=float32)
    """
    z = _check(z, step)
    size = z.shape[-1]
    if size > 8:
        raise ValueError(
            "`z` must have at most 8 latent variables, for the cost grows as their "
            f"square. Received: z.shape={tuple(z.shape)}. Use curvature_surrogate."
        )
    axes = step * ops.eye(size, dtype="float32")
    total = 0.0
    for i in range(size):
        for j in range(i, size):
            bend = _mixed_difference(decode, z, axes[i], axes[j]) / step**2
            total = total + (1 if i == j else 2) * ops.mean(ops.square(bend), axis=-1)
    return total


def curvature_surrogate(
    decode: Decode,
    z: Tensor,
    seed: int | keras.random.SeedGenerator | None = None,
    step: float = 0.1,
) -> Tensor:
    r"""Return a cheap random measure of how much a decoder bends its latent space.

    One mixed second difference along two random directions a code: four decoded images
    instead of the :math:`2 k (k + 1)` of :func:`curvature`, which it equals on average.

    Parameters
    ----------
    decode : callable
        Maps codes (n, k) to images (n, ...), deterministic and smooth.
    z : tensor of shape (n, k)
        Codes.
    seed : int or SeedGenerator, optional
        Source of the directions.
    step : float, default=0.1
        Distance of the second differences, in units of `z`.

    Returns
    -------
    tensor of shape (n,)
        Not negative, float32.

    Raises
    ------
    ValueError
        If `z` is not (n, k) or `step` is not positive.

    Notes
    -----
    :math:`\langle (v^T H w)^2 \rangle` with v and w independent and standard normal and
    H the Hessian of a pixel; its expectation is :math:`\langle \|H\|_F^2 \rangle` up to
    the error of the differences. A single draw scatters widely: average over a batch.

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.models.geometry import curvature_surrogate
    >>> square = lambda z: z**2
    >>> tuple(curvature_surrogate(square, ops.zeros((5, 2)), seed=0).shape)
    (5,)
    """
    z = _check(z, step)
    size = z.shape[-1]
    directions = keras.random.normal((ops.shape(z)[0], 2 * size), seed=seed)
    first, second = ops.split(step * ops.cast(directions, "float32"), 2, axis=-1)
    bend = _mixed_difference(decode, z, first, second) / step**2
    return ops.mean(ops.square(bend), axis=-1)


def _check(z: Tensor, step: float) -> Tensor:
    if len(z.shape) != 2 or z.shape[-1] is None:
        raise ValueError(
            "`z` must have the shape (n, k) with a known number of latent variables. "
            f"Received: z.shape={tuple(z.shape)}."
        )
    if not step > 0:
        raise ValueError(f"`step` must be positive. Received: step={step}.")
    return ops.cast(z, "float32")


def _central_differences(
    decode: Decode, z: Tensor, directions: Tensor, step: float
) -> Tensor:
    """Return the derivative along each direction, (n, directions, pixels)."""
    count, size = directions.shape
    # (n, 1, k) + (directions, k) -> (n, directions, k) -> (n * directions, k)
    ahead = ops.reshape(z[:, None] + step * directions, (-1, size))
    behind = ops.reshape(z[:, None] - step * directions, (-1, size))
    change = _flatten(decode(ahead)) - _flatten(decode(behind))
    return ops.reshape(change, (-1, count, change.shape[-1])) / (2 * step)


def _mixed_difference(
    decode: Decode, z: Tensor, first: Tensor, second: Tensor
) -> Tensor:
    """Return the second difference along two directions, (n, pixels)."""
    along = _flatten(decode(z + first + second)) + _flatten(decode(z - first - second))
    across = _flatten(decode(z + first - second)) + _flatten(decode(z - first + second))
    return (along - across) / 4


def _flatten(images: Tensor) -> Tensor:
    images = ops.cast(images, "float32")
    pixels = 1
    for size in images.shape[1:]:
        pixels = pixels * size
    return ops.reshape(images, (-1, pixels))

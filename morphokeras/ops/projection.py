"""Projection of logits onto a given volume fraction (Eq. 4, Alg. 1)."""

import math

import numpy as np
from keras import ops

from morphokeras.utils.typing import Tensor

METHODS = ("logit", "scale")
# No finite shift reaches a fraction of 0 or 1.
MARGIN = 1e-6
ITERATIONS = 16


def project_volume_fraction(
    logits: Tensor, fraction: Tensor, method: str = "logit"
) -> Tensor:
    r"""Turn logits into phase fields whose mean is the volume fraction asked for.

    Parameters
    ----------
    logits : tensor of shape (batch, *spatial, phases)
        One channel for a field of two phases (sigmoid), else one a phase (softmax).
    fraction : tensor of shape (batch,), or (batch, phases) for several phases
        Volume fractions in [0, 1]. Those of several phases are divided by their sum.
        They are kept 1e-6 away from 0 and 1, which no finite shift can reach.
    method : {'logit', 'scale'}, default='logit'
        ``'logit'`` adds one constant to the logits of each phase and is exact.
        ``'scale'`` is the article's Algorithm 1, ``clip(u * v / mean(u), 0, 1)``,
        which misses the fraction wherever the clipping bites.

    Returns
    -------
    tensor of shape (batch, *spatial, phases)
        Phase fields in [0, 1], float32: the mean over the pixels would not survive
        half precision.

    Raises
    ------
    ValueError
        If the method is unknown or the fractions do not fit the phases.

    Notes
    -----
    The shift solves :math:`\langle \sigma(l + s) \rangle = v`. The left side grows
    with s: Newton steps on its logit, kept inside a bracket and replaced by bisection
    where they leave it, converge from anywhere, saturated fields included. For P
    phases the shifts minimise the convex
    :math:`\langle \log\sum_p e^{l_p + s_p} \rangle - v \cdot s` by damped Newton steps.
    The number of steps is fixed, so it compiles. Gradients follow from the implicit
    derivative of the solution, not from the iteration.

    Examples
    --------
    >>> import numpy as np
    >>> from keras import ops
    >>> from morphokeras.ops.projection import project_volume_fraction
    >>> logits = np.random.default_rng(0).normal(size=(2, 16, 16, 1))
    >>> fields = project_volume_fraction(logits.astype("float32"), [0.3, 0.9])
    >>> ops.convert_to_numpy(ops.mean(fields, axis=(1, 2, 3))).round(4)
    array([0.3, 0.9], dtype=float32)
    """
    if method not in METHODS:
        raise ValueError(
            f"`method` must be one of {METHODS}. Received: method={method!r}."
        )
    logits = ops.cast(logits, "float32")
    shape = ops.shape(logits)
    phases = logits.shape[-1]
    fraction = _prepare_fraction(fraction, phases)
    logits = ops.reshape(logits, (shape[0], -1, phases))
    if method == "scale":
        fields = _scale(plain_fields(logits), fraction)
    elif phases == 1:
        fields = plain_fields(logits + _shift(logits, fraction))
    else:
        fields = plain_fields(logits + _phase_shifts(logits, fraction))
    return ops.reshape(fields, shape)


def plain_fields(logits: Tensor) -> Tensor:
    """Turn logits into phase fields without any projection.

    Parameters
    ----------
    logits : tensor of shape (batch, *spatial, phases)
        One channel, or one a phase.

    Returns
    -------
    tensor of shape (batch, *spatial, phases)
        Their sigmoid (one channel) or their softmax over the phases.

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.ops.projection import plain_fields
    >>> float(plain_fields(ops.zeros((1, 2, 2, 1)))[0, 0, 0, 0])
    0.5
    """
    if logits.shape[-1] == 1:
        return ops.sigmoid(logits)
    return ops.softmax(logits, axis=-1)


def threshold_at_fraction(images: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """Make binary images whose volume fraction is exact to half a pixel.

    The brightest pixels are taken by rank, so that equal values cannot spoil the
    count as they do with a quantile; among equals the first in raster order win.

    Parameters
    ----------
    images : ndarray of shape (n_samples, ...)
        Any finite values; each image along the first axis is treated alone.
    fraction : float or ndarray of shape (n_samples,)
        Share in [0, 1] of the pixels to set.

    Returns
    -------
    ndarray of bool, of the shape of `images`
        True on ``round(fraction * pixels)`` pixels of each image.

    Raises
    ------
    ValueError
        If a value is not finite or a fraction is outside [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.ops.projection import threshold_at_fraction
    >>> threshold_at_fraction(np.array([[1.0, 2.0, 2.0, 2.0]]), 0.5)
    array([[False,  True,  True, False]])
    """
    images = np.asarray(images)
    fraction = np.asarray(fraction, dtype="float64")
    if not np.isfinite(images).all():
        raise ValueError(
            "`images` must be finite. Received some NaN or infinite values; replace "
            "or mask them first."
        )
    if not ((fraction >= 0) & (fraction <= 1)).all():
        raise ValueError(
            f"`fraction` must lie in [0, 1]. Received: fraction={fraction.tolist()}."
        )
    flat = images.reshape(len(images), -1)
    # Reversed twice: descending order in which equal values keep their raster order.
    order = np.argsort(flat[:, ::-1], axis=1, kind="stable")[:, ::-1]
    order = flat.shape[1] - 1 - order
    count = np.rint(np.broadcast_to(fraction, len(flat)) * flat.shape[1])
    chosen = np.arange(flat.shape[1]) < count[:, None]
    binary = np.zeros(flat.shape, dtype=bool)
    np.put_along_axis(binary, order, chosen, axis=1)
    return binary.reshape(images.shape)


def _prepare_fraction(fraction: Tensor, phases: int) -> Tensor:
    """Return the fractions as (batch, 1, phases), inside the open interval."""
    fraction = ops.cast(fraction, "float32")
    shape = tuple(fraction.shape)
    if phases > 1 and (not shape or shape[-1] != phases):
        raise ValueError(
            f"`fraction` must have the shape (batch, {phases}), one a phase of the "
            f"logits. Received: fraction.shape={shape}."
        )
    if phases == 1 and len(shape) > 1 and shape[-1] != 1:
        raise ValueError(
            "`fraction` must have the shape (batch,) for logits of one channel. "
            f"Received: fraction.shape={shape}."
        )
    fraction = ops.reshape(fraction, (-1, 1, phases))
    if phases > 1:
        fraction = ops.maximum(fraction, MARGIN)
        return fraction / ops.sum(fraction, axis=-1, keepdims=True)
    return ops.clip(fraction, MARGIN, 1 - MARGIN)


def _scale(fields: Tensor, fraction: Tensor) -> Tensor:
    """Algorithm 1; several phases are divided by their sum afterwards."""
    mean = ops.mean(fields, axis=1, keepdims=True)
    fields = ops.clip(fields * fraction / (mean + 1e-8), 0.0, 1.0)
    if fields.shape[-1] == 1:
        return fields
    return fields / ops.maximum(ops.sum(fields, axis=-1, keepdims=True), 1e-8)


def _shift(logits: Tensor, fraction: Tensor) -> Tensor:
    """Solve mean(sigmoid(logits + s)) = fraction for s, (batch, 1, 1)."""
    root = _solve_shift(ops.stop_gradient(logits), ops.stop_gradient(fraction))
    fields = ops.sigmoid(logits + root)
    slope = ops.mean(fields * (1 - fields), axis=1, keepdims=True)
    slope = ops.maximum(ops.stop_gradient(slope), 1e-12)
    excess = ops.mean(fields, axis=1, keepdims=True) - fraction
    # Adds nothing to the value: its derivative is that of the implicit function.
    return root - (excess - ops.stop_gradient(excess)) / slope


def _solve_shift(logits: Tensor, fraction: Tensor) -> Tensor:
    target = ops.log(fraction) - ops.log1p(-fraction)
    lower = target - ops.max(logits, axis=1, keepdims=True)
    upper = target - ops.min(logits, axis=1, keepdims=True)

    def narrow(_, state):
        shift, lower, upper = state
        fields = ops.sigmoid(logits + shift)
        mean = ops.mean(fields, axis=1, keepdims=True)
        slope = ops.mean(fields * (1 - fields), axis=1, keepdims=True)
        lower = ops.where(mean < fraction, shift, lower)
        upper = ops.where(mean > fraction, shift, upper)
        # Newton on the logit of the mean, which is straight where the mean is curved.
        mean = ops.clip(mean, 1e-30, 1 - 1e-7)
        excess = ops.log(mean) - ops.log1p(-mean) - target
        step = shift - excess * mean * (1 - mean) / ops.maximum(slope, 1e-30)
        inside = ops.logical_and(step >= lower, step <= upper)
        return ops.where(inside, step, (lower + upper) / 2), lower, upper

    start = ops.clip(_gaussian_shift(logits, target), lower, upper)
    return ops.fori_loop(0, ITERATIONS, narrow, (start, lower, upper))[0]


def _gaussian_shift(logits: Tensor, target: Tensor) -> Tensor:
    """Return about the shift that reaches the target if the logits are Gaussian."""
    spread = ops.sqrt(1 + math.pi / 8 * ops.var(logits, axis=1, keepdims=True))
    return target * spread - ops.mean(logits, axis=1, keepdims=True)


def _phase_shifts(logits: Tensor, fraction: Tensor) -> Tensor:
    """Solve mean(softmax(logits + s)) = fraction for s, (batch, 1, phases)."""
    root = _solve_phase_shifts(ops.stop_gradient(logits), ops.stop_gradient(fraction))
    fields = ops.softmax(logits + root, axis=-1)
    overlap = _overlap(ops.stop_gradient(fields))
    excess = ops.mean(fields, axis=1, keepdims=True) - fraction
    excess = (excess - ops.stop_gradient(excess))[:, 0]
    return root - _solve_laplacian(overlap, excess, 1e-12)[:, None]


def _solve_phase_shifts(logits: Tensor, fraction: Tensor) -> Tensor:
    def descend(_, shifts):
        fields = ops.softmax(logits + shifts, axis=-1)
        excess = ops.mean(fields, axis=1) - fraction[:, 0]
        step = _solve_laplacian(_overlap(fields), excess, 1e-30)[:, None]
        # Third derivatives are at most the second times the width of the step, so a
        # step damped to log(1 + width) can never climb.
        width = ops.max(step, axis=-1, keepdims=True)
        width = width - ops.min(step, axis=-1, keepdims=True) + 1e-30
        return shifts - step * ops.log1p(width) / width

    start = _gaussian_shift(logits, ops.log(fraction))
    return ops.fori_loop(0, ITERATIONS, descend, start)


def _overlap(fields: Tensor) -> Tensor:
    """Return the mean products of two phases, (batch, phases, phases)."""
    pixels = ops.cast(ops.shape(fields)[1], "float32")
    return ops.matmul(ops.transpose(fields, (0, 2, 1)), fields) / pixels


def _solve_laplacian(overlap: Tensor, right: Tensor, floor: float) -> Tensor:
    """Solve with the Hessian of the shifts, the last of which is held at zero.

    The Hessian mean(diag(u) - u u^T) is a graph Laplacian. Taking out one node after
    the other adds positive numbers only, and so keeps every digit of a nearly
    saturated field, where a general solver finds the matrix singular.
    """
    if right.shape[-1] == 1:
        return ops.zeros_like(right)
    links = overlap[:, 0, 1:]
    total = ops.sum(links, axis=-1, keepdims=True) + floor
    share = links / total
    rest = _solve_laplacian(
        overlap[:, 1:, 1:] + links[:, :, None] * share[:, None, :],
        right[:, 1:] + share * right[:, :1],
        floor,
    )
    first = right[:, :1] / total + ops.sum(share * rest, axis=-1, keepdims=True)
    return ops.concatenate([first, rest], axis=-1)

"""Samples with as many components and holes of a phase as are asked for."""

from typing import Any

import numpy as np
from keras import ops

from morphokeras.models._train_step import gradient_function
from morphokeras.topology import betti_numbers, soft_betti
from morphokeras.utils.typing import Tensor

NUM_STEPS = 20
# Of the deviation of a latent field, in the mean over a sample.
STEP = 0.05


def check_betti_numbers(wanted: Any, num: int, spatial_dims: int) -> np.ndarray:
    """Return the Betti numbers that samples shall have, NaN where any will do.

    Parameters
    ----------
    wanted : int, sequence or array of shape (num, spatial_dims)
        The number of components alone; or one number or None for each dimension:
        components, holes (of volumes tunnels and cavities).
    num : int
        The number of samples.
    spatial_dims : {2, 3}
        Images or volumes.

    Returns
    -------
    ndarray of shape (num, spatial_dims), float32

    Raises
    ------
    ValueError
        If there are not as many numbers, or one is negative or no integer.

    Examples
    --------
    >>> from morphokeras.models._steering import check_betti_numbers
    >>> check_betti_numbers((3, None), 2, 2).tolist()
    [[3.0, nan], [3.0, nan]]
    """
    names = (
        "components, holes" if spatial_dims == 2 else "components, tunnels, cavities"
    )
    if np.ndim(wanted) == 0:
        wanted = (wanted,) + (None,) * (spatial_dims - 1)
    try:
        numbers = np.array(wanted, "float32")
        numbers = np.broadcast_to(numbers, (num, spatial_dims)).copy()
        known = numbers[~np.isnan(numbers)]
        valid = bool(np.all((known >= 0) & (known == np.round(known))))
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise ValueError(
            f"`betti_numbers` must be the number of components, or {spatial_dims} "
            f"numbers ({names}), None for any, for all samples or for each of the "
            f"{num}. They are integers of 0 or more. Received: {wanted!r}."
        )
    return numbers


def steer(model, latents: tuple, wanted: np.ndarray, shape: tuple[int, ...]) -> Tensor:
    """Move latent fields until the phase has the Betti numbers that are wanted.

    The gradient of the soft Betti numbers says where a component nearly falls apart,
    joins another one, appears or vanishes. It is followed in steps of one length, and
    each sample stops where its own numbers are met, or where they came nearest.

    Parameters
    ----------
    model : MorphoTensorVAE
        A model of phase fields with one channel and a latent field.
    latents : tuple
        Codes, latent fields, labels and volume fractions.
    wanted : ndarray of shape (batch, spatial_dims)
        As `check_betti_numbers` returns them.
    shape : tuple of int
        Size of the images.

    Returns
    -------
    tensor of the shape of the latent fields, float32
    """
    z, field, labels, fraction = latents
    num = len(wanted)
    labels = ops.convert_to_tensor(np.asarray(labels), "int32")
    fraction = model._fractions(fraction, num)
    known = np.isfinite(wanted)
    target = np.nan_to_num(wanted).astype("float32")
    kind = {
        "connectivity": model.connectivity,
        "boundary": "periodic" if model.boundary == "periodic" else "open",
    }

    def images(field, z, labels, fraction, sharpness=None):
        inputs = model._generator_inputs(z, field, labels, fraction)
        return model.generator(*inputs, shape=shape, sharpness=sharpness)

    def error(field, z, labels, fraction, known, target):
        found = soft_betti(
            images(field, z, labels, fraction),
            temperature=model.temperature,
            threshold=model.threshold,
            data_format="channels_last",
            **kind,
        )
        found = ops.reshape(found, (num, -1))
        return ops.sum(known * ops.square(found - target))

    slope_of = gradient_function(error)
    z, field = (ops.convert_to_tensor(x, "float32") for x in (z, field))
    conditions = (z, labels, fraction)
    weights = [ops.convert_to_tensor(x.astype("float32")) for x in (known, target)]
    sharpness = ops.convert_to_tensor(model.statistics.sharpness)
    length = STEP * model.field_deviation()
    best, best_off = ops.convert_to_numpy(field).copy(), np.full(num, np.inf)
    for step in range(NUM_STEPS + 1):
        drawn = ops.convert_to_numpy(images(field, *conditions, sharpness))[..., 0]
        found = betti_numbers(drawn, spatial_dims=drawn.ndim - 1, **kind)
        off = (known * np.abs(found - target)).sum(axis=1)
        nearer = off < best_off
        best[nearer] = ops.convert_to_numpy(field)[nearer]
        best_off = np.minimum(off, best_off)
        if step == NUM_STEPS or not best_off.any():
            break
        slope = ops.convert_to_numpy(slope_of(field, *conditions, *weights))
        axes = tuple(range(1, slope.ndim))
        size = np.sqrt(np.square(slope).mean(axis=axes, keepdims=True))
        moved = -length * slope / np.maximum(size, 1e-12)
        moved[best_off == 0] = 0.0
        field = field + ops.convert_to_tensor(moved.astype("float32"))
    return ops.convert_to_tensor(best)

"""From latents to images: the batch's own ones, and samples like the batch."""

import math

import keras
from keras import ops

from morphokeras.utils.typing import Tensor

# Distance of the two codes whose topology shall be alike (Eq. 19), in deviations.
SMOOTHNESS_STEP = 0.1


class Decoding:
    """Mixin of `MorphoTensorVAE`: what its generator is given while training."""

    def _decode_batch(self, batch, z, field, training) -> dict[str, Tensor]:
        """Rebuild the batch; while training, draw samples in the same pass."""
        images = batch["image"]
        condition = self._condition(batch)
        if not (training and self.needs_samples):
            inputs = self._generator_inputs(z, field, *condition)
            reconstruction, displacement = self._generate(inputs, images)
            return _present(reconstruction=reconstruction, displacement=displacement)
        own, samples = self._draw_samples(batch, z, field)
        both = _concatenate([own, samples["inputs"]])
        decoded, displacement = self._generate(both, images)
        num = ops.shape(images)[0]
        return {
            **_present(reconstruction=decoded[:num], displacement=displacement),
            **self._split_samples(decoded[num:], samples),
        }

    def _draw_samples(self, batch, z, field) -> tuple[tuple, dict]:
        """Return the generator's inputs for the batch, and for samples like it.

        Sample i has the label and the fraction of image i, so that the two sets can be
        compared.
        """
        labels, fraction = self._condition(batch)
        own = self._generator_inputs(z, field, labels, fraction)
        num = _share(ops.shape(z)[0], self.topology_samples)
        drawn = [None if x is None else x[:num] for x in (z, field, labels, fraction)]
        new = [self._normal_like(drawn[0]), self._normal_like(drawn[1])]
        samples = {"labels": drawn[2], "num": num}
        samples["inputs"] = self._generator_inputs(*new, *drawn[2:])
        if self._uses("smooth"):
            near = [self._neighbours(x) for x in new]
            neighbours = self._generator_inputs(*near, *drawn[2:])
            samples["inputs"] = _concatenate([samples["inputs"], neighbours])
        samples["latents"] = (*new, *drawn[2:])
        return own, samples

    def _split_samples(self, decoded, samples) -> dict[str, Tensor]:
        num = samples["num"]
        outputs = _present(samples=decoded[:num], sample_labels=samples["labels"])
        if self._uses("smooth"):
            outputs["neighbours"] = decoded[num:]
        if self._uses("curv"):
            outputs["sample_latents"] = samples["latents"]
        return outputs

    def _draw_latents(self, posterior) -> tuple[Tensor, Tensor | None]:
        drawn = []
        for name in ("z", "field"):
            mean = posterior.get(f"{name}_mean")
            if mean is not None:
                deviation = ops.exp(0.5 * posterior[f"{name}_log_variance"])
                mean = mean + deviation * self._normal_like(mean)
            drawn.append(mean)
        return drawn[0], drawn[1]

    def _condition(self, batch) -> tuple[Tensor | None, Tensor | None]:
        """Return the labels and the volume fractions of a batch, where in use."""
        labels = fraction = None
        if self.num_classes:
            labels = batch.get("label")
            if labels is None:
                axes = tuple(range(1, len(batch["image"].shape)))
                labels = ops.full_like(ops.mean(batch["image"], axis=axes), -1)
            labels = ops.cast(labels, "int32")
        if self.field == "phase":
            target = ops.cast(batch.get("target", batch["image"]), "float32")
            known = ops.cast(batch.get("mask", ops.ones_like(target)), "float32")
            axes = tuple(range(1, len(target.shape) - 1))
            known_pixels = ops.maximum(ops.sum(known, axis=axes), 1e-6)
            fraction = ops.sum(known * target, axis=axes) / known_pixels
        return labels, fraction

    def _generator_inputs(self, z, field, labels, fraction, project=True) -> tuple:
        """Return the field, the code with its conditions, and the fraction to meet."""
        code = ops.concatenate([z, *self._conditions(labels, fraction)], axis=-1)
        projected = fraction if project and self.field == "phase" else None
        return field, code, projected

    def _conditions(self, labels, fraction) -> list[Tensor]:
        """Return what else samples are conditioned on: class, logits of fractions."""
        conditions = []
        if self.num_classes:
            known = ops.cast(labels >= 0, "float32")[:, None]
            hot = ops.one_hot(ops.maximum(labels, 0), self.num_classes, dtype="float32")
            conditions.append(known * hot)
        if self.field == "phase":
            clipped = ops.clip(ops.cast(fraction, "float32"), 0.01, 0.99)
            conditions.append(ops.log(clipped) - ops.log(1.0 - clipped))
        return conditions

    def _generate(self, inputs, images) -> tuple[Tensor, Tensor | None]:
        field, code, fraction = inputs
        shape = tuple(images.shape[1:-1])
        return self.generator(
            field, code, fraction, shape=shape, return_displacement=True
        )

    def _neighbours(self, x):
        """Return latents a small step away, still of unit variance (Eq. 19)."""
        if x is None:
            return None
        moved = x + SMOOTHNESS_STEP * self._normal_like(x)
        return moved / math.sqrt(1.0 + SMOOTHNESS_STEP**2)

    def _normal_like(self, x):
        if x is None:
            return None
        return keras.random.normal(ops.shape(x), dtype="float32", seed=self.noise_seed)


def means(outputs) -> tuple[Tensor, Tensor | None]:
    """Return the posterior means of the code and of the field, None without one."""
    return outputs["z_mean"], outputs.get("field_mean")


def _share(num, share: float):
    """Return the share of a number, at least 1; either may be a tensor."""
    if isinstance(num, int):
        return max(1, math.ceil(share * num))
    return ops.maximum(1, ops.cast(ops.ceil(share * ops.cast(num, "float32")), "int32"))


def _concatenate(groups: list[tuple]) -> tuple:
    return tuple(
        None if parts[0] is None else ops.concatenate(parts, axis=0)
        for parts in zip(*groups, strict=True)
    )


def _present(**tensors) -> dict[str, Tensor]:
    return {name: x for name, x in tensors.items() if x is not None}

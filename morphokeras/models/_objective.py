"""The objective of MorphoTensorVAE: one method a term, called only if it counts."""

import math

import keras
from keras import ops

from morphokeras import losses
from morphokeras.models import geometry
from morphokeras.models.heads import class_terms
from morphokeras.ops.warp import deformation_losses
from morphokeras.topology.matching import image_matching_loss
from morphokeras.utils.typing import Tensor

TERMS = (
    *("rec", "kl", "mi", "topo", "warp", "det"),
    *("patch", "s2", "smooth", "curv", "class"),
)
NEED_SAMPLES = ("topo", "patch", "s2", "smooth", "curv")
NEED_BETTI = ("topo", "smooth")

# Topology's gradient is tens to hundreds of times that of the reconstruction.
TOPOLOGY_SCALE = 1.0 / 30.0
MATCHING_SCALE = 1.0 / 30.0


class Objective:
    """The terms of one batch, computed from what the model returned for it.

    Parameters
    ----------
    model : MorphoTensorVAE
        Read only: its options, its layers and its statistics.
    batch : dict
        The batch.
    outputs : dict
        What ``model(batch)`` returned, with the fresh samples.
    """

    def __init__(self, model: keras.Model, batch: dict, outputs: dict):
        self.model = model
        self.batch = batch
        self.outputs = outputs
        self.target = ops.cast(batch.get("target", batch["image"]), "float32")
        self.sample_weight = batch.get("sample_weight")
        self._betti: tuple | None = None

    def term(self, name: str) -> Tensor:
        """Return the term called `name`, a scalar."""
        return getattr(self, f"_{name}")()

    def classification(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the cross-entropy, the accuracy and the number of labels."""
        return class_terms(
            self.outputs["logits_class"],
            self.batch["label"],
            self.sample_weight,
            self.model.label_smoothing,
            self.outputs.get("logits_image"),
        )

    def folded(self) -> Tensor:
        """Return the share of cells that the warp folds."""
        return ops.mean(self._deformation()[2])

    def _rec(self):
        errors = losses.reconstruction_loss(
            self.target,
            self.outputs["reconstruction"],
            boundary=self.model.boundary,
            mask=self.batch.get("mask"),
        )
        mean = losses.weighted_mean(errors, self.sample_weight)
        return mean / (2.0 * self.model.observation_variance)

    def _kl(self):
        outputs = self.outputs
        divergence = losses.kl_divergence(outputs["z_mean"], outputs["z_log_variance"])
        if "field_mean" in outputs:
            divergence = divergence + losses.kl_divergence(
                outputs["field_mean"], outputs["field_log_variance"]
            )
        pixels = math.prod(self.target.shape[1:-1])
        return losses.weighted_mean(divergence, self.sample_weight) / pixels

    def _mi(self):
        return losses.mutual_information_loss(
            self.outputs["image_features"], self.outputs["code_features"]
        )

    def _topo(self):
        model = self.model
        if model.topology_target == "diagram":
            return self._matched_topology()
        target, reconstruction, fresh, _ = self._betti_numbers()
        deviation = ops.convert_to_tensor(model.statistics.betti_deviation)
        own = losses.betti_loss(reconstruction, target, deviation)
        labels = self.outputs.get("sample_labels")
        if model.topology_target == "mean":
            mean = model.statistics.mean_betti(-1 if labels is None else labels)
            drawn = ops.mean(losses.betti_loss(fresh, mean, deviation))
        else:
            real = target[: ops.shape(fresh)[0]]
            drawn = losses.betti_distribution_loss(fresh, real, deviation, labels)
        own = losses.weighted_mean(own, self.sample_weight)
        return TOPOLOGY_SCALE * (own + drawn)

    def _matched_topology(self):
        """Match diagrams: reconstructions with their own image's, samples with others'.

        Samples and real images of a class are paired in the order of their features,
        so that the set as a whole is compared, and not each sample with a mean.
        """
        outputs = self.outputs
        fresh, labels = outputs["samples"], outputs.get("sample_labels")
        number = ops.shape(fresh)[0]
        classes = ops.zeros((number,)) if labels is None else ops.reshape(labels, (-1,))
        each_alone = -1.0 - ops.arange(ops.shape(self.target)[0], dtype="float32")
        distance = image_matching_loss(
            ops.concatenate([outputs["reconstruction"], fresh], axis=0),
            ops.concatenate([self.target, self.target[:number]], axis=0),
            ops.concatenate([each_alone, ops.cast(classes, "float32")], axis=0),
            connectivity=self.model.soft_betti.connectivity,
            data_format="channels_last",
        )
        distance = MATCHING_SCALE * ops.mean(distance, axis=-1)
        own = losses.weighted_mean(distance[:-number], self.sample_weight)
        return own + ops.mean(distance[-number:])

    def _smooth(self):
        _, _, fresh, neighbours = self._betti_numbers()
        deviation = ops.convert_to_tensor(self.model.statistics.betti_deviation)
        return ops.mean(losses.betti_loss(fresh, neighbours, deviation))

    def _warp(self):
        return ops.mean(self._deformation()[0])

    def _det(self):
        return ops.mean(self._deformation()[1])

    def _patch(self):
        fresh = self.outputs["samples"]
        return losses.patch_loss(
            fresh,
            self.target[: ops.shape(fresh)[0]],
            seed=self.model.noise_seed,
            boundary=self.model.boundary,
        )

    def _s2(self):
        mean = ops.convert_to_tensor(self.model.statistics.two_point)
        return losses.two_point_loss(self.outputs["samples"], mean)

    def _curv(self):
        z, field, labels, fraction = self.outputs["sample_latents"]

        def decode(z):
            inputs = self.model._generator_inputs(z, field, labels, fraction)
            return self.model._generate(inputs, self.target)[0]

        bend = geometry.curvature_surrogate(decode, z, seed=self.model.noise_seed)
        return ops.mean(bend)

    def _deformation(self):
        return deformation_losses(self.outputs["displacement"], self.model.boundary)

    def _counts_all(self):
        terms, target = self.model.active_terms, self.model.topology_target
        return "topo" in terms and target != "diagram"

    def _betti_numbers(self):
        """Count all images in one call, for each call waits for the host."""
        if self._betti is None:
            outputs = self.outputs
            groups = [self.target, outputs["reconstruction"]]
            samples_only = not self._counts_all()
            if samples_only:
                groups = []
            groups += [outputs["samples"]]
            if "neighbours" in outputs:
                groups += [outputs["neighbours"]]
            betti = self.model.soft_betti(ops.concatenate(groups, axis=0))
            self._betti = tuple(_split_like(betti, groups))
            if samples_only:
                self._betti = (None, None, *self._betti)
            if "neighbours" not in outputs:
                self._betti = (*self._betti, None)
        return self._betti


def _split_like(x: Tensor, groups: list) -> list:
    """Cut `x` along the batch into as many rows as each group has."""
    parts, start = [], 0
    for group in groups:
        end = start + ops.shape(group)[0]
        parts.append(x[start:end])
        start = end
    return parts

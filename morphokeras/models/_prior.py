"""What samples of an autoencoder are drawn from: white noise, or a learned flow."""

import numpy as np
from keras import ops

from morphokeras.models.latent_flow import LatentFlow
from morphokeras.utils.typing import Tensor


class Prior:
    """Mixin of `MorphoTensorVAE`: its two priors."""

    latent_flow: LatentFlow | None

    def with_prior(self, prior: str):
        """Return a copy of the model with another prior, and the same weights.

        A flow is fitted after everything else: encode the training images in batches
        by `prior_batch`, hand all latents to ``model.latent_flow.adapt``, set its
        `trainable`, which is off so that `fit` of the autoencoder leaves it alone, and
        call its ``compile`` and ``fit``.
        `MicrostructureGenerator` does all this.

        Parameters
        ----------
        prior : {'white', 'flow'}
            The standard normal, or a `LatentFlow`, which is new unless this model has
            one already.

        Returns
        -------
        MorphoTensorVAE
            Not compiled.

        Examples
        --------
        >>> from morphokeras.models import MorphoTensorVAE
        >>> model = MorphoTensorVAE((16, 16, 1), filters=4, latent_dim=2)
        >>> model.with_prior("flow").latent_flow.latent_dim
        2
        """
        other = type(self).from_config({**self.get_config(), "prior": prior})
        _copy(_without_flow(self), _without_flow(other))
        if self.latent_flow is not None and other.latent_flow is not None:
            _copy([self.latent_flow], [other.latent_flow])
        other.noise_seed.state.assign(self.noise_seed.state)
        return other

    def prior_batch(self, batch: dict) -> dict[str, np.ndarray]:
        """Return what a `LatentFlow` learns from a batch of images.

        Parameters
        ----------
        batch : dict
            A batch as `fit` takes it.

        Returns
        -------
        dict
            ``"z"`` (batch, latent_dim), with a latent field ``"field"`` (batch, *grid,
            channels), the means of the posterior; with classes or volume fractions
            ``"condition"`` (batch, condition_dim).
        """
        batch = {name: ops.convert_to_tensor(x) for name, x in batch.items()}
        images = ops.cast(batch["image"], "float32")
        found = self.posterior(images, self.encoder(images, training=False))
        parts = {
            "z": found["z_mean"],
            "condition": self._prior_condition(*self._condition(batch)),
        }
        if self.latent_field_channels:
            parts["field"] = found["field_mean"]
        return {k: ops.convert_to_numpy(v) for k, v in parts.items() if v is not None}

    def field_deviation(self) -> np.ndarray:
        """Return the deviation of each channel of the prior's latent field."""
        if self.latent_flow is None:
            return np.ones(self.latent_field_channels, "float32")
        return ops.convert_to_numpy(self.latent_flow.field_deviation)

    def _make_flow(self, policy) -> LatentFlow:
        flow = LatentFlow(
            self.latent_dim,
            self.latent_field_channels,
            condition_dim=self._code_dim() - self.latent_dim,
            filters=self.prior_filters,
            spatial_dims=len(self.image_shape) - 1,
            boundary=self.boundary,
            seed=self.seed,
            name="latent_flow",
            **policy,
        )
        flow.trainable = False
        return flow

    def _from_prior(self, noise, labels, fraction) -> tuple[Tensor, Tensor]:
        """Return latents of the prior, made of white noise of codes and fields."""
        z, field = noise
        if self.latent_flow is None:
            return z, field
        if fraction is not None:
            fraction = self._fractions(fraction, len(z))
        inputs = {"z_noise": z}
        if self.latent_field_channels:
            inputs["field_noise"] = field
        condition = self._prior_condition(ops.convert_to_tensor(labels), fraction)
        if condition is not None:
            inputs["condition"] = ops.convert_to_numpy(condition)
        # Compiled: a sample takes the network 19 times.
        drawn = self.latent_flow.predict_on_batch(inputs)
        return drawn["z"], drawn.get("field", field)

    def _prior_condition(self, labels, fraction) -> Tensor | None:
        conditions = self._conditions(labels, fraction)
        return ops.concatenate(conditions, axis=-1) if conditions else None


def _without_flow(model) -> list:
    return [layer for layer in model.layers if layer is not model.latent_flow]


def _copy(sources: list, targets: list) -> None:
    for source, target in zip(sources, targets, strict=True):
        for old, new in zip(source.variables, target.variables, strict=True):
            new.assign(old)

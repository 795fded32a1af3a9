"""What a trained autoencoder is asked for: codes, images, samples, geometry."""

from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from morphokeras.models import geometry
from morphokeras.models._steering import check_betti_numbers, steer
from morphokeras.models._train_step import gradient_norm
from morphokeras.utils.typing import Tensor

BATCH_SIZE = 32
ACTIVE_VARIANCE = 0.01
SHARPNESS_RANGE = (0.25, 256.0)
SHARPNESS_HALVINGS = 9


class ActiveLatents(NamedTuple):
    """How many latents carry information about the images."""

    code: int
    """Components of the code."""
    field: int
    """Channels of the latent field."""


class Queries:
    """Mixin of `MorphoTensorVAE`: everything but its training."""

    active_terms: list[str]

    def encode(self, images) -> tuple[Tensor, Tensor]:
        """Return the posterior means of the code and of the latent field.

        Parameters
        ----------
        images : tensor of shape (batch, *spatial, channels)
            Images in [0, 1].

        Returns
        -------
        z_mean : tensor of shape (batch, latent_dim)
            Codes.
        field_mean : tensor of shape (batch, *grid, latent_field_channels)
            Latent fields, without channels if the model has none.
        """
        images = ops.convert_to_tensor(images, "float32")
        outputs = self.posterior(images, self.encoder(images, training=False))
        field = outputs.get("field_mean")
        if field is None:
            grid = self.field_shape(tuple(images.shape[1:-1]))
            field = ops.zeros((images.shape[0], *grid), "float32")
        return outputs["z_mean"], field

    def decode(
        self,
        z,
        field=None,
        label=None,
        volume_fraction=None,
        shape=None,
        sharpness=None,
    ) -> Tensor:
        """Return the images of given latents.

        Parameters
        ----------
        z : tensor of shape (batch, latent_dim)
            Codes.
        field : tensor of shape (batch, *grid, latent_field_channels), optional
            Latent fields; by default 0, their mean.
        label : int or array of shape (batch,), optional
            Classes; -1, the default, for none.
        volume_fraction : float, array of shape (batch,) or (batch, channels), optional
            Fractions to meet, of phase fields. By default the features are modulated
            as at the mean fraction of the training images, which is not enforced.
        shape : tuple of int, optional
            Size of the images; by default that of `image_shape`, or with another
            field's grid its size times `latent_field_stride`.
        sharpness : float or scalar tensor, optional
            Factor of the logits: above 1 it narrows the borders between phases.

        Returns
        -------
        tensor of shape (batch, *shape, channels), float32
            Images in [0, 1].
        """
        z = ops.convert_to_tensor(z, "float32")
        num = z.shape[0]
        if field is None:
            spatial = shape or self.image_shape[:-1]
            field = ops.zeros((num, *self.field_shape(spatial)), "float32")
        field = ops.convert_to_tensor(field, "float32")
        labels = _one_each(-1 if label is None else label, num, "int32")
        project = volume_fraction is not None
        fraction = None
        if self.field == "phase":
            fraction = (
                self._fractions(volume_fraction, num)
                if project
                else self.statistics.mean_fraction(labels)
            )
        elif project:
            raise ValueError(
                "`volume_fraction` belongs to phase fields. This model was made with "
                "`field='grey'`; make one with `field='phase'`, or leave it out."
            )
        shape = self._image_size(tuple(field.shape[1:-1]), shape)
        inputs = self._generator_inputs(z, field, labels, fraction, project)
        return self.generator(*inputs, shape=shape, sharpness=sharpness)

    def reconstruct(self, images) -> Tensor:
        """Return the images rebuilt from their posterior means.

        Parameters
        ----------
        images : tensor of shape (batch, *spatial, channels)
            Images in [0, 1].

        Returns
        -------
        tensor of the shape of `images`, float32
        """
        return self(ops.convert_to_tensor(images, "float32"), training=False)[
            "reconstruction"
        ]

    def generate(
        self,
        num: int,
        label=None,
        volume_fraction=None,
        shape: tuple[int, ...] | None = None,
        seed: int | None = None,
        betti_numbers=None,
    ) -> np.ndarray:
        """Draw images from the prior, of phases as sharp as `match_contrast` found.

        Parameters
        ----------
        num : int
            How many.
        label : int or array of shape (num,), optional
            Classes. By default they are as frequent as among the training images.
        volume_fraction : float or array of shape (num,) or (num, channels), optional
            Fractions to meet, of phase fields. By default those of training images
            drawn at random, of the same class.
        shape : tuple of int, optional
            Size of the images, by default that of the training images.
        seed : int, optional
            Seed of the draw. The same latents are drawn on every backend.
        betti_numbers : int, sequence or array of shape (num, spatial_dims), optional
            Number of components of the bright phase, or of components and holes (of
            volumes tunnels and cavities), None for any: samples of phase fields are
            moved until they have them, or come near.

        Returns
        -------
        ndarray of shape (num, *shape, channels), float32
            Images in [0, 1].

        Raises
        ------
        ValueError
            If another size or Betti numbers are asked of a model without a latent
            field, or Betti numbers of one of grey images or of several phases.
        """
        wanted = None
        if betti_numbers is not None:
            self._check_steerable()
            wanted = check_betti_numbers(betti_numbers, num, len(self.image_shape) - 1)
        if seed is None:
            draw = keras.random.randint((), 0, 2**31 - 1, seed=self.noise_seed)
            seed = int(ops.convert_to_numpy(draw))
        shape = self._checked_size(shape)
        sharpness = None
        if self.field == "phase":
            sharpness = ops.convert_to_tensor(self.statistics.sharpness)
        images: list[np.ndarray] = []
        for z, field, *condition in self._drawn(
            num, label, volume_fraction, shape, seed
        ):
            if wanted is not None:
                first = BATCH_SIZE * len(images)
                part = wanted[first : first + len(z)]
                field = steer(self, (z, field, *condition), part, shape)
            drawn = self.decode(z, field, *condition, shape=shape, sharpness=sharpness)
            images.append(ops.convert_to_numpy(drawn))
        return np.concatenate(images)

    def match_contrast(self, images, num: int = 32, seed: int = 0) -> float:
        """Make samples of phases as sharp as images; call it after `fit`.

        What a model is not sure of comes out grey. One factor of the logits of all
        samples is sought, by bisection, so that their pixels are as near to 0 and 1 as
        those of the images; where all of these are 0 or 1, so are nearly all of theirs.

        Parameters
        ----------
        images : ndarray of shape (num_images, *spatial, channels)
            The training images, in [0, 1].
        num : int, default=32
            How many samples it is judged by.
        seed : int, default=0
            Seed of their draw.

        Returns
        -------
        float
            The factor, between 1/4 and 256; 1 for ``field="grey"``, which has none.
        """
        if self.field != "phase":
            return 1.0
        drawn = list(self._drawn(num, None, None, self.image_shape[:-1], seed))
        wanted = _contrast(np.asarray(images, "float32"))
        low, high = np.log(SHARPNESS_RANGE)
        for _ in range(SHARPNESS_HALVINGS):
            middle = (low + high) / 2.0
            sharpness = float(np.exp(middle))
            samples = [self.decode(*x, sharpness=sharpness) for x in drawn]
            found = np.mean([_contrast(ops.convert_to_numpy(x)) for x in samples])
            low, high = (middle, high) if found < wanted else (low, middle)
        sharpness = float(np.exp((low + high) / 2.0))
        self.statistics.sharpness.assign(sharpness)
        return sharpness

    def _drawn(self, num, label, volume_fraction, shape, seed):
        """Yield the first arguments of `decode` for samples, batch by batch."""
        rng = np.random.default_rng(seed)
        if label is None:
            labels = self.statistics.draw_labels(num, rng)
        else:
            labels = np.broadcast_to(np.asarray(label), (num,))
        fractions = None
        if self.field == "phase":
            fractions = self.statistics.draw_fractions(labels, rng)
        if volume_fraction is not None:
            fractions = np.asarray(volume_fraction, "float32")
            fractions = np.broadcast_to(
                fractions, (num,) if fractions.ndim < 2 else (num, fractions.shape[-1])
            )
        sizes = [(num, self.latent_dim), (num, *self.field_shape(shape))]
        noise = [rng.standard_normal(size).astype("float32") for size in sizes]
        for start in range(0, num, BATCH_SIZE):
            part = slice(start, start + BATCH_SIZE)
            fraction = None if fractions is None else fractions[part]
            own = [x[part] for x in noise]
            z, field = self._from_prior(own, labels[part], fraction)
            yield z, field, labels[part], fraction

    def latent_metric(
        self, z, field=None, label=None, volume_fraction=None, step: float = 0.02
    ) -> Tensor:
        """Return the metric that the generator induces on the codes (Eq. 17).

        Parameters
        ----------
        z : tensor of shape (batch, latent_dim)
            Codes.
        field : tensor of shape (1, *grid, latent_field_channels), optional
            The latent field behind all codes; by default one drawn from the prior,
            always the same. (At the field 0 there is nothing to modulate.)
        label : int, optional
            Class of all codes.
        volume_fraction : float, optional
            Fraction to meet, of phase fields.
        step : float, default=0.02
            Half the distance of the central differences.

        Returns
        -------
        tensor of shape (batch, latent_dim, latent_dim), float32
        """
        if field is None:
            shape = (1, *self.field_shape(self.image_shape[:-1]))
            field = np.random.default_rng(0).standard_normal(shape)
        field = ops.convert_to_tensor(field, "float32")

        def decode(codes):
            fields = ops.broadcast_to(field, (codes.shape[0], *field.shape[1:]))
            return self.decode(codes, fields, label, volume_fraction)

        z = ops.convert_to_tensor(z, "float32")
        return geometry.latent_metric(decode, z, step=step)

    def active_latents(self, images) -> ActiveLatents:
        """Count the latents whose posterior mean varies between images or places.

        Parameters
        ----------
        images : ndarray of shape (num, *spatial, channels)
            Images in [0, 1], some hundred.

        Returns
        -------
        ActiveLatents
            Numbers of components of the code, and of channels of the field, with a
            variance above 0.01; a collapsed latent has none.
        """
        codes, fields = [], []
        for start in range(0, len(images), BATCH_SIZE):
            z, field = self.encode(images[start : start + BATCH_SIZE])
            codes.append(ops.convert_to_numpy(z))
            fields.append(ops.convert_to_numpy(field))
        code = np.concatenate(codes).var(axis=0)
        channels = np.concatenate(fields)
        field = channels.var(axis=tuple(range(channels.ndim - 1)))
        return ActiveLatents(
            int((code > ACTIVE_VARIANCE).sum()), int((field > ACTIVE_VARIANCE).sum())
        )

    def gradient_norms(self, batch) -> dict[str, float]:
        """Return how hard each term of positive weight pulls at the weights.

        Use it to balance `loss_weights`: a term whose gradient is a hundred times that
        of another leaves it no say. The model and its metrics stay as they are.

        Parameters
        ----------
        batch : tensor or dict
            A batch as `fit` takes it.

        Returns
        -------
        dict
            Euclidean norm of the gradient of each term times its weight.
        """
        terms = self.active_terms
        state = [*self.non_trainable_variables, *self.metrics_variables]
        before = [ops.convert_to_numpy(variable) for variable in state]
        norms = {}
        try:
            for term in terms:
                self.active_terms = [term]
                norms[term] = gradient_norm(self, batch)
                # the next term meets the same noise
                for variable, value in zip(state, before, strict=True):
                    variable.assign(value)
        finally:
            self.active_terms = terms
        return norms

    def attention_map(self, images) -> Tensor:
        """Return where the model looks, of shape (batch, *grid, 1), in (0, 1).

        It is the classifier's gate if there is a classifier, else that of the code.
        """
        images = ops.convert_to_tensor(images, "float32")
        maps = self.encoder(images, training=False)
        if self.classifier is not None:
            return self.classifier.head.attention_map(maps[-1])
        return self.posterior.attention_map(maps)

    def _check_steerable(self) -> None:
        if self.field != "phase" or self.image_shape[-1] > 1:
            raise ValueError(
                "`betti_numbers` belong to phase fields of one channel. This model was "
                f"made with `field={self.field!r}` and {self.image_shape[-1]} "
                "channels; leave them out."
            )
        if not self.latent_field_channels:
            raise ValueError(
                "`betti_numbers` are met by moving the latent field, and this model "
                "has none. Train one with `latent_field_channels` of 1 or more."
            )

    def _fractions(self, fraction, num: int) -> Tensor:
        """Return fractions of shape (num,) or (num, channels)."""
        fraction = ops.cast(ops.convert_to_tensor(fraction), "float32")
        channels = self.image_shape[-1]
        if channels > 1 and (not fraction.shape or fraction.shape[-1] != channels):
            raise ValueError(
                f"`volume_fraction` must hold one fraction for each of the {channels} "
                f"phases. Received: shape {tuple(fraction.shape)}."
            )
        if channels > 1:
            return ops.broadcast_to(fraction, (num, channels))
        return ops.broadcast_to(ops.reshape(fraction, (-1, 1)), (num, 1))

    def _checked_size(self, shape) -> tuple[int, ...]:
        own = self.image_shape[:-1]
        shape = own if shape is None else tuple(shape)
        if len(shape) != len(own):
            raise ValueError(
                f"`shape` must have {len(own)} sizes. Received: shape={shape}."
            )
        if shape != own and self.latent_field_channels == 0:
            raise ValueError(
                f"A model without a latent field has one image size, {own}. Received: "
                f"shape={shape}. Train one with `latent_field_channels` of 1 or more."
            )
        return shape

    def _image_size(self, grid, shape) -> tuple[int, ...]:
        if shape is not None:
            return self._checked_size(shape)
        own = self.image_shape[:-1]
        if grid == self.field_shape(own)[:-1]:
            return own
        return tuple(size * self.latent_field_stride for size in grid)


def _contrast(images: np.ndarray) -> float:
    """Return how near pixels are to 0 and 1: 1 at best, 1 / 2 for two equal phases."""
    if images.shape[-1] > 1:
        return float(np.square(images).sum(axis=-1).mean())
    return float((np.square(images) + np.square(1.0 - images)).mean())


def _one_each(value, num: int, dtype: str) -> Tensor:
    return ops.broadcast_to(ops.cast(ops.convert_to_tensor(value), dtype), (num,))

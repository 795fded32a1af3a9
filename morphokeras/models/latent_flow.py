"""A learned prior: a flow from white noise to the latents of real images."""

import keras
import numpy as np
from keras import ops

from morphokeras.models._flow_networks import (
    CodeVelocity,
    FieldVelocity,
    time_features,
)
from morphokeras.models._train_step import FiniteStep
from morphokeras.utils.typing import Tensor

NUM_STEPS = 10
# A latent whose mean varies less over the images carries nothing but noise.
LEAST_VARIANCE = 0.05
LEAST_DEVIATION = 1e-3


@keras.saving.register_keras_serializable(package="morphokeras")
class LatentFlow(FiniteStep, keras.Model):
    """Turn white noise into latents such as an encoder gives of real images.

    The latents of real images are not white: an autoencoder's samples from white noise
    are less ordered than the images, and vary less from one to the next. This flow is
    fitted to the encoded training images (`adapt`, then `fit`) and takes the place of
    the standard normal prior. The code is drawn first, then the latent field given the
    code. Everything on the grid is a function of a neighbourhood, so that a larger
    grid gives a larger field of the same kind.

    Parameters
    ----------
    latent_dim : int
        Length of the code.
    field_channels : int
        Channels of the latent field; 0 for none.
    condition_dim : int, default=0
        Length of the vector that samples are conditioned on: class, volume fraction.
    filters : int, default=32
        Width of the field's network; the code's is four times as wide.
    spatial_dims : {2, 3}, default=2
        Axes of the grid.
    boundary : {'symmetric', 'periodic', 'zero'}, default='symmetric'
        What lies beyond the edges of the grid.
    seed : int, optional
        Seed of the times and of the noise of the training.

    Raises
    ------
    ValueError
        If a number is not positive.

    Notes
    -----
    A rectified flow [1]_: with standardised latents x, white noise e and a time t in
    (0, 1), the networks v minimise the mean of ``(v((1 - t) e + t x, t) - (x - e))^2``,
    t being the logistic function of a normal number. A sample follows ``dx/dt = v``
    from noise at t = 0 to t = 1 in `num_steps` steps of Heun's method, of second order,
    the last one Euler's. Latents whose variance over the images is below 0.05 stay at
    their mean.

    `fit` takes dicts with ``"z"`` (batch, latent_dim), and where there are such
    ``"field"`` (batch, *grid, field_channels) and ``"condition"`` (batch,
    condition_dim).

    References
    ----------
    .. [1] Liu, Gong, Liu (2023). Flow straight and fast: learning to generate and
       transfer data with rectified flow. ICLR.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.models.latent_flow import LatentFlow
    >>> rng = np.random.default_rng(0)
    >>> z = rng.normal(size=(32, 3)).astype("float32")
    >>> field = rng.normal(size=(32, 8, 8, 2)).astype("float32")
    >>> flow = LatentFlow(latent_dim=3, field_channels=2, filters=4)
    >>> flow.adapt(z, field)
    >>> flow.compile("adam")
    >>> history = flow.fit({"z": z, "field": field}, batch_size=8, verbose=0).history
    >>> sorted(history)
    ['loss', 'prior_code', 'prior_field', 'skipped_steps']
    >>> code, larger = flow.sample(z[:4], np.tile(field[:4], (1, 2, 3, 1)))
    >>> tuple(code.shape), tuple(larger.shape)
    ((4, 3), (4, 16, 24, 2))
    """

    def __init__(
        self,
        latent_dim: int,
        field_channels: int,
        *,
        condition_dim: int = 0,
        filters: int = 32,
        spatial_dims: int = 2,
        boundary: str = "symmetric",
        seed: int | None = None,
        **kwargs,
    ):
        # Latents are integrated in single precision.
        super().__init__(**{"autocast": False, **kwargs})
        for name, value in {"latent_dim": latent_dim, "filters": filters}.items():
            if value < 1:
                raise ValueError(f"`{name}` must be positive. Received: {value}.")
        self.latent_dim = latent_dim
        self.field_channels = field_channels
        self.condition_dim = condition_dim
        self.filters = filters
        self.spatial_dims = spatial_dims
        self.boundary = boundary
        self.seed = seed
        self.noise_seed = keras.random.SeedGenerator(seed)
        policy = {"dtype": self.dtype_policy}
        self.code_velocity = CodeVelocity(4 * filters, name="code_velocity", **policy)
        self.field_velocity = None
        if field_channels:
            self.field_velocity = FieldVelocity(
                filters, boundary, name="field_velocity", **policy
            )
        self.add_terms(["prior_code"] + ["prior_field"] * (field_channels > 0))
        # All sizes are known: weights are there before the first latent.
        self.build()

    def build(self, input_shape=None):
        """Create all weights."""
        code = (None, self.latent_dim)
        times = tuple(time_features(ops.zeros((1,))).shape)[-1]
        context = times + self.condition_dim
        self.code_velocity.build(code, (None, context))
        self._make_scale("code", self.latent_dim)
        if self.field_velocity is not None:
            grid = (None,) * (self.spatial_dims + 1)
            self.field_velocity.build(
                (*grid, self.field_channels), (None, context + self.latent_dim)
            )
            self._make_scale("field", self.field_channels)

    def adapt(self, z, field=None) -> None:
        """Learn mean and deviation of the latents; call it before `fit`.

        Parameters
        ----------
        z : ndarray of shape (num, latent_dim)
            Codes of the training images: the means of their posterior.
        field : ndarray of shape (num, *grid, field_channels), optional
            Their latent fields.
        """
        self._learn_scale("code", z)
        if self.field_velocity is not None:
            self._learn_scale("field", field)

    def call(self, inputs, training: bool | None = None) -> dict[str, Tensor]:
        """Return how wrong the velocities are at a random time, or samples.

        Parameters
        ----------
        inputs : dict
            A batch as `fit` takes it; or the arguments of `sample`, ``"z_noise"``,
            ``"field_noise"`` and ``"condition"``, as far as there are such.
        training : bool, optional
            Not looked at: the error is the same.

        Returns
        -------
        dict
            ``"prior_code"`` and, with a field, ``"prior_field"``, of shape (batch,):
            mean squared errors in variances of the latents. Of noise: ``"z"`` and,
            with a field, ``"field"``, as `sample` returns them. So ``predict`` draws
            samples, compiled.
        """
        if "z_noise" in inputs:
            z, field = self.sample(**inputs)
            return {"z": z} if field is None else {"z": z, "field": field}
        code = self._standardise("code", inputs["z"])
        condition = inputs.get("condition")
        errors = {}
        moved, time, target = self._disturb(code)
        velocity = self.code_velocity(moved, self._context(time, condition))
        errors["prior_code"] = self._error("code", velocity, target)
        if self.field_velocity is not None:
            field = self._standardise("field", inputs["field"])
            moved, time, target = self._disturb(field)
            context = self._context(time, condition, code)
            velocity = self.field_velocity(moved, context)
            errors["prior_field"] = self._error("field", velocity, target)
        return errors

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ) -> Tensor:
        """Return the sum of the errors, and track each."""
        total = 0.0
        for name, errors in y_pred.items():
            value = ops.mean(errors)
            self.track_term(name, value, ops.shape(errors)[0])
            total = total + value
        return total

    def sample(self, z_noise, field_noise=None, condition=None, num_steps=NUM_STEPS):
        """Turn white noise into latents.

        Parameters
        ----------
        z_noise : tensor of shape (batch, latent_dim)
            Standard normal numbers.
        field_noise : tensor of shape (batch, *grid, field_channels), optional
            Standard normal numbers on a grid of any size.
        condition : tensor of shape (batch, condition_dim), optional
            What `fit` was given of such samples.
        num_steps : int, default=10
            Number of steps, of two evaluations of the network each.

        Returns
        -------
        z : tensor of shape (batch, latent_dim), float32
            Codes.
        field : tensor of shape (batch, *grid, field_channels), float32
            Latent fields; None without a field.
        """
        condition = _float(condition)
        code = self._follow(self.code_velocity, z_noise, num_steps, condition)
        # Latents that carry nothing stay at their mean, here as in the training.
        code = code * self.code_active
        if self.field_velocity is None:
            return self._restore("code", code), None
        field = self._follow(
            self.field_velocity, field_noise, num_steps, condition, code
        )
        field = field * self.field_active
        return self._restore("code", code), self._restore("field", field)

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "latent_dim": self.latent_dim,
            "field_channels": self.field_channels,
            "condition_dim": self.condition_dim,
            "filters": self.filters,
            "spatial_dims": self.spatial_dims,
            "boundary": self.boundary,
            "seed": self.seed,
        }

    def _follow(self, network, noise, num_steps, *conditions) -> Tensor:
        """Return where the velocity of a network leads from noise.

        The evaluations of the network are turns of one loop, so that a compiler meets
        the network once: those of even number, at the start of a step, and the odd
        ones, at its end.
        """
        step = 1.0 / num_steps
        noise = _float(noise)

        def evaluate(index, state):
            start, x, before = state
            odd = ops.cast(index % 2, "float32")
            time = step * ops.cast((index + 1) // 2, "float32")
            # (batch, ...) -> (batch,)
            times = time * ops.ones_like(ops.reshape(x, (ops.shape(x)[0], -1))[:, 0])
            velocity = network(x, self._context(times, *conditions))
            start = start + odd * step * (before + velocity) / 2.0
            return start, start + (1.0 - odd) * step * velocity, velocity

        state = (noise, noise, ops.zeros_like(noise))
        return ops.fori_loop(0, 2 * num_steps - 1, evaluate, state)[1]

    def _make_scale(self, latent: str, size: int) -> None:
        names = {"mean": "zeros", "deviation": "ones", "active": "ones"}
        for name, start in names.items():
            weight = self.add_weight(
                shape=(size,),
                initializer=start,
                trainable=False,
                dtype="float32",
                name=f"{latent}_{name}",
            )
            setattr(self, f"{latent}_{name}", weight)

    def _learn_scale(self, latent: str, values) -> None:
        values = np.asarray(values, "float32").reshape(-1, values.shape[-1])
        deviation = values.std(axis=0)
        getattr(self, f"{latent}_mean").assign(values.mean(axis=0))
        getattr(self, f"{latent}_deviation").assign(
            np.maximum(deviation, LEAST_DEVIATION)
        )
        active = (deviation**2 >= LEAST_VARIANCE).astype("float32")
        getattr(self, f"{latent}_active").assign(active)

    def _standardise(self, latent: str, x) -> Tensor:
        shifted = _float(x) - getattr(self, f"{latent}_mean")
        scaled = shifted / getattr(self, f"{latent}_deviation")
        return scaled * getattr(self, f"{latent}_active")

    def _restore(self, latent: str, x: Tensor) -> Tensor:
        scaled = x * getattr(self, f"{latent}_deviation")
        return scaled + getattr(self, f"{latent}_mean")

    def _context(self, time: Tensor, *conditions) -> Tensor:
        known = [c for c in conditions if c is not None]
        return ops.concatenate([time_features(time), *map(_float, known)], axis=-1)

    def _disturb(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return latents on their way from noise, the time, and their velocity."""
        noise = self._normal(ops.shape(x))
        time = ops.sigmoid(self._normal(ops.shape(x)[:1]))
        # (batch,) -> (batch, 1, ..., 1)
        share = ops.reshape(time, (-1,) + (1,) * (len(x.shape) - 1))
        return (1.0 - share) * noise + share * x, time, x - noise

    def _normal(self, shape) -> Tensor:
        return keras.random.normal(shape, dtype="float32", seed=self.noise_seed)

    def _error(self, latent: str, velocity: Tensor, target: Tensor) -> Tensor:
        active = ops.convert_to_tensor(getattr(self, f"{latent}_active"))
        squares = ops.square(velocity - target) * active
        axes = tuple(range(1, len(target.shape)))
        share = ops.maximum(ops.mean(active), 1e-6)
        return ops.mean(squares, axis=axes) / share


def _float(x):
    return None if x is None else ops.cast(ops.convert_to_tensor(x), "float32")

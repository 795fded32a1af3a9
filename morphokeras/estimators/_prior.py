"""The learned prior of a generator: how it is trained, and whether it is the better."""

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from scipy.spatial.distance import cdist
from sklearn.utils.validation import check_is_fitted
from tqdm.auto import tqdm

from morphokeras.estimators import _options, _training, _twins
from morphokeras.estimators._data import Examples, TrainingBatches, hold_out
from morphokeras.estimators._feed import feed
from morphokeras.features import BettiCurve
from morphokeras.models.vae import MorphoTensorVAE

BATCH_SIZE = 64
# The images are encoded in several of their symmetries and shifts.
MOST_VERSIONS = 8
MOST_LATENTS = 8192
# Steps of the flow for one of the autoencoder.
STEPS_FACTOR = 2
LEARNING_RATE = 2e-3
WARMUP = 0.05
# Weights are averaged over this share of the steps.
AVERAGED_SHARE = 0.05
# Images that judge two priors: fewer say nothing, more take long.
LEAST_JUDGES = 16
MOST_JUDGES = 256

# What `lambda_kl` and `lambda_patch` are by default. A flow follows codes wherever they
# lie, and samples of white noise are not drawn from it.
WHITE_WEIGHTS = {"kl": 1.0, "patch": 1.0}
FLOW_WEIGHTS = {"kl": 0.17, "patch": 0.0}
# Terms that compare samples of white noise with images.
JUDGES_OF_WHITE_SAMPLES = ("patch", "topo", "s2")
# Of the autoencoder, with ``epochs="auto"``: it is soon good enough for a flow.
WHITE_LEAST_STEPS = 1500
FLOW_LEAST_STEPS = 750


class LearnsPrior:
    """Mixin of a generator: its prior is learned after everything else."""

    prior: str | None
    field: str
    lambda_rec: float
    prior_epochs: Any
    sharpness: Any
    validation_fraction: float
    verbose: int
    model_: MorphoTensorVAE
    _training_batches: Callable
    _number_of_epochs: Callable

    @property
    def prior_(self) -> str:
        """What samples are drawn from, ``'white'`` or ``'flow'``."""
        check_is_fitted(self, "model_")
        return self.model_.prior

    def _loss_weights(self) -> dict[str, float]:
        """Return the weight of each term, with 'auto' resolved."""
        prior = self._wanted_prior()
        if prior != "white" and not self.lambda_rec:
            raise ValueError(
                f"`prior={prior!r}` learns from codes, which say nothing of the images "
                "with `lambda_rec=0`. Give `lambda_rec` a positive weight, or take "
                "`prior='white'`."
            )
        recipe = FLOW_WEIGHTS if prior == "flow" else WHITE_WEIGHTS
        weights = {term: getattr(self, f"lambda_{term}") for term in _options.TERMS}
        return {t: recipe[t] if v == "auto" else float(v) for t, v in weights.items()}

    def _wanted_prior(self) -> str:
        """Return `prior`, by default the one that was better for such fields."""
        if self.prior is not None:
            return self.prior
        weights = [getattr(self, f"lambda_{term}") for term in JUDGES_OF_WHITE_SAMPLES]
        judged = any(weight != "auto" and weight > 0 for weight in weights)
        follows = self.field == "phase" and self.lambda_rec > 0 and not judged
        return "flow" if follows else "white"

    def _resumed_model(self) -> MorphoTensorVAE:
        """Return the model that training goes on with, if its terms are those asked."""
        weights = {term: w for term, w in self._loss_weights().items() if w}
        own = {term: w for term, w in self.model_.loss_weights.items() if w}
        if weights != own:
            raise ValueError(
                "`warm_start=True` goes on with the terms of the fit before: "
                f"{own}. Received `lambda_...` and `prior` that mean {weights}. Set "
                "these as they were, or `warm_start=False`."
            )
        return self.model_

    def _enough_steps(self) -> int:
        return FLOW_LEAST_STEPS if self._wanted_prior() == "flow" else WHITE_LEAST_STEPS

    def _learn_prior(self, model, training, validation, seed) -> keras.Model:
        """Return the model with the prior asked for, or with the better of both."""
        self.prior_history_, self.prior_distances_ = {}, {}
        prior, judges = self._wanted_prior(), None
        if prior == "auto":
            training, judges = self._split_judges(training, validation, seed)
            prior = "white" if judges is None else "flow"
        if model.prior != prior:
            # The training has drawn seeds or not, with a twin at hand or without.
            with _training.seeded(seed):
                model = model.with_prior(prior)
        if prior == "flow":
            self.prior_history_ = self._fit_flow(model, training, seed)
        if judges is None:
            return self._sharpened(model, training, seed)
        models = {"white": model.with_prior("white"), "flow": model}
        for model in models.values():
            self._sharpened(model, training, seed)
        distances = structural_distances(models, judges, seed)
        self.prior_distances_ = distances
        return models[min(distances, key=lambda name: distances[name])]

    def _sharpened(self, model, training: Examples, seed: int):
        """Return the model, with the sharpness of its samples set."""
        sharpness = self.sharpness
        if sharpness == "auto":
            with _twins.lend_predicting(model) as twin:
                sharpness = twin.match_contrast(training.images, seed=seed)
        model.statistics.sharpness.assign(sharpness)
        return model

    def _fit_flow(self, model, training: Examples, seed: int) -> dict:
        batches = self._training_batches(model, training, seed)
        steps = STEPS_FACTOR * self._number_of_epochs(len(batches)) * len(batches)
        return fit_flow(
            model,
            batches,
            epochs=None if self.prior_epochs == "auto" else self.prior_epochs,
            least_steps=steps,
            seed=seed,
            verbose=int(self.verbose),
        )

    def _split_judges(
        self, training: Examples, validation: Examples | None, seed: int
    ) -> tuple[Examples, Examples | None]:
        """Return the flow's images, and those that judge it, None if too few."""
        judges = validation
        enough = len(training) * self.validation_fraction >= LEAST_JUDGES
        if judges is None and enough:
            training, judges = hold_out(training, self.validation_fraction, seed)
        if judges is None or len(judges) < LEAST_JUDGES:
            return training, None
        return training, judges


class LatentBatches(keras.utils.PyDataset):
    """Shuffled batches of latents, on a torus rolled by whole cells.

    Parameters
    ----------
    latents : dict of ndarray
        ``"z"``, ``"field"`` and ``"condition"``, as far as there are such.
    periodic : bool
        Whether a latent field is as likely anywhere on its torus.
    seed : int
        Seed of the order and of the rolls.
    """

    def __init__(self, latents: dict[str, np.ndarray], periodic: bool, seed: int):
        super().__init__()
        self.latents = latents
        self.periodic = periodic
        self.seed = seed
        self.num_latents = len(latents["z"])
        self.batch_size = min(BATCH_SIZE, self.num_latents)
        self.epoch = -1
        self.on_epoch_begin()

    def __len__(self) -> int:
        return self.num_latents // self.batch_size

    def on_epoch_begin(self) -> None:
        """Shuffle the latents anew."""
        self.epoch += 1
        rng = np.random.default_rng((self.seed, self.epoch))
        self.order = rng.permutation(self.num_latents)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray]]:
        chosen = self.order[index * self.batch_size :][: self.batch_size]
        batch = {name: values[chosen] for name, values in self.latents.items()}
        if self.periodic and "field" in batch:
            rng = np.random.default_rng((self.seed, self.epoch, index))
            grid = batch["field"].shape[1:-1]
            axes = tuple(range(1, len(grid) + 1))
            batch["field"] = np.roll(batch["field"], rng.integers(grid), axes)
        return (batch,)


def fit_flow(
    model: MorphoTensorVAE,
    batches: TrainingBatches,
    epochs: int | None,
    least_steps: int,
    seed: int,
    verbose: int,
) -> dict[str, list[float]]:
    """Fit the flow of a trained autoencoder to the latents of its images.

    Parameters
    ----------
    model : MorphoTensorVAE
        With ``prior="flow"``; only its flow changes.
    batches : TrainingBatches
        The augmented training images.
    epochs : int or None
        Passes over the latents; None for `least_steps` steps.
    least_steps : int
        See `epochs`.
    seed : int
        Seed of the order.
    verbose : int
        1 for a progress bar called "latent prior", 2 for a line an epoch.

    Returns
    -------
    dict of lists
        Terms of the objective by epoch.
    """
    latents = encode_versions(model, batches)
    periodic = model.boundary == "periodic"
    latent_batches = LatentBatches(latents, periodic, seed)
    if epochs is None:
        epochs = math.ceil(least_steps / len(latent_batches))
    steps = epochs * len(latent_batches)
    optimizer = _training.make_optimizer(
        LEARNING_RATE, 1e-4, WARMUP, steps, averaged_share=AVERAGED_SHARE
    )
    flow: Any = model.latent_flow
    flow.adapt(latents["z"], latents.get("field"))
    with (
        _trainable(flow),
        _twins.lend_compiled(flow, optimizer, latent_batches[0][0]) as twin,
    ):
        history = twin.fit(
            feed(latent_batches),
            epochs=epochs,
            callbacks=[_Progress()] if verbose == 1 else [],
            verbose=2 if verbose == 2 else 0,
            shuffle=False,
        )
    return history.history


def encode_versions(
    model: MorphoTensorVAE, batches: TrainingBatches
) -> dict[str, np.ndarray]:
    """Return `prior_batch` of all images, each in several augmented versions."""
    number = len(batches) * batches.batch_size
    versions = min(MOST_VERSIONS, max(1, MOST_LATENTS // number))
    parts = []
    for _ in range(versions):
        batches.on_epoch_begin()
        parts += [model.prior_batch(batches[i][0]) for i in range(len(batches))]
    return keras.tree.map_structure(lambda *x: np.concatenate(x), *parts)


def structural_distances(
    models: dict[str, MorphoTensorVAE], images: Examples, seed: int
) -> dict[str, float]:
    """Return how far samples of each model are from images, by name.

    Parameters
    ----------
    models : dict of MorphoTensorVAE
        The models by name.
    images : Examples
        Images that no prior was fitted to.
    seed : int
        Seed of the samples, and of the choice among very many images.

    Returns
    -------
    dict of float
        Energy distance between the persistence of samples and of images: of their
        Betti curves, see `energy_distance`. 0 is best.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(images))[:MOST_JUDGES]
    judges = images.take(chosen)
    real = betti_curves(judges.images)
    return {
        name: energy_distance(
            real,
            betti_curves(model.generate(len(judges), judges.labels, seed=seed)),
        )
        for name, model in models.items()
    }


def betti_curves(images: np.ndarray) -> np.ndarray:
    """Return the Betti curves of images or volumes.

    Parameters
    ----------
    images : ndarray of shape (num, *spatial, channels)
        Grey values in [0, 1].

    Returns
    -------
    ndarray of shape (num, num_values)
        Betti numbers of superlevel sets at 16 levels, channel by channel.
    """
    curve = BettiCurve(intensity=(0.0, 1.0), spatial_dims=images.ndim - 2)
    channels = [images[..., i] for i in range(images.shape[-1])]
    return np.concatenate([curve.fit_transform(x) for x in channels], axis=1)


def energy_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """Return the energy distance of two sets of vectors, by the sum of differences.

    ``2 E|r - g| - E|r - r'| - E|g - g'|``, without the pairs of a vector with itself:
    0 on average for sets of one distribution, and greater for others.

    Parameters
    ----------
    real, generated : ndarray of shape (num, num_values)
        At least two vectors each.

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.estimators._prior import energy_distance
    >>> energy_distance(np.array([[0.0], [2.0]]), np.array([[4.0], [6.0]]))
    4.0
    """
    within = [
        cdist(x, x, "cityblock").sum() / (len(x) * (len(x) - 1))
        for x in (real, generated)
    ]
    return float(2 * cdist(real, generated, "cityblock").mean() - sum(within))


@contextlib.contextmanager
def _trainable(flow: keras.Model) -> Iterator[None]:
    flow.trainable = True
    try:
        yield
    finally:
        flow.trainable = False


class _Progress(keras.callbacks.Callback):
    """A bar that says what is trained: the second of two trainings."""

    def on_train_begin(self, logs=None):
        self.bar = tqdm(total=self.params["epochs"], desc="latent prior", unit="epoch")

    def on_epoch_end(self, epoch, logs=None):
        self.bar.set_postfix(loss=f"{logs['loss']:.3f}", refresh=False)
        self.bar.update()

    def on_train_end(self, logs=None):
        self.bar.close()

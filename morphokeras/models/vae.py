"""The variational autoencoder that generates microstructures."""

import math
from collections.abc import Mapping

import keras
from keras import ops

from morphokeras.layers.soft_betti import SoftBetti
from morphokeras.models._backbone import make_encoder
from morphokeras.models._decoding import Decoding, means
from morphokeras.models._objective import NEED_BETTI, NEED_SAMPLES, TERMS, Objective
from morphokeras.models._posterior import Posterior
from morphokeras.models._prior import Prior
from morphokeras.models._queries import Queries
from morphokeras.models._statistics import DataStatistics
from morphokeras.models._train_step import FiniteStep
from morphokeras.models.classifier import ClassifierNetwork
from morphokeras.models.generator import Generator
from morphokeras.utils.typing import Tensor

DEFAULT_LOSS_WEIGHTS = {"rec": 1.0, "kl": 1.0, "patch": 1.0}
NUM_STAGES = 4
MI_FEATURES = 64
LEAST_ENCODER_FILTERS = 4


@keras.saving.register_keras_serializable(package="morphokeras")
class MorphoTensorVAE(Queries, Prior, Decoding, FiniteStep, keras.Model):
    """Learn a set of microstructures, and draw new ones of any size.

    An encoder gives each image a code and a latent field; the generator turns both
    back into the image. Drawn from the standard normal, they give new images. With
    classes, samples are conditioned on them, and a classifier may share the encoder.
    Call `adapt` before `fit`: it learns what samples are compared with.

    Parameters
    ----------
    image_shape : tuple of int
        (*spatial, channels). Sizes that the scales do not divide are filled up inside
        and cropped.
    latent_dim : int, default=16
        Length k of the code, which modulates all features.
    latent_field_channels : int, default=4
        Channels of the latent field. With 0, the code is laid out on the coarsest grid
        and the model has one image size.
    latent_field_stride : int, default=4
        Grid spacing of the latent field in pixels: 2, 4, 8 or 16.
    num_classes : int, default=0
        Number of classes that condition the samples, 0 for none.
    filters, depth, kernel_size, num_basis : int, default=32, 3, 5, None
        Width at the coarsest scale, number of scales, side and rank of the filters.
        The encoder's first stage has this width with a classifier, and half of it
        without: enough to rebuild images, at three quarters of the time of a step.
    boundary : {'symmetric', 'periodic', 'zero'}, default='symmetric'
        What lies beyond the edges, in every layer and every term.
    field : {'grey', 'phase'}, default='grey'
        ``'phase'``: images are phase fields (one channel, or one a phase), samples
        have an exact volume fraction, reconstructions that of their image.
    energy_budget : float, optional
        See `SteerableConv`.
    max_displacement : float, default=2.0
        Largest displacement of the warp, in pixels. The warp is there if it is
        positive and `loss_weights` names ``"warp"`` or ``"det"``.
    projection : {'logit', 'scale'}, default='logit'
        How a volume fraction is met.
    loss_weights : dict, optional
        Weight of each term: any of ``rec, kl, mi, topo, warp, det, patch, s2, smooth,
        curv, class``. By default rec, kl and patch are 1. Those left out are 0, and a
        term of weight 0 is not computed.
    temperature, threshold, soft_count, connectivity
        See `SoftBetti`.
    topology_target : {'distribution', 'diagram', 'mean'}, default='distribution'
        What the term `topo` compares: soft counts of features, samples' with real
        images' by rank (``'distribution'``) or with their mean (``'mean'``); or the
        features themselves, births and deaths (``'diagram'``), which teaches topology
        in fewer steps, see `morphokeras.topology.diagram_matching_loss`.
    topology_samples : float, default=0.25
        Share of a batch that is drawn afresh for the terms that judge samples.
    observation_variance : float, default=0.15
        Variance of a pixel about its reconstruction; divides the term rec.
    first_strides : {1, 2}, default=1
        Stride of the encoder's first stage behind its stem. With 2 the encoder takes
        about a third of the time, and `latent_field_stride` must be 4 or more.
    backbone, dropout, label_smoothing, use_pixel_size, pixel_size_range, \
num_descriptors
        See `ClassifierNetwork`.
    prior : {'white', 'flow'}, default='white'
        What `generate` draws from: the standard normal, or a `LatentFlow` that is
        fitted to the latents of the images afterwards, see `with_prior`.
    prior_filters : int, default=32
        Width of the flow.
    seed : int, optional
        Seed of the noise.

    Raises
    ------
    ValueError
        If an argument is out of its range, or a term is unknown.

    Notes
    -----
    Units: rec is a mean square over pixels divided by twice `observation_variance`, kl
    is in nats a pixel, so that their sum is the evidence bound a pixel (Eq. 21). topo
    is in squared standard deviations of the data's Betti numbers over 30.

    `fit` takes arrays of images in [0, 1], or dicts with ``"image"`` and, where wanted,
    ``"target"`` (the image to rebuild), ``"label"`` (-1 for none), ``"sample_weight"``,
    ``"log_pixel_size"``, ``"descriptors"`` and ``"mask"`` (1 where a pixel is known).

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.models.vae import MorphoTensorVAE
    >>> images = np.random.default_rng(0).random((4, 16, 16, 1), "float32")
    >>> model = MorphoTensorVAE((16, 16, 1), filters=8, latent_dim=4)
    >>> model.adapt(images)
    >>> model.compile("adam")
    >>> sorted(model.fit(images, batch_size=2, verbose=0).history)
    ['kl', 'loss', 'patch', 'rec', 'skipped_steps']
    >>> model.generate(3, shape=(32, 24)).shape
    (3, 32, 24, 1)
    """

    def __init__(
        self,
        image_shape: tuple[int, ...],
        *,
        latent_dim: int = 16,
        latent_field_channels: int = 4,
        latent_field_stride: int = 4,
        num_classes: int = 0,
        filters: int = 32,
        depth: int = 3,
        kernel_size: int = 5,
        num_basis: int | None = None,
        boundary: str = "symmetric",
        field: str = "grey",
        energy_budget: float | None = None,
        max_displacement: float = 2.0,
        projection: str = "logit",
        loss_weights: Mapping[str, float] | None = None,
        temperature: float = 0.05,
        threshold: float = 0.5,
        soft_count: str = "rectified",
        connectivity: str = "full",
        topology_target: str = "distribution",
        topology_samples: float = 0.25,
        observation_variance: float = 0.15,
        first_strides: int = 1,
        backbone: str = "steerable",
        dropout: float = 0.3,
        label_smoothing: float = 0.1,
        use_pixel_size: bool = False,
        pixel_size_range: tuple[float, float] = (1e-3, 1e2),
        num_descriptors: int = 0,
        prior: str = "white",
        prior_filters: int = 32,
        seed: int | None = None,
        **kwargs,
    ):
        # Images keep single precision until the encoder has standardised them.
        super().__init__(**{"autocast": False, **kwargs})
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.latent_field_channels = latent_field_channels
        self.latent_field_stride = latent_field_stride
        self.num_classes = num_classes
        self.filters = filters
        self.depth = depth
        self.kernel_size = kernel_size
        self.num_basis = num_basis
        self.boundary = boundary
        self.field = field
        self.energy_budget = energy_budget
        self.max_displacement = max_displacement
        self.projection = projection
        weights = DEFAULT_LOSS_WEIGHTS if loss_weights is None else loss_weights
        self.loss_weights = dict(weights)
        self.temperature = temperature
        self.threshold = threshold
        self.soft_count = soft_count
        self.connectivity = connectivity
        self.topology_target = topology_target
        self.topology_samples = topology_samples
        self.observation_variance = observation_variance
        self.first_strides = first_strides
        self.backbone = backbone
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.use_pixel_size = use_pixel_size
        self.pixel_size_range = (pixel_size_range[0], pixel_size_range[1])
        self.num_descriptors = num_descriptors
        self.prior = prior
        self.prior_filters = prior_filters
        self.seed = seed
        _check(self)
        self.active_terms = [t for t in TERMS if self.loss_weights.get(t, 0.0) > 0]
        self.noise_seed = keras.random.SeedGenerator(seed)
        self._make_layers()
        # All sizes are known: weights are there before the first image.
        self.build((None, *self.image_shape))

    def _make_layers(self):
        policy = {"dtype": self.dtype_policy}
        self.classifier = None
        if self._uses("class"):
            self.classifier = self._make_classifier(policy)
            self.encoder = self.classifier.encoder
        else:
            self.encoder = make_encoder(
                filters=max(self.filters // 2, LEAST_ENCODER_FILTERS),
                num_stages=NUM_STAGES,
                first_strides=self.first_strides,
                backbone=self.backbone,
                boundary=self.boundary,
                name="encoder",
                **policy,
            )
        self.posterior = Posterior(
            self.latent_dim,
            self.latent_field_channels,
            field_stage=_stage(self.latent_field_stride, self.encoder.first_strides),
            boundary=self.boundary,
            name="posterior",
            **policy,
        )
        self.generator = self._make_generator(policy)
        betti_options = None
        if self._uses(*NEED_BETTI):
            betti_options = self._betti_options()
            self.soft_betti = SoftBetti(
                data_format="channels_last", name="soft_betti", **betti_options
            )
        self.statistics = DataStatistics(
            self.num_classes,
            self.image_shape,
            betti_options,
            two_point=self._uses("s2"),
            name="statistics",
        )
        if self._uses("mi"):
            self.image_projection = keras.layers.Dense(MI_FEATURES, dtype="float32")
            self.code_projection = keras.layers.Dense(MI_FEATURES, dtype="float32")
        self.latent_flow = None
        if self.prior == "flow":
            self.latent_flow = self._make_flow(policy)
        names = list(self.active_terms)
        names += ["accuracy"] if self._uses("class") else []
        names += ["folded"] if self.generator.max_displacement > 0 else []
        self.add_terms(names)

    def build(self, input_shape=None):
        """Create all weights; the sizes are those of `image_shape`."""
        images = (None, *self.image_shape)
        if self.classifier is not None:
            self.classifier.build(images)
        else:
            self.encoder.build(images)
        maps = self.encoder.compute_output_shape(images)
        self.posterior.build(images, maps)
        self.generator.build(
            (None, *self.field_shape(self.image_shape[:-1])),
            (None, self._code_dim()),
        )
        if self._uses(*NEED_BETTI):
            self.soft_betti.build(images)
        if self._uses("mi"):
            pooled = 2 * maps[-1][-1] + 2 * self.image_shape[-1]
            self.image_projection.build((None, pooled))
            self.code_projection.build((None, self.latent_dim))

    def call(self, inputs, training: bool | None = None) -> dict[str, Tensor]:
        """Encode and rebuild images; draw samples beside them while training.

        Parameters
        ----------
        inputs : tensor of shape (batch, *spatial, channels) or dict
            Images in [0, 1], or a batch as `fit` takes it.
        training : bool, optional
            Whether latents are drawn from the posterior; else they are its means.

        Returns
        -------
        dict
            ``"reconstruction"`` (batch, *spatial, channels), ``"z_mean"`` and
            ``"z_log_variance"`` (batch, latent_dim), with a latent field
            ``"field_mean"`` and ``"field_log_variance"`` (batch, *grid, channels),
            with a classifier ``"logits_class"`` (batch, num_classes), and what the
            terms of positive weight need.
        """
        batch = _as_batch(inputs)
        images = batch["image"]
        maps = self.encoder(images, training=training)
        outputs = dict(self.posterior(images, maps))
        z, field = self._draw_latents(outputs) if training else means(outputs)
        outputs.update(self._decode_batch(batch, z, field, training))
        if self.classifier is not None:
            head = self.classifier.head
            embedding = head.embed(maps[-1], batch.get("descriptors"), training)
            log_pixel_size = batch.get("log_pixel_size")
            outputs.update(head.classify(embedding, log_pixel_size, training))
        if self._uses("mi"):
            pooled = self.posterior.pool(images, maps)
            outputs["image_features"] = self.image_projection(pooled)
            outputs["code_features"] = self.code_projection(z)
        return outputs

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ) -> Tensor:
        """Return the weighted sum of the terms for the batch `x`, and track each."""
        batch = _as_batch(x)
        outputs = y_pred
        if self.needs_samples and "samples" not in outputs:
            _, samples = self._draw_samples(batch, *means(outputs))
            images, _ = self._generate(samples["inputs"], batch["image"])
            outputs = {**outputs, **self._split_samples(images, samples)}
        objective = Objective(self, batch, outputs)
        count = ops.shape(batch["image"])[0]
        total = 0.0
        for name in self.active_terms:
            if name == "class":
                value, accuracy, num_labels = objective.classification()
                self.track_term("accuracy", accuracy, num_labels)
                self.track_term("class", value, num_labels)
            else:
                value = objective.term(name)
                self.track_term(name, value, count)
            total = total + self.loss_weights[name] * value
        if self.generator.max_displacement > 0:
            self.track_term("folded", objective.folded(), count)
        return total

    def adapt(self, images, labels=None) -> None:
        """Learn what samples are compared with and drawn from; call it before `fit`.

        Parameters
        ----------
        images : ndarray of shape (num, *spatial, channels)
            The training images, in [0, 1].
        labels : ndarray of shape (num,), optional
            Their classes, -1 for none.

        Raises
        ------
        ValueError
            If the images have another shape than `image_shape`.
        """
        shape = tuple(images.shape[1:])
        if shape != self.image_shape:
            raise ValueError(
                f"`images` must have shape (num, *{self.image_shape}). Received: "
                f"images.shape={tuple(images.shape)}."
            )
        self.statistics.adapt(images, labels)

    def field_shape(self, spatial: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape (*grid, channels) of the latent field of an image size."""
        stride = self.latent_field_stride
        grid = tuple(-(-size // stride) for size in spatial)
        return (*grid, self.latent_field_channels)

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in _ARGUMENTS},
        }

    @property
    def needs_samples(self) -> bool:
        """Whether a term of positive weight judges fresh samples."""
        return self._uses(*NEED_SAMPLES)

    def _uses(self, *names: str) -> bool:
        return any(name in self.active_terms for name in names)

    def _code_dim(self) -> int:
        phases = self.image_shape[-1] if self.field == "phase" else 0
        return self.latent_dim + self.num_classes + phases

    def _make_classifier(self, policy):
        return ClassifierNetwork(
            self.num_classes,
            filters=self.filters,
            num_stages=NUM_STAGES,
            first_strides=self.first_strides,
            backbone=self.backbone,
            boundary=self.boundary,
            dropout=self.dropout,
            use_pixel_size=self.use_pixel_size,
            pixel_size_range=self.pixel_size_range,
            num_descriptors=self.num_descriptors,
            label_smoothing=self.label_smoothing,
            name="classifier",
            **policy,
        )

    def _make_generator(self, policy):
        grid = self.field_shape(self.image_shape[:-1])[:-1]
        return Generator(
            self.image_shape[-1],
            filters=self.filters,
            depth=self.depth,
            kernel_size=self.kernel_size,
            num_basis=self.num_basis,
            boundary=self.boundary,
            field_stride=self.latent_field_stride,
            energy_budget=self.energy_budget,
            max_displacement=self.max_displacement if self._uses("warp", "det") else 0,
            projection=self.projection,
            base_grid=None if self.latent_field_channels else grid,
            name="generator",
            **policy,
        )

    def _betti_options(self) -> dict:
        return {
            "homology_dimensions": tuple(range(len(self.image_shape) - 1)),
            "connectivity": self.connectivity,
            "soft_count": self.soft_count,
            "threshold": self.threshold,
            "temperature": self.temperature,
        }


_ARGUMENTS = (
    *("image_shape", "latent_dim", "latent_field_channels", "latent_field_stride"),
    *("num_classes", "filters", "depth", "kernel_size", "num_basis", "boundary"),
    *("field", "energy_budget", "max_displacement", "projection", "loss_weights"),
    *("temperature", "threshold", "soft_count", "connectivity", "topology_target"),
    *("topology_samples", "observation_variance", "first_strides", "backbone"),
    *("dropout", "label_smoothing", "use_pixel_size", "pixel_size_range"),
    *("num_descriptors", "prior", "prior_filters", "seed"),
)


def _as_batch(inputs) -> dict[str, Tensor]:
    batch = inputs if isinstance(inputs, Mapping) else {"image": inputs}
    return {name: ops.convert_to_tensor(value) for name, value in batch.items()}


def _check(model: "MorphoTensorVAE") -> None:
    """Raise unless the model's options make sense together."""
    if len(model.image_shape) not in (3, 4):
        raise ValueError(
            "`image_shape` must be (height, width, channels) or (depth, height, width, "
            f"channels). Received: image_shape={model.image_shape}."
        )
    unknown = set(model.loss_weights) - set(TERMS)
    if unknown or any(weight < 0 for weight in model.loss_weights.values()):
        raise ValueError(
            f"`loss_weights` maps any of {TERMS} to weights of 0 or more. Received: "
            f"loss_weights={model.loss_weights}."
        )
    if not any(model.loss_weights.values()):
        raise ValueError("`loss_weights` must hold at least one positive weight.")
    if model.loss_weights.get("class", 0.0) > 0 and model.num_classes < 1:
        raise ValueError(
            "The term 'class' needs `num_classes` of 1 or more. Received: "
            f"num_classes={model.num_classes}."
        )
    for name, choices in _CHOICES.items():
        value = getattr(model, name)
        if value not in choices:
            raise ValueError(
                f"`{name}` must be one of {choices}. Received: {name}={value!r}."
            )
    if model.latent_field_stride < 2 * model.first_strides:
        raise ValueError(
            "`latent_field_stride` must be at least twice `first_strides`. Received: "
            f"latent_field_stride={model.latent_field_stride}, "
            f"first_strides={model.first_strides}."
        )
    for name in ("latent_dim", "observation_variance"):
        value = getattr(model, name)
        if not value > 0:
            raise ValueError(f"`{name}` must be positive. Received: {name}={value}.")
    if not 0 < model.topology_samples <= 1:
        raise ValueError(
            "`topology_samples` must lie in (0, 1]. Received: "
            f"topology_samples={model.topology_samples}."
        )


def _stage(stride: int, first_strides: int) -> int:
    """Return which feature map of the encoder has this stride."""
    return int(math.log2(stride // first_strides)) - 1


_CHOICES: dict[str, tuple] = {
    "latent_field_stride": (2, 4, 8, 16),
    "field": ("grey", "phase"),
    "topology_target": ("distribution", "diagram", "mean"),
    "prior": ("white", "flow"),
}

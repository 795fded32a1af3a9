"""A plain network that classifies micrographs."""

from typing import Any

import keras
from keras import ops

from morphokeras.models._backbone import make_encoder
from morphokeras.models._train_step import FiniteStep
from morphokeras.models.heads import ClassHead, class_terms
from morphokeras.utils.typing import Tensor


@keras.saving.register_keras_serializable(package="morphokeras")
class ClassifierNetwork(FiniteStep, keras.Model):
    """Classify images or volumes with an `Encoder` and a `ClassHead`.

    It is what a classifier without any generative term is made of. The size of the
    images is free. `fit` takes batches as dicts (see `call`); the labels travel in
    them, so that ``y`` stays unused.

    Parameters
    ----------
    num_classes : int
        Number of classes.
    filters, num_stages, first_strides, kernel_size, boundary
        See `Encoder`.
    backbone : {'steerable', 'plain', 'resnet50'}, default='steerable'
        Convolutions of the `Encoder`, or a `ResNet50Encoder`, whose widths and strides
        are its own.
    dropout, use_pixel_size, pixel_size_range, num_descriptors
        See `ClassHead`.
    label_smoothing : float, default=0.1
        Share of the target's probability that is spread over all classes, in [0, 1).

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    The objective is ``class``, the cross-entropy with smoothed labels, averaged over
    the labelled images of a batch. The logs hold ``class`` and ``accuracy`` beside
    ``loss`` and ``skipped_steps``.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.models.classifier import ClassifierNetwork
    >>> images = np.random.default_rng(0).random((4, 16, 16, 1), "float32")
    >>> model = ClassifierNetwork(num_classes=2, filters=4, num_stages=2)
    >>> model.compile("adam")
    >>> batch = {"image": images, "label": np.array([0, 1, 0, -1])}
    >>> history = model.fit(batch, batch_size=2, verbose=0)
    >>> sorted(history.history)
    ['accuracy', 'class', 'loss', 'skipped_steps']
    >>> tuple(model(images)["logits_class"].shape)
    (4, 2)
    """

    def __init__(
        self,
        num_classes: int,
        *,
        filters: int = 32,
        num_stages: int = 4,
        first_strides: int = 2,
        kernel_size: int = 3,
        backbone: str = "steerable",
        boundary: str = "zero",
        dropout: float = 0.3,
        use_pixel_size: bool = False,
        pixel_size_range: tuple[float, float] = (1e-3, 1e2),
        num_descriptors: int = 0,
        label_smoothing: float = 0.1,
        **kwargs,
    ):
        # The images keep single precision until they are standardised.
        super().__init__(**{"autocast": False, **kwargs})
        if not 0 <= label_smoothing < 1:
            raise ValueError(
                "`label_smoothing` must lie in [0, 1). "
                f"Received: label_smoothing={label_smoothing}."
            )
        self.label_smoothing = label_smoothing
        self.encoder_options: dict[str, Any] = {
            "filters": filters,
            "num_stages": num_stages,
            "first_strides": first_strides,
            "kernel_size": kernel_size,
            "backbone": backbone,
            "boundary": boundary,
        }
        self.encoder = make_encoder(
            **self.encoder_options, dtype=self.dtype_policy, name="encoder"
        )
        self.head = ClassHead(
            num_classes,
            dropout=dropout,
            use_pixel_size=use_pixel_size,
            pixel_size_range=pixel_size_range,
            num_descriptors=num_descriptors,
            dtype=self.dtype_policy,
            name="class_head",
        )
        self.add_terms(["class", "accuracy"])

    def build(self, inputs_shape):
        """Build the encoder and the head for the shape of the images."""
        shape = inputs_shape["image"] if _is_dict(inputs_shape) else inputs_shape
        self.encoder.build(shape)
        self.head.build(self.encoder.compute_output_shape(shape)[-1])

    def call(self, inputs, training: bool | None = None) -> dict[str, Tensor]:
        """Return the class logits, and what they were made of.

        Parameters
        ----------
        inputs : tensor of shape (batch, *spatial, channels) or dict
            The images; a dict holds them as ``"image"``, with ``"log_pixel_size"``
            of shape (batch,) and ``"descriptors"`` of shape (batch, num_descriptors)
            if the head uses them. For training it also holds ``"label"`` and, if
            wanted, ``"sample_weight"``, both of shape (batch,).
        training : bool, optional
            Whether dropout and the statistics of the batch are used.

        Returns
        -------
        dict
            What the head's `classify` returns; ``"embedding"``, what its `embed`
            returns; and ``"attention"`` (batch, *ceil(spatial / 16), 1), in (0, 1).
        """
        batch = _as_batch(inputs)
        features = self.encoder(batch["image"], training=training)[-1]
        log_pixel_size = batch.get("log_pixel_size")
        descriptors = batch.get("descriptors")
        embedding = self.head.embed(features, descriptors, training=training)
        attention = self.head.attention_map(features)
        return {
            **self.head.classify(embedding, log_pixel_size, training),
            "embedding": embedding,
            "attention": ops.cast(attention, "float32"),
        }

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ) -> Tensor:
        """Return the classification loss of the batch `x` and track its terms."""
        loss, accuracy, count = class_terms(
            y_pred["logits_class"],
            x["label"],
            x.get("sample_weight"),
            self.label_smoothing,
            y_pred.get("logits_image"),
        )
        self.track_term("class", loss, count)
        self.track_term("accuracy", accuracy, count)
        return loss

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "num_classes": self.head.num_classes,
            **self.encoder_options,
            "dropout": self.head.dropout,
            "use_pixel_size": self.head.use_pixel_size,
            "pixel_size_range": self.head.pixel_size_range,
            "num_descriptors": self.head.num_descriptors,
            "label_smoothing": self.label_smoothing,
        }


def _as_batch(inputs) -> dict[str, Tensor]:
    return inputs if _is_dict(inputs) else {"image": inputs}


def _is_dict(value) -> bool:
    return isinstance(value, dict)

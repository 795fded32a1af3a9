"""The head that turns feature maps into class logits."""

import math
import random

import keras
import numpy as np
from keras import ops

from morphokeras.layers.spatial_attention import SpatialAttention
from morphokeras.models._descriptor_branch import DescriptorBranch
from morphokeras.utils.typing import Tensor

NUM_PIXEL_SIZE_FEATURES = 9


@keras.saving.register_keras_serializable(package="morphokeras")
class ClassHead(keras.layers.Layer):
    """Gate, pool and classify feature maps, with other things known of the images.

    The features are gated by a spatial attention map that can be looked at, pooled to
    their mean and deviation over the image (any image size will do), normalised,
    thinned by dropout, and mapped to logits by one dense layer. With
    `use_pixel_size`, nine Gaussians of the logarithm of the pixel size join them, and
    with `num_descriptors` as many hand-made descriptors, brought to 64 features. Then
    the head has a second dense layer, which reads the image alone. Its answer is used
    for training only: where descriptors tell the training images apart by themselves,
    the encoder would learn little without it.

    Parameters
    ----------
    num_classes : int
        Number of classes, at least 1.
    dropout : float, default=0.3
        Share of the pooled features that is dropped in training, in [0, 1).
    use_pixel_size : bool, default=False
        Whether the head also sees `log_pixel_size`.
    pixel_size_range : tuple of two floats, default=(0.001, 100.0)
        Least and greatest pixel size to tell apart, micrometres per pixel; those of
        the training images serve best. Sizes beyond count as the nearest end. They
        become a weight that is not trained, so that compiled steps do not depend on
        them.
    num_descriptors : int, default=0
        Number of descriptors of an image that the head also sees. Call `adapt` with
        those of the training images before training.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    With the features x, the gate g in (0, 1) and y = g x, the pooled vector is
    ``[mean(y), sqrt(var(y) + 1e-5)]`` over the pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.models.heads import ClassHead
    >>> features = np.random.default_rng(0).random((2, 7, 5, 8), "float32")
    >>> head = ClassHead(num_classes=3)
    >>> tuple(head(features).shape)
    (2, 3)
    >>> tuple(head.attention_map(features).shape)
    (2, 7, 5, 1)
    """

    def __init__(
        self,
        num_classes: int,
        dropout: float = 0.3,
        use_pixel_size: bool = False,
        pixel_size_range: tuple[float, float] = (1e-3, 1e2),
        num_descriptors: int = 0,
        **kwargs,
    ):
        super().__init__(**{"autocast": False, **kwargs})
        if not isinstance(num_classes, int) or num_classes < 1:
            raise ValueError(
                "`num_classes` must be a positive integer. "
                f"Received: num_classes={num_classes!r}."
            )
        if not 0 <= dropout < 1:
            raise ValueError(f"`dropout` must lie in [0, 1). Received: {dropout}.")
        if not isinstance(num_descriptors, int) or num_descriptors < 0:
            raise ValueError(
                "`num_descriptors` must be an integer of 0 or more. "
                f"Received: num_descriptors={num_descriptors!r}."
            )
        low, high = pixel_size_range
        if not 0 < low <= high < math.inf:
            raise ValueError(
                "`pixel_size_range` must be two positive numbers, the smaller first. "
                f"Received: pixel_size_range={tuple(pixel_size_range)}."
            )
        self.num_classes = num_classes
        self.dropout = dropout
        self.use_pixel_size = use_pixel_size
        self.pixel_size_range = (float(low), float(high))
        self.num_descriptors = num_descriptors

    def build(self, features_shape, log_pixel_size_shape=None, descriptors_shape=None):
        """Create the gate, the normalisation and the dense layer."""
        policy = self.dtype_policy
        num_features = 2 * features_shape[-1]
        self.attention = SpatialAttention(dtype=policy, name="attention")
        # Logits, and the pooled sums they come from, are kept in single precision.
        self.norm = keras.layers.BatchNormalization(
            momentum=0.9, dtype="float32", name="norm"
        )
        # Drawn as Keras draws the seeds that are not given; without one PyTorch would
        # take the process's own generator, and no seed could repeat the training.
        self.drop = keras.layers.Dropout(
            self.dropout, seed=random.randrange(2**31), dtype="float32", name="drop"
        )
        self.dense = keras.layers.Dense(
            self.num_classes, dtype="float32", name="logits"
        )
        self.attention.build(features_shape)
        self.norm.build((features_shape[0], num_features))
        self.num_image_features = self.num_embedded = num_features
        if self.num_descriptors:
            self.descriptor_branch = DescriptorBranch(name="descriptor_branch")
            self.descriptor_branch.build((features_shape[0], self.num_descriptors))
            self.num_embedded += self.descriptor_branch.units
        others = 0
        if self.use_pixel_size:
            others = NUM_PIXEL_SIZE_FEATURES
            self.log_range = self.add_weight(
                shape=(2,),
                initializer="zeros",
                dtype="float32",
                trainable=False,
                autocast=False,
                name="log_range",
            )
            self.log_range.assign([math.log(size) for size in self.pixel_size_range])
        self.dense.build((features_shape[0], self.num_embedded + others))
        if self.num_descriptors:
            self.image_dense = keras.layers.Dense(
                self.num_classes, dtype="float32", name="image_logits"
            )
            self.image_dense.build(
                (features_shape[0], self.num_image_features + others)
            )

    def adapt(self, descriptors: np.ndarray) -> None:
        """Learn the spread of the training images' descriptors, (num, descriptors)."""
        self.descriptor_branch.adapt(descriptors)

    def call(
        self,
        features: Tensor,
        log_pixel_size: Tensor | None = None,
        descriptors: Tensor | None = None,
        training: bool | None = None,
    ) -> Tensor:
        """Return the logits.

        Parameters
        ----------
        features : tensor of shape (batch, *spatial, channels)
            The last feature map of an encoder.
        log_pixel_size : tensor of shape (batch,), optional
            Natural logarithm of the pixel size in micrometres per pixel; NaN where
            it is not known. Needed with `use_pixel_size`, else not looked at.
        descriptors : tensor of shape (batch, num_descriptors), optional
            Needed if `num_descriptors` is positive, else not looked at.
        training : bool, optional
            Whether dropout and the statistics of the batch are used.

        Returns
        -------
        tensor of shape (batch, num_classes), float32
        """
        embedding = self.embed(features, descriptors, training=training)
        return self.classify(embedding, log_pixel_size, training)["logits_class"]

    def classify(
        self,
        embedding: Tensor,
        log_pixel_size: Tensor | None = None,
        training: bool | None = None,
    ) -> dict[str, Tensor]:
        """Return the logits of what `embed` returned.

        They are called ``"logits_class"``; with descriptors those of the image alone,
        which `class_terms` takes for training, are ``"logits_image"``. Both have the
        shape (batch, num_classes) and are float32.
        """
        others = []
        if self.use_pixel_size:
            if log_pixel_size is None:
                raise ValueError(
                    "`log_pixel_size` is missing: the head was made with "
                    "`use_pixel_size=True`. Pass one number an image."
                )
            others = [self._pixel_size_features(log_pixel_size)]
        x = self.drop(embedding, training=training)
        logits = {"logits_class": self.dense(ops.concatenate([x, *others], axis=-1))}
        if self.num_descriptors:
            alone = ops.concatenate([x[:, : self.num_image_features], *others], axis=-1)
            logits["logits_image"] = self.image_dense(alone)
        return logits

    def embed(
        self,
        features: Tensor,
        descriptors: Tensor | None = None,
        training: bool | None = None,
    ) -> Tensor:
        """Return the pooled and normalised features, then those of the descriptors.

        They have the shape (batch, 2 * channels), or 64 more with descriptors, and
        are float32.
        """
        x = ops.cast(self.attention(features), "float32")
        axes = tuple(range(1, len(features.shape) - 1))
        mean = ops.mean(x, axis=axes, keepdims=True)
        variance = ops.mean(ops.square(x - mean), axis=axes)
        mean = ops.squeeze(mean, axis=axes)
        # The root has an infinite slope at 0, where a dead channel sits.
        pooled = ops.concatenate([mean, ops.sqrt(variance + 1e-5)], axis=-1)
        embedding = self.norm(pooled, training=training)
        if not self.num_descriptors:
            return embedding
        if descriptors is None:
            raise ValueError(
                "`descriptors` are missing: the head was made with `num_descriptors="
                f"{self.num_descriptors}`. Pass as many numbers an image."
            )
        return ops.concatenate(
            [embedding, self.descriptor_branch(descriptors, training=training)],
            axis=-1,
        )

    def attention_map(self, features: Tensor) -> Tensor:
        """Return the gate in (0, 1), of shape (batch, *spatial, 1)."""
        return self.attention(features, return_map=True)[1]

    def compute_output_shape(
        self, features_shape, log_pixel_size_shape=None, descriptors_shape=None
    ):
        """Return (batch, num_classes)."""
        return (features_shape[0], self.num_classes)

    def compute_output_spec(
        self, features, log_pixel_size=None, descriptors=None, training=None
    ):
        """Return the logits' shape and type, float32 under every policy."""
        return keras.KerasTensor((features.shape[0], self.num_classes), dtype="float32")

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "dropout": self.dropout,
            "use_pixel_size": self.use_pixel_size,
            "pixel_size_range": self.pixel_size_range,
            "num_descriptors": self.num_descriptors,
        }

    def load_own_variables(self, store):
        """Read the range of pixel sizes; older files hold it as an argument only."""
        if len(store.keys()):
            super().load_own_variables(store)

    def _pixel_size_features(self, log_pixel_size):
        """Return nine overlapping Gaussians of the logarithm, all 0 where it is NaN."""
        low, high = self.log_range[0], self.log_range[1]
        spacing = ops.maximum((high - low) / (NUM_PIXEL_SIZE_FEATURES - 1), 1e-3)
        indices = ops.arange(NUM_PIXEL_SIZE_FEATURES, dtype="float32")
        value = ops.cast(log_pixel_size, "float32")
        known = ops.isfinite(value)
        value = ops.clip(ops.where(known, value, low), low, high)
        distance = (value[:, None] - low) / spacing - indices
        gaussians = ops.exp(-0.5 * ops.square(distance))
        return gaussians * ops.cast(known, "float32")[:, None]


def class_terms(
    logits: Tensor,
    labels: Tensor,
    sample_weight: Tensor | None = None,
    label_smoothing: float = 0.0,
    image_logits: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the classification loss, the accuracy and the number of labelled images.

    Parameters
    ----------
    logits : tensor of shape (batch, num_classes)
        Logarithms of unnormalised probabilities.
    labels : integer tensor of shape (batch,)
        Class indices; -1 marks an image without a label, which counts nowhere.
    sample_weight : tensor of shape (batch,), optional
        Weight of each image in the loss, not in the accuracy.
    label_smoothing : float, default=0.0
        Share of the target's probability that is spread over all classes, in [0, 1).
    image_logits : tensor of shape (batch, num_classes), optional
        Those of a `ClassHead` with descriptors for the image alone. The loss is the
        mean of both then.

    Returns
    -------
    tuple of three scalar tensors, float32
        Mean cross-entropy in nats, share of right answers, number of labels. The
        first two are means over the labelled images, 0 if there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.models.heads import class_terms
    >>> logits = np.array([[4.0, 0.0], [4.0, 0.0], [0.0, 4.0]], "float32")
    >>> terms = class_terms(logits, np.array([0, 1, -1]))
    >>> [round(float(term), 3) for term in terms]
    [2.018, 0.5, 2.0]
    """
    answers = [logits] if image_logits is None else [logits, image_logits]
    answers = [ops.cast(x, "float32") for x in answers]
    labelled = ops.cast(labels >= 0, "float32")
    count = ops.sum(labelled)
    scale = 1.0 / ops.maximum(count, 1.0)

    num_classes = logits.shape[-1]
    target = ops.one_hot(ops.maximum(labels, 0), num_classes, dtype="float32")
    target = (1.0 - label_smoothing) * target + label_smoothing / num_classes
    log_probability = sum(ops.log_softmax(x, axis=-1) for x in answers) / len(answers)
    entropy = -ops.sum(target * log_probability, axis=-1)
    weight = labelled
    if sample_weight is not None:
        weight = labelled * ops.cast(sample_weight, "float32")
    loss = scale * ops.sum(weight * entropy)

    right = ops.cast(ops.equal(ops.argmax(logits, axis=-1), labels), "float32")
    return loss, scale * ops.sum(labelled * right), count

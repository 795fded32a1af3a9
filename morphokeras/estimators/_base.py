"""The story of `fit`, shared by the estimators."""

import functools
import math
import os
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from morphokeras.estimators import _labels, _options, _training, _twins
from morphokeras.estimators._augment import Augmentation
from morphokeras.estimators._data import (
    EvaluationBatches,
    Examples,
    TrainingBatches,
    hold_out,
)
from morphokeras.estimators._files import SavesNetwork
from morphokeras.models.vae import MorphoTensorVAE
from morphokeras.utils.entries import check_names, check_pixel_size, check_weights
from morphokeras.utils.intensity import learn_range, natural_range, scale_intensity
from morphokeras.utils.validation import check_images

AUTOENCODER_OPTIONS = (
    *("backbone", "boundary", "filters"),
    *("latent_dim", "latent_field_channels", "latent_field_stride"),
    *("depth", "kernel_size", "num_basis", "max_displacement", "energy_budget"),
    *("temperature", "threshold", "soft_count", "connectivity"),
    *("topology_target", "topology_samples", "field", "observation_variance"),
)


class BaseMicrostructureEstimator(
    SavesNetwork, TransformerMixin, ClassNamePrefixFeaturesOutMixin, BaseEstimator
):
    """What the classifier and the generator share: validation, training, batches.

    A subclass says how labels are read (`_encode_labels`), which network is trained
    (`_make_model`) and for how many steps at least (`_least_steps`, or
    `_enough_steps` where it depends on parameters).
    """

    _least_steps: int
    classes_: np.ndarray
    model_: Any

    def report(
        self,
        path: str | os.PathLike,
        X: Any = None,
        y: Any = None,
        *,
        pixel_size: Any = None,
        title: str | None = None,
    ) -> None:
        """Write one HTML file that shows what the fitted estimator is and can do.

        Parameters
        ----------
        path : str or path-like
            The file to write, for a browser and for paper. It needs no other file.
        X : ndarray of shape (n_samples, height, width), optional
            Images that were not trained on: for scores, the confusion matrix and
            attention maps of a classifier; for a comparison with a generator's samples.
        y : array-like of shape (n_samples,), optional
            Their labels.
        pixel_size : array-like of shape (n_samples,), optional
            Micrometres per pixel, where the classifier was trained with them.
        title : str, optional
            The heading. By default the name of the class.

        Raises
        ------
        NotFittedError
            If it was not fitted.
        ImportError
            If matplotlib is not installed.
        OSError
            If the file cannot be written; an older one is then left as it was.

        See Also
        --------
        morphokeras.reports.estimator_report : What the file holds.
        """
        from morphokeras.reports import estimator_report

        estimator_report(self, path, X, y, pixel_size=pixel_size, title=title)

    def _fit(
        self, X, y, sample_weight, groups, pixel_size, validation_data
    ) -> "BaseMicrostructureEstimator":
        self._validate_params()
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        with (
            _training.all_or_nothing(self, _training.resumes(self)),
            _training.seeded(seed),
            _training.precision(self.mixed_precision),
        ):
            examples = self._validate_training(X, y, sample_weight, groups, pixel_size)
            training, validation = self._split(examples, validation_data, seed)
            resumed = _training.resumes(self)
            model = self._resumed_model() if resumed else self._make_model(training)
            history = self._train(model, training, validation, seed)
            model = self._learn_prior(model, training, validation, seed)
            self.model_, self.history_ = model, history
            self._num_parts = 0
        return self

    def _validate_training(self, X, y, sample_weight, groups, pixel_size) -> Examples:
        """Learn the shape, the grey range and the classes; return the examples."""
        images = self._as_images(X, first=True)
        self._refuse_another_shape(images, only=self.warm_start)
        limits = learn_range(images, self.intensity)
        labels = self._encode_labels(y, len(images))
        self._remember(X, images, limits)
        examples = Examples(
            images=scale_intensity(images, limits),
            labels=labels,
            sample_weight=self._weights(sample_weight, labels, images),
            log_pixel_size=self._log_pixel_size(pixel_size, len(images)),
            groups=self._check_groups(groups, len(images)),
        )
        return self._measured(
            examples.drop_weightless(), first=not _training.resumes(self)
        )

    def _remember(self, X, images: np.ndarray, limits: tuple[float, float]) -> None:
        """Keep what later images are checked against."""
        self._has_channels = np.asarray(X).ndim == self.spatial_dims + 2
        self.image_shape_ = images.shape[1:]
        self.n_features_in_ = math.prod(self.image_shape_)
        self.intensity_range_ = limits

    def _validate(self, X, pixel_size=None) -> Examples:
        """Return images to predict, checked against those of the training."""
        check_is_fitted(self, "model_")
        _options.check_after_training(self)
        images = self._as_images(X)
        self._refuse_another_shape(images)
        return Examples(
            images=self._scale(images),
            log_pixel_size=self._log_pixel_size(pixel_size, len(images)),
        )

    def _measured(self, examples: Examples, first: bool = False) -> Examples:
        """Return the examples with their descriptors, if the network reads any.

        `first` if the network is yet to be made.
        """
        return examples

    def _as_images(self, X, name: str = "X", first: bool = False) -> np.ndarray:
        """Return images with a channel axis; `first` if it is they who are learned."""
        return check_images(X, spatial_dims=self.spatial_dims, name=name)

    def _scale(self, images: np.ndarray) -> np.ndarray:
        """Return images in [0, 1]: by their own dtype, if nothing else was said."""
        learned = self.intensity is not None
        return scale_intensity(
            images, self.intensity_range_ if learned else natural_range(images)
        )

    def _refuse_another_shape(self, images: np.ndarray, only: bool = True) -> None:
        known, shape = getattr(self, "image_shape_", None), images.shape[1:]
        if not only or known is None or shape == known:
            return
        advice = (
            "Bring them to the same channels, as with `skimage.color.rgb2gray`."
            if shape[:-1] == known[:-1]
            else "Resize or crop them, for example with "
            "`datasets.load_images(size=...)`."
        )
        raise ValueError(
            f"{type(self).__name__} was fitted to images of shape {known}, channels "
            f"last. Received images of shape {shape}. {advice}"
        )

    def _weights(self, sample_weight, labels, images) -> np.ndarray | None:
        if sample_weight is None:
            return None
        return check_weights(sample_weight, len(images))

    def _check_groups(self, groups, n_samples: int) -> np.ndarray | None:
        return None if groups is None else check_names(groups, n_samples, "groups")

    def _log_pixel_size(self, pixel_size, n_samples: int) -> np.ndarray | None:
        if pixel_size is None:
            return None
        return np.log(check_pixel_size(pixel_size, n_samples))

    def _split(
        self, examples: Examples, validation_data, seed: int
    ) -> tuple[Examples, Examples | None]:
        """Return training images and, if they are wanted, validation images."""
        if validation_data is not None:
            return examples, self._validation_examples(validation_data, examples)
        if not self.early_stopping:
            return examples, None
        training, validation = hold_out(examples, self.validation_fraction, seed)
        _labels.check_split(examples, training, validation, self.classes_)
        return training, validation

    def _validation_examples(self, validation_data, training: Examples) -> Examples:
        is_sequence = isinstance(validation_data, tuple | list)
        if not is_sequence or len(validation_data) not in (1, 2, 3):
            length = f" of {len(validation_data)}" if is_sequence else ""
            raise ValueError(
                "`validation_data` must be (X, y) or (X, y, pixel_size). Received a "
                f"{type(validation_data).__name__}{length}."
            )
        X, y, pixel_size = (*validation_data, None, None)[:3]
        if (pixel_size is None) != (training.log_pixel_size is None):
            known = "without" if training.log_pixel_size is None else "with"
            raise ValueError(
                "`validation_data` must hold (X, y, pixel_size) if `fit` is given "
                "`pixel_size`, and (X, y) otherwise. Received "
                f"{len(validation_data)} entries {known} `pixel_size` in `fit`."
            )
        try:
            images = self._as_images(X)
            self._refuse_another_shape(images)
            examples = Examples(
                images=self._scale(images),
                labels=self._known_labels(y, len(images)),
                log_pixel_size=self._log_pixel_size(pixel_size, len(images)),
            )
        except (TypeError, ValueError) as error:
            raise type(error)(f"In `validation_data`: {error}") from None
        return self._measured(examples, first=not _training.resumes(self))

    def _make_autoencoder(
        self, training: Examples, loss_weights: dict[str, float], **options
    ) -> MorphoTensorVAE:
        """Return an autoencoder that knows the statistics of the training images."""
        if not any(loss_weights.values()):
            raise ValueError(
                "At least one weight `lambda_...` must be positive. Received zero for "
                f"{', '.join(loss_weights)}."
            )
        if loss_weights.get("patch") and min(self.image_shape_[:-1]) < 2:
            raise ValueError(
                "Patches need images of at least two pixels along each axis. Received "
                f"images of shape {self.image_shape_}. Set `lambda_patch=0`."
            )
        own = {name: getattr(self, name) for name in AUTOENCODER_OPTIONS}
        model = MorphoTensorVAE(
            self.image_shape_,
            loss_weights=loss_weights,
            name="autoencoder",
            **own,
            **options,
        )
        self._load_backbone_weights(model.encoder)
        model.adapt(training.images, training.labels)
        return model

    def _load_backbone_weights(self, encoder) -> None:
        if self.backbone_weights is None:
            return
        if self.backbone != "resnet50":
            raise ValueError(
                "`backbone_weights` belong to backbone='resnet50'. Received: "
                f"backbone={self.backbone!r}. Set the backbone, or leave them out."
            )
        encoder.load_backbone_weights(self.backbone_weights)

    def _resumed_model(self) -> keras.Model:
        """Return the network of the fit before, which training goes on with."""
        return self.model_

    def _train(
        self,
        model: keras.Model,
        training: Examples,
        validation: Examples | None,
        seed: int,
    ) -> dict[str, list[float]]:
        """Fit the network; return the history of every term."""
        patience = self.n_iter_no_change if self.early_stopping else None
        callbacks = _training.make_callbacks(self.callbacks, patience)
        batches = self._training_batches(model, training, seed)
        watched = None
        if validation is not None:
            watched = EvaluationBatches(validation, self.batch_size)
        epochs = self._number_of_epochs(len(batches))
        optimizer = _training.make_optimizer(
            self.learning_rate,
            self.weight_decay,
            self.warmup,
            steps=epochs * len(batches),
        )
        with _twins.lend_compiled(model, optimizer, batches[0][0]) as twin:
            return _training.run(
                twin,
                batches,
                watched,
                epochs=epochs,
                callbacks=callbacks,
                verbose=int(self.verbose),
            )

    def _learn_prior(
        self,
        model: keras.Model,
        training: Examples,
        validation: Examples | None,
        seed: int,
    ) -> keras.Model:
        """Return the model with what is learned after its training: here nothing."""
        return model

    def _training_batches(
        self, model: keras.Model, training: Examples, seed: int
    ) -> TrainingBatches:
        return TrainingBatches(
            training,
            self.batch_size,
            self._augmentation(),
            seed,
            with_target=isinstance(model, MorphoTensorVAE),
        )

    def _number_of_epochs(self, steps_per_epoch: int) -> int:
        if self.epochs == "auto":
            return math.ceil(self._enough_steps() / steps_per_epoch)
        return self.epochs

    def _enough_steps(self) -> int:
        """Return the number of steps that ``epochs="auto"`` stands for."""
        return self._least_steps

    def _augmentation(self) -> Augmentation:
        return Augmentation(
            symmetry=self.augment,
            boundary=self.boundary,
            # A periodic field is as likely anywhere on its torus.
            shift=0.5 if self.boundary == "periodic" else 0.0,
        )

    def _ask(self, examples: Examples, question: Callable) -> Any:
        """Apply a function of the network and of a batch to all batches, and join."""
        with _twins.lend_predicting(self._network()) as network:
            return self._in_batches(examples, functools.partial(question, network))

    def _network(self) -> keras.Model:
        """Return the network that predicts: the whole one, or a part of it."""
        return self.model_

    def _in_batches(self, examples: Examples, function: Callable) -> Any:
        """Apply `function` to batches and join its arrays, or tuples of arrays.

        The last batch is filled up to a power of two, so that a compiled network meets
        few sizes.
        """
        parts = []
        for start in range(0, len(examples), self.batch_size):
            indices = np.arange(start, min(start + self.batch_size, len(examples)))
            full = min(self.batch_size, 2 ** math.ceil(math.log2(len(indices))))
            filled = np.resize(indices, full)
            outputs = function(examples.take(filled).batch())
            parts.append(_first(len(indices), outputs))
        return keras.tree.map_structure(lambda *v: np.concatenate(v), *parts)

    def _restore_axes(self, images: np.ndarray) -> np.ndarray:
        """Return images with a channel axis only where the training images had one."""
        return images if self._has_channels else images[..., 0]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def _more_tags(self):
        return {"X_types": ["3darray"], "preserves_dtype": ["float32"]}


def _first(count: int, outputs: Any) -> Any:
    """Return the first entries of each tensor, as arrays."""
    return keras.tree.map_structure(
        lambda v: keras.ops.convert_to_numpy(v)[:count], outputs
    )

"""Training on images that come in parts."""

import numpy as np
from sklearn.utils import check_random_state

from morphokeras.estimators import _training, _twins
from morphokeras.estimators._base import BaseMicrostructureEstimator
from morphokeras.estimators._data import Examples
from morphokeras.utils.entries import check_labels
from morphokeras.utils.intensity import learn_range, scale_intensity


class PartialFit(BaseMicrostructureEstimator):
    """A classifier that can be trained part by part."""

    def partial_fit(self, X, y, classes=None, *, sample_weight=None, pixel_size=None):
        """Train for one pass over some images, going on from the last call.

        Use it where the images do not fit into memory, or still come in. The learning
        rate stays at `learning_rate`; the grey range (`intensity`), the range of pixel
        sizes and the spread of descriptors are those of the first part.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, channels])
            Images, of the same size in every call.
        y : array-like of shape (n_samples,)
            Class labels.
        classes : array-like of shape (n_classes,), optional
            All labels that will ever come. Needed in the first call, unless `fit` was
            called before.
        sample_weight : array-like of shape (n_samples,), optional
            Weights that are not negative.
        pixel_size : float or array-like of shape (n_samples,), optional
            Edge length of a pixel in micrometres, in every call or in none.

        Returns
        -------
        self
            The fitted classifier; `history_` grows by one entry a term.

        Raises
        ------
        ValueError
            If `classes` is missing or others than before, a label is not among them,
            or the images are not as described.

        Examples
        --------
        >>> import numpy as np
        >>> from morphokeras import MicrostructureClassifier
        >>> rng = np.random.default_rng(0)
        >>> clf = MicrostructureClassifier(filters=4, random_state=0)
        >>> for part in range(2):
        ...     X, y = rng.random((8, 16, 16)), rng.integers(2, size=8)
        ...     clf = clf.partial_fit(X, y, classes=[0, 1])
        >>> len(clf.history_["loss"])
        2
        """
        self._validate_params()
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not known before all images are: give "
                "`partial_fit` a dictionary of class weights, or `sample_weight`."
            )
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        with (
            _training.all_or_nothing(self, resumed=hasattr(self, "model_")),
            _training.seeded(seed),
            _training.precision(self.mixed_precision),
        ):
            examples = self._validate_part(X, y, classes, sample_weight, pixel_size)
            if not hasattr(self, "model_"):
                self.model_, self.history_ = self._make_model(examples), {}
            done = getattr(self, "_num_parts", 0)
            history = self._train_part(examples, seed, done)
            self.history_ = {
                term: self.history_.get(term, []) + values
                for term, values in history.items()
            }
            self._num_parts = done + 1
        return self

    def _validate_part(self, X, y, classes, sample_weight, pixel_size) -> Examples:
        first = not hasattr(self, "model_")
        images = self._as_images(X, first=first)
        self._agree_on_classes(classes)
        if first:
            limits = learn_range(images, self.intensity)
            self._remember(X, images, limits)
            scaled = scale_intensity(images, limits)
        else:
            self._refuse_another_shape(images)
            self._check_pixel_size_known(pixel_size)
            scaled = self._scale(images)
        labels = self._known_labels(y, len(images))
        examples = Examples(
            images=scaled,
            labels=labels,
            sample_weight=self._part_weights(sample_weight, labels, images),
            log_pixel_size=self._log_pixel_size(pixel_size, len(images)),
        )
        return self._measured(examples.drop_weightless(), first=first)

    def _agree_on_classes(self, classes) -> None:
        """Learn the classes in the first call, compare them in the others."""
        known = getattr(self, "classes_", None)
        if classes is None:
            if known is None:
                raise ValueError(
                    "The first call of `partial_fit` needs `classes`, all labels that "
                    "will ever come. Received: classes=None."
                )
            return
        named = np.unique(check_labels(classes, len(classes)))
        if known is not None and not np.array_equal(named, known):
            raise ValueError(
                f"`classes` must stay those of the first call: {known.tolist()}. "
                f"Received: {named.tolist()}."
            )
        if len(named) < 2:
            raise ValueError(
                f"`classes` must name at least two classes. Received: {named.tolist()}."
            )
        self.classes_ = named

    def _part_weights(self, sample_weight, labels, images) -> np.ndarray | None:
        # Not those of a whole set: a part may well hold a single class.
        weights = BaseMicrostructureEstimator._weights(
            self, sample_weight, labels, images
        )
        if self.class_weight is None:
            return weights
        by_class = self._class_weights(labels)
        return by_class if weights is None else by_class * weights

    def _train_part(
        self, examples: Examples, seed: int, done: int
    ) -> dict[str, list[float]]:
        batches = self._training_batches(self.model_, examples, seed + done)
        if done == 0 or not self.model_.compiled:
            _twins.build(self.model_, batches[0][0])
            self.model_.compile(
                _training.make_optimizer(self.learning_rate, self.weight_decay)
            )
            self.model_.optimizer.build(self.model_.trainable_variables)
        return _training.run(
            self.model_,
            batches,
            callbacks=_training.make_callbacks(self.callbacks, patience=None),
            verbose=int(self.verbose),
        )

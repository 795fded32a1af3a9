"""The terms of the objective, one function each."""

from morphokeras.utils.backend import choose_backend

choose_backend()


from keras import ops

from morphokeras.ops import patches
from morphokeras.ops.pyramid import gaussian_pyramid, num_levels
from morphokeras.ops.two_point import two_point_correlation
from morphokeras.utils.typing import Tensor


def reconstruction_loss(
    target: Tensor,
    prediction: Tensor,
    levels: int = 4,
    boundary: str = "symmetric",
    mask: Tensor | None = None,
) -> Tensor:
    """Return the squared error over a Gaussian pyramid, finer levels weighing more.

    Parameters
    ----------
    target, prediction : tensors of shape (batch, *spatial, channels)
        Images of known size, values in [0, 1].
    levels : int, default=4
        Number of levels; fewer are used where the coarsest would be under 2 pixels.
    boundary : {'periodic', 'symmetric', 'zero'}, default='symmetric'
        What lies beyond the edges.
    mask : tensor of shape (batch, *spatial, 1), optional
        1 where a pixel is known, 0 where it is missing. Missing pixels count nowhere.

    Returns
    -------
    tensor of shape (batch,), float32
        One error an image.

    Notes
    -----
    Eq. 22 with mean squares in place of the integral: ``sum_l w_l mean((S_l u - S_l
    v)^2)``, with ``w_l`` proportional to ``2^-l``, l = 0 the finest, and summing to 1.
    With a mask the difference is masked before it is smoothed, and the mean is taken
    over the known pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from keras import ops
    >>> from morphokeras.losses import reconstruction_loss
    >>> image = np.ones((1, 16, 16, 1), "float32")
    >>> loss = reconstruction_loss(image, 0.5 * image)
    >>> ops.convert_to_numpy(loss).round(4).tolist()
    [0.25]
    """
    difference = ops.cast(target, "float32") - ops.cast(prediction, "float32")
    known = None
    if mask is not None:
        known = ops.cast(mask, "float32")
        difference = difference * known
        known = ops.maximum(_image_mean(known), 1e-6)
    levels = min(levels, num_levels(tuple(difference.shape[1:-1])))
    weights = [2.0 ** (levels - 1 - level) for level in range(levels)]
    pyramid = gaussian_pyramid(difference, levels, boundary)
    total = sum(
        weight / sum(weights) * _image_mean(ops.square(level))
        for weight, level in zip(weights, pyramid, strict=True)
    )
    return total if known is None else total / known


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the divergence of a diagonal Gaussian from the standard normal.

    Parameters
    ----------
    mean, log_variance : tensors of shape (batch, ...)
        Parameters of the posterior.

    Returns
    -------
    tensor of shape (batch,), float32
        Nats, summed over all axes but the first.

    Notes
    -----
    ``0.5 sum(mean^2 + variance - 1 - log variance)``, the second part of Eq. 21.

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.losses import kl_divergence
    >>> divergence = kl_divergence(ops.ones((1, 4)), ops.zeros((1, 4)))
    >>> ops.convert_to_numpy(divergence).tolist()
    [2.0]
    """
    mean, log_variance = ops.cast(mean, "float32"), ops.cast(log_variance, "float32")
    axes = tuple(range(1, len(mean.shape)))
    # exp(v) - 1 - v loses its digits near the prior; expm1 keeps them.
    excess = ops.expm1(log_variance) - log_variance
    return 0.5 * ops.sum(ops.square(mean) + excess, axis=axes)


def mutual_information_loss(image_features: Tensor, code_features: Tensor) -> Tensor:
    """Return how badly codes are told apart by their images (InfoNCE).

    Parameters
    ----------
    image_features, code_features : tensors of shape (batch, features)
        Projections f(u) and g(z) of the images and of their codes.

    Returns
    -------
    scalar tensor, float32
        Mean cross-entropy in nats; log(batch) where nothing is told apart. ``log(batch)
        - loss`` is a lower bound of the mutual information, so batches should be of
        one size.

    Notes
    -----
    Eq. 24, with the similarity ``<f(u), g(z)> / sqrt(features)``.

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.losses import mutual_information_loss
    >>> same = ops.ones((4, 8))
    >>> round(float(mutual_information_loss(same, same)), 4)
    1.3863
    """
    image_features = ops.cast(image_features, "float32")
    code_features = ops.cast(code_features, "float32")
    scale = image_features.shape[-1] ** -0.5
    similarity = scale * ops.matmul(image_features, ops.transpose(code_features))
    own = scale * ops.sum(image_features * code_features, axis=-1)
    return ops.mean(ops.logsumexp(similarity, axis=1) - own)


def betti_loss(betti: Tensor, target: Tensor, deviation: Tensor) -> Tensor:
    """Return the squared difference of soft Betti numbers, in standard deviations.

    Parameters
    ----------
    betti : tensor of shape (batch, channels, dimensions)
        Soft Betti numbers of the images.
    target : tensor that broadcasts to the shape of `betti`
        Those of the images to be met, or the mean of the data.
    deviation : tensor of shape (channels, dimensions)
        Standard deviations over the data.

    Returns
    -------
    tensor of shape (batch,), float32
        Sum over the dimensions, mean over the channels (Eq. 15, Eq. 19).

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.losses import betti_loss
    >>> betti = ops.ones((1, 1, 2))
    >>> loss = betti_loss(betti, 0.0 * betti, 2.0 * ops.ones((1, 2)))
    >>> ops.convert_to_numpy(loss).tolist()
    [0.5]
    """
    difference = ops.cast(betti, "float32") - ops.cast(target, "float32")
    squares = ops.square(difference / ops.cast(deviation, "float32"))
    return ops.mean(ops.sum(squares, axis=-1), axis=-1)


def betti_distribution_loss(
    betti: Tensor, reference: Tensor, deviation: Tensor, labels: Tensor | None = None
) -> Tensor:
    """Return the distance between two distributions of soft Betti numbers.

    Unlike a pull of every image to the mean, it keeps the images' variety.

    Parameters
    ----------
    betti, reference : tensors of shape (batch, channels, dimensions)
        Soft Betti numbers of generated and of real images, as many of each.
    deviation : tensor of shape (channels, dimensions)
        Standard deviations over the data.
    labels : tensor of shape (batch,), optional
        Class of generated image i and of real image i: only equals are compared.

    Returns
    -------
    scalar tensor, float32
        Wasserstein-1 distance in standard deviations, summed over the dimensions.

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.losses import betti_distribution_loss
    >>> betti = ops.reshape(ops.arange(4.0), (4, 1, 1))
    >>> one = ops.ones((1, 1))
    >>> float(betti_distribution_loss(betti, ops.flip(betti, axis=0), one))
    0.0
    >>> float(betti_distribution_loss(betti, betti + 2.0, one))
    2.0
    """
    deviation = ops.cast(deviation, "float32")
    betti = ops.cast(betti, "float32") / deviation
    reference = ops.cast(reference, "float32") / deviation
    difference = _sort_within(betti, labels) - _sort_within(reference, labels)
    return ops.mean(ops.sum(ops.abs(difference), axis=-1))


def patch_loss(
    images: Tensor,
    references: Tensor,
    seed=None,
    levels: int = 3,
    kernel_size: int = 7,
    num_filters: int = 16,
    boundary: str = "symmetric",
) -> Tensor:
    """Return how much the textures of two sets of images differ, on several scales.

    Parameters
    ----------
    images, references : tensors of shape (batch, *spatial, channels)
        Generated and real images, values in [0, 1].
    seed : int or keras.random.SeedGenerator, optional
        Source of the random filters; a SeedGenerator gives new ones at every call.
    levels : int, default=3
        Levels of the Gaussian pyramid; those smaller than a patch are left out.
    kernel_size : int, default=7
        Side of a patch in pixels; smaller where the images are smaller.
    num_filters : int, default=16
        Random directions a level.
    boundary : {'periodic', 'symmetric', 'zero'}, default='symmetric'
        What lies beyond the edges when the pyramid is made.

    Returns
    -------
    scalar tensor, float32
        Sliced Wasserstein-1 distance of patches, mean over the levels.

    Notes
    -----
    On the finest level the filters have zero mean. See
    `morphokeras.ops.patches.patch_distance`.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.losses import patch_loss
    >>> flat = np.full((4, 16, 16, 1), 0.5, "float32")
    >>> round(float(patch_loss(flat, flat, seed=0)), 4)
    0.0
    """
    spatial = tuple(images.shape[1:-1])
    channels = images.shape[-1]
    kernel_size = min(kernel_size, *spatial)
    levels = min(levels, num_levels(spatial, kernel_size))
    ours = gaussian_pyramid(ops.cast(images, "float32"), levels, boundary)
    theirs = gaussian_pyramid(ops.cast(references, "float32"), levels, boundary)
    distances = []
    for level in range(levels):
        filters = patches.random_filters(
            kernel_size,
            channels,
            num_filters,
            spatial_dims=len(spatial),
            zero_mean=level == 0,
            seed=seed,
        )
        distances.append(patches.patch_distance(ours[level], theirs[level], filters))
    return sum(distances) / levels


def two_point_loss(images: Tensor, mean_correlation: Tensor) -> Tensor:
    """Return how far the mean two-point correlation of images is from the data's.

    Parameters
    ----------
    images : tensor of shape (batch, *spatial, channels)
        Generated images, values in [0, 1].
    mean_correlation : tensor of shape (*spatial, channels)
        Mean of `two_point_correlation` over the data.

    Returns
    -------
    scalar tensor, float32
        Root of the mean squared difference over all shifts.

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.losses import two_point_loss
    >>> round(float(two_point_loss(ops.ones((2, 8, 8, 1)), ops.zeros((8, 8, 1)))), 3)
    1.0
    """
    correlation = ops.mean(two_point_correlation(images), axis=0)
    difference = correlation - ops.cast(mean_correlation, "float32")
    square = ops.mean(ops.square(difference))
    # The root has an infinite slope at 0.
    return ops.sqrt(square + 1e-12)


def weighted_mean(values: Tensor, sample_weight: Tensor | None = None) -> Tensor:
    """Return the mean of one value an image, each times its weight if there is one.

    Examples
    --------
    >>> from keras import ops
    >>> from morphokeras.losses import weighted_mean
    >>> float(weighted_mean(ops.ones(4), ops.convert_to_tensor([2.0, 0.0, 1.0, 0.0])))
    0.75
    """
    if sample_weight is None:
        return ops.mean(values)
    return ops.mean(values * ops.cast(sample_weight, values.dtype))


def _image_mean(x: Tensor) -> Tensor:
    return ops.mean(x, axis=tuple(range(1, len(x.shape))))


def _sort_within(values: Tensor, labels: Tensor | None) -> Tensor:
    """Sort along the batch, class by class where there are labels."""
    if labels is None:
        return ops.sort(values, axis=0)
    keys = ops.stop_gradient(values)
    span = ops.max(keys) - ops.min(keys) + 1.0
    labels = ops.cast(ops.reshape(labels, (-1, 1, 1)), keys.dtype)
    order = ops.argsort(keys + span * labels, axis=0)
    return ops.take_along_axis(values, order, axis=0)

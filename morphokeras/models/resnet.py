"""ResNet-50 as an encoder: the backbone of the article's classifier."""

import contextlib
import os
from collections.abc import Iterator

import keras
from keras import ops

from morphokeras.models.encoder import standardise
from morphokeras.utils.typing import Tensor

# The last map of each stride, from 2 to 32 pixels, and its width.
MAPS = {
    "conv1_relu": 64,
    "conv2_block3_out": 256,
    "conv3_block4_out": 512,
    "conv4_block6_out": 1024,
    "conv5_block3_out": 2048,
}
# Pre-trained weights expect grey values of 0 to 255 less their mean: ImageNet's
# channels deviate from it by 58 on average.
DEVIATION = 58.0


@keras.saving.register_keras_serializable(package="morphokeras")
class ResNet50Encoder(keras.layers.Layer):
    """Turn images into the feature maps of `keras.applications.ResNet50`.

    Use it in place of `Encoder` to start from pre-trained weights, which
    `load_backbone_weights` reads from a file: nothing is ever downloaded. Each image is
    first standardised to zero mean and unit variance; grey images fill all three
    channels.

    Raises
    ------
    ValueError
        If the input is not images of one or three channels.

    Notes
    -----
    23.6 million parameters (He et al. 2016, https://doi.org/10.1109/CVPR.2016.90), as
    Keras builds it. Batch normalisation has a momentum of 0.9, as in `Encoder`.

    Examples
    --------
    >>> import keras
    >>> from morphokeras.models.resnet import ResNet50Encoder
    >>> encoder = ResNet50Encoder()
    >>> encoder.compute_output_shape((8, 224, 224, 1))[-1]
    (8, 7, 7, 2048)
    """

    first_strides = 1

    def __init__(self, **kwargs):
        # Half precision would lose the contrast of faint images before standardisation.
        super().__init__(**{"autocast": False, **kwargs})

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of channels of each map, finest first."""
        return tuple(MAPS.values())

    def build(self, input_shape):
        """Create the network for images of any size."""
        if len(input_shape) != 4 or input_shape[-1] not in (1, 3):
            raise ValueError(
                "The backbone 'resnet50' takes images (batch, height, width, channels) "
                f"of 1 or 3 channels. Received: shape={tuple(input_shape)}. Choose "
                "backbone='steerable' for others."
            )
        with _defaults_of(self.dtype_policy):
            whole = keras.applications.ResNet50(
                include_top=False, weights=None, input_shape=(None, None, 3)
            )
        for layer in whole.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = 0.9
        outputs = [whole.get_layer(name).output for name in MAPS]
        self.resnet = keras.Model(whole.input, outputs, name="resnet50")

    def call(self, images: Tensor, training: bool | None = None) -> list[Tensor]:
        """Return the feature maps, finest first.

        Parameters
        ----------
        images : tensor of shape (batch, height, width, channels)
            Grey or RGB images in any units.
        training : bool, optional
            Whether batch normalisation uses, and learns from, this batch.

        Returns
        -------
        list of tensors of shape (batch, *ceil(spatial / stride), width)
            One map for each of the strides 2, 4, 8, 16 and 32 pixels.
        """
        x = DEVIATION * standardise(images)
        # Keras' weights were trained on channels in the order blue, green, red.
        x = ops.flip(x, axis=-1) if x.shape[-1] == 3 else ops.repeat(x, 3, axis=-1)
        return self.resnet(ops.cast(x, self.compute_dtype), training=training)

    def compute_output_shape(self, input_shape):
        """Return the shapes of the feature maps, finest first."""
        shapes = []
        spatial = tuple(input_shape[1:-1])
        for width in self.widths:
            spatial = tuple(size and -(-size // 2) for size in spatial)
            shapes.append((input_shape[0], *spatial, width))
        return shapes

    def load_backbone_weights(self, path) -> None:
        """Read the weights of a `keras.applications.ResNet50` without its top.

        Parameters
        ----------
        path : str or path-like
            A file ``*.weights.h5``, as `save_weights` of such a network writes it, or
            Keras' own ``resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5``.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file holds other weights.
        """
        if not os.path.isfile(path):
            raise FileNotFoundError(
                f"`backbone_weights` must name a file of weights. Received: {path}, "
                "which does not exist."
            )
        try:
            self.resnet.load_weights(path)
        except Exception as error:
            raise ValueError(
                "`backbone_weights` must name the weights of a "
                "keras.applications.ResNet50(include_top=False). Received: "
                f"{path}, which Keras refuses: {error}"
            ) from error


@contextlib.contextmanager
def _defaults_of(policy) -> Iterator[None]:
    """Make Keras build layers under `policy`, channels last, then restore the user's.

    `keras.applications` has no arguments for either.
    """
    before = keras.config.dtype_policy(), keras.config.image_data_format()
    keras.config.set_dtype_policy(policy)
    keras.config.set_image_data_format("channels_last")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before[0])
        keras.config.set_image_data_format(before[1])

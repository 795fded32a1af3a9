"""Which encoder a backbone stands for."""

from morphokeras.models.encoder import Encoder
from morphokeras.models.resnet import ResNet50Encoder

RESNET50 = "resnet50"


def make_encoder(
    backbone: str,
    *,
    filters: int,
    num_stages: int,
    first_strides: int,
    boundary: str,
    kernel_size: int = 3,
    **kwargs,
) -> Encoder | ResNet50Encoder:
    """Return the encoder of a backbone.

    Parameters
    ----------
    backbone : {'steerable', 'plain', 'resnet50'}
        Convolutions of an `Encoder`, or a `ResNet50Encoder`, which has widths, strides
        and a boundary of its own.
    filters, num_stages, first_strides, boundary, kernel_size
        See `Encoder`.
    **kwargs
        Arguments of `keras.layers.Layer`.

    Returns
    -------
    Encoder or ResNet50Encoder

    Examples
    --------
    >>> from morphokeras.models._backbone import make_encoder
    >>> options = {"filters": 8, "num_stages": 4, "first_strides": 1}
    >>> make_encoder("plain", boundary="zero", **options).widths
    (8, 16, 24, 48)
    """
    if backbone == RESNET50:
        return ResNet50Encoder(**kwargs)
    return Encoder(
        filters=filters,
        num_stages=num_stages,
        first_strides=first_strides,
        kernel_size=kernel_size,
        backbone=backbone,
        boundary=boundary,
        **kwargs,
    )

"""Keras layers, each useful alone in anybody's model."""

from morphokeras.utils.backend import choose_backend

choose_backend()

from morphokeras.layers.latent_field import LatentField
from morphokeras.layers.latent_modulation import LatentModulation
from morphokeras.layers.latent_warp import LatentWarp
from morphokeras.layers.soft_betti import SoftBetti
from morphokeras.layers.spatial_attention import SpatialAttention
from morphokeras.layers.spectral_upsample import SpectralUpsample
from morphokeras.layers.steerable_conv import SteerableConv
from morphokeras.layers.volume_fraction import VolumeFractionProjection

__all__ = [
    "LatentField",
    "LatentModulation",
    "LatentWarp",
    "SoftBetti",
    "SpatialAttention",
    "SpectralUpsample",
    "SteerableConv",
    "VolumeFractionProjection",
]

"""Networks: encoder, generator, MorphoTensorVAE, classifier and baselines."""

from morphokeras.utils.backend import choose_backend

choose_backend()

from morphokeras.models.baselines import PlainCNN, PlainVAE, plain_cnn
from morphokeras.models.classifier import ClassifierNetwork
from morphokeras.models.encoder import Encoder
from morphokeras.models.generator import Generator
from morphokeras.models.geometry import curvature, curvature_surrogate, latent_metric
from morphokeras.models.heads import ClassHead
from morphokeras.models.latent_flow import LatentFlow
from morphokeras.models.resnet import ResNet50Encoder
from morphokeras.models.vae import MorphoTensorVAE

__all__ = [
    "ClassHead",
    "ClassifierNetwork",
    "Encoder",
    "Generator",
    "LatentFlow",
    "MorphoTensorVAE",
    "PlainCNN",
    "PlainVAE",
    "ResNet50Encoder",
    "curvature",
    "curvature_surrogate",
    "latent_metric",
    "plain_cnn",
]

"""Networks: encoder, generator, MorphoTensorVAE, classifier and baselines."""

from morphokeras.utils.backend import choose_backend

choose_backend()

"""Networks: encoder, generator, MorphoTensorVAE, classifier and baselines."""

"""Named sets of hyper-parameters."""

ARTICLE_RECIPE = {
    "augment": "rotation",
    "backbone": "resnet50",
    "batch_size": 64,
    "crop": 1.0,
    "descriptors": False,
    "dropout": 0.5,
    "epochs": 100,
    "erasing": 0.25,
    "grey_jitter": 0.25,
    "label_smoothing": 0.1,
    "lambda_kl": 1.0,
    "lambda_mi": 1.0,
    "lambda_rec": 1.0,
    "lambda_topo": 0.5,
    "lambda_warp": 0.1,
    "lambda_det": 0.1,
    "learning_rate": 3e-4,
    "mixed_precision": "float16",
    "noise": 0.0,
    "soft_count": "article",
    "temperature": 0.1,
    "topology_target": "mean",
    "warmup": 0.1,
    "weight_decay": 1e-4,
    "zoom": 0.0,
}
"""The article's training (section 4.2) and its best topology setting (Table 4).

Use it as ``MicrostructureClassifier(**ARTICLE_RECIPE, backbone_weights=path)``, for
images of 256 x 256: its ResNet-50 starts from pre-trained weights, which are read from
a file and never downloaded. The article does not state its number of epochs, beyond a
warm-up of ten, nor the weights of the warp terms: 100 epochs and 0.1 are ours. Of its
RandAugment the rotations and the grey jitter are here: shears and shifted colours are
no symmetry of a microstructure. It wants a GPU; on a CPU use
``{**ARTICLE_RECIPE, "mixed_precision": None}``.
"""

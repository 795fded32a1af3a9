"""Tables 3 and 8: how near generated fields are to real ones, by five metrics.

    KERAS_BACKEND=torch python -m benchmarks.evidence.article.structure

Generators learn the same Cahn-Hilliard fields: a CNN decoder (an autoencoder, whose
codes are drawn from the normal distribution of its training codes), a plain VAE, and
`MicrostructureGenerator` without and with the topology term, and with a learned prior.
Ours take the same number of steps (with a learned prior, half of them for the prior),
the other two as many seconds as ours with topology. The floor are other real fields.
Features are large, some three across a field, or two thirds as large.
"""

from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.evidence.article.shared import (
    SCALES,
    STRUCTURE,
    Column,
    Results,
    epochs_of,
    fit_for,
    parse_arguments,
    phase_fields,
    structure,
    timed_fit,
    write_table,
)
from morphokeras import MicrostructureGenerator
from morphokeras.estimators import PlainVAEGenerator

LAMBDA_TOPO = 0.5
# So small that the divergence counts for nothing and an autoencoder is left.
NO_NOISE = 1e-4
SHOWN = 10
# Gradient energies.
FEATURES = {"large": 1.0, "small": 0.4}

COLUMNS = (*STRUCTURE, Column("seconds", "seconds of a fit", 0))
ROWS = {
    "real fields (floor)": None,
    "CNN decoder": {
        "two_point": "0.072 ± 0.006",
        "chords": "0.105 ± 0.007",
        "phase_size": "0.192 ± 0.008",
        "persistence": "1.84 ± 0.10",
        "euler": "8.2 ± 0.6",
    },
    "plain VAE": {
        "two_point": "0.058 ± 0.005",
        "chords": "0.088 ± 0.006",
        "phase_size": "0.133 ± 0.007",
        "persistence": "1.35 ± 0.09",
        "euler": "6.1 ± 0.5",
    },
    "ours without topology": {
        "two_point": "0.051",
        "chords": "0.068",
        "phase_size": "",
        "persistence": "1.25",
        "euler": "4.4",
    },
    "ours with topology": {
        "two_point": "0.031 ± 0.003",
        "chords": "0.043 ± 0.004",
        "phase_size": "0.057 ± 0.005",
        "persistence": "0.69 ± 0.06",
        "euler": "2.7 ± 0.4",
    },
    "ours, learned prior": None,
}


def main():
    arguments = parse_arguments(
        __doc__,
        "structure",
        features={"nargs": "+", "choices": FEATURES, "default": list(FEATURES)},
        picture={"type": Path, "help": "file of a figure, one for each size"},
    )
    scale = SCALES[arguments.scale]
    results = Results(arguments.output, {"scale": scale, "lambda_topo": LAMBDA_TOPO})
    for features in arguments.features:
        shown = {}
        for seed in arguments.seeds:
            shown |= run(seed, arguments.scale, results, features)
        if arguments.picture and shown:
            draw(
                shown,
                arguments.picture.with_stem(f"{arguments.picture.stem}_{features}"),
            )
    rows = {
        f"{features} features: {name}": article
        for features in FEATURES
        for name, article in ROWS.items()
    }
    write_table(results, rows, COLUMNS)


def run(
    seed: int, scale: str, results: Results, features: str
) -> dict[str, np.ndarray]:
    """Compute the rows of a seed; return samples of those that were not kept."""
    sizes = SCALES[scale]
    numbers = sizes["fields"], sizes["test"], sizes["test"]
    fields = phase_fields(sum(numbers), sizes["size"], seed, FEATURES[features])
    training, unseen, other = np.split(fields, np.cumsum(numbers)[:-1])
    samples = {"real fields (floor)": unseen[:SHOWN]}

    def measured(name, generate):
        generated, seconds = generate()
        samples[name] = generated[:SHOWN]
        return {**structure(unseen, generated, "periodic", seed), "seconds": seconds}

    def row(name, generate):
        full_name = f"{features} features: {name}"
        return results.row(seed, full_name, lambda: measured(name, generate))

    row("real fields (floor)", lambda: (other, None))
    settings = training, len(unseen), seed, scale
    budget = row("ours with topology", partial(ours, LAMBDA_TOPO, *settings))["seconds"]
    row("plain VAE", partial(plain_vae, budget, *settings))
    row("CNN decoder", partial(cnn_decoder, budget, *settings))
    row("ours, learned prior", partial(ours, 0.0, *settings, prior="flow"))
    row("ours without topology", partial(ours, 0.0, *settings))
    return samples


def ours(lambda_topo, training, number, seed, scale, prior="white"):
    """Return samples of a `MicrostructureGenerator`, and the seconds of its fit."""
    epochs = epochs_of(SCALES[scale]["steps"], len(training))
    half = max(1, epochs // 2)
    gen = MicrostructureGenerator(
        lambda_topo=lambda_topo,
        field="phase",
        boundary="periodic",
        augment="dihedral",
        filters=SCALES[scale]["filters"],
        prior=prior,
        epochs=half if prior == "flow" else epochs,
        prior_epochs=half,
        random_state=seed,
    )
    seconds = timed_fit(gen, scale, training)
    return gen.sample(number, random_state=seed), seconds


def plain_vae(budget, training, number, seed, scale):
    """Return samples of a plain VAE, and the seconds of its fit."""
    vae = PlainVAEGenerator(augment="dihedral", random_state=seed)
    seconds = fit_for(vae, budget, scale, training)
    return vae.sample(number, random_state=seed), seconds


def cnn_decoder(budget, training, number, seed, scale):
    """Return images of codes drawn like an autoencoder's, and the seconds of its fit.

    The codes have the mean and the covariance of those of the training fields.
    """
    autoencoder = PlainVAEGenerator(
        observation_variance=NO_NOISE, augment="dihedral", random_state=seed
    )
    seconds = fit_for(autoencoder, budget, scale, training)
    codes = autoencoder.transform(training)
    drawn = np.random.default_rng(seed).multivariate_normal(
        codes.mean(axis=0), np.cov(codes, rowvar=False), number
    )
    return autoencoder.inverse_transform(drawn), seconds


def draw(samples: dict[str, np.ndarray], path: Path) -> None:
    """Save the first fields of each set, in rows in the order of the table."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = [name for name in ROWS if name in samples]
    figure, axes = plt.subplots(
        len(names), SHOWN, figsize=(10, 1.1 * len(names)), layout="constrained"
    )
    for row, name in zip(axes, names, strict=True):
        label = name.replace(" (floor)", "").replace(" with", "\nwith")
        row[0].set_ylabel(label, fontsize=8, rotation=0, ha="right", va="center")
        for ax, field in zip(row, samples[name], strict=True):
            ax.imshow(field, cmap="gray", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
    figure.savefig(path, dpi=100)
    plt.close(figure)


if __name__ == "__main__":
    main()

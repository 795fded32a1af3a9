"""Table 5: porosities from 25 to 60 %, of models that were trained outside this range.

    KERAS_BACKEND=torch python -m benchmarks.evidence.article.porosity

Porous structures of three pore sizes. Trained on 10 to 20 % and 65 to 75 %, classifiers
name the pore size, and generators make structures, of 25 to 60 %. Ours is asked for the
porosity; a VAE cannot be, so that every generator's fields are cut at the grey value
that gives each the porosity of a test field. The accuracy of the VAE is that of a
logistic regression on its codes. Baselines are trained for as many seconds as ours.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from benchmarks.evidence.article.classification import UNCHANGED
from benchmarks.evidence.article.shared import (
    SCALES,
    STRUCTURE,
    Column,
    Results,
    epochs_of,
    fit_for,
    parse_arguments,
    structure,
    timed_fit,
    write_table,
)
from benchmarks.evidence.article.structure import cnn_decoder
from morphokeras import MicrostructureClassifier, MicrostructureGenerator
from morphokeras.datasets import make_porous
from morphokeras.estimators import PlainCNNClassifier, PlainVAEGenerator

# Share of a scale's steps: there are many trainings.
STEPS = 1 / 3
SEEN = (0.10, 0.15, 0.20, 0.65, 0.70, 0.75)
UNSEEN = (0.25, 0.30, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60)
PORE_SIZES = {"fine": 3.0, "medium": 4.0, "coarse": 5.3}

COLUMNS = (
    Column("accuracy", "accuracy, 25-60 %", 1, 100),
    Column("accuracy_seen", "the same, trained porosities", 1, 100),
    *STRUCTURE[:2],
    *STRUCTURE[3:],
    Column("seconds", "seconds of a fit", 0),
)
ROWS = {
    "real structures (floor)": None,
    "CNN": "78.84 ± 0.83, , 0.097 ± 0.006, 0.134 ± 0.008, 1.97 ± 0.11, 9.4 ± 0.7",
    "plain VAE": "81.03 ± 0.76, , 0.082 ± 0.005, 0.102 ± 0.007, 1.55 ± 0.09, 7.8 ± 0.6",
    "ours": "86.42 ± 0.60, , 0.048 ± 0.004, 0.061 ± 0.005, 0.71 ± 0.05, 3.2 ± 0.4",
    "ours without topology": None,
}


def main():
    arguments = parse_arguments(__doc__, "porosity")
    settings = {
        "scale": SCALES[arguments.scale],
        "share_of_steps": STEPS,
        "pore_sizes": PORE_SIZES,
        "augmentation": UNCHANGED,
    }
    results = Results(arguments.output, settings)
    for seed in arguments.seeds:
        run(seed, arguments.scale, results)
    figures = [column.figure for column in COLUMNS]
    rows = {
        name: said and dict(zip(figures, said.split(", "), strict=False))
        for name, said in ROWS.items()
    }
    write_table(results, rows, COLUMNS)


def run(seed, scale, results):
    """Compute all rows of a seed."""
    sizes = SCALES[scale]
    training, known = structures(sizes, SEEN, ("fields", "test"), seed)
    test, other = structures(sizes, UNSEEN, ("test", "test"), seed + 1000)

    def generated(samples):
        return structure(test[0], cut(samples, test[0]), "periodic", seed)

    def accuracies(predict):
        pairs = {"accuracy": test, "accuracy_seen": known}
        return {
            name: float(np.mean(predict(fields) == truth))
            for name, (fields, truth) in pairs.items()
        }

    def ours():
        clf = MicrostructureClassifier(
            descriptors=False,
            epochs=epochs_of(STEPS * sizes["steps"], len(training[0])),
            random_state=seed,
            **UNCHANGED,
        )
        clf_seconds = timed_fit(clf, scale, *training)
        samples, seconds = draw_ours(0.5, training, test, seed, scale)
        own = {"seconds": seconds, "classifier_seconds": clf_seconds}
        return {**accuracies(clf.predict), **generated(samples), **own}

    def without_topology():
        samples, seconds = draw_ours(0.0, training, test, seed, scale)
        return {**generated(samples), "seconds": seconds}

    def plain_vae():
        vae = PlainVAEGenerator(augment="dihedral", random_state=seed)
        seconds = fit_for(vae, budget["seconds"], scale, training[0])
        scaler = StandardScaler().fit(vae.transform(training[0]))
        head = LogisticRegression(max_iter=1000)
        head.fit(scaler.transform(vae.transform(training[0])), training[1])
        return {
            **accuracies(lambda X: head.predict(scaler.transform(vae.transform(X)))),
            **generated(vae.sample(len(test[0]), random_state=seed)),
            "seconds": seconds,
        }

    def cnn():
        clf = PlainCNNClassifier(random_state=seed, **UNCHANGED)
        fit_for(clf, budget["classifier_seconds"], scale, *training)
        samples, seconds = cnn_decoder(
            budget["seconds"], training[0], len(test[0]), seed, scale
        )
        return {
            **accuracies(clf.predict),
            **generated(samples),
            "seconds": seconds,
        }

    results.row(seed, "real structures (floor)", lambda: generated(other[0]))
    budget = results.row(seed, "ours", ours)
    results.row(seed, "plain VAE", plain_vae)
    results.row(seed, "CNN", cnn)
    results.row(seed, "ours without topology", without_topology)


def structures(sizes, porosities, parts, seed):
    """Return sets of structures with their pore sizes as labels."""
    numbers = [sizes[part] for part in parts]
    data = make_porous(
        sum(numbers),
        shape=(sizes["size"],) * 2,
        porosity=porosities,
        pore_size=tuple(PORE_SIZES.values()),
        random_state=seed,
        return_X_y=False,
    )
    names = {value: name for name, value in PORE_SIZES.items()}
    labels = np.array([names[float(value)] for value in data.pore_size])
    cuts = np.cumsum(numbers)[:-1]
    return list(zip(np.split(data.images, cuts), np.split(labels, cuts), strict=True))


def draw_ours(lambda_topo, training, test, seed, scale):
    """Return samples of the test fields' fractions, and the seconds of the fit."""
    gen = MicrostructureGenerator(
        lambda_topo=lambda_topo,
        field="phase",
        boundary="periodic",
        augment="dihedral",
        filters=SCALES[scale]["filters"],
        prior="white",
        epochs=epochs_of(STEPS * SCALES[scale]["steps"], len(training[0])),
        random_state=seed,
    )
    seconds = timed_fit(gen, scale, training[0])
    fractions = test[0].mean(axis=(1, 2))
    samples = gen.sample(len(test[0]), volume_fraction=fractions, random_state=seed)
    return samples, seconds


def cut(fields, real):
    """Return fields of 0 and 1, each with the fraction of the real one of its place."""
    flat = fields.reshape(len(fields), -1)
    wanted = np.rint(real.reshape(len(real), -1).sum(axis=1)).astype(int)
    # The rank of each pixel among those of its field, the brightest first.
    ranks = np.argsort(np.argsort(-flat, axis=1, kind="stable"), axis=1)
    return (ranks < wanted[:, np.newaxis]).astype("float32").reshape(fields.shape)


if __name__ == "__main__":
    main()

"""Our wavelet scattering beside kymatio's.

    python benchmarks/scattering.py

kymatio is no dependency: ``pip install kymatio "scipy<1.15" "numpy<2"``, best into an
environment of its own. It returns maps of 1/32 of the resolution, whose means are
taken here, and mirrors an image at its edges, where ours takes it as periodic: so their
logarithms are compared on noise, in which that matters little. Times are processor
time on one thread (set OMP_NUM_THREADS=1), ratios medians over rounds in which both
take their turn.
"""

import argparse

import numpy as np
from _timing import print_ratios, time_interleaved

from morphokeras.features import ScatteringFeatures
from morphokeras.features._memory import MEMORY

SCALES = 5
ORIENTATIONS = 8


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="+", type=int, default=[128, 256])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    for size in options.sizes:
        measure(size, options.rounds)


def measure(size, rounds):
    """Print how long an image of that size takes, and how far the values are apart."""
    from kymatio.numpy import Scattering2D

    image = np.random.default_rng(0).random((size, size), "float32")
    peer = Scattering2D(J=SCALES, L=ORIENTATIONS, shape=image.shape, max_order=2)
    ours = ScatteringFeatures(SCALES, num_orientations=ORIENTATIONS).fit(image[None])

    def measure_anew():
        MEMORY.clear()
        return ours.transform(image[None])

    runs = {
        "ours": measure_anew,
        "kymatio": lambda: peer(image),
    }
    times = time_interleaved(runs, rounds=rounds)
    print_ratios(f"one image of {size} x {size} pixels", times, "ours")
    first = peer(image)[1 : 1 + SCALES * ORIENTATIONS].mean(axis=(1, 2))
    theirs = np.log10(first.reshape(SCALES, ORIENTATIONS)).mean(axis=1)
    found = ours.transform(image[None])[0]
    names = ours.get_feature_names_out()
    mine = [direction_mean(found, names, f"scale{2**j}_") for j in range(SCALES)]
    apart = np.abs(theirs - mine).max()
    print(f"  logarithms of the first order lie up to {apart:.3f} apart")


def direction_mean(found, names, start):
    """Return the mean over all directions of a scale: mirrored ones count twice."""
    chosen = [
        (float(name.removeprefix(start)), value)
        for name, value in zip(names, found, strict=True)
        if name.startswith(start) and "scale" not in name.removeprefix(start)
    ]
    weights = [1 if angle % 90 == 0 else 2 for angle, _ in chosen]
    return np.average([value for _, value in chosen], weights=weights)


if __name__ == "__main__":
    main()

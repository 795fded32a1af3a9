"""Our descriptors beside PoreSpy's, and what a large volume takes.

    python benchmarks/descriptors.py            # times, then memory
    python benchmarks/descriptors.py --images 8 # fewer images

PoreSpy is no dependency: ``pip install porespy``, here or into a folder of its own on
the PYTHONPATH. Its chords are those of every other line, which do not merge. Times are
processor time on one thread (set OMP_NUM_THREADS=1), ratios medians over rounds in
which both take their turn. Memory is the most that a process of its own held, Python
and all libraries included.
"""

import argparse
import importlib.util
import resource
import subprocess
import sys
import time
import warnings

import numpy as np
from _timing import print_ratios, time_interleaved
from scipy import ndimage

from morphokeras import descriptors

MARK = 5.0
GIGABYTES = 4.0
VOLUME = 256
ON_VOLUMES = {
    "two-point, open": lambda x: descriptors.two_point_correlation(
        x, boundary="open", spatial_dims=3
    ),
    "two-point, periodic": lambda x: descriptors.two_point_correlation(
        x, boundary="periodic", spatial_dims=3
    ),
    "lineal path": lambda x: descriptors.lineal_path(x, spatial_dims=3),
    "chords": lambda x: descriptors.chord_length_distribution(x, spatial_dims=3),
    "equivalent diameters": lambda x: descriptors.equivalent_diameters(
        x, spatial_dims=3
    ),
    "local thickness": lambda x: descriptors.local_thickness(x, spatial_dims=3),
    "Minkowski functionals": lambda x: descriptors.minkowski_functionals(
        x, spatial_dims=3
    ),
    "fraction's interval": lambda x: descriptors.volume_fraction_interval(
        x, spatial_dims=3
    ),
}


def main() -> int:
    """Run all and return an exit status: 1 if a mark is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--volume", choices=list(ON_VOLUMES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.volume:
        measure_volume(options.volume)
        return 0
    fields = make_phases((options.images, 256, 256))
    met = compare_with_porespy(fields, options.rounds)
    return 0 if measure_memory() and met else 1


def compare_with_porespy(fields: np.ndarray, rounds: int) -> bool:
    if importlib.util.find_spec("porespy") is None:
        print("PoreSpy is not installed: left out")
        return True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import porespy

    porespy.settings.tqdm["disable"] = True
    porespy.settings.ncores = 1

    def two_point():
        maps = descriptors.two_point_correlation(fields, boundary="open")
        return descriptors.radial_average(maps)

    def porespy_two_point():
        return [porespy.metrics.two_point_correlation(field) for field in fields]

    def porespy_chords():
        return [
            porespy.metrics.chord_length_distribution(
                porespy.filters.apply_chords(field, spacing=1, axis=axis)
            )
            for axis in (0, 1)
            for field in fields
        ]

    pairs = {
        "two-point, radial": (two_point, porespy_two_point),
        "chords along x and y": (
            lambda: descriptors.chord_length_distribution(fields),
            porespy_chords,
        ),
    }
    met = True
    for title, (ours, theirs) in pairs.items():
        name = f"porespy {porespy.__version__}"
        times = time_interleaved({"morphokeras": ours, name: theirs}, rounds)
        print_ratios(
            f"{title}, {len(fields)} images of 256 x 256", times, "morphokeras"
        )
        faster = np.median(np.divide(times[name], times["morphokeras"]))
        met &= bool(faster >= MARK)
        verdict = "met" if faster >= MARK else "MISSED"
        print(f"  {faster:.1f} times as fast, >= {MARK:.0f} {verdict}", flush=True)
    return met


def measure_memory() -> bool:
    print(f"\n{VOLUME} x {VOLUME} x {VOLUME} voxels, one process each")
    met = True
    for name in ON_VOLUMES:
        output = subprocess.run(
            [sys.executable, __file__, "--volume", name],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        seconds, gigabytes = map(float, output.split()[-2:])
        met &= gigabytes <= GIGABYTES
        verdict = "met" if gigabytes <= GIGABYTES else "MISSED"
        print(
            f"  {name:24}{seconds:8.1f} s {gigabytes:6.2f} GB   "
            f"<= {GIGABYTES:.0f} GB {verdict}",
            flush=True,
        )
    return met


def measure_volume(name: str) -> None:
    field = make_phases((1, VOLUME, VOLUME, VOLUME))
    ON_VOLUMES[name](field[:, :32, :32, :32])  # compiles
    start = time.process_time()
    ON_VOLUMES[name](field)
    seconds = time.process_time() - start
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{name} {seconds} {kilobytes / 1e6}")


def make_phases(shape: tuple[int, ...]) -> np.ndarray:
    """Return bicontinuous phases of equal share, some ten pixels wide."""
    noise = np.random.default_rng(0).normal(size=shape).astype("float32")
    smooth = ndimage.gaussian_filter(noise, (0, *(4,) * (len(shape) - 1)), mode="wrap")
    return smooth > 0


if __name__ == "__main__":
    sys.exit(main())

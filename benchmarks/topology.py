"""Our persistence kernels beside gudhi, cripser, giotto-tda and torch-topological.

    python benchmarks/topology.py                  # times, threads, memory, growth
    python benchmarks/topology.py --exact 100000   # agreement with gudhi instead
    python benchmarks/topology.py --exact 0 --data FOLDER  # on maps and volumes

Every repetition times every library on the same image, one after the other, and the
ratios are medians over the repetitions, so that a busy machine disturbs all alike.
Times are processor time of this process, on one thread.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from _topology_peers import KINDS, make_image, ours, peers

from morphokeras.topology import persistence_pairs

MARKS_2D = {"gudhi, values only": 1.4, "cripser, all dimensions": 9.0}
MARKS_3D = {"cripser, all dimensions": 4.0}
GROWTH = {2: (256, 1024, 4096), 3: (64, 128, 256)}
MEMORY_OF_A_PIXEL = """
import sys
import numpy as np
from pathlib import Path
from morphokeras.topology.cubical import pairs_function

def kilobytes(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(name)))

rank, size = int(sys.argv[1]), int(sys.argv[2])
options = {"spatial_dims": rank, "homology_dimensions": (0, rank - 1)}
find_pairs = pairs_function("superlevel", "full", **options)
find_pairs(np.random.default_rng(0).random((9,) * rank, "float32"))
image = np.random.default_rng(0).random((size,) * rank, "float32")
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before = kilobytes("VmRSS")
pairs = find_pairs(image)
beyond = 1024 * (kilobytes("VmHWM") - before) - sum(own.nbytes for own in pairs)
print(beyond / image.size)
"""


def main() -> int:
    """Run what the command line asks for and return an exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--exact",
        type=int,
        metavar="IMAGES",
        help="compare so many images, and a tenth as many volumes, with gudhi",
    )
    parser.add_argument("--data", type=Path, help="folder with expected.json")
    parser.add_argument("--size", type=int, default=256, help="pixels along an edge")
    parser.add_argument("--depth", type=int, default=64, help="voxels along an edge")
    parser.add_argument("--repeats", type=int, default=21)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    if options.exact is not None or options.data:
        return check_exactness(options.exact or 0, options.data, rng)
    missed = compare_images(options.size, options.repeats, rng)
    missed += compare_volumes(options.depth, max(options.repeats // 3, 3), rng)
    print_threads((options.size,) * 2, 32, None, rng)
    print_threads((options.depth,) * 3, 8, (0, 2), rng)
    print_growth(rng)
    for line in missed:
        print(f"MISSED: {line}")
    return 1 if missed else 0


def check_exactness(num_images: int, data: Path | None, rng) -> int:
    from _topology_exact import check_data, check_fields, check_random

    differing = 0
    if num_images:
        differing += check_random(num_images, 2, rng)
        differing += check_random(num_images // 10, 3, rng)
        differing += check_fields((200, 210), rng)
        differing += check_fields((22, 23, 24), rng)
    if data:
        differing += check_data(data)
    return 1 if differing else 0


def compare_images(size: int, repeats: int, rng: np.random.Generator) -> list[str]:
    libraries = {"morphokeras": ours, **peers(2)}
    libraries["morphokeras, periodic"] = partial(ours, boundary="periodic")
    return compare(libraries, (size, size), repeats, MARKS_2D, rng)


def compare_volumes(size: int, repeats: int, rng: np.random.Generator) -> list[str]:
    """Compare dimensions 0 and 2 with whole runs of those that are not seconds long."""
    libraries = {"morphokeras": partial(ours, dimensions=(0, 2)), **peers(3)}
    for slow in ("gudhi, complex and cofaces", "torch-topological"):
        libraries.pop(slow, None)
    libraries["morphokeras, periodic"] = partial(
        ours, dimensions=(0, 2), boundary="periodic"
    )
    libraries["morphokeras, all dimensions"] = ours
    return compare(libraries, (size, size, size), repeats, MARKS_3D, rng)


def compare(
    libraries: dict[str, Callable], shape: tuple, repeats: int, marks: dict, rng
) -> list[str]:
    """Print times and ratios, and return which marks were missed."""
    missed = []
    for kind in KINDS:
        times = interleaved_times(libraries, kind, shape, repeats, rng)
        print(f"\n{kind}, {shape}, one thread, {repeats} repetitions")
        for name, milliseconds in times.items():
            pairs = zip(milliseconds, times["morphokeras"], strict=True)
            ratio = statistics.median(theirs / own for theirs, own in pairs)
            median = statistics.median(milliseconds)
            print(f"  {name:28s} {median:9.3f} ms  {ratio:7.2f} x ours", flush=True)
            if ratio < marks.get(name, 0):
                missed.append(f"{kind}, {name}: {ratio:.2f} x, not {marks[name]} x")
    return missed


def interleaved_times(
    libraries: dict[str, Callable], kind: str, shape: tuple, repeats: int, rng
) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in libraries}
    for repetition in range(-1, repeats):
        image = make_image(kind, shape, rng)
        for name, library in libraries.items():
            start = time.process_time()
            library(image)
            elapsed = time.process_time() - start
            if repetition >= 0:  # the first one loads and compiles
                times[name].append(1e3 * elapsed)
    return times


def print_threads(shape: tuple, num_images: int, dimensions, rng) -> None:
    """Print wall-clock and processor time, which differ where cores are not free."""
    print(
        f"\nmorphokeras on a batch of {num_images} x {shape}, least of 15 repetitions"
    )
    options = {"spatial_dims": len(shape), "homology_dimensions": dimensions}
    for kind in KINDS:
        batch = np.stack([make_image(kind, shape, rng) for _ in range(num_images)])
        least = {1: (np.inf, np.inf), 2: (np.inf, np.inf)}
        for _ in range(15):
            for num_threads, (wall, processor) in least.items():
                start = time.perf_counter(), time.process_time()
                persistence_pairs(batch, num_threads=num_threads, **options)
                wall = min(wall, 1e3 * (time.perf_counter() - start[0]))
                processor = min(processor, 1e3 * (time.process_time() - start[1]))
                least[num_threads] = wall, processor
        for num_threads, (wall, processor) in least.items():
            print(
                f"  {kind:16s} {num_threads} thread(s): {wall:8.2f} ms on the clock, "
                f"{processor:8.2f} ms of processors"
            )
        print(f"  {'':16s} {least[1][0] / least[2][0]:.2f} x on two threads")


def print_growth(rng: np.random.Generator) -> None:
    """Print nanoseconds and bytes a pixel, beyond input and output, by size."""
    print("\ngrowth: nanoseconds a pixel, and bytes on white noise")
    for rank, sizes in GROWTH.items():
        wanted = (0, 1) if rank == 2 else (0, 2)
        for size in sizes:
            nanoseconds = []
            for kind in KINDS:
                image = make_image(kind, (size,) * rank, rng)
                least = np.inf
                for _ in range(3):
                    start = time.process_time()
                    ours(image, dimensions=wanted)
                    least = min(least, time.process_time() - start)
                nanoseconds.append(f"{kind} {1e9 * least / image.size:.1f}")
            print(f"  {size}^{rank}: {', '.join(nanoseconds)}", flush=True)
        command = [sys.executable, "-c", MEMORY_OF_A_PIXEL, str(rank), str(sizes[-1])]
        bytes_ = float(subprocess.run(command, capture_output=True, check=True).stdout)
        print(f"  {sizes[-1]}^{rank}: {bytes_:.1f} bytes a pixel beyond input, output")


if __name__ == "__main__":
    sys.exit(main())

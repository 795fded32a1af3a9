"""Table 7: what the topology term costs, in time and in memory.

    KERAS_BACKEND=torch python -m benchmarks.evidence.article.cost

Steps of a generator without and with the term are taken in turns, as in
``benchmarks/train_step.py``; a seed is a round of them. Memory is the most that a
fresh process holds (Linux), or the GPU for it (PyTorch). Rows of several backends share
one file: run it once for each.
"""

import multiprocessing
import re
from pathlib import Path

import keras

from benchmarks.evidence.article.shared import (
    Column,
    Results,
    parse_arguments,
    write_table,
)
from benchmarks.train_step import interleaved, one_step, smooth_fields

# Side of the fields and images a step.
CASES = {"small": ((64, 32), (256, 8)), "full": ((64, 128), (256, 64))}
WEIGHTS = {
    "without": {"rec": 1.0, "kl": 1.0},
    "with": {"rec": 1.0, "kl": 1.0, "topo": 0.5},
}
REPEATS = 5
MEGABYTE = 2**20

COLUMNS = (
    Column("without_ms", "ms a step without", 0),
    Column("with_ms", "ms a step with", 0),
    Column("added", "added time, %", 1, 100),
    Column("without_mb", "MB without", 0),
    Column("with_mb", "MB with", 0),
    Column("added_mb", "added MB", 0),
)
ARTICLE = {
    "without_ms": "98.3",
    "with_ms": "126.0",
    "added": "28",
    "without_mb": "3968",
    "with_mb": "4287",
    "added_mb": "319",
}


def main():
    arguments = parse_arguments(__doc__, "cost")
    cases = CASES[arguments.scale]
    results = Results(arguments.output, {"cases": cases, "repeats": REPEATS})
    for seed in arguments.seeds:
        for case in cases:
            results.row(seed, name_of(case), lambda case=case: measure(*case))
    rows = dict.fromkeys(name for rows in results.rows.values() for name in rows)
    write_table(results, {**rows, list(rows)[-1]: ARTICLE}, COLUMNS)


def name_of(case: tuple[int, int]) -> str:
    backend = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
    return f"{backend[keras.backend.backend()]}, {case[1]} of {case[0]} x {case[0]}"


def measure(size: int, batch_size: int) -> dict[str, float]:
    """Return milliseconds and megabytes of both kinds of steps."""
    images = smooth_fields(batch_size, size)
    steps = [one_step(weights, images) for weights in WEIGHTS.values()]
    without, added = interleaved(steps, REPEATS)
    memory = [peak_memory(name, size, batch_size) for name in WEIGHTS]
    return {
        "without_ms": 1000 * float(without),
        "with_ms": 1000 * float(added),
        "added": float(added / without - 1),
        "without_mb": memory[0],
        "with_mb": memory[1],
        "added_mb": memory[1] - memory[0],
    }


def peak_memory(name: str, size: int, batch_size: int) -> float:
    """Return the megabytes that a process of three steps held at most."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(take_steps, (name, size, batch_size))


def take_steps(name: str, size: int, batch_size: int) -> float:
    step = one_step(WEIGHTS[name], smooth_fields(batch_size, size))
    for _ in range(3):
        step()
    if keras.backend.backend() == "torch":
        import torch

        if torch.cuda.is_available():
            return torch.cuda.max_memory_allocated() / MEGABYTE
    # Not `getrusage`, whose peak goes on from that of the parent process.
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) / 1024


if __name__ == "__main__":
    main()

"""Interleaved timing: ratios that a busy machine does not spoil."""

import statistics
import time
from collections.abc import Callable


def time_interleaved(
    functions: dict[str, Callable[[], object]], rounds: int = 15, budget: float = 10.0
) -> dict[str, list[float]]:
    """Return the CPU seconds of each function in every round.

    All functions run once a round, in an order that moves on by one, so that each
    meets the same disturbances. Two rounds before that compile and warm up. The
    rounds end early when they have taken `budget` seconds of CPU, but not before
    five.
    """
    names = list(functions)
    times: dict[str, list[float]] = {name: [] for name in names}
    for function in [*functions.values()] * 2:
        function()
    spent = 0.0
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            start = time.process_time()
            functions[name]()
            times[name].append(time.process_time() - start)
            spent += times[name][-1]
        if spent > budget and turn >= 4:
            break
    return times


def print_ratios(
    title: str,
    times: dict[str, list[float]],
    reference: str,
    targets: dict[str, float] | None = None,
) -> None:
    """Print each function's time as a multiple of the reference's.

    The ratio is the median over rounds, the spread its quartiles. A name in
    `targets` is marked by whether the median is at most the number given there.
    """
    print(f"\n{title}")
    print(f"  {'':34}{'ms':>9}{'ratio':>9}   {'quartiles':16}target")
    for name, seconds in times.items():
        pairs = zip(seconds, times[reference], strict=True)
        ratios = [mine / theirs for mine, theirs in pairs]
        low, median, high = statistics.quantiles(ratios, n=4)
        line = f"  {name:34}{1e3 * min(seconds):9.2f}{median:9.2f}"
        line += f"   {f'{low:.2f} - {high:.2f}':16}"
        print(line + _verdict(median, (targets or {}).get(name)), flush=True)


def _verdict(ratio: float, target: float | None) -> str:
    if target is None:
        return ""
    return f"<= {target:.2f} {'met' if ratio <= target else 'MISSED'}"

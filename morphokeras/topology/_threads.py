"""Threads that share a batch of images."""

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_PIXELS_WORTH_A_THREAD = 1 << 14


def map_images(
    function: Callable[[int], Any],
    num_images: int,
    num_pixels: int,
    num_threads: int | None = None,
) -> list[Any]:
    """Call a function that releases Python's lock with the number of each image."""
    if num_threads is None:
        num_threads = _default_num_threads(num_images * num_pixels)
    elif num_threads < 1:
        raise ValueError(
            "`num_threads` must be a positive integer or None. Received: "
            f"num_threads={num_threads}."
        )
    num_threads = min(num_threads, num_images)
    if num_threads <= 1:
        return [function(i) for i in range(num_images)]
    results: list[Any] = [None] * num_images
    numbers = iter(range(num_images))  # shared: each thread takes the next one

    def work() -> None:
        for i in numbers:
            results[i] = function(i)

    # The caller takes its share: it need not be woken, and others may hold the pool.
    pool = _thread_pool(num_threads - 1, os.getpid())
    tasks = [pool.submit(work) for _ in range(num_threads - 1)]
    try:
        work()
    finally:
        for task in tasks:
            task.result()
    return results


def _default_num_threads(num_pixels: int) -> int:
    import numba

    # Below this size, handing work over costs more than it saves.
    worth = max(num_pixels // _PIXELS_WORTH_A_THREAD, 1)
    limit = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    return min(limit, worth)


@functools.cache
def _thread_pool(num_threads: int, process_id: int) -> ThreadPoolExecutor:
    """Make a pool once a process: the threads of a parent do not survive a fork."""
    return ThreadPoolExecutor(num_threads, thread_name_prefix="morphokeras-topology")

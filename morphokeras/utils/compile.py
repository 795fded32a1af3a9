"""Compilation of NumPy loops with numba, safe where nothing can be written."""

from collections.abc import Callable
from typing import Any

import numba


def jit(function: Callable | None = None, **options: Any) -> Callable:
    """Compile a function with numba at its first call, outside Python's lock.

    The machine code is kept on disk for the next process. Where no folder for it can
    be written (a read-only container, a cluster without a home folder), numba's own
    ``cache=True`` raises at import; this decorator then compiles in memory instead.
    Other functions that are compiled by this decorator may be called from the body.

    Parameters
    ----------
    function : callable, optional
        The function to compile. It must be of the kind that numba compiles without
        Python objects: arrays, numbers, loops.
    **options
        Further options of ``numba.njit``, such as ``inline="always"``, ``fastmath`` or
        ``boundscheck``.

    Returns
    -------
    callable
        The compiled function, or the decorator if only options were given.

    Notes
    -----
    One machine code is made for each combination of argument types, at a cost of
    seconds. Give the arguments one dtype and one memory order, and writable arrays:
    a read-only array is another type. Keep functions that call each other in one
    file: numba looks only at a function's own file to decide whether what it kept is
    out of date. Threads are the caller's business: the function releases Python's
    lock, so that a `concurrent.futures.ThreadPoolExecutor` runs several at once.

    Examples
    --------
    >>> import numpy as np
    >>> from morphokeras.utils.compile import jit
    >>> @jit
    ... def count_above(values, level):
    ...     total = 0
    ...     for value in values:
    ...         total += value > level
    ...     return total
    >>> count_above(np.arange(5.0), 2.5)
    2
    """
    if function is None:
        return lambda function: jit(function, **options)
    options = {"nogil": True, "cache": True, **options}
    try:
        return numba.njit(**options)(function)
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        return numba.njit(**{**options, "cache": False})(function)

"""Rows of features that were measured before, for the next time they are asked for.

In a cross-validation, a grid search or a vote the same image comes again and again, and
a row of descriptors takes a hundred thousand times longer to measure than to keep.
"""

import collections
import hashlib
import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import numpy as np

# Descriptors of ten thousand images.
MOST_BYTES = 2**26


class RowMemory:
    """Rows of features by what they were measured of, and how.

    The longest unused rows are forgotten. A row is an array that cannot be written to.

    Parameters
    ----------
    most_bytes : int, default=2**26
        Greatest size of all rows together.

    Examples
    --------
    >>> from morphokeras.features._memory import RowMemory
    >>> memory = RowMemory()
    >>> [row.tolist() for row in memory.rows("aba", lambda new: [[i] for i in new])]
    [[2.0], [1.0], [2.0]]
    >>> len(memory)
    2
    """

    def __init__(self, most_bytes: int = MOST_BYTES):
        self.most_bytes = most_bytes
        self._rows: collections.OrderedDict[Hashable, np.ndarray] = (
            collections.OrderedDict()
        )
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._rows)

    def rows(
        self,
        keys: Iterable[Hashable],
        measure: Callable[[list[int]], Iterable],
    ) -> list[np.ndarray]:
        """Return a row a key, measured now or before.

        Parameters
        ----------
        keys : iterable of hashable
            What tells each row from every other.
        measure : callable
            Takes the indices of keys, all different, whose rows are not known, and
            returns these.

        Returns
        -------
        list of ndarray
        """
        keys = list(keys)
        found: dict[Hashable, Any] = {key: self._take(key) for key in keys}
        new = {key: i for i, key in enumerate(keys) if found[key] is None}
        if new:
            fresh = measure(list(new.values()))
            found |= {k: self._keep(k, row) for k, row in zip(new, fresh, strict=True)}
        return [found[key] for key in keys]

    def clear(self) -> None:
        """Forget all rows."""
        with self._lock:
            self._rows.clear()
            self._bytes = 0

    def _take(self, key: Hashable) -> np.ndarray | None:
        with self._lock:
            if key in self._rows:
                self._rows.move_to_end(key)
            return self._rows.get(key)

    def _keep(self, key: Hashable, values: Sequence[float]) -> np.ndarray:
        row = np.array(values, dtype="float64")
        row.flags.writeable = False
        with self._lock:
            if key not in self._rows:
                self._rows[key] = row
                self._bytes += row.nbytes
            while self._bytes > self.most_bytes:
                self._bytes -= self._rows.popitem(last=False)[1].nbytes
        return row


def digest(image: np.ndarray) -> tuple:
    """Return what two arrays have in common only if they are equal."""
    values = np.ascontiguousarray(image)
    return values.shape, values.dtype.str, hashlib.blake2b(values.data).digest()


# Shared by all transformers of the process.
MEMORY = RowMemory()

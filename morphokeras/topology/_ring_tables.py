"""What the earlier neighbours of a pixel mean, in tables.

The eight neighbours of a pixel form a ring. A byte says which of them come earlier.
Those that do fall into groups that the others keep apart, and the other way round.
"""

import functools
from typing import NamedTuple

import numpy as np

# Ring positions in circular order: NW, N, NE, E, SE, S, SW, W. Odd ones share an edge.
RING = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))
# The ways to an extremum are shortened in raster order, best where they lead backwards.
_STEP_ORDER = (1, 7, 3, 5, 0, 2, 4, 6)
_HERE = len(RING)
_MAX_LINKS = 3  # four groups of earlier neighbours


class RingTables(NamedTuple):
    """Tables with an entry for each of the 256 ring bytes.

    Attributes
    ----------
    num_links : ndarray of shape (256,), uint8
        Groups of earlier neighbours beyond the first, or of later ones, which are as
        many: 0 for a pixel that is no saddle.
    kind : ndarray of shape (256,), uint8
        1 for a minimum, 2 for a maximum, 4 for a saddle, 0 for a regular pixel.
    step : ndarray of shape (2, 256), uint8
        The ring position of an earlier (later) neighbour, or 8, the pixel itself, if
        there is none.
    arms : ndarray of shape (2, 3, 256, 2), uint8
        For each link of a saddle, the ring positions of the two groups of earlier
        neighbours that it joins, and of the two groups of later ones that it parts.
    """

    num_links: np.ndarray
    kind: np.ndarray
    step: np.ndarray
    arms: np.ndarray


@functools.cache
def ring_tables(connectivity: str) -> RingTables:
    """Return the tables, made at the first call.

    Parameters
    ----------
    connectivity : {"full", "face"}
        Whether earlier pixels that share only a corner are connected. Later pixels
        are connected the other way.
    """
    both = (connectivity, "face" if connectivity == "full" else "full")
    num_links = np.zeros(256, np.uint8)
    step = np.full((2, 256), _HERE, np.uint8)
    arms = np.zeros((2, _MAX_LINKS, 256, 2), np.uint8)
    for byte in range(256):
        sides = (byte, 255 - byte)
        for side in (0, 1):
            step[side, byte] = _first_step(sides[side], both[side])
        earlier, later = (_groups(*side) for side in zip(sides, both, strict=True))
        num_links[byte] = max(min(len(earlier), len(later)) - 1, 0)
        if num_links[byte]:
            pairs = _linked_groups(earlier, later)
            arms[:, : len(pairs), byte] = np.swapaxes(pairs, 0, 1)
    is_minimum, is_maximum = step == _HERE
    kind = (1 * is_minimum + 2 * is_maximum + 4 * (num_links > 0)).astype(np.uint8)
    return RingTables(num_links, kind, step, arms)


def _first_step(byte: int, connectivity: str) -> int:
    """Return the position of a neighbour whose bit is set, or that of the pixel."""
    for position in _STEP_ORDER:
        if byte >> position & 1 and (connectivity == "full" or position % 2):
            return position
    return _HERE


def _groups(byte: int, connectivity: str) -> list[int]:
    """Return one ring position for each connected group of the bits that are set."""
    unseen = {k for k in range(8) if byte >> k & 1}
    positions = []
    while unseen:
        stack = [min(unseen)]
        group = set(stack)
        while stack:
            k = stack.pop()
            near = {(k - 1) % 8, (k + 1) % 8}
            if connectivity == "full" and k % 2:
                near |= {(k - 2) % 8, (k + 2) % 8}
            stack.extend(near & unseen - group)
            group |= near & unseen
        unseen -= group
        touching = group if connectivity == "full" else {k for k in group if k % 2}
        if touching:
            positions.append(max(touching, key=lambda k: (k % 2, k)))
    return positions


def _linked_groups(earlier: list[int], later: list[int]) -> list:
    """Return the groups that each link of a saddle joins, and those that it parts.

    Groups of both kinds take turns around the saddle. A link from one earlier group to
    the next passes between the later group that lies between them and all the others.
    """
    ring = sorted([(k, False) for k in earlier] + [(k, True) for k in later])
    start = ring.index((min(earlier), False))
    ring = ring[start:] + ring[:start]
    earlier = [k for k, is_later in ring if not is_later]
    later = [k for k, is_later in ring if is_later]
    return [
        (earlier[i : i + 2], (later[i], later[-1])) for i in range(len(earlier) - 1)
    ]

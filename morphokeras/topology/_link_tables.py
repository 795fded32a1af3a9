"""What the earlier neighbours of a voxel mean for loops, in tables.

The 26 neighbours of a voxel lie on a sphere that is cut as an octahedron. The six that
share a face with the voxel are its corners, the twelve that share an edge its edges,
the eight that share a corner its triangles. A corner of the octahedron is numbered by
its direction, 0 to 5 for z-, y-, x-, x+, y+, z+, so that 5 - d is opposite to d.
Triangle 4 i + 2 j + k lies towards z+ if i, towards y+ if j, towards x+ if k.
"""

import functools
import itertools
from typing import NamedTuple

import numpy as np

# The corners that each edge joins: all pairs but the opposite ones.
EDGES = [(a, b) for a, b in itertools.combinations(range(6), 2) if a + b != 5]
TRIANGLES = [
    (5 * i, 1 + 3 * j, 2 + k) for i, j, k in itertools.product((0, 1), repeat=3)
]
_NUM_SETS = 1 << len(EDGES)


class LinkTables(NamedTuple):
    """Tables of the octahedron; most have a row for each of the 4096 sets of edges.

    Attributes
    ----------
    paths : ndarray of shape (4096, 8), uint32
        For each corner, the edges of a shortest path within the set to the first of
        the corners that are connected with it (bits 0 to 11), and that first corner
        (bit 12 + its number). The last two columns pad the row.
    num_cycles : ndarray of shape (4096,), uint8
        Number of independent cycles of the edges.
    rank : ndarray of shape (4096,), uint8
        Number of edges of a spanning forest.
    regions : ndarray of shape (4096, 8), uint8
        For each triangle, the first triangle of its region. Regions are what the edges
        cut the surface into.
    borders : ndarray of shape (8,), uint16
        The three edges of each triangle.
    lists : ndarray of shape (4096,), uint64
        The numbers of the bits that are set, each plus one, in four bits each, the
        first in the lowest bits.
    edge_corners, triangle_corners : ndarray of shape (12, 2) and (8, 3), int64
        The corners of each edge and each triangle.
    """

    paths: np.ndarray
    num_cycles: np.ndarray
    rank: np.ndarray
    regions: np.ndarray
    borders: np.ndarray
    lists: np.ndarray
    edge_corners: np.ndarray
    triangle_corners: np.ndarray


@functools.cache
def link_tables() -> LinkTables:
    """Return the tables, made at the first call."""
    sets = np.arange(_NUM_SETS)
    has = [sets >> e & 1 == 1 for e in range(len(EDGES))]
    sides = [_sides(edge) for edge in EDGES]
    groups = _firsts(6, [(*EDGES[e], has[e]) for e in range(len(EDGES))])
    regions = _firsts(8, [(*sides[e], ~has[e]) for e in range(len(EDGES))])
    rank = 6 - np.sum(groups == np.arange(6), axis=1)
    borders = [sum(1 << e for e in range(12) if t in sides[e]) for t in range(8)]
    return LinkTables(
        paths=_paths(has, groups),
        num_cycles=(np.sum(has, axis=0) - rank).astype(np.uint8),
        rank=rank.astype(np.uint8),
        regions=regions.astype(np.uint8),
        borders=np.array(borders, np.uint16),
        lists=np.array([_listed(bits) for bits in range(_NUM_SETS)], np.uint64),
        edge_corners=np.array(EDGES, np.int64),
        triangle_corners=np.array(TRIANGLES, np.int64),
    )


def _sides(edge: tuple[int, int]) -> list[int]:
    """Return the two triangles beside an edge."""
    return [t for t, corners in enumerate(TRIANGLES) if set(edge) <= set(corners)]


def _firsts(num_items: int, joins: list) -> np.ndarray:
    """Return the first item of each item's connected group, for each set of edges."""
    first = np.tile(np.arange(num_items), (_NUM_SETS, 1))
    for _ in range(num_items):
        for a, b, is_joined in joins:
            both = np.minimum(first[:, a], first[:, b])
            first[:, a] = np.where(is_joined, both, first[:, a])
            first[:, b] = np.where(is_joined, both, first[:, b])
    return first


def _paths(has: list[np.ndarray], groups: np.ndarray) -> np.ndarray:
    """Return a shortest path from each corner to the first of its group."""
    paths = np.zeros((_NUM_SETS, 8), np.uint32)
    paths[:, :6] = 1 << (12 + groups)
    reached = groups == np.arange(6)
    for _ in range(5):
        before = reached.copy()
        for e, (a, b) in enumerate(EDGES):
            for here, there in ((a, b), (b, a)):
                grows = has[e] & before[:, here] & ~reached[:, there]
                longer = paths[:, here] | np.uint32(1 << e)
                paths[:, there] = np.where(grows, longer, paths[:, there])
                reached[:, there] |= grows
    return paths


def _listed(bits: int) -> int:
    numbers = [bit + 1 for bit in range(len(EDGES)) if bits >> bit & 1]
    return sum(number << (4 * i) for i, number in enumerate(numbers))

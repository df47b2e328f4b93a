"""The hashes of a Merkle log (RFC 9162 2.1.1), and the compact range by which a log grows without being read again.

Where nodes are stored is not known here.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

__all__ = [
    "EMPTY_ROOT",
    "HASH_SIZE",
    "Coordinate",
    "Frontier",
    "Node",
    "NodeReader",
    "cover",
    "fold",
    "frontier_nodes",
    "leaf_hash",
    "node_hash",
    "root_of",
]

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

# A complete node is a subtree of 2 ** level leaves from leaf index * 2 ** level on; its hash never changes again.
Coordinate: TypeAlias = tuple[int, int]  # level (0 = leaves), index within the level
Node: TypeAlias = tuple[int, int, bytes]  # level, index, hash
NodeReader: TypeAlias = Callable[[int, int], bytes]  # the hash of the complete node at (level, index)


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf. The prefix keeps a leaf from ever passing as an inner node (RFC 9162 2.1.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node over its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def cover(start: int, end: int) -> list[Coordinate]:
    """The fewest complete nodes over leaves [start, end), left to right. `start` must be a multiple of the largest."""
    found: list[Coordinate] = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append((level, start >> level))
        start += 1 << level
    return found


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over the nodes of a cover, given left to right."""
    *rest, root = hashes
    for left in reversed(rest):
        root = node_hash(left, root)
    return root


def frontier_nodes(size: int) -> list[Coordinate]:
    """The complete nodes whose hashes make the `Frontier` of a log of this size, in their order."""
    return cover(0, size)


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that is needed of a log to append to it and to know its root: the hashes of `frontier_nodes(size)`.

    Raises ValueError if hashes and size do not belong together.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """One complete node for each bit that is set in the size."""
        wanted = self.size.bit_count()
        if self.size < 0 or len(self.hashes) != wanted or any(len(found) != HASH_SIZE for found in self.hashes):
            raise ValueError(f"a log of {self.size} entries has {wanted} complete nodes of {HASH_SIZE} bytes")

    def append(self, new_leaf: bytes) -> tuple[Self, list[Node]]:
        """The frontier after one more leaf (given by its hash), and every complete node this makes, leaf first."""
        return self.extend((new_leaf,))

    def extend(self, new_leaves: Iterable[bytes]) -> tuple[Self, list[Node]]:
        """As `append`, for a batch. Every node of a log is made exactly once over its life."""
        size, hashes, born = self.size, list(self.hashes), list[Node]()
        for leaf in new_leaves:
            level, index, found = 0, size, leaf
            born.append((level, index, found))
            while index & 1:  # a right child completes its parent
                level, index, found = level + 1, index >> 1, node_hash(hashes.pop(), found)
                born.append((level, index, found))
            hashes.append(found)
            size += 1
        return type(self)(size, tuple(hashes)), born

    def root(self) -> bytes:
        """The root of the log as it is now."""
        return fold(self.hashes) if self.hashes else EMPTY_ROOT


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root of a whole log, from the hashes of all its leaves: for those who recompute it."""
    frontier, _ = Frontier().extend(leaf_hashes)
    return frontier.root()

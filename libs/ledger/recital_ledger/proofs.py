"""Proofs that an entry is in a log, and that a log only grew: how to make them (RFC 9162 2.1.3.1, 2.1.4.1).

A proof is a list of hashes over ranges of leaves. Only complete nodes are asked for, which never change, so a table
(level, index, hash) serves every proof of every size; the one ragged range at the right edge is folded here.
"""

from recital_ledger.hashing import Coordinate, NodeReader, cover, fold

__all__ = ["consistency_nodes", "consistency_proof", "inclusion_nodes", "inclusion_proof"]

_Range = tuple[int, int]  # leaves [start, end)


def inclusion_nodes(index: int, size: int) -> list[Coordinate]:
    """The complete nodes that `inclusion_proof` will ask for: fetch them in one query first."""
    return _nodes(_inclusion_ranges(index, size))


def inclusion_proof(index: int, size: int, node: NodeReader) -> list[bytes]:
    """The proof that the leaf `index` is in the log of this size, lowest hash first.

    Raises ValueError unless 0 <= index < size.
    """
    return _proof(_inclusion_ranges(index, size), node)


def consistency_nodes(old_size: int, new_size: int) -> list[Coordinate]:
    """The complete nodes that `consistency_proof` will ask for: fetch them in one query first."""
    return _nodes(_consistency_ranges(old_size, new_size))


def consistency_proof(old_size: int, new_size: int, node: NodeReader) -> list[bytes]:
    """The proof that the log of the old size is the beginning of the log of the new size, lowest hash first.

    Empty if the sizes are equal, or the old log was empty. Raises ValueError unless 0 <= old_size <= new_size.
    """
    return _proof(_consistency_ranges(old_size, new_size), node)


def _inclusion_ranges(index: int, size: int) -> list[_Range]:
    """PATH(m, D_n): the sibling at each step down from the root to the leaf, from the leaf up."""
    if not 0 <= index < size:
        raise ValueError(f"there is no entry {index} in a log of {size} entries")
    start, end, siblings = 0, size, list[_Range]()
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((start, middle))
            start = middle
    return siblings[::-1]


def _consistency_ranges(old_size: int, new_size: int) -> list[_Range]:
    """SUBPROOF(m, D_n, b): down along the old log's right edge until a subtree ends with it, from there up."""
    if not 0 <= old_size <= new_size:
        raise ValueError(f"a log of {new_size} entries did not grow from {old_size}")
    if old_size == 0:
        return []
    start, end, found = 0, new_size, list[_Range]()
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    if start > 0:  # else it is the whole old log, whose root the verifier has
        found.append((start, end))
    return found[::-1]


def _split(count: int) -> int:
    """The largest power of two smaller than count (k in RFC 9162 2.1.1)."""
    return 1 << ((count - 1).bit_length() - 1)


def _nodes(ranges: list[_Range]) -> list[Coordinate]:
    return [node for start, end in ranges for node in cover(start, end)]


def _proof(ranges: list[_Range], node: NodeReader) -> list[bytes]:
    return [fold([node(*coordinate) for coordinate in cover(start, end)]) for start, end in ranges]

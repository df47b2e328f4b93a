"""Checking proofs as an outsider does, with nothing but hashes (RFC 9162 2.1.3.2 and 2.1.4.2, step by step).

A root must come from a checkpoint whose signature was verified, and a size from the same checkpoint.
"""

from collections.abc import Iterable, Sequence

from recital_ledger.hashing import EMPTY_ROOT, HASH_SIZE, node_hash

__all__ = ["verify_consistency", "verify_inclusion"]


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that a leaf with this hash stands at `index` in the log of this size and root."""
    # 1. The leaf must be within the log.
    if not 0 <= index < size or not _are_hashes(leaf_hash, root, *proof):
        return False
    # 2, 3. Begin at the leaf.
    place, last, found = index, size - 1, leaf_hash
    # 4. Go up one sibling at a time.
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            place, last = _up_to_right_child(place, last)
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    # 5. It must end at the root, neither below nor above.
    return last == 0 and found == root


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the new log begins with all of the old one, unchanged and in order.

    RFC 9162 leaves two cases aside, in which the proof must be empty: equal sizes need equal roots, and everything
    begins with the empty log, whose root must be `EMPTY_ROOT`.
    """
    if not 0 <= old_size <= new_size or not _are_hashes(old_root, new_root, *proof):
        return False
    if old_size == 0 and old_root != EMPTY_ROOT:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0 or not proof:
        return old_size == 0 and not proof
    # 2. An old log that is one complete subtree is itself the first hash.
    first, *path = proof if old_size & (old_size - 1) else (old_root, *proof)
    return _grew((old_size - 1, new_size - 1), first, path) == (old_root, new_root)


def _grew(places: tuple[int, int], first: bytes, path: Iterable[bytes]) -> tuple[bytes, bytes] | None:
    """Steps 3 to 7: the old and the new root that the path leads to, or None if it is too long or too short."""
    # 3, 4. Begin at the largest complete subtree that ends the old log.
    place, last = places
    while place & 1:
        place, last = place >> 1, last >> 1
    # 5.
    old, new = first, first
    # 6.
    for sibling in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            place, last = _up_to_right_child(place, last)
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    # 7.
    return (old, new) if last == 0 else None


def _up_to_right_child(place: int, last: int) -> tuple[int, int]:
    """On the right edge nodes without a sibling are their own parents: skip them (steps 4.b.ii and 6.b.ii)."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last


def _are_hashes(*found: bytes) -> bool:
    """Without this, bytes could be moved from one child of a node to the other."""
    return all(len(one) == HASH_SIZE for one in found)

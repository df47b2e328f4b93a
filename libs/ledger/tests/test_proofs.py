"""Proofs made, proofs verified, and proofs that must never verify."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recital_ledger import (
    EMPTY_ROOT,
    Frontier,
    consistency_nodes,
    consistency_proof,
    inclusion_nodes,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)


class Log:
    """A log whose nodes lie in a table (level, index), as in the database; it remembers what was asked for."""

    def __init__(self, entries: list[bytes]) -> None:
        self.leaves = [leaf_hash(data) for data in entries]
        _, born = Frontier().extend(self.leaves)
        self.table = {(level, index): found for level, index, found in born}
        self.asked: list[tuple[int, int]] = []

    def node(self, level: int, index: int) -> bytes:
        self.asked.append((level, index))
        return self.table[level, index]

    def root(self, size: int) -> bytes:
        return root_of(self.leaves[:size])


def numbered(size: int) -> Log:
    """All leaves differ, so that no other entry's proof can be right by chance."""
    return Log([str(number).encode() for number in range(size)])


def split(count: int) -> int:
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH as RFC 9162 2.1.3.1 writes it."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), root_of(leaves[k:])]
    return [*path(m - k, leaves[k:]), root_of(leaves[:k])]


def subproof(m: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF as RFC 9162 2.1.4.1 writes it."""
    if m == len(leaves):
        return [] if whole else [root_of(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), root_of(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), root_of(leaves[:k])]


sizes = st.integers(1, 300)


@st.composite
def entries_of_logs(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(sizes)
    return draw(st.integers(0, size - 1)), size


@st.composite
def grown_logs(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(sizes)
    return draw(st.integers(0, size)), size


# Certificate Transparency's reference proofs, over the leaves in test_hashing.
LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
REFERENCE = Log([bytes.fromhex(data) for data in LEAVES])
L0 = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
L1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
L23 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
L4567 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
L4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
L67 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
L0123 = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
L01 = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
L45 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
L6 = "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"


@pytest.mark.parametrize(
    ("index", "size", "expected"),
    [(0, 1, []), (0, 8, [L1, L23, L4567]), (5, 8, [L4, L67, L0123]), (2, 3, [L01]), (1, 5, [L0, L23, L4])],
)
def test_the_reference_inclusion_proofs_are_made_and_verify(index: int, size: int, expected: list[str]) -> None:
    proof = inclusion_proof(index, size, REFERENCE.node)
    assert [one.hex() for one in proof] == expected
    assert verify_inclusion(REFERENCE.leaves[index], index, size, proof, REFERENCE.root(size))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [(1, 1, []), (1, 8, [L1, L23, L4567]), (6, 8, [L45, L67, L0123]), (2, 5, [L23, L4]), (6, 7, [L45, L6, L0123])],
)
def test_the_reference_consistency_proofs_are_made_and_verify(old: int, new: int, expected: list[str]) -> None:
    proof = consistency_proof(old, new, REFERENCE.node)
    assert [one.hex() for one in proof] == expected
    assert verify_consistency(old, REFERENCE.root(old), new, REFERENCE.root(new), proof)


def test_every_proof_of_every_small_log_is_the_one_the_rfc_defines_and_verifies() -> None:
    for size in range(1, 35):
        log = numbered(size)
        root = log.root(size)
        for index in range(size):
            proof = inclusion_proof(index, size, log.node)
            assert proof == path(index, log.leaves)
            assert verify_inclusion(log.leaves[index], index, size, proof, root)
        for old in range(1, size + 1):
            proof = consistency_proof(old, size, log.node)
            assert proof == subproof(old, log.leaves, whole=True)
            assert verify_consistency(old, log.root(old), size, root, proof)


@given(entries_of_logs())
def test_inclusion_proofs_ask_for_few_nodes_and_only_for_those_named_before(entry: tuple[int, int]) -> None:
    index, size = entry
    log = numbered(size)
    proof = inclusion_proof(index, size, log.node)
    assert log.asked == inclusion_nodes(index, size)
    assert len(log.asked) <= 2 * size.bit_length()
    assert verify_inclusion(log.leaves[index], index, size, proof, log.root(size))


@given(grown_logs())
def test_consistency_proofs_ask_for_few_nodes_and_only_for_those_named_before(growth: tuple[int, int]) -> None:
    old, new = growth
    log = numbered(new)
    proof = consistency_proof(old, new, log.node)
    assert log.asked == consistency_nodes(old, new)
    assert len(log.asked) <= 2 * new.bit_length()
    assert verify_consistency(old, log.root(old), new, log.root(new), proof)


def test_proofs_of_a_very_large_log_name_few_nodes() -> None:
    size = 2**40 + 2**20 + 1
    assert len(inclusion_nodes(2**40 - 1, size)) <= 82
    assert len(consistency_nodes(2**39 + 3, size)) <= 82


@given(entries_of_logs(), st.data())
def test_a_changed_inclusion_proof_never_verifies(entry: tuple[int, int], data: st.DataObject) -> None:
    index, size = entry
    log = numbered(size)
    root, leaf = log.root(size), log.leaves[index]
    proof = inclusion_proof(index, size, log.node)
    flip = data.draw(st.integers(0, 255))

    def flipped(found: bytes) -> bytes:
        return (int.from_bytes(found) ^ 1 << flip).to_bytes(32)

    other = data.draw(st.integers(-2, size + 2).filter(lambda place: place != index))
    at = data.draw(st.integers(0, len(proof)))
    assert not verify_inclusion(leaf, other, size, proof, root)
    assert not verify_inclusion(flipped(leaf), index, size, proof, root)
    assert not verify_inclusion(leaf, index, size, proof, flipped(root))
    assert not verify_inclusion(leaf, index, size, [*proof[:at], root, *proof[at:]], root)
    assert not verify_inclusion(leaf, index, size, [*proof[:at], b"", *proof[at:]], root)
    for place, found in enumerate(proof):
        assert not verify_inclusion(leaf, index, size, [*proof[:place], flipped(found), *proof[place + 1 :]], root)
        assert not verify_inclusion(leaf, index, size, [*proof[:place], found[:31], *proof[place + 1 :]], root)
        assert not verify_inclusion(leaf, index, size, [*proof[:place], *proof[place + 1 :]], root)
    if len(proof) > 1:
        assert not verify_inclusion(leaf, index, size, proof[::-1], root)


@given(entries_of_logs(), st.binary(min_size=32, max_size=32))
def test_a_proof_that_leads_above_or_below_the_root_never_verifies(entry: tuple[int, int], extra: bytes) -> None:
    index, size = entry
    log = numbered(size)
    root, leaf = log.root(size), log.leaves[index]
    proof = inclusion_proof(index, size, log.node)
    for above in (node_hash(extra, root), node_hash(root, extra)):
        assert not verify_inclusion(leaf, index, size, [*proof, extra], above)
    if proof:
        left, right = (proof[0], leaf) if index & 1 or index == size - 1 else (leaf, proof[0])
        assert verify_inclusion(leaf, index, size, proof[:1], node_hash(left, right)) is (len(proof) == 1)
    assert not verify_inclusion(leaf, index, 4 * size, proof, root)


@given(grown_logs().filter(lambda growth: 0 < growth[0] < growth[1]), st.binary(min_size=32, max_size=32))
def test_a_consistency_proof_that_leads_above_or_below_the_roots_never_verifies(
    growth: tuple[int, int], extra: bytes
) -> None:
    old, new = growth
    log = numbered(new)
    before, after = log.root(old), log.root(new)
    proof = consistency_proof(old, new, log.node)
    for lifted in (before, node_hash(extra, before)):
        assert not verify_consistency(old, lifted, new, node_hash(extra, after), [*proof, extra])
        assert not verify_consistency(old, lifted, new, node_hash(after, extra), [*proof, extra])
    assert not verify_consistency(old, before, 4 * new, after, proof)


@given(grown_logs().filter(lambda growth: 0 < growth[0] < growth[1]), st.data())
def test_a_changed_consistency_proof_never_verifies(growth: tuple[int, int], data: st.DataObject) -> None:
    old, new = growth
    log = numbered(new)
    before, after = log.root(old), log.root(new)
    proof = consistency_proof(old, new, log.node)
    flip = data.draw(st.integers(0, 255))

    def flipped(found: bytes) -> bytes:
        return (int.from_bytes(found) ^ 1 << flip).to_bytes(32)

    at = data.draw(st.integers(0, len(proof)))
    assert not verify_consistency(old, flipped(before), new, after, proof)
    assert not verify_consistency(old, before, new, flipped(after), proof)
    assert not verify_consistency(old, after, new, before, proof)
    assert not verify_consistency(new, before, old, after, proof)
    assert not verify_consistency(new, after, new, after, proof)
    assert not verify_consistency(old, before, new, after, [])
    for extra in (before, after, b"", EMPTY_ROOT):
        assert not verify_consistency(old, before, new, after, [*proof[:at], extra, *proof[at:]])
    for place, found in enumerate(proof):
        rest = (proof[:place], proof[place + 1 :])
        assert not verify_consistency(old, before, new, after, [*rest[0], flipped(found), *rest[1]])
        assert not verify_consistency(old, before, new, after, [*rest[0], found + b"\0", *rest[1]])
        assert not verify_consistency(old, before, new, after, [*rest[0], *rest[1]])


@given(
    st.integers(2, 80), st.integers(0, 10), st.sampled_from(["edit", "drop", "insert", "swap", "truncate"]), st.data()
)
def test_no_rewritten_log_is_consistent_with_a_checkpoint_somebody_kept(
    old: int, more: int, attack: str, data: st.DataObject
) -> None:
    # R21: what happened to a recording cannot be told differently afterwards.
    entries = [str(number).encode() for number in range(old + more)]
    kept = Log(entries).root(old)
    place = data.draw(st.integers(0, old - 2))
    match attack:
        case "edit":
            entries[place] = b"changed"
        case "drop":
            del entries[place]
        case "insert":
            entries.insert(place, b"backdated")
        case "swap":
            entries[place], entries[place + 1] = entries[place + 1], entries[place]
        case "truncate":
            del entries[old - 1 :]
    rewritten = Log(entries)
    new = len(entries)
    proofs = [consistency_proof(claimed, new, rewritten.node) for claimed in range(new + 1)]
    assert not any(verify_consistency(old, kept, new, rewritten.root(new), proof) for proof in proofs)


def test_a_hundred_random_edits_of_one_log_are_each_seen() -> None:
    chance = random.Random(20261125)  # noqa: S311 - which entry is edited is no secret
    entries = [str(number).encode() for number in range(1000)]
    log = Log(entries)
    for _ in range(100):
        place = chance.randrange(1000)
        proof = inclusion_proof(place, 1000, log.node)
        assert verify_inclusion(leaf_hash(entries[place]), place, 1000, proof, log.root(1000))
        assert not verify_inclusion(leaf_hash(entries[place] + b" "), place, 1000, proof, log.root(1000))


def test_bytes_cannot_be_moved_between_the_children_of_a_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    root = node_hash(left, right)
    assert verify_inclusion(left, 0, 2, [right], root)
    assert not verify_inclusion(left + right[:1], 0, 2, [right[1:]], root)
    assert not verify_consistency(1, left[:31], 2, root, [left[31:] + right])


def test_the_empty_log_is_the_beginning_of_every_log_and_of_nothing_else() -> None:
    root = leaf_hash(b"a")
    assert consistency_proof(0, 5, numbered(5).node) == []
    assert verify_consistency(0, EMPTY_ROOT, 1, root, [])
    assert verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    assert not verify_consistency(0, root, 1, root, [])
    assert not verify_consistency(0, root, 0, root, [])
    assert not verify_consistency(0, EMPTY_ROOT, 0, root, [])
    assert not verify_consistency(0, EMPTY_ROOT, 1, root, [root])
    assert not verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [root])


def test_equal_sizes_need_equal_roots_and_no_proof() -> None:
    one, other = leaf_hash(b"a"), leaf_hash(b"b")
    assert verify_consistency(1, one, 1, one, [])
    assert not verify_consistency(1, one, 1, other, [])
    assert not verify_consistency(1, one, 1, one, [one])


@pytest.mark.parametrize(("index", "size"), [(-1, 1), (1, 1), (0, 0), (5, 3), (0, -1)])
def test_there_is_no_proof_for_an_entry_outside_the_log(index: int, size: int) -> None:
    root = leaf_hash(b"a")
    with pytest.raises(ValueError, match="no entry"):
        inclusion_nodes(index, size)
    assert not verify_inclusion(root, index, size, [], root)
    assert not verify_inclusion(root, index, size, [root], root)


@pytest.mark.parametrize(("old", "new"), [(-1, 0), (2, 1), (1, -1)])
def test_there_is_no_proof_for_a_log_that_shrank(old: int, new: int) -> None:
    root = leaf_hash(b"a")
    with pytest.raises(ValueError, match="did not grow"):
        consistency_nodes(old, new)
    assert not verify_consistency(old, root, new, root, [])

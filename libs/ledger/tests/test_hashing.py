"""Roots, and how a log grows."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recital_ledger import EMPTY_ROOT, Frontier, frontier_nodes, leaf_hash, node_hash, root_of
from recital_ledger.hashing import cover

# The test data of Certificate Transparency's reference implementation: leaves, and the root after each.
LEAVES = [
    bytes.fromhex(data)
    for data in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    bytes.fromhex(root)
    for root in (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]


def mth(entries: list[bytes]) -> bytes:
    """The definition of a root as RFC 9162 2.1.1 writes it."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def test_the_empty_log_has_the_hash_of_nothing() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root_of([]) == Frontier().root() == EMPTY_ROOT


def test_the_reference_roots_are_met_one_by_one() -> None:
    frontier = Frontier()
    for data, root in zip(LEAVES, ROOTS, strict=True):
        frontier, _ = frontier.append(leaf_hash(data))
        assert frontier.root() == root


def test_a_leaf_never_passes_as_an_inner_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)


@given(st.lists(st.binary(max_size=4), max_size=70))
def test_the_root_is_the_one_the_rfc_defines(entries: list[bytes]) -> None:
    assert root_of(map(leaf_hash, entries)) == mth(entries)


@given(st.lists(st.binary(max_size=4), max_size=70), st.integers(0, 70))
def test_it_makes_no_difference_in_what_batches_a_log_grows(entries: list[bytes], cut: int) -> None:
    leaves = [leaf_hash(data) for data in entries]
    first, born = Frontier().extend(leaves[:cut])
    second, more = first.extend(leaves[cut:])
    assert (second, born + more) == Frontier().extend(leaves)


@given(st.lists(st.binary(max_size=4), max_size=70))
def test_every_complete_node_is_made_once_and_is_the_root_of_its_leaves(entries: list[bytes]) -> None:
    _, born = Frontier().extend(leaf_hash(data) for data in entries)
    expected = {(level, index) for level in range(8) for index in range(len(entries) >> level)}
    assert len(born) == len(expected)
    assert {(level, index) for level, index, _ in born} == expected
    for level, index, found in born:
        assert found == mth(entries[index << level : (index + 1) << level])


@given(st.lists(st.binary(max_size=4), max_size=70))
def test_a_frontier_can_be_read_back_from_the_nodes(entries: list[bytes]) -> None:
    frontier, born = Frontier().extend(leaf_hash(data) for data in entries)
    table = {(level, index): found for level, index, found in born}
    assert Frontier(len(entries), tuple(table[place] for place in frontier_nodes(len(entries)))) == frontier


@given(st.integers(0, 2**40), st.integers(0, 12))
def test_a_cover_is_gapless_and_short(start: int, height: int) -> None:
    start = (start >> height) << height
    for end in (start, start + 1, start + (1 << height)):
        places = cover(start, end)
        leaves = [(index << level, (index + 1) << level) for level, index in places]
        assert [start, *(right for _, right in leaves)] == [*(left for left, _ in leaves), end]
        assert len(places) <= height + 1


@pytest.mark.parametrize(
    ("size", "hashes"),
    [(0, (EMPTY_ROOT,)), (1, ()), (3, (EMPTY_ROOT,)), (-1, (EMPTY_ROOT,)), (1, (b"short",)), (2, (b"x" * 33,))],
)
def test_hashes_that_do_not_belong_to_the_size_are_refused(size: int, hashes: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="complete nodes"):
        Frontier(size, hashes)

"""Stored and shrunk files inflate to what went in, and are hashed on the way: pure."""

import hashlib
import random
import zlib

import pytest
from recital_dsar.actions.packing import LONGEST_BLOCK, PACKED, PIECE, Packing, stored


@pytest.mark.parametrize("shrink", [False, True])
@pytest.mark.parametrize("sizes", [[], [0], [1], [LONGEST_BLOCK], [LONGEST_BLOCK + 1, 0, 3], [1 << 20, 7]])
def test_what_is_packed_inflates_to_what_went_in(sizes: list[int], *, shrink: bool) -> None:
    pieces = [random.Random(number).randbytes(size) for number, size in enumerate(sizes)]  # noqa: S311 - no secret
    packing = Packing(shrink=shrink)
    packed = b"".join(packing.compress(each) for each in pieces) + packing.flush()
    plain = b"".join(pieces)
    inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    assert inflate.decompress(packed) == plain
    assert (inflate.eof, inflate.unused_data) == (True, b"")
    assert (packing.size, packing.sha256.digest()) == (len(plain), hashlib.sha256(plain).digest())
    assert shrink or packing.sha512.digest() == hashlib.sha512(plain).digest()


def test_a_whole_piece_has_a_known_size_in_the_zip() -> None:
    assert len(Packing(shrink=False).compress(bytes(PIECE))) == PACKED


def test_stored_bytes_grow_by_five_for_each_block() -> None:
    assert len(stored(bytes(LONGEST_BLOCK * 2))) == LONGEST_BLOCK * 2 + 10

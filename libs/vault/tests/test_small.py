import pytest
from hypothesis import given
from hypothesis import strategies as st
from recital_vault import SealBroken
from recital_vault.small import blind_index, open_small, seal_small

KEY, OTHER_KEY = bytes(32), bytes([1]) * 32


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_a_small_value_opens_under_its_key_and_context(plaintext: bytes, context: bytes) -> None:
    sealed = seal_small(KEY, plaintext, context)
    assert len(sealed) == len(plaintext) + 29
    assert open_small(KEY, sealed, context) == plaintext


def test_a_small_value_is_never_sealed_to_the_same_bytes_twice() -> None:
    assert seal_small(KEY, b"+31201234567", b"number") != seal_small(KEY, b"+31201234567", b"number")


@pytest.mark.parametrize(("key", "context"), [(OTHER_KEY, b"number"), (KEY, b"email")], ids=["key", "context"])
def test_another_key_or_context_opens_nothing(key: bytes, context: bytes) -> None:
    with pytest.raises(SealBroken):
        open_small(key, seal_small(KEY, b"+31201234567", b"number"), context)


@given(st.data())
def test_a_small_value_that_was_changed_anywhere_is_refused(data: st.DataObject) -> None:
    sealed = bytearray(seal_small(KEY, b"+31201234567", b""))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealBroken):
        open_small(KEY, bytes(sealed), b"")


@given(st.integers(0, 40))
def test_a_small_value_that_was_cut_short_is_refused(kept: int) -> None:
    with pytest.raises(SealBroken):
        open_small(KEY, seal_small(KEY, b"+31201234567", b"")[:kept], b"")


def test_equal_values_share_an_index_and_different_values_or_keys_do_not() -> None:
    index = blind_index(KEY, "+31201234567")
    assert len(index) == 32
    assert index == blind_index(KEY, "+31201234567")
    assert index != blind_index(KEY, "+31201234568")
    assert index != blind_index(OTHER_KEY, "+31201234567")

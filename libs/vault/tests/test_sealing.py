import secrets
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recital_vault import FRAME, Seal, SealBroken, frame_range, plain_size, sealed_size

KEY = bytes(range(32))
TENANT, OTHER_TENANT, OWNER, OTHER_OWNER = (UUID(int=number) for number in range(4))
PLACE = "ingest/one"
SEALED = FRAME + 16

around_borders = st.builds(
    lambda frames, more: max(0, frames * FRAME + more), st.integers(0, 3), st.integers(-3, 3)
) | st.integers(0, 3 * FRAME)


def seal(key: bytes = KEY, tenant: UUID = TENANT, owner: UUID = OWNER, part: int = 0, object_key: str = PLACE) -> Seal:
    return Seal(key, tenant=tenant, owner=owner, part=part, object_key=object_key)


def sample(size: int) -> bytes:
    return (secrets.token_bytes(997) * (size // 997 + 1))[:size]


@given(around_borders)
def test_what_was_sealed_opens_to_the_same_bytes_whatever_its_size(size: int) -> None:
    plaintext = sample(size)
    sealed = seal().frames(0, plaintext, final=True)
    assert len(sealed) == sealed_size(size)
    assert plain_size(len(sealed)) == size
    assert seal().open_frames(0, sealed, final=True) == plaintext


@given(around_borders, st.data())
def test_a_range_opens_from_its_own_frames_alone(size: int, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, size))
    length = data.draw(st.integers(0, size + 10))
    plaintext = sample(size)
    sealed = seal().frames(0, plaintext, final=True)
    wanted = frame_range(offset, length, size)
    frames = sealed[wanted.offset : wanted.offset + wanted.length]
    final = wanted.offset + wanted.length == len(sealed)
    opened = seal().open_frames(wanted.first, frames, final=final)
    assert opened[wanted.skip : wanted.skip + wanted.take] == plaintext[offset : offset + length]
    assert wanted.length <= sealed_size(length + 2 * FRAME)


@given(st.integers(0, 10 * SEALED))
def test_only_sizes_that_a_plaintext_gives_are_sizes_of_sealed_objects(sealed: int) -> None:
    try:
        size = plain_size(sealed)
    except SealBroken:
        assert sealed % SEALED <= 16
    else:
        assert sealed_size(size) == sealed


@given(around_borders.filter(bool), st.data())
def test_one_flipped_bit_anywhere_is_refused(size: int, data: st.DataObject) -> None:
    # R24
    sealed = bytearray(seal().frames(0, sample(size), final=True))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealBroken):
        seal().open_frames(0, bytes(sealed), final=True)


@given(st.integers(0, 2 * SEALED + 16))
def test_a_tail_cut_off_anywhere_is_refused(kept: int) -> None:
    sealed = seal().frames(0, sample(2 * FRAME + 1), final=True)
    with pytest.raises(SealBroken):
        seal().open_frames(0, sealed[:kept], final=True)


@pytest.mark.parametrize(
    "other",
    [
        seal(tenant=OTHER_TENANT),
        seal(owner=OTHER_OWNER),
        seal(part=1),
        seal(object_key="ingest/two"),
        seal(key=bytes(32)),
    ],
    ids=["tenant", "recording", "track", "object", "key"],
)
def test_a_frame_of_another_tenant_recording_track_or_object_is_refused(other: Seal) -> None:
    sealed = seal().frame(0, b"voice", final=True)
    assert seal().open(0, sealed, final=True) == b"voice"
    with pytest.raises(SealBroken):
        other.open(0, sealed, final=True)


def test_a_frame_at_another_place_of_the_same_object_is_refused() -> None:
    sealed = seal().frames(0, sample(3 * FRAME), final=True)
    first, second, third = (sealed[number * SEALED : (number + 1) * SEALED] for number in range(3))
    with pytest.raises(SealBroken):
        seal().open_frames(0, second + first + third, final=True)
    with pytest.raises(SealBroken):
        seal().open(0, second, final=False)


def test_a_frame_that_is_not_the_last_is_not_taken_for_it_nor_the_last_for_another() -> None:
    sealed = seal().frames(0, sample(2 * FRAME), final=True)
    with pytest.raises(SealBroken):
        seal().open(0, sealed[:SEALED], final=True)
    with pytest.raises(SealBroken):
        seal().open(1, sealed[SEALED:], final=False)


def test_frames_sealed_in_batches_are_those_sealed_at_once() -> None:
    plaintext = sample(3 * FRAME + 5)
    batches = seal().frames(0, plaintext[: 2 * FRAME], final=False) + seal().frames(
        2, plaintext[2 * FRAME :], final=True
    )
    assert batches == seal().frames(0, plaintext, final=True)


def test_one_key_under_two_object_names_never_gives_one_ciphertext_twice() -> None:
    zeros = bytes(FRAME)
    assert seal().frame(0, zeros, final=True) != seal(object_key="ingest/two").frame(0, zeros, final=True)


def test_a_short_frame_before_the_end_is_neither_sealed_nor_opened() -> None:
    with pytest.raises(ValueError, match="final"):
        seal().frames(0, b"short", final=False)
    with pytest.raises(SealBroken):
        seal().open_frames(0, seal().frames(0, b"short", final=True), final=False)


def test_an_empty_plaintext_is_one_frame_that_proves_itself() -> None:
    sealed = seal().frames(0, b"", final=True)
    assert len(sealed) == 16
    assert seal().open_frames(0, sealed, final=True) == b""
    with pytest.raises(SealBroken):
        seal(owner=OTHER_OWNER).open_frames(0, sealed, final=True)


def test_keys_parts_and_ranges_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        seal(key=b"short")
    with pytest.raises(ValueError, match="32-bit"):
        seal(part=1 << 32)
    for offset, length in ((-1, 1), (0, -1), (11, 0)):
        with pytest.raises(ValueError, match="range"):
            frame_range(offset, length, 10)


def test_a_range_is_cut_at_the_end_and_an_empty_one_still_names_a_frame() -> None:
    assert frame_range(FRAME - 1, 10, FRAME).take == 1
    assert replace(frame_range(FRAME, 0, FRAME), skip=0).length == SEALED

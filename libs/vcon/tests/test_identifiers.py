"""Names and hashes."""

import base64
import hashlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recital_errors import Malformed
from recital_vcon import content_hash, is_of, vcon_uuid

CALL = UUID("019aa000-0000-7123-8000-000000000001")


def test_a_vcon_is_named_by_the_time_of_its_call_and_its_makers_host() -> None:
    name = vcon_uuid(CALL, "recorder.example")
    assert (name.version, name.variant) == (8, "specified in RFC 4122")
    assert (str(name)[:13], str(name)[15:18]) == (str(CALL)[:13], "123")
    first_62_bits = int.from_bytes(hashlib.sha1(b"recorder.example", usedforsecurity=False).digest()[:8]) >> 2
    assert name.int & (1 << 62) - 1 == first_62_bits
    assert vcon_uuid(CALL, "other.example") != name


def test_only_an_identifier_with_a_time_gives_a_name() -> None:
    with pytest.raises(Malformed):
        vcon_uuid(UUID("00000000-0000-4000-8000-000000000000"), "recorder.example")


@given(content=st.binary(max_size=64))
def test_a_hash_is_that_of_its_bytes_in_unpadded_base64url(content: bytes) -> None:
    digest = hashlib.sha512(content).digest()
    stated = content_hash(digest)
    assert base64.urlsafe_b64decode(stated.removeprefix("sha512-") + "==") == digest
    assert is_of(stated, content)
    assert not is_of(stated, content + b".")


def test_several_hashes_must_all_agree_and_none_proves_nothing() -> None:
    own = content_hash(hashlib.sha512(b"a").digest())
    assert is_of([own, own], b"a")
    assert not is_of([own, "sha256-x"], b"a")
    assert not is_of([], b"a")
    assert not is_of(hashlib.sha512(b"a").hexdigest(), b"a")


def test_a_digest_of_another_length_is_none() -> None:
    with pytest.raises(Malformed):
        content_hash(bytes(32))

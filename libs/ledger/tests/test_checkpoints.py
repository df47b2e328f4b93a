"""Signed heads of a log, and the notes they are."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from recital_errors import Forbidden, Malformed, RecitalError
from recital_ledger import EMPTY_ROOT, Checkpoint, read_checkpoint, sign_checkpoint, verifier_key
from recital_ledger.notes import open_note, sign_note

NAME = "recital.example/consent"
ORIGIN = "recital.example/consent/01932c07-0000-7000-8000-000000000001"
AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.generate()
OTHER = Ed25519PrivateKey.generate()
KEYS = {NAME: KEY.public_key()}
HEAD = Checkpoint(ORIGIN, 20_852_163, EMPTY_ROOT, AT)
SIGNED = sign_checkpoint(HEAD, KEY, NAME)

# Two notes signed by other implementations: the key as published, the note as published.
PUBLISHED = [
    (
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYN"
        "ZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
    ),
    (
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
    ),
]


def code_of(text: str, keys: Any = KEYS) -> str:
    with pytest.raises(RecitalError) as refused:
        read_checkpoint(text, keys)
    return refused.value.code


@pytest.mark.parametrize(("published", "note"), PUBLISHED)
def test_notes_of_other_implementations_open(published: str, note: str) -> None:
    name, _, encoded = published.split("+", 2)
    key = Ed25519PublicKey.from_public_bytes(b64decode(encoded)[1:])
    assert open_note(note, {name: key}) == note.split("\n\n")[0] + "\n"
    assert verifier_key(name, key) == published
    with pytest.raises(Forbidden):
        open_note(note.replace("e", "a", 1), {name: key})


def test_a_checkpoint_has_the_published_form() -> None:
    text, _, signature = SIGNED.partition("\n\n")
    assert text == f"{ORIGIN}\n20852163\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nat 2026-11-25T12:00:00.000000Z"
    assert signature.startswith(f"— {NAME} ")
    assert signature.count("\n") == 1


def test_what_was_signed_is_read() -> None:
    assert read_checkpoint(SIGNED, KEYS) == HEAD
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT, AT)
    assert read_checkpoint(sign_checkpoint(empty, KEY, NAME), KEYS) == empty


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1),
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
    st.datetimes(timezones=st.just(UTC)),
)
def test_every_checkpoint_is_read_back(origin: str, size: int, root: bytes, at: datetime) -> None:
    checkpoint = Checkpoint(origin, size, root, at)
    assert read_checkpoint(sign_checkpoint(checkpoint, KEY, NAME), KEYS) == checkpoint


@given(st.integers(0, len(SIGNED) - 1), st.sampled_from("AZaz09+/= \n—.é\0"))
def test_a_checkpoint_changed_in_any_one_character_is_refused(place: int, character: str) -> None:
    changed = SIGNED[:place] + character + SIGNED[place + 1 :]
    if changed != SIGNED:
        code_of(changed)


@given(st.text())
def test_any_text_is_refused_and_nothing_else_happens(text: str) -> None:
    assert code_of(text) == "note_malformed"


def test_a_retired_key_still_verifies_what_it_signed() -> None:
    both = {NAME: [OTHER.public_key(), KEY.public_key()]}
    assert read_checkpoint(SIGNED, both) == HEAD
    assert read_checkpoint(sign_checkpoint(HEAD, OTHER, NAME), both) == HEAD


def test_signatures_of_witnesses_we_do_not_know_are_passed_over() -> None:
    witnessed = SIGNED + sign_checkpoint(HEAD, OTHER, "witness.example/w1").partition("\n\n")[2]
    assert read_checkpoint(witnessed, KEYS) == HEAD
    assert read_checkpoint(witnessed, {**KEYS, "witness.example/w1": OTHER.public_key()}) == HEAD
    unusual = SIGNED + f"— {NAME} {b64encode(b'12345').decode()}\n"
    assert read_checkpoint(unusual, KEYS) == HEAD


def test_one_wrong_signature_of_a_trusted_key_refuses_the_whole() -> None:
    other_log = Checkpoint(ORIGIN, 1, EMPTY_ROOT, AT)
    borrowed = SIGNED + sign_checkpoint(other_log, OTHER, "witness.example/w1").partition("\n\n")[2]
    assert code_of(borrowed, {**KEYS, "witness.example/w1": OTHER.public_key()}) == "note_forged"


def test_a_checkpoint_nobody_trusted_signed_is_refused() -> None:
    assert code_of(SIGNED, {}) == "note_not_signed"
    assert code_of(SIGNED, {NAME: []}) == "note_not_signed"
    assert code_of(sign_checkpoint(HEAD, OTHER, NAME)) == "note_not_signed"
    assert code_of(sign_checkpoint(HEAD, KEY, "somebody.example")) == "note_not_signed"


def test_another_logs_head_under_this_logs_signature_is_refused() -> None:
    changed = SIGNED.replace("/consent/", "/access/")
    assert code_of(changed) == "note_forged"


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        SIGNED.partition("\n\n")[0] + "\n",
        SIGNED.partition("\n\n")[0] + "\n\n",
        SIGNED.removesuffix("\n"),
        SIGNED.replace("— ", "- "),
        SIGNED.replace("— ", "—  "),
        SIGNED + "\n",
        SIGNED + "trailing\n",
        SIGNED.replace("\n", "\r\n"),
        SIGNED + "\0\n",
        SIGNED.replace(f"— {NAME} ", f"— {NAME} ==="),
        f"text\n\n— {NAME} AAAA\n",
        f"text\n\n— {NAME} AAAAA\n",
        f"\ud800\n\n— {NAME} AAAAAAAA\n",
        SIGNED + f"— witness.example {'A' * 131_072}\n",
    ],
)
def test_what_is_no_signed_note_is_refused(note: str) -> None:
    assert code_of(note) == "note_malformed"


@pytest.mark.parametrize("text", ["bell\x07\n", "tab\t\n", "null\x00\n"])
def test_control_characters_are_refused_even_when_signed(text: str) -> None:
    key_id = bytes.fromhex(verifier_key(NAME, KEY.public_key()).split("+")[1])
    signature = b64encode(key_id + KEY.sign(text.encode())).decode()
    with pytest.raises(Malformed):
        open_note(f"{text}\n— {NAME} {signature}\n", KEYS)


@pytest.mark.parametrize(
    "text",
    [
        "hello\n",
        f"{ORIGIN}\n1\n{b64encode(EMPTY_ROOT).decode()}\n",
        HEAD.text().replace("20852163", "020852163"),
        HEAD.text().replace("20852163", "-1"),
        HEAD.text().replace("20852163", "9223372036854775808"),
        HEAD.text().replace("20852163", "\uff12"),
        HEAD.text().replace("uFU=", "uFV="),
        HEAD.text().replace("uFU=", "uA=="),
        HEAD.text().replace("at 2026-11-25", "at 2026-11-31"),
        HEAD.text().replace("at ", ""),
        HEAD.text().replace(".000000Z", "Z"),
        HEAD.text() + "more\n",
    ],
)
def test_a_signed_note_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_checkpoint(sign_note(text, KEY, NAME), KEYS)
    assert refused.value.code == "checkpoint_malformed"


@pytest.mark.parametrize(
    "head",
    [
        ("", 1, EMPTY_ROOT, AT),
        ("a\nb", 1, EMPTY_ROOT, AT),
        (ORIGIN, -1, EMPTY_ROOT, AT),
        (ORIGIN, 2**63, EMPTY_ROOT, AT),
    ],
)
def test_a_head_no_log_can_have_is_refused(head: tuple[str, int, bytes, datetime]) -> None:
    with pytest.raises(ValueError, match="not the head of a log"):
        Checkpoint(*head)
    with pytest.raises(ValueError, match="not the head of a log"):
        Checkpoint(ORIGIN, 1, EMPTY_ROOT[:31], AT)
    with pytest.raises(ValueError, match="not the head of a log"):
        Checkpoint(ORIGIN, 1, EMPTY_ROOT, AT.replace(tzinfo=None))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\nb", "a\x07b"])
def test_a_key_name_no_note_can_carry_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no spaces"):
        sign_checkpoint(HEAD, KEY, name)


@pytest.mark.parametrize("text", ["", "no line end", "a\n\nb\n", "bell\x07\n", "cr\r\n"])
def test_a_text_no_note_can_have_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="whole lines"):
        sign_note(text, KEY, NAME)


def test_the_same_head_signed_twice_is_the_same_text() -> None:
    elsewhere = Checkpoint(ORIGIN, HEAD.size, EMPTY_ROOT, AT.astimezone(timezone(timedelta(hours=1))))
    assert sign_checkpoint(elsewhere, KEY, NAME) == SIGNED

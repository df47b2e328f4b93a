"""Signed notes (C2SP signed-note): a text with Ed25519 signature lines. What the text means is not known here."""

import binascii
import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from recital_errors import Forbidden, Malformed

__all__ = ["TrustedKeys", "open_note", "sign_note", "verifier_key"]

# Keys by name; a name has several where a retired key's notes must still be read.
TrustedKeys: TypeAlias = Mapping[str, Ed25519PublicKey | Collection[Ed25519PublicKey]]

_ED25519 = b"\x01"  # signature type
_ID_SIZE = 4
_LARGEST_NOTE = 131_072  # characters: more than 16 signatures of any kind need
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_NAME = re.compile(r"[^\s+\x00-\x1f]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


def sign_note(text: str, key: Ed25519PrivateKey, name: str) -> str:
    """The text with one signature under a key name. Raises ValueError for a text or name that no note can have."""
    if _NAME.fullmatch(name) is None or not text.endswith("\n") or "\n\n" in text or _CONTROL.search(text):
        raise ValueError(f"a note's text has whole lines, and a key's name no spaces: {name!r}")
    signature = _key_id(name, key.public_key()) + key.sign(text.encode())
    return f"{text}\n— {name} {b64encode(signature).decode()}\n"


def open_note(note: str, keys: TrustedKeys) -> str:
    """The text of a note that at least one trusted key signed; signatures of unknown keys are passed over.

    Raises Malformed `note_malformed` if it is no note, Forbidden `note_forged` if a trusted key's signature is wrong,
    Forbidden `note_not_signed` if no trusted key signed it.
    """
    text, signatures = _parse(note)
    trusted = {
        (name, _key_id(name, key)): key
        for name, several in keys.items()
        for key in ([several] if isinstance(several, Ed25519PublicKey) else several)
    }
    known = [
        (trusted[name, found[:_ID_SIZE]], found) for name, found in signatures if (name, found[:_ID_SIZE]) in trusted
    ]
    for key, found in known:
        try:
            key.verify(found[_ID_SIZE:], text)
        except InvalidSignature:
            raise Forbidden("note_forged", "The signature is not over this text.") from None
    if not known:
        raise Forbidden("note_not_signed", "No key that is trusted here signed this.")
    return text.decode()


def verifier_key(name: str, key: Ed25519PublicKey) -> str:
    """A public key as other tools for signed notes take it: name, key id and key in one word."""
    return f"{name}+{_key_id(name, key).hex()}+{b64encode(_ED25519 + _raw(key)).decode()}"


def _parse(note: str) -> tuple[bytes, list[tuple[str, bytes]]]:
    """The text's bytes, and (key name, key id and signature) per signature line."""
    text, blank, lines = note.rpartition("\n\n")
    if len(note) > _LARGEST_NOTE or not blank or not lines.endswith("\n") or _CONTROL.search(note):
        raise _malformed()
    matches = [_LINE.fullmatch(line) for line in lines[:-1].split("\n")]
    try:
        signatures = [(match[1], b64decode(match[2], validate=True)) for match in matches if match is not None]
        encoded = f"{text}\n".encode()
    except (binascii.Error, UnicodeEncodeError):
        raise _malformed() from None
    if len(signatures) != len(matches) or any(len(found) <= _ID_SIZE for _, found in signatures):
        raise _malformed()
    return encoded, signatures


def _malformed() -> Malformed:
    return Malformed("note_malformed", "This is not a signed note.")


def _key_id(name: str, key: Ed25519PublicKey) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + _raw(key)).digest()[:_ID_SIZE]


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)

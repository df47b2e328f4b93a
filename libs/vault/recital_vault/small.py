"""Seals small values (identities, notes, other keys) whole under a key, and indexes values blindly; pure.

Form: version byte, 12 random bytes of nonce, AES-256-GCM ciphertext with its tag. Encryption and indexing use keys
derived apart (HKDF-SHA256, RFC 5869), so that one stored key can serve both and sealed objects too.
"""

import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from recital_vault.broken import SealBroken

__all__ = ["KEY_SIZE", "blind_index", "derived", "open_small", "seal_small"]

KEY_SIZE = 32
_VERSION = b"\x01"
_NONCE_SIZE = 12
_TAG_SIZE = 16


def derived(key: bytes, purpose: bytes) -> bytes:
    """A 32-byte key for one purpose only, from a 32-byte key."""
    if len(key) != KEY_SIZE:
        raise ValueError(f"a key has {KEY_SIZE} bytes")
    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=None, info=purpose).derive(key)


def seal_small(key: bytes, plaintext: bytes, context: bytes) -> bytes:
    """`plaintext` sealed to `context` (what it is and whose); 29 bytes longer. Never the same bytes twice."""
    nonce = secrets.token_bytes(_NONCE_SIZE)
    cipher = AESGCM(derived(key, b"recital small v1"))
    return _VERSION + nonce + cipher.encrypt(nonce, plaintext, _VERSION + context)


def open_small(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """The plaintext; raises SealBroken when bytes, key or context are not those it was sealed with."""
    if len(sealed) < len(_VERSION) + _NONCE_SIZE + _TAG_SIZE or sealed[:1] != _VERSION:
        raise SealBroken
    nonce, body = sealed[1 : 1 + _NONCE_SIZE], sealed[1 + _NONCE_SIZE :]
    try:
        return AESGCM(derived(key, b"recital small v1")).decrypt(nonce, body, _VERSION + context)
    except InvalidTag:
        raise SealBroken from None


def blind_index(key: bytes, value: str) -> bytes:
    """32 bytes that equal values share and that say nothing without the key. Normalise first (E.164, lower case)."""
    return hmac.digest(derived(key, b"recital blind index v1"), value.encode(), "sha256")

"""How a vCon is named, and how it names a file beside it: by the hash of exactly its bytes."""

import base64
import hashlib
import re
from collections.abc import Sequence
from uuid import UUID

from recital_errors import Malformed

CONTENT_HASH = re.compile(r"sha512-[A-Za-z0-9_-]{86}", re.ASCII)
_SHA512 = 64  # bytes
_VERSION_7 = 7


def vcon_uuid(made_from: UUID, host: str) -> UUID:
    """Return the UUIDv8 of a vCon (draft-ietf-vcon-vcon-core 4.1.2).

    The first half is that of `made_from`, a UUIDv7, which gives time and order; the last 62 bits are the first ones of
    the SHA-1 of the full name of the host that makes it. The same two always give the same id. Raises Malformed
    `not_a_uuid7`.
    """
    if made_from.version != _VERSION_7:
        raise Malformed("not_a_uuid7", "A vCon is named after an identifier that begins with a time.")
    named = hashlib.sha1(host.encode(), usedforsecurity=False).digest()
    last = int.from_bytes(named[:8]) >> 2
    first = made_from.int >> 64 & ~(0xF << 12)
    return UUID(int=(first | 8 << 12) << 64 | 0b10 << 62 | last)


def content_hash(sha512: bytes) -> str:
    """Return a SHA-512 digest as a vCon spells it: base64url without padding (2.5). Raises Malformed `not_sha512`."""
    if len(sha512) != _SHA512:
        raise Malformed("not_sha512", "A content hash is made of the 64 bytes of a SHA-512.")
    return f"sha512-{base64.urlsafe_b64encode(sha512).rstrip(b'=').decode()}"


def is_of(stated: str | Sequence[str], content: bytes) -> bool:
    """Whether a stated hash, or each of several, is that of these bytes; one of another algorithm is not."""
    own = content_hash(hashlib.sha512(content).digest())
    given = [stated] if isinstance(stated, str) else stated
    return bool(given) and all(each == own for each in given)

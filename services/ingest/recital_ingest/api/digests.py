"""The header Content-Digest (RFC 9530): what a sender says its body hashes to."""

import base64
import binascii
import re

from recital_errors import FieldError, Malformed

from recital_ingest.decisions.admission import Digests

_MEMBER = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):")
_SIZES = {"sha-256": 32, "sha-512": 64}


def digests_of(header: str | None) -> Digests:
    """Read the digests we can check; others are passed over (RFC 9530 2). Raises Malformed for anything else."""
    if header is None:
        return Digests()
    found: dict[str, bytes] = {}
    for member in header.split(","):
        match = _MEMBER.fullmatch(member.strip())
        if match is None:
            raise _malformed()
        name, encoded = match.groups()
        if name in _SIZES:
            found[name] = _decoded(encoded, _SIZES[name])
    return Digests(sha256=found.get("sha-256"), sha512=found.get("sha-512"))


def _decoded(encoded: str, size: int) -> bytes:
    try:
        value = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise _malformed() from None
    if len(value) != size:
        raise _malformed()
    return value


def _malformed() -> Malformed:
    wrong = FieldError("Content-Digest", "not as RFC 9530 says, for example sha-256=:<base64>:")
    return Malformed("digest_malformed", "The Content-Digest cannot be read.", fields=[wrong])

"""Signed tokens: compact JWS with our own `typ` per kind, signed, read, and refused.

Time, issuer, audience and rights are judged in verification; nothing here reads a clock.
"""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

from jwt import PyJWS
from jwt.exceptions import PyJWTError
from recital_errors import Forbidden, Malformed, Unauthenticated

from recital_identity.keys import KeySet, SigningKey, algorithm_of
from recital_identity.principal import TokenKind

__all__ = ["LARGEST_TOKEN", "Json", "issuer_of", "key_id_of", "read", "refuse", "sign"]

Json: TypeAlias = str | int | float | bool | Sequence["Json"] | Mapping[str, "Json"] | None

LARGEST_TOKEN = 8192  # bytes; a header of this size still passes every proxy
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_BRINGS_ITS_OWN_KEY = frozenset({"jku", "jwk", "x5u", "x5c"})
_JWS = PyJWS(algorithms=["EdDSA", "ES256", "RS256"])

# A permit or certificate is a document, not proof of who asks: refused with 403, and under its own name.
_DOCUMENTS = {TokenKind.PERMIT: "permit", TokenKind.CERTIFICATE: "certificate"}


def sign(kind: TokenKind, claims: Mapping[str, Json], key: SigningKey) -> str:
    """A compact JWS (RFC 7515) over the claims: EdDSA, with `typ` and `kid`.

    Raises Malformed `token_too_large` past 8,192 bytes, since nobody would accept it.
    """
    payload = json.dumps(dict(claims), separators=(",", ":"), allow_nan=False).encode()
    token = _JWS.encode(payload, key.private, algorithm="EdDSA", headers={"typ": kind.value, "kid": key.kid})
    if len(token) > LARGEST_TOKEN:
        raise Malformed("token_too_large", f"Signed, this would be larger than {LARGEST_TOKEN} bytes.")
    return token


def read(
    kind: TokenKind, token: str, keys: KeySet, *, algorithms: Collection[str] = frozenset({"EdDSA"})
) -> dict[str, Any]:
    """The claims of a token of this kind that one of the keys signed. Does not judge time, issuer or audience.

    Raises Unauthenticated (for permits and certificates Forbidden) with code `token_malformed`, `token_too_large`,
    `token_wrong_type`, `token_unknown_key` or `token_forged`; with `permit_` or `certificate_` instead of `token_`
    for those kinds.
    """
    # 1. Size and shape, before anything is decoded.
    if len(token) > LARGEST_TOKEN:
        refuse(kind, "too_large")
    if _COMPACT.fullmatch(token) is None:
        refuse(kind, "malformed")
    # 2. The header: our kind, no extension we would have to understand (RFC 7515 4.1.11), no key of its own.
    header = _object(token.split(".")[0])
    if header is None or "crit" in header or "b64" in header or not _BRINGS_ITS_OWN_KEY.isdisjoint(header):
        refuse(kind, "malformed")
    if _media_type(header.get("typ")) != kind.value:
        refuse(kind, "wrong_type")
    # 3. The key, and the one algorithm that belongs to it.
    kid = header.get("kid")
    key = keys.get(kid) if isinstance(kid, str) else None
    if key is None:
        refuse(kind, "unknown_key")
    algorithm = algorithm_of(key)
    if algorithm not in algorithms or header.get("alg") != algorithm:
        refuse(kind, "forged")
    # 4. The signature.
    try:
        _JWS.decode_complete(token, key, algorithms=[algorithm])
    except PyJWTError:
        refuse(kind, "forged")
    # 5. The claims.
    claims = _object(token.split(".")[1])
    if claims is None:
        refuse(kind, "malformed")
    return claims


def refuse(kind: TokenKind, problem: str) -> NoReturn:
    """Raises what a broken token of this kind is answered with."""
    if kind in _DOCUMENTS:
        name = _DOCUMENTS[kind]
        raise Forbidden(f"{name}_{problem}", f"This {name} is not accepted here.")
    raise Unauthenticated(f"token_{problem}")


def key_id_of(token: str) -> str | None:
    """The key id a token claims, unverified: to find which key to fetch, and for nothing else."""
    return _unverified(token, part=0, name="kid")


def issuer_of(token: str) -> str | None:
    """The issuer a token claims, unverified: to find whose keys to fetch, and for nothing else."""
    return _unverified(token, part=1, name="iss")


def _unverified(token: str, *, part: int, name: str) -> str | None:
    if len(token) > LARGEST_TOKEN or _COMPACT.fullmatch(token) is None:
        return None
    value = (_object(token.split(".")[part]) or {}).get(name)
    return value if isinstance(value, str) else None


def _media_type(typ: object) -> str | None:
    """Media types ignore case, and `application/` may be left out (RFC 7515 4.1.9)."""
    return typ.lower().removeprefix("application/") if isinstance(typ, str) else None


def _object(segment: str) -> dict[str, Any] | None:
    """A JSON object from its base64url, or None. A name given twice is refused (RFC 7515 4), and so is NaN."""
    try:
        data = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
        value = json.loads(data, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)

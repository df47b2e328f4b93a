"""Keys that sign and keys that verify, and their JSON form (RFC 7517, RFC 8037).

Where keys are stored and fetched is not known here.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeAlias, TypeGuard

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError
from recital_errors import Malformed

__all__ = ["KeySet", "PublicKey", "SigningKey", "algorithm_of"]

PublicKey: TypeAlias = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey

_SMALLEST_RSA_BITS = 2048  # RFC 7518 3.3
_READERS: Mapping[str, Callable[[dict[str, Any]], object]] = {
    "OKP": OKPAlgorithm.from_jwk,
    "EC": ECAlgorithm.from_jwk,
    "RSA": RSAAlgorithm.from_jwk,
}
_RSA_MEMBERS = frozenset({"kty", "n", "e"})


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key that signs; its `kid` is the thumbprint of its public half (RFC 7638)."""

    kid: str
    private: Ed25519PrivateKey

    @classmethod
    def generate(cls) -> Self:
        """A new random key."""
        return cls._of(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Reads an unencrypted PKCS 8 PEM. Raises Malformed `signing_key_malformed`, which shows nothing of the key."""
        try:
            private = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise Malformed(
                code="signing_key_malformed", detail="This is not an unencrypted private key in PEM."
            ) from None
        if not isinstance(private, Ed25519PrivateKey):
            raise Malformed("signing_key_malformed", "This private key is not an Ed25519 key.")
        return cls._of(private)

    @classmethod
    def _of(cls, private: Ed25519PrivateKey) -> Self:
        return cls(kid=_thumbprint(private.public_key()), private=private)

    @property
    def public(self) -> Ed25519PublicKey:
        """The public half."""
        return self.private.public_key()

    def pem(self) -> bytes:
        """PKCS 8 PEM without encryption: a secret, for a file that only its service reads."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def jwk(self, use: str) -> dict[str, str]:
        """The public half as a JWK. `use` says what it signs: `permit`, `checkpoint`, ... (RFC 7517 4.2)."""
        return _jwk(self.kid, self.public, use)


class KeySet(Mapping[str, PublicKey]):
    """Public keys by `kid`, each with the use it was published for. Immutable."""

    def __init__(self, keys: Mapping[str, PublicKey], *, uses: Mapping[str, str] | None = None) -> None:
        """`uses` may name the use of some of the keys, by `kid`."""
        self._keys = dict(keys)
        self._uses = dict(uses or {})

    @classmethod
    def from_jwks(cls, document: Mapping[str, Any], use: str | None = None) -> Self:
        """Reads a JWK set; with `use`, only the keys published for it.

        Keys that cannot verify here are passed over, as RFC 7517 5 advises: without `kid`, symmetric, for encryption,
        of another curve, too short, or published with their private half. Raises Malformed `keys_malformed` if this
        is no JWK set, or if it gives two keys one `kid`.
        """
        found = document.get("keys")
        if not isinstance(found, list):
            raise Malformed("keys_malformed", "A JWK set has a list of keys.")
        read = [key for key in map(_read_jwk, found) if key is not None and use in {None, key[2]}]
        return cls._joined(read)

    @classmethod
    def of(cls, *keys: SigningKey, use: str | None = None) -> Self:
        """The public halves of signing keys."""
        return cls._joined((key.kid, key.public, use) for key in keys)

    @classmethod
    def _joined(cls, keys: Iterable[tuple[str, PublicKey, str | None]]) -> Self:
        found: dict[str, PublicKey] = {}
        uses: dict[str, str] = {}
        for kid, key, use in keys:
            if found.setdefault(kid, key) != key:
                raise Malformed("keys_malformed", "Two keys have one key id.")
            if use is not None:
                uses.setdefault(kid, use)
        return cls(found, uses=uses)

    def __getitem__(self, kid: str) -> PublicKey:
        return self._keys[kid]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __or__(self, other: "KeySet") -> "KeySet":
        """Both sets' keys. Raises Malformed `keys_malformed` if they give two keys one `kid`."""
        return KeySet._joined([*self._entries(), *other._entries()])

    def _entries(self) -> list[tuple[str, PublicKey, str | None]]:
        return [(kid, key, self._uses.get(kid)) for kid, key in self._keys.items()]

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The set as a JWK set, ready to be served."""
        return {"keys": [_jwk(*entry) for entry in self._entries()]}


def algorithm_of(key: PublicKey) -> str:
    """The one algorithm a key verifies here; it follows from the key and never from the token (RFC 8725 3.1)."""
    if isinstance(key, Ed25519PublicKey):
        return "EdDSA"
    return "ES256" if isinstance(key, EllipticCurvePublicKey) else "RS256"


def _thumbprint(key: Ed25519PublicKey) -> str:
    """RFC 7638 with the members that RFC 8037 2 requires, in their order."""
    members = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(key.public_bytes(Encoding.Raw, PublicFormat.Raw))}
    return _base64url(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _jwk(kid: str, key: PublicKey, use: str | None) -> dict[str, str]:
    members: dict[str, Any]
    if isinstance(key, Ed25519PublicKey):
        members = OKPAlgorithm.to_jwk(key, as_dict=True)
    elif isinstance(key, EllipticCurvePublicKey):
        members = ECAlgorithm.to_jwk(key, as_dict=True)
    else:
        members = {
            name: value for name, value in RSAAlgorithm.to_jwk(key, as_dict=True).items() if name in _RSA_MEMBERS
        }
    return {**members, "kid": kid, "alg": algorithm_of(key), **({"use": use} if use else {})}


def _read_jwk(jwk: object) -> tuple[str, PublicKey, str | None] | None:
    if not isinstance(jwk, dict):
        return None
    members = {name: value for name, value in jwk.items() if isinstance(value, str)}
    kid, use = members.get("kid"), members.get("use")
    read = _READERS.get(members.get("kty", ""))
    # A private half that is public has lost its meaning.
    if not kid or read is None or use == "enc" or "d" in jwk:
        return None
    try:
        key = read(members)
    except (PyJWTError, ValueError):
        return None
    if not _verifies_here(key) or members.get("alg", algorithm_of(key)) != algorithm_of(key):
        return None
    return kid, key, use


def _verifies_here(key: object) -> TypeGuard[PublicKey]:
    match key:
        case Ed25519PublicKey():
            return True
        case EllipticCurvePublicKey():
            return isinstance(key.curve, SECP256R1)
        case RSAPublicKey():
            return key.key_size >= _SMALLEST_RSA_BITS
        case _:
            return False

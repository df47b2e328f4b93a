"""Keys that sign, and sets of keys that verify."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from recital_errors import Malformed
from recital_identity import KeySet, SigningKey

# RFC 8037, appendix A.1 and A.3.
RFC_PRIVATE = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
RFC_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
RFC_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def pem_of(private: Any) -> bytes:
    pem: bytes = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem


def test_the_key_id_is_the_thumbprint_of_rfc_7638() -> None:
    key = SigningKey.from_pem(pem_of(Ed25519PrivateKey.from_private_bytes(RFC_PRIVATE)))
    assert key.kid == RFC_THUMBPRINT
    assert key.jwk("permit") == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": RFC_X,
        "kid": RFC_THUMBPRINT,
        "alg": "EdDSA",
        "use": "permit",
    }


def test_a_key_survives_its_pem(key: SigningKey) -> None:
    again = SigningKey.from_pem(key.pem())
    assert again.kid == key.kid
    assert again.pem() == key.pem()


def test_two_new_keys_differ() -> None:
    assert SigningKey.generate().kid != SigningKey.generate().kid


def test_a_signing_key_never_prints_its_private_half(key: SigningKey) -> None:
    assert "PRIVATE" not in repr(key)


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"not a pem",
        pem_of(Ed448PrivateKey.generate()),
        pem_of(ec.generate_private_key(ec.SECP256R1())),
        Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")),
    ],
    ids=["empty", "rubbish", "another curve", "elliptic", "encrypted"],
)
def test_a_file_that_is_no_plain_ed25519_key_is_refused(pem: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        SigningKey.from_pem(pem)
    assert refused.value.code == "signing_key_malformed"


def test_a_set_survives_its_jwks_with_the_uses(key: SigningKey, other_key: SigningKey) -> None:
    keys = KeySet.of(key, use="permit") | KeySet.of(other_key, use="checkpoint")
    document = keys.jwks()
    assert document == {"keys": [key.jwk("permit"), other_key.jwk("checkpoint")]}
    assert dict(KeySet.from_jwks(document)) == dict(keys)
    assert KeySet.from_jwks(document).jwks() == document


def test_a_set_can_be_read_for_one_use(key: SigningKey, other_key: SigningKey) -> None:
    document = {"keys": [key.jwk("permit"), other_key.jwk("checkpoint")]}
    assert list(KeySet.from_jwks(document, "permit")) == [key.kid]
    assert len(KeySet.from_jwks(document, "order")) == 0


def test_a_key_without_a_use_belongs_to_no_use(key: SigningKey) -> None:
    assert len(KeySet.from_jwks(KeySet.of(key).jwks(), "permit")) == 0
    assert "use" not in KeySet.of(key).jwks()["keys"][0]


def test_keys_of_identity_providers_are_read() -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1()).public_key()
    large = rsa.generate_private_key(65537, 2048).public_key()
    document = {
        "keys": [
            {**ECAlgorithm.to_jwk(elliptic, as_dict=True), "kid": "e", "use": "sig"},
            {**RSAAlgorithm.to_jwk(large, as_dict=True), "kid": "r", "use": "sig", "alg": "RS256", "x5c": ["MII"]},
        ]
    }
    keys = KeySet.from_jwks(document)
    assert keys["e"] == elliptic
    assert keys["r"] == large
    assert [sorted(jwk) for jwk in keys.jwks()["keys"]] == [
        ["alg", "crv", "kid", "kty", "use", "x", "y"],
        ["alg", "e", "kid", "kty", "n", "use"],
    ]
    assert dict(KeySet.from_jwks(keys.jwks())) == dict(keys)


def unusable() -> list[Any]:
    ed25519 = {"kty": "OKP", "crv": "Ed25519", "x": RFC_X, "kid": "k"}
    small: Any = rsa.generate_private_key(65537, 1024).public_key()  # noqa: S505 - too short, and so to be passed over
    curve: Any = ec.generate_private_key(ec.SECP384R1()).public_key()
    ed448: Any = Ed448PrivateKey.generate().public_key()
    return [
        "not an object",
        {},
        {**ed25519, "kid": None},
        {**ed25519, "kid": 7},
        {**ed25519, "kid": ""},
        {**ed25519, "kty": "oct", "k": "c2VjcmV0"},
        {**ed25519, "kty": ["OKP"]},
        {**ed25519, "use": "enc"},
        {**ed25519, "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"},
        {**ed25519, "d": None},
        {**ed25519, "x": "short"},
        {**ed25519, "x": 7},
        {**ed25519, "x": "é" * 32},
        {**ed25519, "crv": "X25519"},
        {**ed25519, "alg": "HS256"},
        {**OKPAlgorithm.to_jwk(ed448, as_dict=True), "kid": "k"},
        {**RSAAlgorithm.to_jwk(small, as_dict=True), "kid": "k"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "k"},
        {"kty": "RSA", "e": "AQAB", "kid": "k"},
        {**ECAlgorithm.to_jwk(curve, as_dict=True), "kid": "k"},
        {"kty": "EC", "crv": "P-256", "x": RFC_X, "y": RFC_X, "kid": "k"},
    ]


@pytest.mark.parametrize("jwk", unusable())
def test_keys_that_cannot_verify_are_passed_over_and_the_others_stay(jwk: Any, key: SigningKey) -> None:
    assert list(KeySet.from_jwks({"keys": [jwk, key.jwk("sig")]})) == [key.kid]


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": "x"}])
def test_what_is_no_key_set_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        KeySet.from_jwks(document)


def test_one_key_id_for_two_keys_is_refused(key: SigningKey, other_key: SigningKey) -> None:
    with pytest.raises(Malformed):
        KeySet.from_jwks({"keys": [key.jwk("sig"), {**other_key.jwk("sig"), "kid": key.kid}]})
    with pytest.raises(Malformed):
        KeySet({"k": key.public}) | KeySet({"k": other_key.public})


def test_the_same_key_twice_is_one_key(key: SigningKey) -> None:
    assert list(KeySet.of(key) | KeySet.of(key)) == [key.kid]


def test_a_set_does_not_change_with_what_it_was_made_from(key: SigningKey) -> None:
    source: dict[str, Ed25519PublicKey] = {key.kid: key.public}
    keys = KeySet(source)
    source.clear()
    assert list(keys) == [key.kid]

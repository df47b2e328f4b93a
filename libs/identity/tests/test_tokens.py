"""Signed tokens, and the ways to forge one."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from recital_errors import Forbidden, Malformed, Unauthenticated
from recital_identity import LARGEST_TOKEN, KeySet, SigningKey, TokenKind, issuer_of, key_id_of, read, sign

CLAIMS: dict[str, Any] = {"iss": "recital/consent", "sub": "ü", "list": [1, 2.5, None, {"a": True}]}
KEY = SigningKey.generate()
KEYS = KeySet.of(KEY)
TOKEN = sign(TokenKind.ACCESS, CLAIMS, KEY)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(
    header: Any, payload: Any = None, *, signer: Callable[[bytes], bytes] = KEY.private.sign, raw_payload: bytes = b""
) -> str:
    """A token with any header and payload, really signed: what a broken or hostile issuer with a key could make."""
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    body = raw_payload or json.dumps(CLAIMS if payload is None else payload).encode()
    content = f"{base64url(head)}.{base64url(body)}"
    return f"{content}.{base64url(signer(content.encode()))}"


HEADER = {"alg": "EdDSA", "typ": "at+jwt", "kid": KEY.kid}


def code_of(token: str, kind: TokenKind = TokenKind.ACCESS, keys: KeySet = KEYS, **more: Any) -> str:
    with pytest.raises((Unauthenticated, Forbidden)) as refused:
        read(kind, token, keys, **more)
    return refused.value.code


@pytest.mark.parametrize("kind", list(TokenKind))
def test_what_was_signed_is_read(kind: TokenKind) -> None:
    token = sign(kind, CLAIMS, KEY)
    assert read(kind, token, KEYS) == CLAIMS
    assert jwt.get_unverified_header(token) == {"alg": "EdDSA", "typ": kind.value, "kid": KEY.kid}


@pytest.mark.parametrize("kind", list(TokenKind))
@pytest.mark.parametrize("other", list(TokenKind))
def test_no_kind_of_token_stands_in_for_another(kind: TokenKind, other: TokenKind) -> None:
    if kind is not other:
        assert code_of(sign(kind, CLAIMS, KEY), other).endswith("_wrong_type")


def test_the_type_may_be_written_as_a_whole_media_type() -> None:
    assert read(TokenKind.ACCESS, signed({**HEADER, "typ": "application/AT+JWT"}), KEYS) == CLAIMS


def test_a_token_without_signature_algorithm_is_refused() -> None:
    for algorithm in ("none", "None", "NONE", "", None):
        header = base64url(json.dumps({**HEADER, "alg": algorithm}).encode())
        assert code_of(f"{header}.{TOKEN.split('.')[1]}.") == "token_malformed"
        assert code_of(f"{header}.{TOKEN.split('.')[1]}.{TOKEN.split('.')[2]}") == "token_forged"


@pytest.mark.parametrize(
    "encoding", [(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), (Encoding.Raw, PublicFormat.Raw)]
)
@pytest.mark.parametrize("allowed", [{"EdDSA"}, {"EdDSA", "HS256"}, {"HS256"}])
def test_a_public_key_used_as_shared_secret_is_refused(
    encoding: tuple[Encoding, PublicFormat], allowed: set[str]
) -> None:
    secret = KEY.public.public_bytes(*encoding)
    forged = signed({**HEADER, "alg": "HS256"}, signer=lambda text: hmac.digest(secret, text, hashlib.sha256))
    assert code_of(forged, algorithms=allowed) == "token_forged"


def test_an_rsa_key_used_as_shared_secret_is_refused() -> None:
    public = rsa.generate_private_key(65537, 2048).public_key()
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    forged = signed(
        {**HEADER, "alg": "HS256", "kid": "r"}, signer=lambda text: hmac.digest(secret, text, hashlib.sha256)
    )
    keys = KeySet({"r": public})
    assert code_of(forged, keys=keys, algorithms={"RS256", "HS256", "EdDSA"}) == "token_forged"


@pytest.mark.parametrize(
    ("algorithm", "private"),
    [("RS256", rsa.generate_private_key(65537, 2048)), ("ES256", ec.generate_private_key(ec.SECP256R1()))],
)
def test_foreign_algorithms_verify_only_where_they_are_allowed_and_only_with_their_own_key(
    algorithm: str, private: Any
) -> None:
    token = jwt.encode(CLAIMS, private, algorithm=algorithm, headers={"typ": "at+jwt", "kid": "foreign"})
    keys = KeySet({"foreign": private.public_key()})
    assert read(TokenKind.ACCESS, token, keys, algorithms={algorithm}) == CLAIMS
    assert code_of(token, keys=keys) == "token_forged"
    other = {"RS256": "RS512", "ES256": "RS256"}[algorithm]
    assert code_of(signed({**HEADER, "alg": other, "kid": "foreign"}), keys=keys, algorithms={other}) == "token_forged"


def test_a_token_of_a_key_we_do_not_know_is_refused(other_key: SigningKey) -> None:
    assert code_of(sign(TokenKind.ACCESS, CLAIMS, other_key)) == "token_unknown_key"
    assert code_of(TOKEN, keys=KeySet({})) == "token_unknown_key"


@pytest.mark.parametrize("kid", [None, 7, "", ["k"], "../../etc/passwd", "' or 1=1"])
def test_a_key_id_that_names_nothing_is_refused(kid: Any) -> None:
    assert code_of(signed({**HEADER, "kid": kid})) == "token_unknown_key"


def test_a_token_that_claims_anothers_key_id_is_refused(other_key: SigningKey) -> None:
    assert code_of(signed(HEADER, signer=other_key.private.sign)) == "token_forged"


@pytest.mark.parametrize("crit", [["exp"], [], ["b64"], "b64", None, ["typ"]])
def test_an_extension_that_must_be_understood_is_refused(crit: Any) -> None:
    assert code_of(signed({**HEADER, "crit": crit, "b64": True})) == "token_malformed"
    assert code_of(signed({**HEADER, "crit": crit})) == "token_malformed"


def test_an_unencoded_payload_is_refused() -> None:
    assert code_of(signed({**HEADER, "b64": False})) == "token_malformed"


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c"])
def test_a_token_that_brings_its_own_key_is_refused(member: str) -> None:
    assert code_of(signed({**HEADER, member: KEY.jwk("sig")})) == "token_malformed"


@pytest.mark.parametrize("typ", [None, "JWT", "", 7, "at+jwt ", "recital-order+jwt", "application/application/at+jwt"])
def test_a_wrong_type_is_refused(typ: Any) -> None:
    assert code_of(signed({**HEADER, "typ": typ})) == "token_wrong_type"


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"7",
        b"{",
        b"\xff\xfe",
        b"[" * 4000,
        b'{"alg":"EdDSA","typ":"at+jwt","kid":"a","kid":"b"}',
        b'{"alg":"EdDSA","typ":"at+jwt","n":NaN}',
    ],
)
def test_a_header_that_is_no_object_is_refused(header: bytes) -> None:
    assert code_of(signed(header)) == "token_malformed"


@pytest.mark.parametrize(
    "payload",
    [b"[]", b'"x"', b"{", b"\x00", b'{"sub":"a","sub":"b"}', b'{"exp":Infinity}', b'{"n":' + b"9" * 5000 + b"}"],
)
def test_a_payload_that_is_no_object_is_refused_even_when_signed(payload: bytes) -> None:
    assert code_of(signed(HEADER, raw_payload=payload)) == "token_malformed"


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d",
        f"{TOKEN}.",
        f" {TOKEN}",
        f"{TOKEN}\n",
        TOKEN + "=",
        TOKEN.replace(".", "..", 1),
        "é.é.é",
    ],
)
def test_what_has_not_the_shape_of_a_token_is_refused(token: str) -> None:
    assert code_of(token) == "token_malformed"
    assert key_id_of(token) is None
    assert issuer_of(token) is None


def test_a_token_that_is_too_large_is_refused_unread() -> None:
    fitting = signed({**HEADER, "pad": "x" * 5400})
    assert len(fitting) <= LARGEST_TOKEN
    assert read(TokenKind.ACCESS, fitting, KEYS) == CLAIMS
    large = signed({**HEADER, "pad": "x" * 9000})
    assert code_of(large) == "token_too_large"
    assert key_id_of(large) is None


def test_nothing_is_signed_that_nobody_would_accept() -> None:
    with pytest.raises(Malformed) as refused:
        sign(TokenKind.PERMIT, {"spans": ["x" * 9000]}, KEY)
    assert refused.value.code == "token_too_large"
    with pytest.raises(ValueError, match="not JSON compliant"):
        sign(TokenKind.PERMIT, {"n": float("nan")}, KEY)


def test_a_broken_permit_or_certificate_is_forbidden_and_says_which_it_is(other_key: SigningKey) -> None:
    for kind, code in ((TokenKind.PERMIT, "permit_unknown_key"), (TokenKind.CERTIFICATE, "certificate_unknown_key")):
        with pytest.raises(Forbidden) as refused:
            read(kind, sign(kind, CLAIMS, other_key), KEYS)
        assert refused.value.code == code


def test_what_a_token_claims_can_be_looked_at_to_find_its_key() -> None:
    assert key_id_of(TOKEN) == KEY.kid
    assert issuer_of(TOKEN) == "recital/consent"
    assert key_id_of(signed({"alg": "EdDSA", "kid": 7})) is None
    assert issuer_of(signed(HEADER, raw_payload=b"[]")) is None


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("ABCxyz059-_.=\n é"))
def test_a_token_changed_in_any_one_character_is_refused(place: int, character: str) -> None:
    changed = TOKEN[:place] + character + TOKEN[place + 1 :]
    if changed != TOKEN:
        code_of(changed)


@given(st.text(max_size=300))
def test_any_text_is_refused_and_nothing_else_happens(text: str) -> None:
    code_of(text)
    assert key_id_of(text) is None


@given(st.binary(max_size=64), st.binary(max_size=64), st.binary(max_size=70))
def test_any_three_segments_are_refused_and_nothing_else_happens(head: bytes, body: bytes, signature: bytes) -> None:
    code_of(".".join(map(base64url, (head, body, signature))))


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9) | st.none(), max_size=5))
def test_any_signed_header_that_is_not_ours_is_refused(header: dict[str, Any]) -> None:
    code_of(signed(header))

"""A token is verified once while it lasts, and anew when the issuer's keys are others."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from recital_errors import Unauthenticated
from recital_identity import LocalIssuer, Role, SigningKey
from recital_runtime import tokens
from recital_runtime.tokens import Tokens

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ISSUER = LocalIssuer(SigningKey.generate(), "https://issuer.example")


def token(subject: str = "somebody") -> str:
    return ISSUER.access_token(
        audience="recital",
        tenant=UUID(int=1),
        roles=[Role.INTEGRATOR],
        subject=subject,
        now=NOW,
        lifetime=timedelta(minutes=5),
    )


def trusting() -> Tokens:
    made = Tokens("https://issuer.example", "recital")
    made.trust(ISSUER.keys)
    return made


def test_a_token_is_known_again_until_it_ends() -> None:
    made, sent = trusting(), token()
    first = made.principal_of(sent, NOW)
    assert made.principal_of(sent, NOW + timedelta(minutes=4)) is first
    with pytest.raises(Unauthenticated) as refused:
        made.principal_of(sent, NOW + timedelta(minutes=6))
    assert refused.value.code == "token_expired"


def test_a_token_that_was_tampered_with_is_not_known() -> None:
    made, sent = trusting(), token()
    made.principal_of(sent, NOW)
    with pytest.raises(Unauthenticated):
        made.principal_of(sent[:-6] + "AAAAAA", NOW)
    with pytest.raises(Unauthenticated):
        made.principal_of("\ud800", NOW)


def test_when_the_keys_are_others_nobody_is_known_any_more() -> None:
    made, sent = trusting(), token()
    made.principal_of(sent, NOW)
    made.trust(LocalIssuer(SigningKey.generate(), "https://issuer.example").keys)
    with pytest.raises(Unauthenticated) as refused:
        made.principal_of(sent, NOW)
    assert refused.value.code == "token_unknown_key"


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST", 1)
    made = trusting()
    first = made.principal_of(token(), NOW)
    made.principal_of(token("another"), NOW)
    assert made.principal_of(token(), NOW) is not first

"""Making the tokens that verification accepts: our own kinds, and access tokens where no identity provider is at hand.

Permits and certificates are made by consent and retention with `sign`, since only they know what stands in them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NotRequired, TypedDict, Unpack
from uuid import UUID

from recital_identity.keys import KeySet, SigningKey
from recital_identity.principal import Role, TokenKind
from recital_identity.tokens import Json, sign
from recital_identity.verification import LONGEST_ORDER, LONGEST_SERVICE, issuer_named

__all__ = ["LocalIssuer", "Order", "issue_order", "issue_service", "issue_subject"]


@dataclass(frozen=True, slots=True)
class Order:
    """What dsar orders another service to do for one person's request."""

    tenant: UUID
    request: UUID
    actions: frozenset[str]
    subjects: frozenset[UUID]


def issue_order(order: Order, key: SigningKey, *, audience: str, now: datetime) -> str:
    """An order token of dsar for the service `audience`, good for 15 minutes."""
    claims: dict[str, Json] = {
        "tenant": str(order.tenant),
        "request": str(order.request),
        "actions": sorted(order.actions),
        "subjects": sorted(str(subject) for subject in order.subjects),
    }
    return sign(TokenKind.ORDER, _claims("dsar", "dsar", audience, now, LONGEST_ORDER) | claims, key)


def issue_service(service: str, key: SigningKey, *, audience: str, now: datetime) -> str:
    """A token with which `service` calls an internal route of the service `audience`, good for 60 seconds."""
    return sign(TokenKind.SERVICE, _claims(service, service, audience, now, LONGEST_SERVICE), key)


def issue_subject(key: SigningKey, *, tenant: UUID, request: UUID, now: datetime, lifetime: timedelta) -> str:
    """A token with which the person behind a request opens that request at dsar."""
    claims: dict[str, Json] = {"tenant": str(tenant), "request": str(request)}
    return sign(TokenKind.SUBJECT, _claims("dsar", str(request), "dsar", now, lifetime) | claims, key)


def _claims(service: str, subject: str, audience: str, now: datetime, lifetime: timedelta) -> dict[str, Json]:
    issued_at = int(now.timestamp())
    return {
        "iss": issuer_named(service),
        "sub": subject,
        "aud": audience,
        "iat": issued_at,
        "exp": issued_at + int(lifetime.total_seconds()),
    }


class AccessClaims(TypedDict):
    """What an access token says. `tenant` is None for the operator only; `staff_id` only for people of the tenant."""

    audience: str
    tenant: UUID | None
    roles: Iterable[Role]
    subject: str
    now: datetime
    lifetime: timedelta
    staff_id: NotRequired[str | None]


@dataclass(frozen=True, slots=True)
class LocalIssuer:
    """Issues access tokens as an identity provider would: for local use and for tests."""

    key: SigningKey
    issuer: str

    @property
    def keys(self) -> KeySet:
        """The keys that verify what this issuer signs."""
        return KeySet.of(self.key, use="sig")

    def access_token(self, **claims: Unpack[AccessClaims]) -> str:
        """An access token with the claims of `AccessClaims`, which are all passed by name."""
        issued_at = int(claims["now"].timestamp())
        written: dict[str, Json] = {
            "iss": self.issuer,
            "aud": claims["audience"],
            "sub": claims["subject"],
            "iat": issued_at,
            "exp": issued_at + int(claims["lifetime"].total_seconds()),
            "roles": sorted(role.value for role in claims["roles"]),
        }
        if claims["tenant"] is not None:
            written["tenant"] = str(claims["tenant"])
        if (staff_id := claims.get("staff_id")) is not None:
            written["staff_id"] = staff_id
        return sign(TokenKind.ACCESS, written, self.key)

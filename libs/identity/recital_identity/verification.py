"""From a token to the one who asks: issuer, audience, time and claims, judged against the `now` that is passed in.

Whether a principal may do something is decided in permissions; permits are documents whose time ingest judges.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from recital_identity.keys import KeySet
from recital_identity.principal import Principal, Role, TokenKind
from recital_identity.tokens import read, refuse

__all__ = [
    "LEEWAY",
    "LONGEST_ORDER",
    "LONGEST_SERVICE",
    "has_expired",
    "issuer_named",
    "read_permit",
    "verify_access",
    "verify_order",
    "verify_service",
    "verify_subject",
]

LEEWAY = timedelta(seconds=30)
LONGEST_ORDER = timedelta(minutes=15)
LONGEST_SERVICE = timedelta(seconds=60)

_LAST_INSTANT = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
_LONGEST_TEXT = 200  # characters
# The role `subject` comes with dsar's own tokens only.
_ROLES = {role.value: role for role in Role if role is not Role.SUBJECT}


def issuer_named(service: str) -> str:
    """The `iss` of what one of our services signs: `recital/consent`."""
    return f"recital/{service}"


def verify_access(
    token: str,
    keys: KeySet,
    *,
    issuer: str,
    audience: str,
    now: datetime,
    algorithms: Collection[str] = frozenset({"EdDSA", "ES256", "RS256"}),
) -> Principal:
    """The user or machine behind an access token (RFC 9068, claims `tenant`, `roles` and maybe `staff_id`).

    Only the operator has no tenant, and the operator has no other role: a token that says otherwise is refused, as is
    one with a role we do not know. Raises Unauthenticated.
    """
    kind = TokenKind.ACCESS
    claims = read(kind, token, keys, algorithms=algorithms)
    expires_at = _addressed(kind, claims, issuer=issuer, audience=audience, now=now)
    roles = _roles(claims)
    tenant = None if roles == {Role.OPERATOR} and claims.get("tenant") is None else _uuid(kind, claims.get("tenant"))
    if tenant is not None and Role.OPERATOR in roles:
        refuse(kind, "operator_has_no_tenant")
    staff_id = None if claims.get("staff_id") is None else _text(kind, claims["staff_id"])
    return Principal(
        kind=kind,
        subject=_text(kind, claims.get("sub")),
        expires_at=expires_at,
        tenant=tenant,
        roles=roles,
        staff_id=staff_id,
    )


def verify_order(token: str, keys: KeySet, *, audience: str, now: datetime) -> Principal:
    """An order of dsar to the service `audience`: for one tenant, one request, some subjects, some actions.

    It lasts 15 minutes at most. Raises Unauthenticated.
    """
    kind = TokenKind.ORDER
    claims = read(kind, token, keys)
    expires_at = _addressed(
        kind, claims, issuer=issuer_named("dsar"), audience=audience, now=now, longest=LONGEST_ORDER
    )
    actions = frozenset(_text(kind, action) for action in _list(kind, claims.get("actions")))
    if not actions:
        refuse(kind, "malformed")
    return Principal(
        kind=kind,
        subject=_text(kind, claims.get("sub")),
        expires_at=expires_at,
        tenant=_uuid(kind, claims.get("tenant")),
        request=_uuid(kind, claims.get("request")),
        actions=actions,
        subjects=frozenset(_uuid(kind, subject) for subject in _list(kind, claims.get("subjects"))),
    )


def verify_service(token: str, keys: KeySet, *, audience: str, now: datetime) -> Principal:
    """The service that calls the service `audience` on an internal route. It lasts 60 seconds at most.

    Pass only the keys of the service that the token says it comes from (`issuer_of`), so that no service can speak in
    another's name. Raises Unauthenticated.
    """
    kind = TokenKind.SERVICE
    claims = read(kind, token, keys)
    caller = _text(kind, claims.get("sub"))
    expires_at = _addressed(
        kind, claims, issuer=issuer_named(caller), audience=audience, now=now, longest=LONGEST_SERVICE
    )
    if "tenant" in claims:
        refuse(kind, "malformed")
    return Principal(kind=kind, subject=caller, expires_at=expires_at)


def verify_subject(token: str, keys: KeySet, *, now: datetime) -> Principal:
    """A person with a request, let in by dsar and for dsar alone, bound to that one request. Raises Unauthenticated."""
    kind = TokenKind.SUBJECT
    claims = read(kind, token, keys)
    expires_at = _addressed(kind, claims, issuer=issuer_named("dsar"), audience="dsar", now=now)
    return Principal(
        kind=kind,
        subject=_text(kind, claims.get("sub")),
        expires_at=expires_at,
        tenant=_uuid(kind, claims.get("tenant")),
        roles=frozenset({Role.SUBJECT}),
        request=_uuid(kind, claims.get("request")),
    )


def read_permit(token: str, keys: KeySet) -> dict[str, Any]:
    """The claims of a permit that consent signed for ingest. Expired or not is asked with `has_expired`.

    Raises Forbidden with a code that begins with `permit_`.
    """
    kind = TokenKind.PERMIT
    claims = read(kind, token, keys)
    _issued(kind, claims, issuer=issuer_named("consent"), audience="ingest")
    _instant(kind, claims.get("iat"))
    _instant(kind, claims.get("exp"))
    return claims


def has_expired(claims: Mapping[str, Any], now: datetime) -> bool:
    """Whether the `exp` of read claims lies behind `now`, with the leeway of 30 seconds."""
    return now >= datetime.fromtimestamp(claims["exp"], UTC) + LEEWAY


def _addressed(
    kind: TokenKind,
    claims: Mapping[str, Any],
    *,
    issuer: str,
    audience: str,
    now: datetime,
    longest: timedelta | None = None,
) -> datetime:
    """Issuer, audience and time are right; answers when the token ends."""
    _issued(kind, claims, issuer=issuer, audience=audience)
    issued_at, expires_at = _instant(kind, claims.get("iat")), _instant(kind, claims.get("exp"))
    starts_at = issued_at if claims.get("nbf") is None else max(issued_at, _instant(kind, claims["nbf"]))
    if now + LEEWAY < starts_at:
        refuse(kind, "not_yet_valid")
    if now >= expires_at + LEEWAY:
        refuse(kind, "expired")
    if longest is not None and expires_at - issued_at > longest:
        refuse(kind, "lasts_too_long")
    return expires_at


def _issued(kind: TokenKind, claims: Mapping[str, Any], *, issuer: str, audience: str) -> None:
    if claims.get("iss") != issuer:
        refuse(kind, "wrong_issuer")
    named = claims.get("aud")
    # Only a foreign issuer may name several audiences (RFC 7519 4.1.3); what we sign ourselves has exactly one.
    several = named if kind is TokenKind.ACCESS and isinstance(named, list) else [named]
    if audience not in several:
        refuse(kind, "wrong_audience")


def _roles(claims: Mapping[str, Any]) -> frozenset[Role]:
    names = _list(TokenKind.ACCESS, claims.get("roles"))
    if not all(isinstance(name, str) and name in _ROLES for name in names):
        refuse(TokenKind.ACCESS, "unknown_role")
    return frozenset(_ROLES[name] for name in names)


def _instant(kind: TokenKind, value: object) -> datetime:
    """A NumericDate (RFC 7519 2): seconds since 1970, whole or not."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_INSTANT:
        refuse(kind, "malformed")
    return datetime.fromtimestamp(value, UTC)


def _text(kind: TokenKind, value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_TEXT or not value.isprintable():
        refuse(kind, "malformed")
    return value


def _list(kind: TokenKind, value: object) -> list[Any]:
    if not isinstance(value, list):
        refuse(kind, "malformed")
    return value


def _uuid(kind: TokenKind, value: object) -> UUID:
    """A UUID in its one canonical form, so that no id has two spellings."""
    try:
        found = UUID(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or str(found) != value:
        refuse(kind, "malformed")
    return found

"""The one who asks, as a token showed them: nouns only, nothing is verified here."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from uuid import UUID

__all__ = ["Principal", "Role", "TokenKind"]


class Role(StrEnum):
    """What someone is to a tenant, or to the operator."""

    INTEGRATOR = "integrator"
    STAFF = "staff"
    REVIEWER = "reviewer"
    CASE_HANDLER = "case_handler"
    PRIVACY_OFFICER = "privacy_officer"
    LEGAL_COUNSEL = "legal_counsel"
    TENANT_ADMIN = "tenant_admin"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    PORTAL = "portal"
    SUBJECT = "subject"


class TokenKind(Enum):
    """The kinds of signed token, each with its own `typ`, so that none can stand in for another (RFC 8725 3.11)."""

    ACCESS = "at+jwt"
    PERMIT = "recital-permit+jwt"
    ORDER = "recital-order+jwt"
    SERVICE = "recital-service+jwt"
    SUBJECT = "recital-subject+jwt"
    CERTIFICATE = "recital-certificate+jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks, for which tenant, and until when.

    A user or machine (ACCESS): `roles`, and `tenant` unless it is the operator. An order of dsar (ORDER): no roles, but
    `request`, `actions` and `subjects`. A service (SERVICE): `subject` is its name, no tenant, no roles. A person with
    a request (SUBJECT): `request`, and the one role SUBJECT.
    """

    kind: TokenKind
    subject: str
    expires_at: datetime
    tenant: UUID | None = None
    roles: frozenset[Role] = frozenset()
    staff_id: str | None = field(default=None, repr=False)  # names a person: never printed
    request: UUID | None = None
    actions: frozenset[str] = frozenset()
    subjects: frozenset[UUID] = frozenset()

"""Subjects (persons) and what identifies them. Outside this service there are only subject ids."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class IdentifierKind(StrEnum):
    """What a person may be found by; the strongest first: a telephone may be shared, a customer number is one's own."""

    STAFF_ID = "staff_id"
    CUSTOMER_NUMBER = "customer_number"
    EMAIL = "email"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Identifier:
    """One identifier; in lists it is normalised: numbers in E.164, e-mail in lower case."""

    kind: IdentifierKind
    value: str


@dataclass(frozen=True, slots=True)
class Described:
    """A person as a request describes one, normalised. region: of the number's country, None without a number."""

    identifiers: tuple[Identifier, ...]
    name: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a subject is, in clear: never outside this service, and sealed inside it."""

    identifiers: tuple[Identifier, ...]
    name: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """A subject in the index: digests of its identifiers per kind."""

    subject: UUID
    digests: frozenset[tuple[IdentifierKind, bytes]]


@dataclass(frozen=True, slots=True)
class SealedIdentity:
    """A subject's identity as it is stored: sealed under its own key. left_at: when a member of staff left."""

    subject: UUID
    key: UUID
    sealed: bytes
    staff: bool
    bot: bool
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a subject stands: whose it is now where it was merged, and whether others were merged into it."""

    id: UUID
    staff: bool
    bot: bool
    left_at: datetime | None
    merged_into: UUID | None
    has_merged: bool


@dataclass(frozen=True, slots=True)
class Indexed:
    """An identifier as it is found: its digest, when it was verified, and whether others have it too."""

    kind: IdentifierKind
    digest: bytes
    verified_at: datetime | None
    is_shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffNotice:
    """What was announced to one member of staff (R20): a purpose, in a version, when."""

    id: UUID
    subject: UUID
    purpose: UUID
    key: str
    version: int
    notified_at: datetime
    acknowledged_at: datetime | None

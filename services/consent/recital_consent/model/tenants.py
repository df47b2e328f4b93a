"""Tenants (the companies whose calls these are), their settings, and the sources they record from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from recital_consent.model.purposes import WorksCouncil


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantDraft:
    """A tenant as the operator opens it. country, number_region: ISO 3166; languages: BCP 47, the first is default.

    concurrent_uploads: how many recordings may come in at once; None where the house's own limit holds.
    """

    name: str
    country: str
    time_zone: str
    languages: tuple[str, ...]
    number_region: str
    concurrent_uploads: int | None = None


class TenantState(StrEnum):
    """How far the end of a tenant has come."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A tenant, with the ids of its keys in the key store. has_lines: whether any line is never recorded (R18)."""

    id: UUID
    draft: TenantDraft
    tenant_key: UUID
    index_key: UUID
    opened_at: datetime
    state: TenantState = TenantState.OPEN
    closing_at: datetime | None = None
    closed_at: datetime | None = None
    export_until: datetime | None = None
    has_lines: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureWindow:
    """On which local weekdays (1 Monday to 7 Sunday), between which local times (HH:MM), expired things are erased."""

    weekdays: tuple[int, ...]
    starts_at: str
    ends_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantSettings:
    """What the tenant_admin sets. private_mark_minutes: how long after a call's end staff may still mark it private.

    unended_after_minutes: how long a call may go on without `ended`. missing_after_minutes: how long its recording may
    take to come. missing_tolerance_ms: how much of it may be wanting. Durations are ISO 8601; None where the default
    of the service that keeps it holds.
    """

    version: int
    guard_ms: int
    private_mark_minutes: int
    works_council: WorksCouncil | None
    unended_after_minutes: int = 720
    missing_after_minutes: int = 60
    missing_tolerance_ms: int = 2_000
    holiday_region: str | None = None
    erasure_window: ErasureWindow | None = None
    call_record_retention: str | None = None
    request_file_retention: str | None = None
    package_retention: str | None = None
    read_back_every: str | None = None
    staff_voices_muted: bool = True


class SourceKind(StrEnum):
    """Where calls come from."""

    TRUNK = "trunk"
    NUMBER = "number"
    APP = "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A trunk, number or app that the tenant registered (R02); numbers in E.164."""

    id: UUID
    kind: SourceKind
    name: str
    numbers: tuple[str, ...]
    registered_at: datetime


class LineKind(StrEnum):
    """What a line that is never recorded is known by: a number in E.164, or an extension of the exchange."""

    NUMBER = "number"
    EXTENSION = "extension"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A private line, a confidential adviser's: never recorded (R18). label: the tenant's own word for it."""

    id: UUID
    kind: LineKind
    label: str | None
    added_at: datetime

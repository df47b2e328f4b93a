"""The tables as SQLModel classes, mirroring the migrations; no other room sees them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from recital_database.tables import Tabular as _Tabular
from recital_database.tables import binary, column, instant, mine, own_registry, table
from sqlalchemy import BigInteger, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

__all__ = ["Tabular", "mine", "table"]


class Tabular(_Tabular, registry=own_registry()):
    """Dsar's own rows."""


class TenantRow(Tabular, table=True):
    """A tenant as consent told of it, and this service's key for it."""

    __tablename__ = "tenants"
    country: str
    time_zone: str
    languages: list[str] = column(ARRAY(Text))
    key_id: UUID
    opened_at: datetime = instant()
    holiday_region: str | None
    staff_voices_muted: bool
    package_retention: str | None
    letterhead: dict[str, Any] | None = column(JSONB(none_as_null=True), nullable=True)
    closing_at: datetime | None = instant(nullable=True)
    closed_at: datetime | None = instant(nullable=True)
    erased_at: datetime | None = instant(nullable=True)


class RequestRow(Tabular, table=True):
    """A person's request."""

    __tablename__ = "requests"
    id: UUID = Field(primary_key=True)
    kind: str
    state: str
    language: str
    by_portal: bool
    received_at: datetime = instant()
    received_on: date
    due_on: date
    alarm_on: date
    extended_due_on: date
    extension_alarm_on: date
    internal_target_on: date
    withholding: str
    subjects: list[UUID] | None = column(ARRAY(Uuid), nullable=True)
    order_id: UUID | None
    identity_asked_at: datetime | None = instant(nullable=True)
    identity_settled_at: datetime | None = instant(nullable=True)
    code_digest: bytes | None = binary(nullable=True)
    code_tries: int
    outcome: str | None
    closed_at: datetime | None = instant(nullable=True)
    erased_at: datetime | None = instant(nullable=True)
    file_key: UUID | None
    identifiers_key: UUID | None
    identifiers: bytes | None = binary(nullable=True)
    channel: str
    proved_by: str | None
    repeats: UUID | None
    paused_days: int
    extension_asked_at: datetime | None = instant(nullable=True)
    extended_at: datetime | None = instant(nullable=True)
    answered_at: datetime | None = instant(nullable=True)
    answered_in_time: bool | None
    answer_by: date


class RequestEntryRow(Tabular, table=True):
    """What happened to a request, beside its ledger entry."""

    __tablename__ = "request_entries"
    id: UUID = Field(primary_key=True)
    request_id: UUID
    entry_id: UUID
    kind: str
    at: datetime = instant()
    by: str
    salt: bytes
    details: bytes | None


class PartRow(Tabular, table=True):
    """A service's part of a collection."""

    __tablename__ = "parts"
    id: UUID = Field(primary_key=True)
    request_id: UUID
    order_id: UUID
    service: str
    state: str
    items: int
    size: int = column(BigInteger)
    sha256: str
    collected_at: datetime = instant()
    sealed: bytes | None = binary(nullable=True)


class ItemRow(Tabular, table=True):
    """One thing a service handed in, and the decision on it."""

    __tablename__ = "items"
    id: UUID = Field(primary_key=True)
    request_id: UUID
    part_id: UUID
    service: str
    position: int
    kind: str
    thing: UUID | None
    at: datetime | None = instant(nullable=True)
    parties: list[dict[str, Any]] = column(JSONB)
    decision: str | None
    mute: list[str] = column(ARRAY(Text))
    decided_by: str | None
    decided_at: datetime | None = instant(nullable=True)
    entry_id: UUID | None
    trouble: str | None
    call_id: UUID | None
    bases: list[str] = column(ARRAY(Text))
    held: bool
    reason: str | None


class PackageRow(Tabular, table=True):
    """A package, and every place where a piece of it has been."""

    __tablename__ = "packages"
    id: UUID = Field(primary_key=True)
    request_id: UUID
    state: str
    key_id: UUID | None
    object_key: str | None
    upload_id: str | None
    places: list[list[str]] = column(JSONB)
    files_done: int
    files_total: int
    size: int | None = column(BigInteger, nullable=True)
    sha256: str | None
    ends_at: datetime | None = instant(nullable=True)
    started_at: datetime = instant()
    finished_at: datetime | None = instant(nullable=True)


class ErasureOrderRow(Tabular, table=True):
    """Retention's order to destroy a holding of this service."""

    __tablename__ = "erasure_orders"
    id: UUID = Field(primary_key=True)
    holding: UUID
    kind: str
    control_sequence: int = column(BigInteger)
    ordered_at: datetime = instant()
    stuck_at: datetime | None = instant(nullable=True)
    erased_at: datetime | None = instant(nullable=True)


class OpenRequestRow(Tabular, table=True):
    """An open request's id, for the work list of the watch and the door of the session."""

    __tablename__ = "open_requests"
    id: UUID = Field(primary_key=True)
    looked_at: datetime = instant()
    look_at: datetime | None = instant(nullable=True)


class StepRow(Tabular, table=True):
    """Work that waits."""

    __tablename__ = "steps"
    step: str = Field(primary_key=True)
    about: UUID = Field(primary_key=True)
    request_id: UUID
    due_at: datetime = instant()
    attempts: int
    since: datetime = instant()
    cause: str | None

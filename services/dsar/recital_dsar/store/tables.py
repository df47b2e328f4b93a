"""The tables as SQLModel classes, mirroring the migrations; no other room sees them."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from recital_database import Transaction
from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


def _instant(*, nullable: bool = False) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable))


class Tabular(SQLModel, registry=registry(metadata=MetaData())):
    """What all rows share: statements are written on the table itself, in one round trip, never by a unit of work."""

    __table__: ClassVar[Table]
    tenant_id: UUID = Field(primary_key=True)


class TenantRow(Tabular, table=True):
    """A tenant as consent told of it, and this service's key for it."""

    __tablename__ = "tenants"
    country: str
    time_zone: str
    languages: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    key_id: UUID
    opened_at: datetime = _instant()
    holiday_region: str | None
    staff_voices_muted: bool
    package_retention: str | None
    letterhead: dict[str, Any] | None = Field(sa_column=Column(JSONB(none_as_null=True), nullable=True))
    closing_at: datetime | None = _instant(nullable=True)
    erased_at: datetime | None = _instant(nullable=True)


class RequestRow(Tabular, table=True):
    """A person's request."""

    __tablename__ = "requests"
    id: UUID = Field(primary_key=True)
    kind: str
    state: str
    language: str
    by_portal: bool
    received_at: datetime = _instant()
    received_on: date
    due_on: date
    alarm_on: date
    extended_due_on: date
    extension_alarm_on: date
    internal_target_on: date
    withholding: str
    subjects: list[UUID] | None = Field(sa_column=Column(ARRAY(Uuid), nullable=True))
    order_id: UUID | None
    identity_asked_at: datetime | None = _instant(nullable=True)
    identity_settled_at: datetime | None = _instant(nullable=True)
    code_digest: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))
    code_tries: int
    outcome: str | None
    closed_at: datetime | None = _instant(nullable=True)
    erased_at: datetime | None = _instant(nullable=True)
    file_key: UUID | None
    identifiers_key: UUID | None
    identifiers: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))
    channel: str
    proved_by: str | None
    repeats: UUID | None
    paused_days: int
    extension_asked_at: datetime | None = _instant(nullable=True)
    extended_at: datetime | None = _instant(nullable=True)
    answered_at: datetime | None = _instant(nullable=True)
    answered_in_time: bool | None
    answer_by: date


class RequestEntryRow(Tabular, table=True):
    """What happened to a request, beside its ledger entry."""

    __tablename__ = "request_entries"
    id: UUID = Field(primary_key=True)
    request_id: UUID
    entry_id: UUID
    kind: str
    at: datetime = _instant()
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
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    sha256: str
    collected_at: datetime = _instant()
    sealed: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))


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
    at: datetime | None = _instant(nullable=True)
    parties: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    decision: str | None
    mute: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    decided_by: str | None
    decided_at: datetime | None = _instant(nullable=True)
    entry_id: UUID | None
    trouble: str | None
    call_id: UUID | None
    bases: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
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
    places: list[list[str]] = Field(sa_column=Column(JSONB, nullable=False))
    files_done: int
    files_total: int
    size: int | None = Field(sa_column=Column(BigInteger, nullable=True))
    sha256: str | None
    ends_at: datetime | None = _instant(nullable=True)
    started_at: datetime = _instant()
    finished_at: datetime | None = _instant(nullable=True)


class ErasureOrderRow(Tabular, table=True):
    """Retention's order to destroy a holding of this service."""

    __tablename__ = "erasure_orders"
    id: UUID = Field(primary_key=True)
    holding: UUID
    kind: str
    control_sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    ordered_at: datetime = _instant()
    stuck_at: datetime | None = _instant(nullable=True)
    erased_at: datetime | None = _instant(nullable=True)


class OpenRequestRow(Tabular, table=True):
    """An open request's id, for the work list of the watch and the door of the session."""

    __tablename__ = "open_requests"
    id: UUID = Field(primary_key=True)
    looked_at: datetime = _instant()
    look_at: datetime | None = _instant(nullable=True)


class StepRow(Tabular, table=True):
    """Work that waits."""

    __tablename__ = "steps"
    step: str = Field(primary_key=True)
    about: UUID = Field(primary_key=True)
    request_id: UUID
    due_at: datetime = _instant()
    attempts: int
    since: datetime = _instant()
    cause: str | None


def table(row: type[Tabular]) -> Table:
    """Return the table of a row class."""
    return row.__table__


def mine(row: type[Tabular], tx: Transaction) -> Any:
    """Return the condition that a row is this tenant's: row-level security says so too, but the index needs it."""
    return table(row).c.tenant_id == tx.tenant

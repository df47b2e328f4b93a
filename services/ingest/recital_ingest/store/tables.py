"""The tables as SQLModel classes, mirroring the migrations; no other room sees them."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from recital_database import Transaction
from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlalchemy.sql import ColumnElement
from sqlmodel import Field, SQLModel


def _column(kind: Any, *, nullable: bool = False) -> Any:
    return Field(sa_column=Column(kind, nullable=nullable))


def _instant(*, nullable: bool = False) -> Any:
    return _column(DateTime(timezone=True), nullable=nullable)


class Tabular(SQLModel, registry=registry(metadata=MetaData())):
    """What all rows share: statements are written on the table itself, in one round trip, never by a unit of work."""

    __table__: ClassVar[Table]
    tenant_id: UUID = Field(primary_key=True)


class TenantRow(Tabular, table=True):
    """A tenant, and this service's key for it."""

    __tablename__ = "tenants"
    key_id: UUID
    opened_at: datetime = _instant()
    closed_at: datetime | None = _instant(nullable=True)
    erased_at: datetime | None = _instant(nullable=True)
    read_back_every: str | None
    concurrent_uploads: int | None


class PurposeRow(Tabular, table=True):
    """One version of a purpose: who may listen for it."""

    __tablename__ = "purposes"
    id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    key: str
    roles: list[str] = _column(ARRAY(Text))
    in_force_from: datetime = _instant()


class RequestRow(Tabular, table=True):
    """A person's request, open or closed."""

    __tablename__ = "requests"
    id: UUID = Field(primary_key=True)
    subjects: list[UUID] = _column(ARRAY(Uuid))
    received_at: datetime = _instant()
    closed_at: datetime | None = _instant(nullable=True)


class PermitRow(Tabular, table=True):
    """A permit that was used or revoked."""

    __tablename__ = "permits"
    id: UUID = Field(primary_key=True)
    call_id: UUID
    recording_id: UUID | None
    revoked_at: datetime | None = _instant(nullable=True)
    suspended_at: datetime | None = _instant(nullable=True)
    remaining: Any = _column(JSONB(none_as_null=True), nullable=True)


class UploadRow(Tabular, table=True):
    """An intent: what an upload may leave behind."""

    __tablename__ = "uploads"
    id: UUID = Field(primary_key=True)
    permit_id: UUID
    call_id: UUID
    state: str
    epoch: int
    lease_until: datetime = _instant()
    objects: list[UUID] = _column(ARRAY(Uuid))
    keys: list[UUID] = _column(ARRAY(Uuid))
    multiparts: Any = _column(JSONB)
    opened_at: datetime = _instant()


class RecordingRow(Tabular, table=True):
    """A recording; of an erased one only the skeleton has values."""

    __tablename__ = "recordings"
    id: UUID = Field(primary_key=True)
    call_id: UUID
    permit_id: UUID
    state: str
    stored_at: datetime = _instant()
    erased_at: datetime | None = _instant(nullable=True)
    answered_at: datetime | None = _instant(nullable=True)
    call_ended_at: datetime | None = _instant(nullable=True)
    received_size: int | None = _column(BigInteger, nullable=True)
    received_sha256: bytes | None = _column(LargeBinary, nullable=True)
    received_sha512: bytes | None = _column(LargeBinary, nullable=True)
    encoding: str | None
    channels: int | None
    rate: int | None
    frames: int | None = _column(BigInteger, nullable=True)
    frames_received: int | None = _column(BigInteger, nullable=True)
    keep: Any = _column(JSONB(none_as_null=True), nullable=True)
    stretches: Any = _column(JSONB(none_as_null=True), nullable=True)
    growth_ms: int | None
    spans: Any = _column(JSONB(none_as_null=True), nullable=True)
    purposes: Any = _column(JSONB(none_as_null=True), nullable=True)
    parties: Any = _column(JSONB(none_as_null=True), nullable=True)
    original: bytes | None = _column(LargeBinary, nullable=True)
    original_key: UUID | None
    timeline_version: int | None
    ledger_entry: UUID
    salt: bytes | None = _column(LargeBinary, nullable=True)
    container: str | None
    confirmed_at: datetime | None = _instant(nullable=True)
    damaged_at: datetime | None = _instant(nullable=True)
    replaced: Any = _column(JSONB(none_as_null=True), nullable=True)


class TrackRow(Tabular, table=True):
    """One channel's audio; its id is that of the object."""

    __tablename__ = "tracks"
    id: UUID = Field(primary_key=True)
    recording_id: UUID
    track: int
    key_id: UUID
    size: int = _column(BigInteger)
    sealed_size: int = _column(BigInteger)
    sha256: bytes = _column(LargeBinary)
    sealed_sha256: bytes = _column(LargeBinary)


class RecordingSubjectRow(Tabular, table=True):
    """That a subject took part in a recording."""

    __tablename__ = "recording_subjects"
    subject_id: UUID = Field(primary_key=True)
    recording_id: UUID = Field(primary_key=True)


class ReceivedRow(Tabular, table=True):
    """Which recording the same bytes of the same call are."""

    __tablename__ = "received"
    call_id: UUID = Field(primary_key=True)
    sha256: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    recording_id: UUID


class TombstoneRow(Tabular, table=True):
    """That a recording of a call was erased, and whose voices it carried."""

    __tablename__ = "tombstones"
    call_id: UUID = Field(primary_key=True)
    recording_id: UUID = Field(primary_key=True)
    parties: list[bytes] = _column(ARRAY(LargeBinary))
    made_at: datetime = _instant()


class ExpiredClockRow(Tabular, table=True):
    """That a recording may not be heard any more for a purpose."""

    __tablename__ = "expired_clocks"
    recording_id: UUID = Field(primary_key=True)
    purpose_id: UUID = Field(primary_key=True)
    key: str
    expired_at: datetime = _instant()


class GrantRow(Tabular, table=True):
    """A wish to listen, allowed or refused."""

    __tablename__ = "grants"
    id: UUID = Field(primary_key=True)
    recording_id: UUID
    purpose: str
    listener: str
    roles: list[str] = _column(ARRAY(Text))
    texts: bytes | None = _column(LargeBinary, nullable=True)
    texts_key: UUID | None
    request_id: UUID | None
    refused: list[str] = _column(ARRAY(Text))
    expires_at: datetime | None = _instant(nullable=True)
    asked_at: datetime = _instant()
    played_at: datetime | None = _instant(nullable=True)
    ledger_entry: UUID
    salt: bytes = _column(LargeBinary)


class ErasureRow(Tabular, table=True):
    """An order of retention to destroy a holding."""

    __tablename__ = "erasures"
    id: UUID = Field(primary_key=True)
    holding_id: UUID
    kind: str
    control_sequence: int = _column(BigInteger)
    state: str
    ordered_at: datetime = _instant()
    tries: int
    due_at: datetime = _instant()
    stuck_since: datetime | None = _instant(nullable=True)
    spans_kept: Any = _column(JSONB(none_as_null=True), nullable=True)
    attempt: UUID | None
    new_objects: list[UUID] = _column(ARRAY(Uuid))
    new_keys: list[UUID] = _column(ARRAY(Uuid))
    multiparts: Any = _column(JSONB)
    old_objects: list[UUID] | None = _column(ARRAY(Uuid), nullable=True)
    old_keys: list[UUID] | None = _column(ARRAY(Uuid), nullable=True)
    salt: bytes | None = _column(LargeBinary, nullable=True)


class CollectionRow(Tabular, table=True):
    """An order of dsar to collect, and the part that was rendered for it."""

    __tablename__ = "collections"
    id: UUID = Field(primary_key=True)
    request_id: UUID
    subjects: list[UUID] = _column(ARRAY(Uuid))
    state: str
    part_id: UUID
    object_id: UUID | None
    key_id: UUID | None
    size: int | None = _column(BigInteger, nullable=True)
    items: int | None
    ordered_at: datetime = _instant()
    due_at: datetime = _instant()
    tries: int


def table(row: type[Tabular]) -> Table:
    """Return the table of a row class, for Core statements."""
    return row.__table__


def mine(row: type[Tabular], tx: Transaction) -> ColumnElement[bool]:
    """Name the transaction's tenant, so that the index is used; row-level security shows no other anyway."""
    made: ColumnElement[bool] = table(row).c.tenant_id == tx.tenant
    return made

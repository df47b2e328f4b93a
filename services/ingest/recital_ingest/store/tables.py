"""The tables as SQLModel classes, mirroring the migrations; no other room sees them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database.tables import Tabular as _Tabular
from recital_database.tables import binary, column, instant, mine, own_registry, table
from sqlalchemy import BigInteger, LargeBinary, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

__all__ = ["Tabular", "mine", "table"]


class Tabular(_Tabular, registry=own_registry()):
    """Ingest's own rows."""


class TenantRow(Tabular, table=True):
    """A tenant, and this service's key for it."""

    __tablename__ = "tenants"
    key_id: UUID
    opened_at: datetime = instant()
    closed_at: datetime | None = instant(nullable=True)
    erased_at: datetime | None = instant(nullable=True)
    read_back_every: str | None
    concurrent_uploads: int | None


class PurposeRow(Tabular, table=True):
    """One version of a purpose: who may listen for it."""

    __tablename__ = "purposes"
    id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    key: str
    roles: list[str] = column(ARRAY(Text))
    in_force_from: datetime = instant()


class RequestRow(Tabular, table=True):
    """A person's request, open or closed."""

    __tablename__ = "requests"
    id: UUID = Field(primary_key=True)
    subjects: list[UUID] = column(ARRAY(Uuid))
    received_at: datetime = instant()
    closed_at: datetime | None = instant(nullable=True)


class PermitRow(Tabular, table=True):
    """A permit that was used or revoked."""

    __tablename__ = "permits"
    id: UUID = Field(primary_key=True)
    call_id: UUID
    recording_id: UUID | None
    revoked_at: datetime | None = instant(nullable=True)
    suspended_at: datetime | None = instant(nullable=True)
    remaining: Any = column(JSONB(none_as_null=True), nullable=True)
    refused: list[str] = column(ARRAY(Text))


class UploadRow(Tabular, table=True):
    """An intent: what an upload may leave behind."""

    __tablename__ = "uploads"
    id: UUID = Field(primary_key=True)
    permit_id: UUID
    call_id: UUID
    state: str
    epoch: int
    lease_until: datetime = instant()
    objects: list[UUID] = column(ARRAY(Uuid))
    keys: list[UUID] = column(ARRAY(Uuid))
    multiparts: Any = column(JSONB)
    opened_at: datetime = instant()
    busy_until: datetime | None = instant(nullable=True)


class ResumableRow(Tabular, table=True):
    """How far an upload in several requests has come."""

    __tablename__ = "resumables"
    id: UUID = Field(primary_key=True)
    permit_id: UUID
    length: int = column(BigInteger)
    received: int = column(BigInteger)
    media: str
    permit: bytes = binary()
    key_id: UUID
    turn: int
    pieces: Any = column(JSONB)
    silencing: Any = column(JSONB(none_as_null=True), nullable=True)
    opened_at: datetime = instant()
    recording_id: UUID | None


class RecordingRow(Tabular, table=True):
    """A recording; of an erased one only the skeleton has values."""

    __tablename__ = "recordings"
    id: UUID = Field(primary_key=True)
    call_id: UUID
    permit_id: UUID
    state: str
    stored_at: datetime = instant()
    erased_at: datetime | None = instant(nullable=True)
    answered_at: datetime | None = instant(nullable=True)
    call_ended_at: datetime | None = instant(nullable=True)
    received_size: int | None = column(BigInteger, nullable=True)
    received_sha256: bytes | None = binary(nullable=True)
    received_sha512: bytes | None = binary(nullable=True)
    encoding: str | None
    channels: int | None
    rate: int | None
    frames: int | None = column(BigInteger, nullable=True)
    frames_received: int | None = column(BigInteger, nullable=True)
    keep: Any = column(JSONB(none_as_null=True), nullable=True)
    stretches: Any = column(JSONB(none_as_null=True), nullable=True)
    growth_ms: int | None
    spans: Any = column(JSONB(none_as_null=True), nullable=True)
    purposes: Any = column(JSONB(none_as_null=True), nullable=True)
    parties: Any = column(JSONB(none_as_null=True), nullable=True)
    original: bytes | None = binary(nullable=True)
    original_key: UUID | None
    timeline_version: int | None
    ledger_entry: UUID
    salt: bytes | None = binary(nullable=True)
    container: str | None
    confirmed_at: datetime | None = instant(nullable=True)
    damaged_at: datetime | None = instant(nullable=True)
    replaced: Any = column(JSONB(none_as_null=True), nullable=True)
    received_parts: Any = column(JSONB(none_as_null=True), nullable=True)


class TrackRow(Tabular, table=True):
    """One channel's audio; its id is that of the object."""

    __tablename__ = "tracks"
    id: UUID = Field(primary_key=True)
    recording_id: UUID
    track: int
    key_id: UUID
    size: int = column(BigInteger)
    sealed_size: int = column(BigInteger)
    sha256: bytes = binary()
    sealed_sha256: bytes = binary()


class RecordingSubjectRow(Tabular, table=True):
    """That a subject took part in a recording."""

    __tablename__ = "recording_subjects"
    subject_id: UUID = Field(primary_key=True)
    recording_id: UUID = Field(primary_key=True)


class ReceivedRow(Tabular, table=True):
    """Which recording the same bytes of the same call are."""

    __tablename__ = "received"
    call_id: UUID = Field(primary_key=True)
    sha256: bytes = binary(key=True)
    recording_id: UUID


class TombstoneRow(Tabular, table=True):
    """That a recording of a call was erased, and whose voices it carried."""

    __tablename__ = "tombstones"
    call_id: UUID = Field(primary_key=True)
    recording_id: UUID = Field(primary_key=True)
    parties: list[bytes] = column(ARRAY(LargeBinary))
    made_at: datetime = instant()


class ExpiredClockRow(Tabular, table=True):
    """That a recording may not be heard any more for a purpose."""

    __tablename__ = "expired_clocks"
    recording_id: UUID = Field(primary_key=True)
    purpose_id: UUID = Field(primary_key=True)
    key: str
    expired_at: datetime = instant()


class GrantRow(Tabular, table=True):
    """A wish to listen, allowed or refused."""

    __tablename__ = "grants"
    id: UUID = Field(primary_key=True)
    recording_id: UUID
    purpose: str
    listener: str
    roles: list[str] = column(ARRAY(Text))
    texts: bytes | None = binary(nullable=True)
    texts_key: UUID | None
    request_id: UUID | None
    refused: list[str] = column(ARRAY(Text))
    expires_at: datetime | None = instant(nullable=True)
    asked_at: datetime = instant()
    played_at: datetime | None = instant(nullable=True)
    ledger_entry: UUID
    salt: bytes = binary()


class ErasureRow(Tabular, table=True):
    """An order of retention to destroy a holding."""

    __tablename__ = "erasures"
    id: UUID = Field(primary_key=True)
    holding_id: UUID
    kind: str
    control_sequence: int = column(BigInteger)
    state: str
    ordered_at: datetime = instant()
    tries: int
    due_at: datetime = instant()
    stuck_since: datetime | None = instant(nullable=True)
    spans_kept: Any = column(JSONB(none_as_null=True), nullable=True)
    attempt: UUID | None
    new_objects: list[UUID] = column(ARRAY(Uuid))
    new_keys: list[UUID] = column(ARRAY(Uuid))
    multiparts: Any = column(JSONB)
    old_objects: list[UUID] | None = column(ARRAY(Uuid), nullable=True)
    old_keys: list[UUID] | None = column(ARRAY(Uuid), nullable=True)
    salt: bytes | None = binary(nullable=True)


class CollectionRow(Tabular, table=True):
    """An order of dsar to collect, and the part that was rendered for it."""

    __tablename__ = "collections"
    id: UUID = Field(primary_key=True)
    request_id: UUID
    subjects: list[UUID] = column(ARRAY(Uuid))
    state: str
    part_id: UUID
    object_id: UUID | None
    key_id: UUID | None
    size: int | None = column(BigInteger, nullable=True)
    items: int | None
    ordered_at: datetime = instant()
    due_at: datetime = instant()
    tries: int

"""The tables as SQLModel classes, mirroring the migrations; no other room sees them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from recital_database.tables import Tabular as _Tabular
from recital_database.tables import add, add_new, binary, column, instant, own_registry
from sqlalchemy import Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

__all__ = ["Tabular", "add", "add_new"]


class Tabular(_Tabular, registry=own_registry()):
    """Consent's own rows."""


class TenantRow(Tabular, table=True):
    """A tenant and the ids of its keys."""

    __tablename__ = "tenants"
    name: str
    country: str
    time_zone: str
    languages: list[str] = column(ARRAY(Text))
    number_region: str
    tenant_key: UUID
    index_key: UUID
    opened_at: datetime = instant()
    state: str
    concurrent_uploads: int | None
    closing_at: datetime | None = instant(nullable=True)
    closed_at: datetime | None = instant(nullable=True)
    export_until: datetime | None = instant(nullable=True)
    erased_at: datetime | None = instant(nullable=True)
    keys_swept_to: UUID | None


class SettingsRow(Tabular, table=True):
    """What the tenant_admin sets."""

    __tablename__ = "settings"
    version: int
    guard_ms: int
    private_mark_minutes: int
    works_council: dict[str, Any] | None = column(JSONB(none_as_null=True), nullable=True)
    unended_after_minutes: int
    missing_after_minutes: int
    missing_tolerance_ms: int
    holiday_region: str | None
    erasure_window: dict[str, Any] | None = column(JSONB(none_as_null=True), nullable=True)
    call_record_retention: str | None
    request_file_retention: str | None
    package_retention: str | None
    read_back_every: str | None
    staff_voices_muted: bool


class PurposeRow(Tabular, table=True):
    """A purpose's name, and since when no call is registered for it any more."""

    __tablename__ = "purposes"
    id: UUID = Field(primary_key=True)
    key: str
    retired_at: datetime | None = instant(nullable=True)


class PurposeVersionRow(Tabular, table=True):
    """One version of a purpose; terms hold what is only read whole: basis, safeguards, necessity."""

    __tablename__ = "purpose_versions"
    id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    title: str
    basis: str
    terms: dict[str, Any] = column(JSONB)
    notices: dict[str, Any] = column(JSONB)
    retention: str
    roles: list[str] = column(ARRAY(Text))
    hold_suppressed: bool
    review_on: date | None
    published_at: datetime = instant()
    in_force_from: datetime = instant()
    ledger_entry: UUID
    salt: bytes = binary()
    document: str | None
    proposal_id: UUID | None


class SourceRow(Tabular, table=True):
    """A trunk, number or app."""

    __tablename__ = "sources"
    id: UUID = Field(primary_key=True)
    kind: str
    name: str
    numbers: list[str] = column(ARRAY(Text))
    registered_at: datetime = instant()
    ledger_entry: UUID
    salt: bytes = binary()


class SubjectRow(Tabular, table=True):
    """A person."""

    __tablename__ = "subjects"
    id: UUID = Field(primary_key=True)
    key_id: UUID | None
    sealed: bytes | None = binary(nullable=True)
    staff: bool
    bot: bool
    erased_at: datetime | None = instant(nullable=True)
    merged_into: UUID | None
    left_at: datetime | None = instant(nullable=True)


class SubjectIndexRow(Tabular, table=True):
    """One identifier of a person, as a digest."""

    __tablename__ = "subject_index"
    digest: bytes = binary(key=True)
    subject_id: UUID = Field(primary_key=True)
    kind: str
    verified_at: datetime | None = instant(nullable=True)


class StaffNoticeRow(Tabular, table=True):
    """What was announced to a member of staff."""

    __tablename__ = "staff_notices"
    id: UUID = Field(primary_key=True)
    subject_id: UUID
    purpose_id: UUID
    version: int
    notified_at: datetime = instant()
    acknowledged_at: datetime | None = instant(nullable=True)
    logged_at: datetime = instant()
    salt: bytes = binary()


class ExternalIdRow(Tabular, table=True):
    """The tenant's own id of a call, as a digest."""

    __tablename__ = "external_ids"
    digest: bytes = binary(key=True)
    call_id: UUID
    fingerprint: bytes = binary()


class CallRow(Tabular, table=True):
    """A call."""

    __tablename__ = "calls"
    id: UUID = Field(primary_key=True)
    registered_at: datetime = instant()
    reference: str
    external_id: str | None
    source_id: UUID | None
    direction: str | None
    language: str | None
    call_references: list[str] = column(ARRAY(Text))
    country: str
    guard_ms: int
    answered_at: datetime | None = instant(nullable=True)
    started_at: datetime | None = instant(nullable=True)
    ended_at: datetime | None = instant(nullable=True)
    private: bool
    timeline_version: int
    recorded_at: datetime | None = instant(nullable=True)
    ledger_entry: UUID
    salt: bytes | None = binary(nullable=True)
    asked: bool
    erasing_at: datetime | None = instant(nullable=True)
    erased_at: datetime | None = instant(nullable=True)
    erasure_order: UUID | None
    erasure_ground: str | None
    outcome: str
    outcome_reasons: list[str] = column(ARRAY(Text))
    gaps: list[list[int]] | None = column(JSONB(none_as_null=True), nullable=True)
    missing_at: datetime | None = instant(nullable=True)
    unended_at: datetime | None = instant(nullable=True)
    refused_code: str | None
    refused_at: datetime | None = instant(nullable=True)


class CallPurposeRow(Tabular, table=True):
    """A purpose a call was registered for, in the version of that moment."""

    __tablename__ = "call_purposes"
    id: UUID = Field(primary_key=True)
    purpose_id: UUID = Field(primary_key=True)
    version: int
    position: int
    drawn: bool


class CallPartyRow(Tabular, table=True):
    """A party of a call."""

    __tablename__ = "call_parties"
    id: UUID = Field(primary_key=True)
    label: str = Field(primary_key=True)
    kind: str
    type: str
    subject_id: UUID | None
    registered: bool
    region: str | None


class CallEntryRow(Tabular, table=True):
    """What happened in a call."""

    __tablename__ = "call_entries"
    id: UUID = Field(primary_key=True)
    entry: str = Field(primary_key=True)
    kind: str
    at: datetime = instant()
    received_at: datetime = instant()
    party: str | None
    purposes: list[str] = column(ARRAY(Text))
    version: int | None
    language: str | None
    started_at: datetime | None = instant(nullable=True)
    ended_at: datetime | None = instant(nullable=True)
    completed: bool
    digest: bytes = binary()
    ledger_entry: UUID
    salt: bytes = binary()


class PermitRow(Tabular, table=True):
    """A permit."""

    __tablename__ = "permits"
    id: UUID = Field(primary_key=True)
    call_id: UUID
    issued_at: datetime = instant()
    expires_at: datetime = instant()
    final: bool
    answered_at: datetime = instant()
    spans: list[dict[str, Any]] = column(JSONB)
    claims: dict[str, Any] | None = column(JSONB(none_as_null=True), nullable=True)
    revoked_at: datetime | None = instant(nullable=True)
    suspended_at: datetime | None = instant(nullable=True)
    reason: str | None
    ledger_entry: UUID
    salt: bytes | None = binary(nullable=True)


class RecordingRow(Tabular, table=True):
    """A recording that ingest stored, with whose voices are in it."""

    __tablename__ = "recordings"
    id: UUID = Field(primary_key=True)
    call_id: UUID
    permit_id: UUID
    parties: list[str] = column(ARRAY(Text))
    stored_at: datetime = instant()
    erased_at: datetime | None = instant(nullable=True)
    spans: list[dict[str, Any]] = column(JSONB)
    answered_at: datetime | None = instant(nullable=True)
    confirmed_at: datetime | None = instant(nullable=True)
    trimmed_at: datetime | None = instant(nullable=True)


class ErasureRow(Tabular, table=True):
    """An order to destroy a holding."""

    __tablename__ = "erasures"
    id: UUID = Field(primary_key=True)
    holding_id: UUID
    kind: str
    ground: str
    due_at: datetime = instant()
    tries: int
    stuck: bool
    done_at: datetime | None = instant(nullable=True)


class PartRow(Tabular, table=True):
    """Our part of a collection."""

    __tablename__ = "parts"
    id: UUID = Field(primary_key=True)
    order_id: UUID
    request_id: UUID
    subjects: list[UUID] = column(ARRAY(Uuid))
    due_at: datetime | None = instant(nullable=True)
    object_id: UUID | None
    key_id: UUID | None
    size: int | None
    collected_at: datetime | None = instant(nullable=True)
    erasing_at: datetime | None = instant(nullable=True)

"""What consent tells of tenants and their purposes."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from recital_events.event import Code, Event, Instant, Noun

Basis = Literal["consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interests"]
"""The lawful bases of AVG art. 6(1)(a)-(f) (R08)."""

CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$", max_length=35)]
Duration = Annotated[str, Field(pattern=r"^P[0-9YMWDTHS]+$", max_length=32)]


LocalTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class ErasureWindow(Noun):
    """On which local weekdays (1 Monday to 7 Sunday), between which local times; past midnight when it ends first."""

    weekdays: tuple[Annotated[int, Field(ge=1, le=7)], ...]
    starts_at: LocalTime
    ends_at: LocalTime


class TenantOpened(Event):
    """A company whose calls may be recorded has been opened; its keys are made by each service."""

    name = "tenant.opened"
    identity = "tenant"
    producers = ("consent",)
    consumers = ("ingest", "retention", "dsar")

    tenant: UUID
    country: CountryCode
    time_zone: Annotated[str, Field(min_length=1, max_length=64)]
    languages: tuple[Language, ...]
    number_region: CountryCode
    opened_at: Instant


class TenantChanged(Event):
    """A tenant's facts or settings are others now: all of them, as they stand; None where the default holds.

    The erasure window is the local days (1 Monday to 7) and hours in which expired holdings are destroyed.
    """

    name = "tenant.changed"
    identity = "tenant"
    producers = ("consent",)
    consumers = ("ingest", "retention", "dsar")

    tenant: UUID
    country: CountryCode
    time_zone: Annotated[str, Field(min_length=1, max_length=64)]
    languages: tuple[Language, ...]
    number_region: CountryCode
    holiday_region: Annotated[str, Field(pattern=r"^[A-Z]{2}-[A-Z0-9]{1,3}$")] | None = None
    concurrent_uploads: Annotated[int, Field(ge=1)] | None = None
    erasure_window: ErasureWindow | None = None
    call_record_retention: Duration | None = None
    request_file_retention: Duration | None = None
    package_retention: Duration | None = None
    read_back_every: Duration | None = None
    staff_voices_muted: bool = True
    changed_at: Instant


class TenantClosed(Event):
    """A tenant records no more: intake stops, its data may be exported until `export_until`, then its clocks end."""

    name = "tenant.closed"
    identity = "tenant"
    producers = ("consent",)
    consumers = ("ingest", "retention", "dsar")

    tenant: UUID
    closed_at: Instant
    export_until: Instant


class TenantErased(Event):
    """Nothing of a closed tenant is left in the register: every service destroys the tenant's keys."""

    name = "tenant.erased"
    identity = "tenant"
    producers = ("retention",)
    consumers = ("consent", "ingest", "dsar")

    tenant: UUID
    erased_at: Instant


class PurposePublished(Event):
    """A purpose is in force in a new version; `retention` is an ISO 8601 duration, `roles` may listen.

    The duration counts from the call's end, or from the end of what a reference of the call names, but never past
    `at_most` after the call's end.
    """

    name = "purpose.published"
    identity = "purpose"
    producers = ("consent",)
    consumers = ("ingest", "retention")

    purpose: UUID
    key: Code
    version: Annotated[int, Field(ge=1)]
    basis: Basis
    retention: Duration
    retention_from: Literal["call_end", "reference_ended"] = "call_end"
    at_most: Duration | None = None
    roles: tuple[Code, ...]
    hold_suppressed: bool
    in_force_from: Instant


class PurposeRetired(Event):
    """No call is registered under this purpose any more; what was recorded under it keeps its clocks."""

    name = "purpose.retired"
    identity = "purpose"
    producers = ("consent",)
    consumers = ("ingest", "retention")

    purpose: UUID
    key: Code
    retired_at: Instant

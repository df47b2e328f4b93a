"""What consent tells of tenants and their purposes."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from recital_events.event import Code, Event, Instant

Basis = Literal["consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interests"]
"""The lawful bases of AVG art. 6(1)(a)-(f) (R08)."""

CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$", max_length=35)]
Duration = Annotated[str, Field(pattern=r"^P[0-9YMWDTHS]+$", max_length=32)]


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


class PurposePublished(Event):
    """A purpose is in force in a new version; `retention` is an ISO 8601 duration, `roles` may listen."""

    name = "purpose.published"
    identity = "purpose"
    producers = ("consent",)
    consumers = ("ingest", "retention")

    purpose: UUID
    key: Code
    version: Annotated[int, Field(ge=1)]
    basis: Basis
    retention: Duration
    roles: tuple[Code, ...]
    hold_suppressed: bool
    in_force_from: Instant

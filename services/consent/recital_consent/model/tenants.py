"""Tenants (the companies whose calls these are), their settings, and the sources they record from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from recital_consent.model.purposes import WorksCouncil


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantDraft:
    """A tenant as the operator opens it. country, number_region: ISO 3166; languages: BCP 47, the first is default."""

    name: str
    country: str
    time_zone: str
    languages: tuple[str, ...]
    number_region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """An open tenant, with the ids of its keys in the key store."""

    id: UUID
    draft: TenantDraft
    tenant_key: UUID
    index_key: UUID
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantSettings:
    """What the tenant_admin sets. private_mark_minutes: how long after a call's end staff may still mark it private."""

    version: int
    guard_ms: int
    private_mark_minutes: int
    works_council: WorksCouncil | None


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

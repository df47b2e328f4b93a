"""Tenants with their time zone and key, and the purposes with how long each version keeps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from recital_database import Transaction
from recital_events import PurposePublished, TenantOpened

from recital_retention.model import CalendarDuration, Retention


@dataclass(frozen=True, slots=True)
class Tenant:
    """What retention knows of a tenant: the zone its calendar runs in, and the key its own parts are sealed under."""

    id: UUID
    zone: ZoneInfo
    key: UUID


async def find_tenant(tx: Transaction) -> Tenant | None:
    """Return the transaction's tenant, or None where its opening has not been heard of."""
    rows = await tx.execute("select * from tenants where tenant_id = :tenant", {"tenant": tx.tenant})
    row = rows.one_or_none()
    return None if row is None else Tenant(row.id, ZoneInfo(row.time_zone), row.key_id)


async def add_tenant(tx: Transaction, event: TenantOpened, key: UUID) -> None:
    """Add a tenant with the id of its key."""
    await tx.execute(
        "insert into tenants (tenant_id, id, country, time_zone, opened_at, key_id)"
        " values (:tenant, :tenant, :country, :zone, :at, :key) on conflict do nothing",
        {
            "tenant": tx.tenant,
            "country": event.country,
            "zone": event.time_zone,
            "at": event.opened_at,
            "key": key,
        },
    )


async def add_purpose(tx: Transaction, event: PurposePublished, duration: CalendarDuration) -> None:
    """Add one version of a purpose."""
    await tx.execute(
        "insert into purposes (tenant_id, id, version, key, basis, retention, months, days, seconds, in_force_from)"
        " values (:tenant, :id, :version, :key, :basis, :retention, :months, :days, :seconds, :from)"
        " on conflict do nothing",
        {
            "tenant": tx.tenant,
            "id": event.purpose,
            "version": event.version,
            "key": event.key,
            "basis": event.basis,
            "retention": event.retention,
            "months": duration.months,
            "days": duration.days,
            "seconds": duration.seconds,
            "from": event.in_force_from,
        },
    )


async def retentions(tx: Transaction, purposes: Iterable[UUID]) -> Mapping[UUID, list[Retention]]:
    """Return every known version of some purposes, in order of version."""
    rows = await tx.execute(
        "select id, version, months, days, seconds from purposes"
        " where tenant_id = :tenant and id = any(cast(:ids as uuid[])) order by id, version",
        {"tenant": tx.tenant, "ids": list(purposes)},
    )
    found: dict[UUID, list[Retention]] = {}
    for row in rows:
        found.setdefault(row.id, []).append(_retention(row))
    return found


def _retention(row: Any) -> Retention:
    return Retention(row.version, CalendarDuration(row.months, row.days, row.seconds))

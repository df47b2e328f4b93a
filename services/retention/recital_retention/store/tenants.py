"""Tenants with their time zone and key, and the purposes with how long each version keeps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from recital_database import Transaction
from recital_events import HoldingKind, PurposePublished, PurposeRetired, TenantChanged, TenantOpened

from recital_retention.decisions.clocks import read_duration
from recital_retention.model import CalendarDuration, Retention


@dataclass(frozen=True, slots=True)
class Tenant:
    """What retention knows of a tenant: the zone its calendar runs in, and the key its own parts are sealed under."""

    id: UUID
    zone: ZoneInfo
    key: UUID
    kept: Mapping[HoldingKind, CalendarDuration] = field(default_factory=dict)
    """How long kinds of holding are kept, where the tenant set it."""


async def find_tenant(tx: Transaction) -> Tenant | None:
    """Return the transaction's tenant, or None where its opening has not been heard of."""
    rows = await tx.execute("select * from tenants where tenant_id = :tenant", {"tenant": tx.tenant})
    row = rows.one_or_none()
    return None if row is None else Tenant(row.id, ZoneInfo(row.time_zone), row.key_id, _kept(row))


async def tenant_key(tx: Transaction) -> UUID | None:
    """Return the key of the transaction's tenant, or None where its opening has not been heard of."""
    found = await find_tenant(tx)
    return None if found is None else found.key


async def change(tx: Transaction, event: TenantChanged) -> None:
    """Set what a tenant's settings are now."""
    await tx.execute(
        "update tenants set country = :country, time_zone = :zone, call_record_retention = :call,"
        " request_file_retention = :request, package_retention = :package where tenant_id = :tenant",
        {
            "tenant": tx.tenant,
            "country": event.country,
            "zone": event.time_zone,
            "call": event.call_record_retention,
            "request": event.request_file_retention,
            "package": event.package_retention,
        },
    )


async def purpose_of_key(tx: Transaction, key: str) -> UUID | None:
    """Return the purpose with a key."""
    rows = await tx.execute(
        "select id from purposes where tenant_id = :tenant and key = :key order by version desc limit 1",
        {"tenant": tx.tenant, "key": key},
    )
    row = rows.one_or_none()
    return None if row is None else UUID(str(row.id))


async def retire_purpose(tx: Transaction, event: PurposeRetired) -> bool:
    """Note when a purpose was retired; false where it is not known."""
    rows = await tx.execute(
        "update purposes set retired_at = coalesce(retired_at, :at) where tenant_id = :tenant and id = :id"
        " returning id",
        {"tenant": tx.tenant, "id": event.purpose, "at": event.retired_at},
    )
    return bool(rows.all())


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


async def add_purpose(tx: Transaction, event: PurposePublished, kept: Retention) -> None:
    """Add one version of a purpose."""
    duration, most = kept.duration, kept.at_most or CalendarDuration(0, 0, 0)
    await tx.execute(
        "insert into purposes (tenant_id, id, version, key, basis, retention, months, days, seconds, in_force_from,"
        " from_reference, most_months, most_days, most_seconds)"
        " values (:tenant, :id, :version, :key, :basis, :retention, :months, :days, :seconds, :from,"
        " :from_reference, :most_months, :most_days, :most_seconds)"
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
            "from_reference": kept.from_reference,
            "most_months": most.months,
            "most_days": most.days,
            "most_seconds": most.seconds,
        },
    )


async def retentions(tx: Transaction, purposes: Iterable[UUID]) -> Mapping[UUID, list[Retention]]:
    """Return every known version of some purposes, in order of version."""
    rows = await tx.execute(
        "select * from purposes where tenant_id = :tenant and id = any(cast(:ids as uuid[])) order by id, version",
        {"tenant": tx.tenant, "ids": list(purposes)},
    )
    found: dict[UUID, list[Retention]] = {}
    for row in rows:
        found.setdefault(row.id, []).append(_retention(row))
    return found


def _retention(row: Any) -> Retention:
    most = CalendarDuration(row.most_months, row.most_days, row.most_seconds)
    return Retention(
        row.version,
        CalendarDuration(row.months, row.days, row.seconds),
        from_reference=row.from_reference,
        at_most=most if most != CalendarDuration(0, 0, 0) else None,
    )


def _kept(row: Any) -> dict[HoldingKind, CalendarDuration]:
    told: dict[HoldingKind, str | None] = {
        "call": row.call_record_retention,
        "request": row.request_file_retention,
        "package": row.package_retention,
    }
    return {kind: read_duration(text) for kind, text in told.items() if text is not None}

"""What other services told: tenants with our key for them, purposes and their roles, open requests, ended clocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_database import Transaction
from recital_events import ClockExpired, PurposePublished, RequestClosed, RequestReceived
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from recital_ingest.model.listening import OpenRequest
from recital_ingest.store.tables import ExpiredClockRow, PurposeRow, RequestRow, TenantRow, mine, table

TENANTS, PURPOSES, REQUESTS, CLOCKS = (table(row) for row in (TenantRow, PurposeRow, RequestRow, ExpiredClockRow))


@dataclass(frozen=True, slots=True)
class TenantFacts:
    """What a tenant's settings say here; None where the default holds."""

    closed: bool = False
    read_back_every: str | None = None
    concurrent_uploads: int | None = None


async def open_tenant(tx: Transaction, *, key: UUID) -> None:
    """Record this service's key for the tenant; recording it again changes nothing."""
    row = {"tenant_id": tx.tenant, "key_id": key, "opened_at": tx.now}
    await tx.execute(insert(TENANTS).values(row).on_conflict_do_nothing())


async def change_tenant(tx: Transaction, *, read_back_every: str | None, concurrent_uploads: int | None) -> None:
    """Keep a tenant's settings; None where the default holds."""
    changed = update(TENANTS).where(mine(TenantRow, tx))
    await tx.execute(changed.values(read_back_every=read_back_every, concurrent_uploads=concurrent_uploads))


async def close_tenant(tx: Transaction, *, at: datetime) -> None:
    """Write that a tenant records no more."""
    await tx.execute(update(TENANTS).where(mine(TenantRow, tx)).values(closed_at=at))


async def erase_tenant(tx: Transaction, *, at: datetime) -> None:
    """Write that a tenant's key was destroyed."""
    await tx.execute(update(TENANTS).where(mine(TenantRow, tx)).values(erased_at=at))


async def tenant_facts(tx: Transaction) -> TenantFacts:
    """Return what is kept of the tenant's settings."""
    row = (await tx.execute(select(TENANTS).where(mine(TenantRow, tx)))).one_or_none()
    if row is None:
        return TenantFacts()
    return TenantFacts(
        closed=row.closed_at is not None,
        read_back_every=row.read_back_every,
        concurrent_uploads=row.concurrent_uploads,
    )


async def tenant_key(tx: Transaction, *, lock: bool = False) -> UUID | None:
    """Return the tenant's key, None before the tenant is known here; `lock` makes uploads begin one by one."""
    wanted = select(TENANTS.c.key_id).where(mine(TenantRow, tx))
    found: UUID | None = (
        await tx.execute(wanted.with_for_update(key_share=True) if lock else wanted)
    ).scalar_one_or_none()
    return found


async def tenants(tx: Transaction) -> list[UUID]:
    """Return all tenants (worker role)."""
    return [row.tenant_id for row in await tx.execute(select(TENANTS.c.tenant_id))]


async def publish_purpose(tx: Transaction, event: PurposePublished) -> None:
    """Keep a version of a purpose."""
    row = {
        "tenant_id": tx.tenant,
        "id": event.purpose,
        "version": event.version,
        "key": event.key,
        "roles": list(event.roles),
        "in_force_from": event.in_force_from,
    }
    await tx.execute(insert(PURPOSES).values(row).on_conflict_do_nothing())


async def receive_request(tx: Transaction, event: RequestReceived) -> None:
    """Keep an open request and whom it is about."""
    row = {
        "tenant_id": tx.tenant,
        "id": event.request,
        "subjects": list(event.subjects),
        "received_at": event.received_at,
    }
    await tx.execute(insert(REQUESTS).values(row).on_conflict_do_nothing())


async def close_request(tx: Transaction, event: RequestClosed) -> None:
    """Close a request; it does not name anybody any more."""
    await tx.execute(
        update(REQUESTS)
        .where(mine(RequestRow, tx), REQUESTS.c.id == event.request)
        .values(closed_at=event.closed_at, subjects=[])
    )


async def open_request(tx: Transaction, request: UUID) -> OpenRequest | None:
    """Return a request that is open."""
    row = (
        await tx.execute(
            select(REQUESTS).where(mine(RequestRow, tx), REQUESTS.c.id == request, REQUESTS.c.closed_at.is_(None))
        )
    ).one_or_none()
    return OpenRequest(row.id, frozenset(row.subjects)) if row else None


async def expire_clocks(tx: Transaction, events: Sequence[ClockExpired]) -> None:
    """Keep that recordings' time under a purpose is over."""
    rows = [
        {
            "tenant_id": tx.tenant,
            "recording_id": event.recording,
            "purpose_id": event.purpose,
            "key": event.key,
            "expired_at": event.expired_at,
        }
        for event in events
    ]
    await tx.execute(insert(CLOCKS).on_conflict_do_nothing(), rows)

"""When each recording is read back whole, next: found by the worker role, taken one at a time, in turn by tenant."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from recital_database import Transaction

from recital_ingest.model.upload import Due


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many recordings wait to be read back, and since when the first of them does."""

    waiting: int
    oldest: datetime | None


async def due_read_backs(tx: Transaction, most: int) -> list[Due]:
    """Return recordings that are due, taking turns over tenants (worker role)."""
    rows = await tx.execute(
        "select tenant_id, recording_id from (select tenant_id, recording_id,"
        " row_number() over (partition by tenant_id order by due_at) as turn from read_backs where due_at <= :now) due"
        " order by turn, tenant_id limit :most",
        {"now": tx.now, "most": most},
    )
    return [Due(UUID(str(row.tenant_id)), UUID(str(row.recording_id))) for row in rows]


async def backlog(tx: Transaction) -> Backlog:
    """Return what waits over all tenants (worker role)."""
    row = (
        await tx.execute(
            "select count(*) as waiting, min(due_at) as oldest from read_backs where due_at <= :now", {"now": tx.now}
        )
    ).one()
    return Backlog(row.waiting, row.oldest)


async def take(tx: Transaction, recording: UUID, *, again_after: timedelta) -> int | None:
    """Take one up, so that no other replica does for a while; return how often it was tried, None where not due."""
    row = (
        await tx.execute(
            "update read_backs set due_at = cast(:now as timestamptz) + cast(:after as interval), tries = tries + 1"
            " where tenant_id = :tenant and recording_id = :id and due_at <= :now returning tries",
            {"tenant": tx.tenant, "id": recording, "now": tx.now, "after": again_after},
        )
    ).one_or_none()
    return None if row is None else int(row.tries)


async def again(tx: Transaction, recording: UUID, *, after: timedelta, read: bool) -> None:
    """Read one back again after so long; `read` says that it could be read now."""
    await tx.execute(
        "update read_backs set due_at = cast(:now as timestamptz) + cast(:after as interval),"
        " read_at = case when :read then cast(:now as timestamptz) else read_at end,"
        " tries = case when :read then 0 else tries end where tenant_id = :tenant and recording_id = :id",
        {"tenant": tx.tenant, "id": recording, "now": tx.now, "after": after, "read": read},
    )


async def forget(tx: Transaction, recording: UUID) -> None:
    """Read it back no more."""
    await tx.execute(
        "delete from read_backs where tenant_id = :tenant and recording_id = :id",
        {"tenant": tx.tenant, "id": recording},
    )

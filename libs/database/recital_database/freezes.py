"""Freezes: what is kept of a jump of time until a person has looked, and what destructive work asks before it begins.

A freeze is one row for the whole database, so that every replica heeds what one of them saw, also after a restart. It
ends for one tenant when that tenant's officer says so, and for all when the operator does.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_errors import NotFound

from recital_database.connection import Database, Transaction

_OPEN = (
    "select * from clock_freezes f where released_at is null"
    " and not exists (select from clock_releases r where r.tenant_id = :tenant and r.id = f.id)"
)


@dataclass(frozen=True, slots=True)
class Freeze:
    """A jump of time that holds destruction: why, and since when (by the clock that jumped)."""

    id: UUID
    why: str
    found_at: datetime


@dataclass(frozen=True, slots=True)
class Going:
    """Whose destruction may go on: everyone's where nothing froze (`only` is None), else that of the released tenants.

    `only` is what a query for work takes: a batch full of what waits would let what may go wait too.
    """

    why: str | None = None
    only: tuple[UUID, ...] | None = None

    def __contains__(self, tenant: UUID) -> bool:
        """Whether this tenant's destruction may go on."""
        return self.only is None or tenant in self.only


async def who_goes_on(database: Database, tx: Transaction) -> Going:
    """Return whose destruction may go on at this moment; what loops that destroy ask first (worker role: of everyone).

    A jump is heeded before any loop has noticed it. What a loop notices is kept until a person has looked.
    """
    asked_at = database.clock.monotonic()
    row = (
        await tx.execute(
            "select clock_timestamp() + c.ahead as now, c.ahead, c.high_water, f.why, array(select tenant_id"
            " from clock_releases r where r.id = f.id order by 1) as released from recital_clock c"
            " left join clock_freezes f on f.released_at is null"
        )
    ).one()
    high_water = row.high_water if row.why is None else None
    jumped = database.clock.judge(now=row.now, ahead=row.ahead, high_water=high_water, asked_at=asked_at)
    # What this process noticed holds until its next look finds that a person ended it.
    if row.why is None:
        jumped = database.clock.frozen or jumped
    if jumped is not None:
        return Going(jumped, ())
    return Going() if row.why is None else Going(row.why, tuple(row.released))


async def frozen_for(database: Database, tx: Transaction) -> str | None:
    """Return why nothing of this transaction's tenant may be destroyed in it, or None."""
    going = await who_goes_on(database, tx)
    return None if tx.tenant in going else going.why


async def open_freeze(tx: Transaction) -> Freeze | None:
    """Return the freeze that holds this transaction's tenant; in one of the worker role, that which holds anyone."""
    row = (await tx.execute(_OPEN, {"tenant": tx.tenant})).one_or_none()
    return None if row is None else Freeze(row.id, row.why, row.found_at)


async def release_tenant(tx: Transaction, *, by: str, because: str) -> Freeze:
    """Let this tenant's destruction go on although time jumped. Raises NotFound where nothing holds it."""
    freeze = await open_freeze(tx)
    if freeze is None:
        raise NotFound("not_frozen", "Nothing is frozen.")
    await tx.execute(
        "insert into clock_releases (tenant_id, id, released_by, reason) values (:tenant, :id, :by, :because)",
        {"tenant": tx.tenant, "id": freeze.id, "by": by, "because": because},
    )
    return freeze


async def release_all(database: Database, tx: Transaction, *, by: str, because: str) -> Freeze:
    """End a freeze for everyone (worker role): the present time is the right one. Raises NotFound where there is none.

    The high-water mark is set to it, else a clock that was put right would stay below it.
    """
    freeze = await open_freeze(tx)
    if freeze is None:
        raise NotFound("not_frozen", "Nothing is frozen.")
    await tx.execute(
        "update clock_freezes set released_at = recital_now(), released_by = :by, release_reason = :because"
        " where id = :id",
        {"id": freeze.id, "by": by, "because": because},
    )
    await tx.execute("update recital_clock set high_water = recital_now()")
    database.clock.resume()
    return freeze

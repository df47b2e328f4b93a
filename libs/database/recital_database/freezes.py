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


async def frozen_for(database: Database, tx: Transaction) -> str | None:
    """Return why nothing of this transaction's tenant may be destroyed in it, or None.

    Asked in the transaction that destroys: a jump is heeded before any loop has noticed it. What a loop notices is
    kept until a person has looked.
    """
    asked_at = database.clock.monotonic()
    row = (
        await tx.execute(
            "select clock_timestamp() + ahead as now, ahead, high_water,"  # noqa: S608 - a constant
            f" (select why from ({_OPEN}) mine) as why,"
            " exists (select from clock_freezes where released_at is null) as known from recital_clock",
            {"tenant": tx.tenant},
        )
    ).one()
    if row.why is not None:
        return str(row.why)
    return database.clock.judge(
        now=row.now, ahead=row.ahead, high_water=None if row.known else row.high_water, asked_at=asked_at
    )


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

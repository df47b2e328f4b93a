"""Forgetting what people wrote: why a hold was placed and released, why what waited was let go.

With the texts go the salts by which the ledger's entries commit to them, and whom a hold named.
"""

from typing import Any
from zoneinfo import ZoneInfo

from recital_database import Transaction

from recital_retention.model import CalendarDuration
from recital_retention.store.clocks import DUE_AT


async def forget_holds(tx: Transaction, after: CalendarDuration, zone: ZoneInfo) -> None:
    """Forget the texts of holds that were released so long ago, and the persons they named or kept along."""
    await tx.execute(
        "with forgotten as (update holds set reason = null, matter = null, release_reason = null, placed_salt = null,"  # noqa: S608 - a constant
        " released_salt = null, subjects = '{}' where tenant_id = :tenant"
        " and (reason is not null or matter is not null or release_reason is not null or subjects <> '{}')"
        f" and {_ended('released_at')} <= :now returning id)"
        " delete from hold_along a using forgotten f where a.tenant_id = :tenant and a.id = f.id",
        _values(tx, after, zone),
    )


async def forget_waiting(tx: Transaction, after: CalendarDuration, zone: ZoneInfo) -> None:
    """Forget why what waited for a second person was proposed and approved, where that was over so long ago."""
    await tx.execute(
        "update waiting_parts set proposed_because = null, approved_because = null, proposed_salt = null,"  # noqa: S608 - a constant
        " approved_salt = null where tenant_id = :tenant"
        f" and (proposed_because is not null or approved_because is not null) and {_ended('closed_at')} <= :now",
        _values(tx, after, zone),
    )


def _ended(since: str) -> str:
    return DUE_AT.replace("started_at", since)


def _values(tx: Transaction, after: CalendarDuration, zone: ZoneInfo) -> dict[str, Any]:
    length = {"months": after.months, "days": after.days, "seconds": after.seconds}
    return {"tenant": tx.tenant, "now": tx.now, "zone": zone.key} | length

"""How long kinds of holding are kept where a tenant set it, and bringing forward what a shorter time ends sooner."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from recital_database import Transaction
from recital_events import HoldingKind

from recital_retention.decisions.pace import MOVED_FOR
from recital_retention.model import CalendarDuration
from recital_retention.store.clocks import DUE_AT

# From when each kind's time counts, of a holding `h`; of a call only where it was never recorded.
BASES: Mapping[HoldingKind, str] = {
    "call": "greatest(h.registered_at, h.ended_at)",
    "request": "h.ended_at",
    "package": "h.registered_at",
}


async def shorten_ends(tx: Transaction, kind: HoldingKind, duration: CalendarDuration, zone: ZoneInfo) -> None:
    """Bring forward the end of every holding of a kind that a shorter time ends sooner; a longer one moves none."""
    end = DUE_AT.replace("started_at", BASES[kind])
    await tx.execute(
        f"with moved as (update holdings h set due_at = {end}, watched_until = greatest(watched_until, :watched)"  # noqa: S608
        " where tenant_id = :tenant and kind = :kind and state in ('retained', 'due')"
        f" and ended_because is null and {end} < due_at returning id, due_at)"
        " update schedule s set due_at = moved.due_at from moved"
        " where s.tenant_id = :tenant and s.id = moved.id and moved.due_at < s.due_at",
        {
            "tenant": tx.tenant,
            "kind": kind,
            "zone": zone.key,
            "months": duration.months,
            "days": duration.days,
            "seconds": duration.seconds,
            "watched": tx.now + MOVED_FOR,
        },
    )
    tx.touched.add("schedule")

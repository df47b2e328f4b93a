"""Copies as their owners announce them: new holdings, and more places of known ones (R15)."""

from datetime import datetime

from recital_database import NotYet, Transaction, alarm
from recital_events import CopyRegistered

from recital_retention.decisions.ends import end_of_package
from recital_retention.store import holdings, keeping, schedule, tenants
from recital_retention.store.holdings import Locked, NewHolding
from recital_retention.store.tenants import Tenant

# These are announced by events of their own, and only get more places here.
_ANNOUNCED_ELSEWHERE = frozenset({"recording", "call", "request"})


async def register_copy(tx: Transaction, event: CopyRegistered) -> NotYet | None:
    """Register a holding, or add places to a known one; what it contains is locked, so that no order passes it by."""
    tenant = await tenants.find_tenant(tx)
    if tenant is None:
        return NotYet(f"tenant:{tx.tenant}")
    if event.ends_with is not None and not await keeping.request_known(tx, event.ends_with):
        return NotYet(f"request:{event.ends_with}")
    known = {each.id: each for each in await holdings.lock(tx, [event.holding, *event.contains])}
    if event.holding not in known and event.kind in _ANNOUNCED_ELSEWHERE:
        return NotYet(f"{event.kind}:{event.holding}")
    holding = _holding(tx, event, tenant)
    if not await holdings.register(tx, holding) and holding.stands_alone:
        # Met in a call first and made a member of staff later; or staff that leaves, or comes back.
        await holdings.let_stand_alone(tx, event.holding, until=event.ends_at)
    await _plan(tx, event, known.get(event.holding), tenant)
    return None


def _holding(tx: Transaction, event: CopyRegistered, tenant: Tenant) -> NewHolding:
    return NewHolding(
        event.holding,
        event.kind,
        tx.now,
        due_at=_due(tx.now, event, tenant),
        ends_with=event.ends_with,
        # An identity announced by itself is a member of staff's: until its own end no call's end ends it.
        stands_alone=event.kind == "identity" and event.ends_with is None,
        subjects=() if event.kind == "identity" else event.subjects,
        contains=event.contains,
        places=event.places,
    )


async def _plan(tx: Transaction, event: CopyRegistered, known: Locked | None, tenant: Tenant) -> None:
    if known is not None and known.state.beyond_return:
        await alarm(
            tx,
            "copy_after_order",
            about=event.holding,
            detail="More places were announced of a holding whose destruction has begun.",
        )
        return
    closed = event.ends_with is not None and await keeping.is_lifted(tx, event.ends_with)
    due = tx.now if closed else _due(tx.now, event, tenant)
    if closed:
        await holdings.set_end(tx, event.holding, due_at=tx.now, ended_at=None)
    if due is not None and (known is None or closed or event.kind == "identity"):
        await schedule.put(tx, {event.holding: due})
    if event.contains:
        # What it contains may have been ordered before this copy was heard of.
        await schedule.put_now(tx, [event.holding])


def _due(now: datetime, event: CopyRegistered, tenant: Tenant) -> datetime | None:
    if event.kind != "package":
        return event.ends_at
    return end_of_package(now, event.ends_at, tenant.zone, tenant.kept.get("package"))

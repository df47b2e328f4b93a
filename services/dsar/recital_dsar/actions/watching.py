"""Watching open requests: each limit that passes raises an alarm in time, whatever else goes wrong (R16)."""

from uuid import UUID

from recital_database import alarm

from recital_dsar.actions.means import Means
from recital_dsar.decisions.watch import watch
from recital_dsar.store.requests import last_look, plan_look, request, to_look_at
from recital_dsar.store.tenants import tenant

BATCH = 100
_SAID = {
    "request_target_passed": "The internal target has passed.",
    "request_due_soon": "A week is left until the earliest reading of the last day.",
    "request_due": "The last day by the earliest reading has begun.",
    "request_overdue": "The last day has passed without an answer.",
}


async def look_at_requests(means: Means) -> bool:
    """Look at open requests whose time has come; true when more may be waiting."""
    async with means.database.work() as tx:
        due = await to_look_at(tx, BATCH)
    for tenant_id, request_id in due:
        await _look(means, tenant_id, request_id)
    return len(due) == BATCH


async def _look(means: Means, tenant_id: UUID, request_id: UUID) -> None:
    async with means.database.transaction(tenant_id) as tx:
        looked_at = await last_look(tx, request_id)
        if looked_at is None:
            return
        facts = await tenant(tx)
        found = await request(tx, request_id)
        verdict = watch(found.deadlines, time_zone=facts.time_zone, seen_until=looked_at, now=tx.now)
        for kind in verdict.alarms:
            await alarm(tx, kind, about=request_id, detail=_SAID[kind])
        await plan_look(tx, request_id, verdict.look_again_at, looked=True)

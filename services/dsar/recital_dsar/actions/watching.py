"""Watching open requests: each limit that passes raises an alarm in time, whatever else goes wrong (R16).

Before a limit is over without an answer the person is written to. Doubt about identity holds the dates back while it
lasts, so such a request is looked at every day, and whoever stays silent is reminded and shown.
"""

from datetime import datetime, timedelta
from uuid import UUID

from recital_database import Transaction, alarm

from recital_dsar.actions.extending import write_in_time
from recital_dsar.actions.letters import write_letter
from recital_dsar.actions.means import Means
from recital_dsar.decisions.deadlines import as_of, end_of
from recital_dsar.decisions.letters import LetterKind
from recital_dsar.decisions.watch import silence, standings, watch
from recital_dsar.model import Request, State
from recital_dsar.store.requests import last_look, open_limits, plan_look, request, tenants_with_open, to_look_at
from recital_dsar.store.tenants import tenant

BATCH = 100
DAY = timedelta(days=1)
_SAID = {
    "request_target_passed": "The internal target has passed.",
    "request_due_soon": "A week is left until the earliest reading of the last day.",
    "request_due": "The last day by the earliest reading has begun.",
    "request_overdue": "The last day has passed without an answer.",
    "identity_unanswered": "Whoever asks was asked who they are two weeks ago or more, and has not answered.",
}


async def look_at_requests(means: Means) -> bool:
    """Look at open requests whose time has come; true when more may be waiting."""
    async with means.database.work() as tx:
        due = await to_look_at(tx, BATCH)
    for tenant_id, request_id in due:
        await _look(means, tenant_id, request_id)
    return len(due) == BATCH


async def measure_requests(means: Means) -> bool:
    """Count open requests by how their limits stand, for the gauge."""
    async with means.database.work() as tx:
        tenants = await tenants_with_open(tx)
        counts = standings([], tx.now)
    for tenant_id in tenants:
        async with means.database.transaction(tenant_id) as tx:
            facts = await tenant(tx)
            limits = [end_of(day, facts.time_zone) for day in await open_limits(tx)]
            for name, number in standings(limits, tx.now).items():
                counts[name] += number
    means.show_standings(counts)
    return False


async def _look(means: Means, tenant_id: UUID, request_id: UUID) -> None:
    async with means.database.transaction(tenant_id) as tx:
        looked_at = await last_look(tx, request_id)
        if looked_at is None:
            return
        found = await request(tx, request_id, lock=True)
        if found.answered_at is not None:
            await plan_look(tx, request_id, None, looked=True)
            return
        await _judge(means, tx, found, looked_at)


async def _judge(means: Means, tx: Transaction, found: Request, looked_at: datetime) -> None:
    facts = await tenant(tx)
    dates = as_of(found, facts, tx.now, means.limits.internal_target_days)
    extended = found.extended_at is not None
    verdict = watch(dates, time_zone=facts.time_zone, seen_until=looked_at, now=tx.now, extended=extended)
    for kind in verdict.alarms:
        await alarm(tx, kind, about=found.id, detail=_SAID[kind])
    if verdict.letter_due:
        await write_in_time(tx, means, found)
    looks = [verdict.look_again_at]
    if found.state is State.IDENTITY_ASKED and found.identity_asked_at is not None:
        quiet = silence(found.identity_asked_at, seen_until=looked_at, now=tx.now)
        if quiet.is_alarming:
            await alarm(tx, "identity_unanswered", about=found.id, detail=_SAID["identity_unanswered"])
        if quiet.remind:
            await write_letter(tx, means, found, LetterKind.IDENTITY)
        # Its dates move with every day of silence.
        looks += [quiet.look_again_at, tx.now + DAY]
    await plan_look(tx, found.id, min((each for each in looks if each is not None), default=None), looked=True)

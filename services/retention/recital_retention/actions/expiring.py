"""What the schedule finds due: clocks end, and what nothing keeps passes the point of no return (R11, R14).

Decided under the row locks of the holdings, all of a batch in one transaction of its tenant.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from recital_database import Transaction, announce_all
from recital_events import ClockExpired

from recital_retention.actions.asking import answer_requests
from recital_retention.actions.means import Means
from recital_retention.actions.pacing import what_goes_now
from recital_retention.actions.trimming import find_cuts
from recital_retention.decisions.clocks import ending, running
from recital_retention.decisions.erasing import Verdict, may_erase
from recital_retention.model import Clock, Ground, Order, Standing
from recital_retention.store import clocks, control, holdings, orders, schedule, trims
from recital_retention.store.control import ControlEntry
from recital_retention.store.standings import standings_of
from recital_retention.store.trims import NewTrim

BATCH = 200


async def look(means: Means, tenant: UUID) -> bool:
    """Look at a batch of what is due for a tenant; true when more may be due at once. Nothing while time is frozen."""
    async with means.database.transaction(tenant) as tx:
        if await means.frozen(tx):
            return False
        due = await schedule.take_due(tx, BATCH)
        if due:
            await decide(tx, due)
    return len(due) == BATCH


async def decide(tx: Transaction, due: Sequence[UUID]) -> None:
    """Decide holdings whose row locks this transaction has."""
    # First of all: whoever asks for another look after this, asks because of something that was not seen here.
    await schedule.remove(tx, due)
    left = await _end_clocks(tx, due)
    next_clocks = {id_: each[0].due_at for id_, each in left.items()}
    standings = await standings_of(tx, due)
    cuts = await find_cuts(tx, standings, left)
    judged = [(standing, may_erase(standing, tx.now)) for standing in standings]
    await orders.keep(tx, {s.holding: _codes(verdict) for s, verdict in judged if verdict.kept})
    await schedule.put(tx, {s.holding: at for s, verdict in judged if (at := _again(s, verdict, next_clocks, tx.now))})
    await answer_requests(tx, judged, next_clocks)
    allowed = [(standing, verdict.ground) for standing, verdict in judged if verdict.allowed]
    await order_erasures(tx, await what_goes_now(tx, allowed), cuts)


async def order_erasures(
    tx: Transaction, ended: Sequence[tuple[Standing, Ground]], cuts: Sequence[NewTrim] = ()
) -> None:
    """Pass the point of no return, for the whole or for a part (`cuts`); calls and containers are looked at next."""
    if not ended and not cuts:
        return
    ids = [standing.holding for standing, _ in ended] + [standing.holding for standing, _, _ in cuts]
    follow = {*await holdings.containers_of(tx, ids), *await holdings.calls_of(tx, ids)}
    await schedule.put_now(tx, follow)
    # Last, since everyone else who needs a number waits until this commits.
    number = await control.take_number(tx)
    ordered = [*await orders.order(tx, ended, number), *await trims.order(tx, cuts, number)]
    await control.enqueue(tx, [_entry(tx, number, ordered)])


async def _end_clocks(tx: Transaction, due: Sequence[UUID]) -> Mapping[UUID, list[Clock]]:
    """End the clocks whose time is over, and return those that run on, each recording's next one first."""
    all_clocks = await clocks.clocks_of(tx, due)
    over = [clock for each in all_clocks.values() for clock in ending(each, tx.now)]
    await clocks.expire(tx, over)
    await announce_all(tx, [_expired(clock, tx.now) for clock in over])
    gone = {(clock.recording, clock.purpose) for clock in over}
    left = {id_: running(c for c in each if (c.recording, c.purpose) not in gone) for id_, each in all_clocks.items()}
    return {id_: each for id_, each in left.items() if each}


def _again(
    standing: Standing, verdict: Verdict, next_clocks: Mapping[UUID, datetime], now: datetime
) -> datetime | None:
    """When to look at what stays: at its next clock or its own end. What only others keep, those bring up again."""
    if verdict.allowed or verdict.kept:
        return None
    own_end = standing.due_at if standing.due_at is not None and standing.due_at > now else None
    return next_clocks.get(standing.holding) or own_end


def _codes(verdict: Verdict) -> list[str]:
    return [each.code for each in verdict.reasons]


def _expired(clock: Clock, now: datetime) -> ClockExpired:
    return ClockExpired(recording=clock.recording, purpose=clock.purpose, key=clock.key, expired_at=now)


def _entry(tx: Transaction, number: int, ordered: Sequence[Order]) -> ControlEntry:
    """One entry for the whole batch: writing to the object store is the slowest step of an erasure."""
    entry: dict[str, object] = {
        "kind": "erasures",
        "tenant": str(tx.tenant),
        "ordered_at": tx.now.isoformat(),
        "orders": [
            {
                "order": str(each.id),
                "holding": str(each.holding),
                "holding_kind": each.kind,
                "ground": each.ground.value,
                "spans_kept": [spans.model_dump(mode="json") for spans in each.spans_kept],
            }
            for each in ordered
        ],
    }
    return ControlEntry(tx.tenant, number, "erasures", ordered[0].id, entry)

"""Time in: the loops that find what is due, carry orders through, certify, and watch that nothing is forgotten.

Each takes one batch per tenant in turn, so that a large tenant holds up no other.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

from recital_database import Transaction
from recital_errors import RecitalError
from recital_runtime import Loop

from recital_retention.actions import approving, closing, control, expiring, forgetting, holds, parts, proving, sweeping
from recital_retention.actions.means import Means
from recital_retention.store import closing as closing_store
from recital_retention.store import reports
from recital_retention.store import schedule as due_store

Finder = Callable[[Transaction], Awaitable[list[UUID]]]
PerTenant = Callable[[Means, UUID], Awaitable[bool]]


async def look_at_due(means: Means) -> bool:
    """Look at a batch of what is due for each tenant."""
    return await _each(means, due_store.tenants_with_due, expiring.look)


async def carry_orders_through(means: Means) -> bool:
    """Write what waits to the control ledger, and give the orders that are in it."""
    wrote = await control.write(means)
    return await control.carry_through(means) or wrote


async def certify(means: Means) -> bool:
    """Certify a batch of what is proved for each tenant."""
    return await _each(means, partial(_with_orders, "verified"), proving.certify)


async def care_for_parts(means: Means) -> bool:
    """Collect the parts that wait, and destroy those that are ordered."""
    collected = await _each(means, due_store.tenants_with_parts, parts.collect)
    return await _each(means, partial(_with_orders, "shredding"), parts.erase) or collected


async def collect_keys(means: Means) -> bool:
    """Destroy keys that no part names."""
    await _each(means, due_store.all_tenants, parts.collect_keys)
    return False


async def empty_closed(means: Means) -> bool:
    """End a batch of what is left of each closed tenant whose data may no longer be exported."""
    return await _each(means, closing_store.tenants_to_empty, closing.empty)


async def watch(means: Means) -> bool:
    """Raise alarms for erasures that began long ago and are still open, for holds to review, for time that jumped."""
    if means.database.clock.frozen is not None:
        await _each(means, due_store.all_tenants, proving.alarm_frozen)
    await _each(means, due_store.all_tenants, holds.alarm_reviews)
    await _each(means, due_store.all_tenants, approving.close_empty)
    async with means.database.work() as tx:
        tenants = await due_store.tenants_with_orders(tx, "ordering", "shredding", "verified")
    for tenant in tenants:
        await proving.alarm_late(means, tenant)
    return False


async def sweep_all(means: Means) -> bool:
    """Hold every owner's counts against the register of each tenant."""
    return await _each(means, due_store.all_tenants, sweeping.sweep)


async def forget(means: Means) -> bool:
    """Forget what people wrote, a month after what it was about was over."""
    return await _each(means, due_store.all_tenants, forgetting.forget_texts)


async def measure(means: Means) -> bool:
    """Show how much is due and ordered, and since when."""
    async with means.database.work() as tx:
        found = await reports.progress_of_all(tx)
        oldest = min((row.oldest_at for row in found if row.oldest_at is not None), default=tx.now)
    gauges = means.metrics
    gauges.erasures.labels("due").set(sum(row.due for row in found))
    gauges.erasures.labels("open").set(sum(row.open_orders for row in found))
    gauges.erasures_age.set((tx.now - oldest).total_seconds())
    return False


def loops(means: Means) -> list[Loop]:
    """Return the loops; each is woken by the commits that give it work, and by a clock that was moved."""
    made = {
        "schedule": Loop("due", partial(look_at_due, means), 1.0),
        "control": Loop("control", partial(carry_orders_through, means), 1.0),
        "verified": Loop("certify", partial(certify, means), 1.0),
        "parts": Loop("parts", partial(care_for_parts, means), 1.0),
    }
    for touched, loop in made.items():
        means.database.when(touched, loop.wake)
    return [
        *made.values(),
        Loop("closing", partial(empty_closed, means), 10.0),
        Loop("keys", partial(collect_keys, means), 3600.0),
        Loop("watch", partial(watch, means), 30.0),
        Loop("sweep", partial(sweep_all, means), 3600.0),
        Loop("texts", partial(forget, means), 3600.0),
        Loop("progress", partial(measure, means), 10.0),
    ]


async def _with_orders(state: str, tx: Transaction) -> list[UUID]:
    return await due_store.tenants_with_orders(tx, state)


async def _each(means: Means, find: Finder, act: PerTenant) -> bool:
    async with means.database.work() as tx:
        tenants = await find(tx)
    more, failed = False, None
    for tenant in tenants:
        try:
            more |= await act(means, tenant)
        except RecitalError as error:
            # What stands in one tenant's way does not hold up the others.
            failed = error
    if failed is not None:
        raise failed
    return more

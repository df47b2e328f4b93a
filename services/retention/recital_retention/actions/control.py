"""The control ledger: written in order outside the databases, carried through, and applied at start where it is ahead.

An erasure whose holding is past the point of no return is written here before its order goes out, so that a database
restored from a backup learns again what it forgot: holds first, then erasures.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from recital_database import (
    Transaction,
    Writing,
    advance_control_position,
    alarm,
    announce_all,
    control_position,
    record_all,
    who_goes_on,
)
from recital_errors import PermanentError
from recital_events import ErasureOrdered, PurposeSpans

from recital_retention.actions.means import Means
from recital_retention.model import Ground, Hold, HoldScope, Order, OrderState
from recital_retention.store import closing, control, holdings, keeping, orders
from recital_retention.store.control import ControlEntry
from recital_retention.store.holds import around, keep_along

BATCH = 64
AT_ONCE = 16
LOG = "erasure"
ERASURES = "erasures"
LEDGER = "control ledger"
"""Who placed or released a hold that only the control ledger remembers."""


async def write(means: Means) -> bool:
    """Write what waits to the control ledger, one process at a time; true when more may wait.

    A reader stops at the first number that is missing, so several may be written at once.
    """
    async with means.database.holding("control") as mine:
        if not mine:
            return False
        async with means.database.work() as tx:
            waiting = await control.unwritten(tx, BATCH)
        for start in range(0, len(waiting), AT_ONCE):
            batch = waiting[start : start + AT_ONCE]
            await asyncio.gather(*(means.vault.control.append(each.sequence, each.entry) for each in batch))
            async with means.database.work() as tx:
                await control.written(tx, [each.sequence for each in batch])
    return len(waiting) == BATCH


async def carry_through(means: Means) -> bool:
    """Give the orders that are in the control ledger; true when more may wait. None goes out while frozen."""
    async with means.database.work() as tx:
        going = await who_goes_on(means.database, tx)
        ready = await control.to_carry_through(tx, BATCH, only=going.only)
    for tenant, entries in _by_tenant(ready).items():
        async with means.database.transaction(tenant) as tx:
            await _give(tx, [each.id for each in _orders(entries)])
            await control.carried_through(tx, [each.sequence for each in entries])
    return len(ready) == BATCH


async def apply_what_is_ahead(means: Means) -> None:
    """Before anything is served: take up again what the control ledger has and this database does not know.

    Raises Unavailable where the ledger or the database does not answer.
    """
    async with means.database.work() as tx:
        applied = await control_position(tx)
    ahead = await means.vault.control.read_after(applied)
    if not ahead:
        return
    found = [_read(sequence, entry) for sequence, entry in ahead]
    for tenant, entries in _by_tenant(found).items():
        async with means.database.transaction(tenant) as tx:
            await _apply(tx, entries)
    async with means.database.work() as tx:
        await advance_control_position(tx, ahead[-1][0])


async def _apply(tx: Transaction, entries: Sequence[ControlEntry]) -> None:
    # 1. Holds, so that nothing is looked at without them.
    for each in entries:
        if each.kind == "hold_placed":
            await _hold_again(tx, each)
        elif each.kind == "hold_released":
            await keeping.release_hold(tx, each.about, by=LEDGER, because=None, salt=None)
    # 2. Erasures: past the point of no return, whatever this database thinks of them.
    ordered = _orders(entries)
    await holdings.lock(tx, [each.holding for each in ordered])
    await orders.restore(tx, ordered)
    await control.enqueue(tx, [each for each in entries if each.kind == ERASURES], in_ledger=True)
    # 3. The end of a tenant: whatever of it is still here goes.
    for each in entries:
        if each.kind == "tenant_erased":
            at = datetime.fromisoformat(each.entry["erased_at"])
            await closing.close(tx, at, at)
            await closing.mark_erased(tx)


async def _hold_again(tx: Transaction, entry: ControlEntry) -> None:
    hold = hold_of(entry)
    await holdings.lock(tx, hold.recordings)
    if await keeping.restore_hold(tx, hold):
        await keep_along(tx, hold.id, await around(tx, hold.recordings))
        await alarm(
            tx, "hold_restored", about=entry.about, detail="A hold is known from the control ledger only: no reason."
        )


async def _give(tx: Transaction, ids: Sequence[UUID]) -> None:
    given = await orders.begin_shredding(tx, ids)
    if any(each.kind == "collection" for each in given):
        # Some may be retention's own.
        tx.touched.add("parts")
    await record_all(tx, LOG, [_writing(order) for order in given])
    await announce_all(
        tx,
        [
            ErasureOrdered(
                order=order.id,
                holding=order.holding,
                kind=order.kind,
                spans_kept=order.spans_kept,
                ground=order.ground.value,
                control_sequence=order.control_sequence,
                ordered_at=order.ordered_at,
            )
            for order in given
        ],
    )


def _writing(order: Order) -> Writing:
    facts = {
        "order": str(order.id),
        "holding": str(order.holding),
        "kind": order.kind,
        "ground": order.ground.value,
        "control_sequence": order.control_sequence,
    }
    return Writing("erasure_ordered", facts)


def hold_of(entry: ControlEntry) -> Hold:
    """Return a hold as the control ledger remembers it: without its texts and without who placed it."""
    told = entry.entry
    scope = told.get("scope", {})
    instants = [datetime.fromisoformat(at) if (at := scope.get(name)) else None for name in ("from", "until")]
    return Hold(
        id=entry.about,
        reason=None,
        matter=None,
        placed_by=LEDGER,
        review_on=date.fromisoformat(told["review_on"]),
        placed_at=datetime.fromisoformat(told["placed_at"]),
        recordings=[UUID(each) for each in told["recordings"]],
        scope=HoldScope(
            calls=tuple(UUID(each) for each in scope.get("calls", ())),
            subjects=tuple(UUID(each) for each in scope.get("subjects", ())),
            period_from=instants[0],
            period_until=instants[1],
            future=scope.get("future", False),
        ),
    )


def _by_tenant(entries: Sequence[ControlEntry]) -> Mapping[UUID, list[ControlEntry]]:
    found: defaultdict[UUID, list[ControlEntry]] = defaultdict(list)
    for each in entries:
        found[each.tenant].append(each)
    return found


def _read(sequence: int, entry: Mapping[str, Any]) -> ControlEntry:
    try:
        kind = str(entry["kind"])
        about = UUID(_about(kind, entry))
        return ControlEntry(UUID(entry["tenant"]), sequence, kind, about, entry)
    except (KeyError, IndexError, TypeError, ValueError):
        raise PermanentError("control_entry_unknown", f"Control entry {sequence} is not understood.") from None


def _about(kind: str, entry: Mapping[str, Any]) -> str:
    if kind == ERASURES:
        return str(entry["orders"][0]["order"])
    named = {"hold_placed": "hold", "hold_released": "hold", "withdrawal": "about", "tenant_erased": "tenant"}
    return str(entry[named[kind]])


def _orders(entries: Sequence[ControlEntry]) -> list[Order]:
    return [
        Order(
            id=UUID(each["order"]),
            holding=UUID(each["holding"]),
            kind=each["holding_kind"],
            ground=Ground(each["ground"]),
            state=OrderState.ORDERING,
            ordered_at=datetime.fromisoformat(entry.entry["ordered_at"]),
            control_sequence=entry.sequence,
            spans_kept=tuple(PurposeSpans.model_validate(spans) for spans in each["spans_kept"]),
        )
        for entry in entries
        if entry.kind == ERASURES
        for each in entry.entry["orders"]
    ]

"""Legal holds: placed on recordings under their row locks, answered once in the control ledger, released.

A hold keeps what AVG art. 17(3)(e) lets a controller keep (R14); from the point of no return on it comes too late.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from recital_database import Transaction, claim, new_id, record, remember
from recital_errors import Conflict, NotFound, Unavailable

from recital_retention.actions.control import LOG, write
from recital_retention.actions.means import Means
from recital_retention.decisions.erasing import answer_to_hold
from recital_retention.model import Hold
from recital_retention.store import control, holdings, keeping, schedule
from recital_retention.store.control import ControlEntry
from recital_retention.store.holdings import Locked

ROUTE = "POST /v1/holds"
LEDGER_WITHIN = 2.0
"""Seconds the one who asks is let wait for the control ledger."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A hold that is asked for."""

    reason: str
    matter: str
    review_on: date
    recordings: tuple[UUID, ...]
    by: str

    def fingerprint(self) -> bytes:
        """Return the bytes that make a repeated request the same."""
        text = "\0".join([self.reason, self.matter, str(self.review_on), *map(str, sorted(self.recordings))])
        return hashlib.sha256(text.encode()).digest()


async def place_hold(means: Means, tenant: UUID, wanted: Wanted, key: str | None) -> Hold:
    """Place a hold; on return it is in force and in the control ledger.

    Raises NotFound where a recording is not known, Conflict `deletion_began` with the moment where one is past the
    point of no return (then nothing is held), Unavailable where the control ledger does not answer: the hold is in
    force, and the same request again answers.
    """
    async with means.database.transaction(tenant) as tx:
        hold = await claim(tx, key, route=ROUTE, fingerprint=wanted.fingerprint())
        if hold is None:
            hold = await _place(tx, wanted)
            await remember(tx, key, result=hold)
    await _in_ledger(means, tenant, hold)
    return await _reread(means, tenant, hold)


async def release_hold(means: Means, tenant: UUID, hold: UUID, *, by: str, because: str) -> Hold:
    """End a hold; what only it kept is decided again at once. Raises NotFound, Conflict `hold_released`."""
    async with means.database.transaction(tenant) as tx:
        found = await keeping.find_hold(tx, hold, locked=True)
        if found is None:
            raise NotFound
        if found.released_at is not None:
            raise Conflict("hold_released", "This hold was released before.")
        recorded = await record(tx, LOG, "hold_released", facts={"hold": str(hold)}, details={"reason": because})
        await keeping.release_hold(tx, hold, by=by, because=because, salt=recorded.salt)
        await schedule.put_now(tx, [*found.recordings, *await holdings.calls_of(tx, found.recordings)])
        await _enqueue(tx, hold, "hold_released", {"released_at": tx.now.isoformat()})
    await _in_ledger(means, tenant, hold)
    return await _reread(means, tenant, hold)


async def read_hold(tx: Transaction, hold: UUID) -> Hold:
    """Return a hold; raises NotFound."""
    found = await keeping.find_hold(tx, hold)
    if found is None:
        raise NotFound
    return found


async def list_holds(tx: Transaction, *, after: UUID | None, most: int, released: bool) -> Sequence[Hold]:
    """Return a page of the holds in force, or of all."""
    return await keeping.list_holds(tx, after=after, most=most, released=released)


async def _reread(means: Means, tenant: UUID, hold: UUID) -> Hold:
    async with means.database.transaction(tenant) as tx:
        return await read_hold(tx, hold)


async def _place(tx: Transaction, wanted: Wanted) -> UUID:
    locked = await holdings.lock(tx, wanted.recordings)
    _judge(locked, wanted.recordings)
    hold = await new_id(tx)
    ids = [str(each) for each in sorted(wanted.recordings)]
    recorded = await record(
        tx,
        LOG,
        "hold_placed",
        facts={"hold": str(hold), "recordings": ids},
        details={"reason": wanted.reason, "matter": wanted.matter, "review_on": wanted.review_on.isoformat()},
    )
    made = Hold(hold, wanted.reason, wanted.matter, wanted.by, wanted.review_on, tx.now, wanted.recordings)
    await keeping.add_hold(tx, made, recorded.salt)
    placed = {"recordings": ids, "placed_at": tx.now.isoformat(), "review_on": wanted.review_on.isoformat()}
    await _enqueue(tx, hold, "hold_placed", placed)
    return hold


def _judge(locked: Sequence[Locked], wanted: Sequence[UUID]) -> None:
    known = {each.id for each in locked if each.kind == "recording"}
    if known != set(wanted):
        raise NotFound
    for each in locked:
        late = answer_to_hold(each.state)
        if late is not None and each.ordered_at is not None:
            began = each.ordered_at.isoformat().replace("+00:00", "Z")
            raise Conflict(late.code, f"Deletion of {each.id} began at {began}.", reasons=[late])


async def _enqueue(tx: Transaction, hold: UUID, kind: str, more: Mapping[str, object]) -> None:
    number = await control.take_number(tx)
    entry = {"kind": kind, "tenant": str(tx.tenant), "hold": str(hold), **more}
    await control.enqueue(tx, [ControlEntry(tx.tenant, number, kind, hold, entry)])


async def _in_ledger(means: Means, tenant: UUID, hold: UUID) -> None:
    """Return once everything about a hold is in the control ledger, whichever process writes it."""
    try:
        async with asyncio.timeout(LEDGER_WITHIN):
            while True:
                await write(means)
                async with means.database.transaction(tenant) as tx:
                    if await control.is_written(tx, hold):
                        return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise Unavailable(
            "hold_not_in_ledger", "The hold is in force but not yet in the control ledger.", retry_after=1
        ) from None

"""Legal holds: placed on recordings under their row locks, answered once in the control ledger, released.

A hold keeps what AVG art. 17(3)(e) lets a controller keep (R14); from the point of no return on it comes too late.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction, alarm, announce_all, claim, new_id, record, remember
from recital_errors import Conflict, Forbidden, Malformed, NotFound, Unavailable
from recital_events import HoldPlaced, HoldReleased

from recital_retention.actions.closing import refuse_hold_while_closing
from recital_retention.actions.control import LEDGER, LOG, write
from recital_retention.actions.means import Means
from recital_retention.decisions.holds import Found, HoldVerdict, may_hold, may_release, review_too_early
from recital_retention.model import Hold, HoldingState, HoldScope
from recital_retention.store import control, holdings, keeping, schedule, trims
from recital_retention.store import holds as scopes
from recital_retention.store.control import ControlEntry
from recital_retention.store.holds import Kept

ROUTE = "POST /v1/holds"
MOST_RECORDINGS = 50_000
LEDGER_WITHIN = 2.0
"""Seconds the one who asks is let wait for the control ledger."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A hold that is asked for."""

    reason: str
    matter: str
    review_on: date
    scope: HoldScope
    by: str

    def fingerprint(self) -> bytes:
        """Return the bytes that make a repeated request the same."""
        return hashlib.sha256(
            "\0".join([self.reason, self.matter, str(self.review_on), repr(self.scope)]).encode()
        ).digest()


async def place_hold(means: Means, tenant: UUID, wanted: Wanted, key: str | None) -> Hold:
    """Place a hold; on return it is in force and in the control ledger.

    Raises NotFound where a recording, call or subject is not known, Malformed `review_date_past`, Conflict
    `deletion_began` with the moment where what is listed is past the point of no return (then nothing is held),
    `nothing_to_hold`, `held_already` with the hold in force; Unavailable where the control ledger does not answer: the
    hold is in force, and the same request again answers.
    """
    async with means.database.transaction(tenant) as tx:
        hold = await claim(tx, key, route=ROUTE, fingerprint=wanted.fingerprint())
        if hold is None:
            await refuse_hold_while_closing(tx)
            hold = await _place(tx, wanted)
            await remember(tx, key, result=hold)
    await _in_ledger(means, tenant, hold)
    return await _reread(means, tenant, hold)


async def release_hold(
    means: Means, tenant: UUID, hold: UUID, *, by: str, because: str, for_another: bool = False
) -> Hold:
    """End a hold; what only it kept is decided again at once.

    Raises NotFound, Conflict `hold_released`, Forbidden `hold_of_another` where somebody else placed it and
    `for_another` does not say that this is known.
    """
    async with means.database.transaction(tenant) as tx:
        found = await keeping.find_hold(tx, hold, locked=True)
        if found is None:
            raise NotFound
        _may_release(found, by, for_another=for_another)
        recorded = await record(tx, LOG, "hold_released", facts={"hold": str(hold)}, details={"reason": because})
        await keeping.release_hold(tx, hold, by=by, because=because, salt=recorded.salt)
        kept = _kept(found.recordings, await scopes.kept_along(tx, hold))
        await schedule.put_now(tx, [id_ for id_, _ in kept])
        at = tx.now
        await announce_all(tx, [HoldReleased(hold=hold, holding=id_, kind=kind, released_at=at) for id_, kind in kept])
        of = [str(each) for each in found.recordings]
        await _enqueue(tx, hold, "hold_released", {"released_at": tx.now.isoformat(), "recordings": of})
    await _in_ledger(means, tenant, hold)
    return await _reread(means, tenant, hold)


async def hold_new(tx: Transaction, recording: UUID, call: UUID, subjects: Sequence[UUID], ended_at: datetime) -> None:
    """Let the holds that were asked to take in recordings to come take in this one, stored in this transaction.

    It needs no entry of its own in the control ledger: the hold's has its scope, and a recording that a restored
    database does not know is announced to it again.
    """
    for hold in await scopes.holds_for_new(tx, call, subjects, ended_at):
        await scopes.take_in(tx, hold, recording)
        await _announce_placed(tx, hold, _kept([recording], await _along(tx, hold, [recording])))


async def hold_whole_person(tx: Transaction, subjects: Sequence[UUID]) -> None:
    """Let the holds on any of these subjects, who are one person, take in what speaks of the others; the row locks of
    what speaks of them are taken. What is past the point of no return stays there.
    """
    for id_ in await scopes.holds_by_person(tx, subjects):
        hold = await keeping.find_hold(tx, id_, locked=True)
        if hold is None:
            continue
        locked = await holdings.lock(tx, set(await scopes.recordings_in(tx, hold.scope)) - set(hold.recordings))
        fresh = [each.id for each in locked if not each.state.beyond_return]
        for each in fresh:
            await scopes.take_in(tx, id_, each)
        await _announce_placed(tx, id_, _kept(fresh, await _along(tx, id_, fresh)))


async def read_hold(tx: Transaction, hold: UUID) -> Hold:
    """Return a hold; raises NotFound."""
    found = await keeping.find_hold(tx, hold)
    if found is None:
        raise NotFound
    return found


async def list_holds(tx: Transaction, *, after: UUID | None, most: int, released: bool) -> Sequence[Hold]:
    """Return a page of the holds in force, or of all."""
    return await keeping.list_holds(tx, after=after, most=most, released=released)


async def alarm_reviews(means: Means, tenant: UUID) -> bool:
    """Raise an alarm for each hold in force that is to be looked at again."""
    async with means.database.transaction(tenant) as tx:
        for hold in await scopes.reviews_due(tx):
            await alarm(tx, "hold_review_due", about=hold, detail="The review date of this hold has come.")
    return False


async def _reread(means: Means, tenant: UUID, hold: UUID) -> Hold:
    async with means.database.transaction(tenant) as tx:
        return await read_hold(tx, hold)


async def _place(tx: Transaction, wanted: Wanted) -> UUID:
    if review_too_early(wanted.review_on, tx.now):
        raise Malformed("review_date_past", "The date on which a hold is looked at again has passed.")
    verdict = _answer(await _find(tx, wanted.scope), wanted.scope)
    same = await scopes.same_hold(tx, wanted.matter, verdict.recordings, wanted.scope)
    if same is not None:
        raise Conflict("held_already", f"Hold {same} for this matter keeps all of this already.")
    hold = await new_id(tx)
    ids = [str(each) for each in verdict.recordings]
    scope = _written(wanted.scope)
    told: dict[str, Any] = {
        "reason": wanted.reason,
        "matter": wanted.matter,
        "review_on": wanted.review_on.isoformat(),
        "scope": scope,
    }
    recorded = await record(tx, LOG, "hold_placed", facts={"hold": str(hold), "recordings": ids}, details=told)
    made = Hold(
        id=hold,
        reason=wanted.reason,
        matter=wanted.matter,
        placed_by=wanted.by,
        review_on=wanted.review_on,
        placed_at=tx.now,
        recordings=verdict.recordings,
        scope=wanted.scope,
        too_late=verdict.too_late,
    )
    await keeping.add_hold(tx, made, recorded.salt)
    along = await _along(tx, hold, verdict.recordings, wanted.scope)
    await _announce_placed(tx, hold, _kept(verdict.recordings, along))
    placed = {"recordings": ids, "placed_at": tx.now.isoformat(), "review_on": wanted.review_on.isoformat()}
    await _enqueue(tx, hold, "hold_placed", placed | {"scope": scope})
    return hold


async def _find(tx: Transaction, scope: HoldScope) -> list[Found]:
    """Find a scope's recordings and lock them with their calls and identities, all in one order.

    Under those locks none can be stored beside this hold: it is found here, or its storing finds the hold.
    """
    found = await scopes.recordings_in(tx, scope)
    if len(found) > MOST_RECORDINGS:
        raise Malformed("hold_too_large", f"A hold is on at most {MOST_RECORDINGS} recordings.")
    beside = [id_ for id_, _ in await scopes.around(tx, found)]
    locked = {each.id: each for each in await holdings.lock(tx, {*found, *beside, *scope.calls, *scope.subjects})}
    for kind, asked in (("recording", scope.recordings), ("call", scope.calls), ("identity", scope.subjects)):
        if any(id_ not in locked or locked[id_].kind != kind for id_ in asked):
            raise NotFound
    since = [each for each in await scopes.recordings_in(tx, scope) if each not in locked]
    locked |= {each.id: each for each in await holdings.lock(tx, since)}
    cut = await trims.trimming_since(tx, [*found, *since])
    return [
        Found(id_, HoldingState.ORDERING, cut[id_])
        if id_ in cut
        else Found(id_, locked[id_].state, locked[id_].ordered_at)
        for id_ in sorted({*found, *since})
    ]


def _answer(found: Sequence[Found], scope: HoldScope) -> HoldVerdict:
    verdict = may_hold(found, listed=bool(scope.recordings), future=scope.future)
    if verdict.refused is None:
        return verdict
    if not verdict.too_late:
        raise Conflict(verdict.refused.code, "There is no recording to hold, and none to come was asked for.")
    recording, began = min(verdict.too_late.items(), key=lambda each: each[1])
    at = began.isoformat().replace("+00:00", "Z")
    raise Conflict(verdict.refused.code, f"Deletion of {recording} began at {at}.", reasons=[verdict.refused])


def _may_release(found: Hold, by: str, *, for_another: bool) -> None:
    refused = may_release(
        found.placed_by,
        by,
        released=found.released_at is not None,
        for_another=for_another,
        remembered=found.placed_by == LEDGER,
    )
    if refused is None:
        return
    if refused.code == "hold_released":
        raise Conflict(refused.code, "This hold was released before.")
    raise Forbidden(refused.code, "Somebody else placed this hold; say `for_another` to end it for them.")


async def _along(
    tx: Transaction, hold: UUID, recordings: Sequence[UUID], scope: HoldScope | None = None
) -> Sequence[Kept]:
    """Note what is kept along with recordings: their calls, the identities of their parties, and a call itself that
    recordings are still to come of.
    """
    to_come: list[Kept] = [(id_, "call") for id_ in scope.calls] if scope is not None and scope.future else []
    along = sorted({*await scopes.around(tx, recordings), *to_come})
    before = set(await scopes.kept_along(tx, hold))
    await scopes.keep_along(tx, hold, along)
    return [each for each in along if each not in before]


def _kept(recordings: Sequence[UUID], along: Sequence[Kept]) -> list[Kept]:
    return [*((id_, "recording") for id_ in recordings), *along]


async def _announce_placed(tx: Transaction, hold: UUID, kept: Sequence[Kept]) -> None:
    at = tx.now
    await announce_all(tx, [HoldPlaced(hold=hold, holding=id_, kind=kind, placed_at=at) for id_, kind in kept])


def _written(scope: HoldScope) -> dict[str, Any]:
    return {
        "calls": [str(each) for each in scope.calls],
        "subjects": [str(each) for each in scope.subjects],
        "from": scope.period_from.isoformat() if scope.period_from else None,
        "until": scope.period_until.isoformat() if scope.period_until else None,
        "future": scope.future,
    }


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

"""Erasure on retention's order: playback ends at once; keys, objects, rows go; absence is proved place by place.

It never gives up. A place that cannot be cleared is told (`holding.stuck`) and alarmed, and tried again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from recital_database import Transaction, alarm, announce, record
from recital_errors import NotFound, PermanentError, RecitalError
from recital_events import ErasureOrdered, HoldingErased, HoldingStuck, Place, Proof

from recital_ingest.actions.means import LOG, Means
from recital_ingest.actions.storing import places
from recital_ingest.decisions.patience import wait_after
from recital_ingest.model.ending import Collection, ErasureOrder
from recital_ingest.model.recording import Recording, party_mark
from recital_ingest.model.upload import Due, object_key
from recital_ingest.store import endings, permits, recordings

AT_ONCE = 32
# How long one replica may take over one order before another may try.
TAKEN_FOR = timedelta(minutes=5)
ERASURES = "erasures"
"""What a transaction touches that has an order to carry out."""
RECORDING, COLLECTION = "recording", "collection"
METHODS = {"key": "key_row_absent", "object": "no_version_no_upload", "rows": "rows_deleted"}


async def take_order(tx: Transaction, event: ErasureOrdered) -> bool:
    """Note an order for a holding of ours: from this commit on nobody hears or fetches it.

    False where the holding is another service's. Raises PermanentError where it should be ours and is not known.
    """
    if event.kind == RECORDING:
        await _stop_recording(tx, event)
    elif event.kind == COLLECTION and await endings.part(tx, event.holding) is not None:
        await endings.begin_erasing_part(tx, event.holding)
    else:
        return False
    await endings.add_erasure(tx, event)
    tx.touched.add(ERASURES)
    return True


async def erase_due(means: Means) -> bool:
    """Carry out the orders that are due; true when there may be more. Waits while time is doubtful."""
    if means.database.clock.frozen:
        return False
    async with means.database.work() as tx:
        due = await endings.due_erasures(tx, AT_ONCE)
    for each in due:
        await _carry_out(means, each)
    return len(due) == AT_ONCE


async def _stop_recording(tx: Transaction, event: ErasureOrdered) -> None:
    if event.spans_kept:
        # Playback is already limited to what remains; re-sealing the rest is not built.
        raise PermanentError("trim_unsupported", "A part of a recording cannot be erased yet, only the whole.")
    try:
        found = await recordings.recording(tx, event.holding)
    except NotFound:
        raise PermanentError("recording_unknown", "The recording to be erased is not known.") from None
    if isinstance(found, Recording):
        await recordings.begin_erasing(tx, found.id)
        marks = {party_mark(found.call, party.party) for party in found.parties}
        await permits.put_tombstone(tx, found.id, found.call, sorted(marks))


@dataclass(frozen=True, slots=True)
class _Lying:
    """Where a holding lies: objects and keys, to be destroyed before its rows."""

    objects: Sequence[UUID]
    keys: Sequence[UUID]


async def _carry_out(means: Means, due: Due) -> None:
    async with means.database.transaction(due.tenant) as tx:
        order = await endings.take_erasure(tx, due.id, again_after=TAKEN_FOR)
        lying = await _lying(tx, order) if order else None
    if order is None or lying is None:
        return
    stuck = await _destroy(means, due.tenant, lying)
    async with means.database.transaction(due.tenant) as tx:
        if stuck is None:
            await _answer(tx, order, lying)
        else:
            await _report(tx, order, *stuck)


async def _lying(tx: Transaction, order: ErasureOrder) -> _Lying:
    if order.kind == RECORDING:
        found = await recordings.recording(tx, order.holding)
        if isinstance(found, Recording):
            return _Lying([track.object for track in found.tracks], found.keys)
        return _Lying((), ())
    part: Collection | None = await endings.part(tx, order.holding)
    objects = (part.object,) if part and part.object else ()
    keys = (part.key,) if part and part.key else ()
    return _Lying(objects, keys)


async def _destroy(means: Means, tenant: UUID, lying: _Lying) -> tuple[Place, str] | None:
    """Destroy keys, then every version of every object, and look whether all is gone; return the place that is not."""
    place = Place(kind="key", id=str(lying.keys[0])) if lying.keys else None
    try:
        await means.vault.keys.destroy(tenant, lying.keys)
        if place and not await means.vault.keys.absent(tenant, lying.keys):
            return place, "key_still_there"
        for each in lying.objects:
            place = Place(kind="object", id=object_key(each))
            await means.vault.objects.erase(object_key(each))
            if not await means.vault.objects.absent(object_key(each)):
                return place, "object_still_there"
    except RecitalError as error:
        if place is None:
            raise
        return place, error.code
    return None


async def _answer(tx: Transaction, order: ErasureOrder, lying: _Lying) -> None:
    """Drop the rows and tell retention, place by place, that nothing is left."""
    if order.kind == RECORDING:
        found = await recordings.recording(tx, order.holding)
        gone = list(places(found)) if isinstance(found, Recording) else [Place(kind="rows", id=str(order.holding))]
        await recordings.reduce_to_skeleton(tx, order.holding)
        await record(tx, LOG, "recording.erased", facts={"recording": str(order.holding), "order": str(order.id)})
    else:
        gone = [
            *(Place(kind="object", id=object_key(each)) for each in lying.objects),
            *(Place(kind="key", id=str(each)) for each in lying.keys),
            Place(kind="rows", id=str(order.holding)),
        ]
        await endings.forget_part(tx, order.holding)
    await endings.finish_erasure(tx, order.id)
    proofs = tuple(Proof(place=place, method=METHODS[place.kind], absent_at=tx.now) for place in gone)
    await announce(
        tx,
        HoldingErased.model_validate(
            {"order": order.id, "holding": order.holding, "kind": order.kind, "proofs": proofs, "erased_at": tx.now}
        ),
    )


async def _report(tx: Transaction, order: ErasureOrder, place: Place, cause: str) -> None:
    """Say which place cannot be cleared, the first time, and try again later."""
    if not await endings.postpone_erasure(tx, order.id, by=wait_after(order.tries)):
        return
    await alarm(
        tx, "erasure_stuck", about=order.holding, detail=f"A place of kind {place.kind} is not cleared: {cause}"
    )
    await announce(
        tx,
        HoldingStuck.model_validate(
            {
                "order": order.id,
                "holding": order.holding,
                "kind": order.kind,
                "place": place,
                "since": tx.now,
                "cause": cause,
            }
        ),
    )

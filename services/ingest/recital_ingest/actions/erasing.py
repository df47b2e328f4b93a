"""Erasure on retention's order: playback ends at once; keys, objects, rows go; absence is proved place by place.

It never gives up. A place that cannot be cleared is told (`holding.stuck`) and alarmed, and tried again.
"""

from datetime import timedelta
from uuid import UUID

from recital_database import Transaction, announce, record, who_goes_on
from recital_errors import NotFound, PermanentError, RecitalError
from recital_events import ErasureOrdered, HoldingErased, Place, Proof

from recital_ingest.actions.destroying import METHODS, Lying, destroy, report
from recital_ingest.actions.means import LOG, Means
from recital_ingest.actions.trimming import trim
from recital_ingest.decisions.patience import wait_after
from recital_ingest.decisions.trimming import frames_left, left_of
from recital_ingest.model.ending import Collection, ErasureOrder
from recital_ingest.model.recording import Recording, party_mark
from recital_ingest.model.spans import together
from recital_ingest.model.upload import Due
from recital_ingest.store import beside, endings, permits, recordings

AT_ONCE = 32
# How long one replica may take over one order before another may try.
TAKEN_FOR = timedelta(minutes=5)
ERASURES = "erasures"
"""What a transaction touches that has an order to carry out."""
RECORDING, COLLECTION = "recording", "collection"


async def take_order(tx: Transaction, event: ErasureOrdered) -> bool:
    """Note an order for a holding of ours: from this commit on nobody hears or fetches it.

    Of an order that keeps spans, only those are heard from then on. False where the holding is another service's.
    Raises PermanentError where it should be ours and is not known.
    """
    trims = False
    if event.kind == RECORDING:
        trims = await _stop_recording(tx, event)
    elif event.kind == COLLECTION and await endings.part(tx, event.holding) is not None:
        await endings.begin_erasing_part(tx, event.holding)
    else:
        return False
    await endings.add_erasure(tx, event, trims=trims)
    tx.touched.add(ERASURES)
    return True


async def erase_due(means: Means) -> bool:
    """Carry out the orders that are due; true when there may be more. Waits while time is doubtful."""
    async with means.database.work() as tx:
        going = await who_goes_on(means.database, tx)
        due = await endings.due_erasures(tx, AT_ONCE, only=going.only)
    for each in due:
        await _carry_out(means, each)
    return len(due) == AT_ONCE


async def _stop_recording(tx: Transaction, event: ErasureOrdered) -> bool:
    """Let nobody hear what must go from now on; return whether a part of the recording stays."""
    try:
        found = await recordings.recording(tx, event.holding)
    except NotFound:
        raise PermanentError("recording_unknown", "The recording to be erased is not known.") from None
    if not isinstance(found, Recording):
        return False
    kept = left_of(found, together((each.purposes, each.spans) for each in event.spans_kept))
    if event.spans_kept and frames_left(found, kept):
        await recordings.narrow(tx, found.id, kept)
        return True
    await recordings.begin_erasing(tx, found.id)
    marks = {party_mark(found.call, party.party) for party in found.parties}
    await permits.put_tombstone(tx, found.id, found.call, sorted(marks))
    return False


async def _carry_out(means: Means, due: Due) -> None:
    async with means.database.transaction(due.tenant) as tx:
        order = await endings.take_erasure(tx, due.id, again_after=TAKEN_FOR)
        lying = await _lying(tx, order) if order else None
    if order is None or lying is None:
        return
    if order.trims and lying.keys:
        await _trim(means, due.tenant, order)
        return
    if order.trims:
        # Erased as a whole meanwhile: what an attempt left behind goes too.
        replaced = order.replaced or ((), ())
        lying = Lying((*order.new_objects, *replaced[0]), (*order.new_keys, *replaced[1]))
    stuck = await destroy(means, due.tenant, lying)
    async with means.database.transaction(due.tenant) as tx:
        if stuck is None:
            await _answer(tx, order, lying)
        else:
            await report(tx, order, *stuck)


async def _trim(means: Means, tenant: UUID, order: ErasureOrder) -> None:
    try:
        await trim(means, tenant, order)
    except RecitalError as error:
        # Another replica's order, or one that cannot be carried out yet: the first postpones nothing.
        place = Place(kind="rows", id=str(order.holding))
        async with means.database.transaction(tenant) as tx:
            if await endings.renew_erasure(tx, order, by=wait_after(order.tries)):
                await report(tx, order, place, error.code)


async def _lying(tx: Transaction, order: ErasureOrder) -> Lying:
    if order.kind == RECORDING:
        found = await recordings.recording(tx, order.holding)
        if not isinstance(found, Recording):
            return Lying((), ())
        waveform = await beside.waveform_of(tx, found.id)
        objects = [*(track.object for track in found.tracks), *((waveform.object,) if waveform else ())]
        keys = [*found.keys, *((waveform.key,) if waveform else ()), *await beside.annotation_keys(tx, found.id)]
        # Where it lay before it was sent again is long empty, and proved so once more.
        objects, keys = [*objects, *found.replaced[0]], [*keys, *found.replaced[1]]
        return Lying(objects, keys)
    part: Collection | None = await endings.part(tx, order.holding)
    return Lying((part.object,) if part and part.object else (), (part.key,) if part and part.key else ())


async def _answer(tx: Transaction, order: ErasureOrder, lying: Lying) -> None:
    """Drop the rows and tell retention, place by place, that nothing is left."""
    gone = [*lying.places, Place(kind="rows", id=str(order.holding))]
    if order.kind == RECORDING:
        await recordings.reduce_to_skeleton(tx, order.holding)
        await beside.drop_all(tx, order.holding)
        await record(tx, LOG, "recording.erased", facts={"recording": str(order.holding), "order": str(order.id)})
    else:
        await endings.forget_part(tx, order.holding)
    await endings.finish_erasure(tx, order.id)
    proofs = tuple(Proof(place=place, method=METHODS[place.kind], absent_at=tx.now) for place in gone)
    await announce(
        tx,
        HoldingErased.model_validate(
            {"order": order.id, "holding": order.holding, "kind": order.kind, "proofs": proofs, "erased_at": tx.now}
        ),
    )

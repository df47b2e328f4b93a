"""Erasure on retention's order: playback ends at once; keys, objects, rows go; absence is proved place by place.

It never gives up. A place that cannot be cleared is told (`holding.stuck`) and alarmed, and tried again.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from uuid import UUID

from recital_database import Transaction, Writing, announce, announce_all, record_all, who_goes_on
from recital_errors import NotFound, PermanentError, RecitalError
from recital_events import ErasureOrdered, HoldingErased, Place, Proof

from recital_ingest.actions.destroying import METHODS, Lying, destroy, destroy_all, report
from recital_ingest.actions.means import LOG, Means
from recital_ingest.actions.trimming import trim
from recital_ingest.decisions.patience import wait_after
from recital_ingest.decisions.trimming import frames_left, left_of
from recital_ingest.model.ending import Collection, ErasureOrder
from recital_ingest.model.recording import Recording, party_mark
from recital_ingest.model.spans import together
from recital_ingest.model.upload import Due
from recital_ingest.store import beside, endings, erasures, permits, recordings

AT_ONCE = 256
# How long one replica may take over one order before another may try.
TAKEN_FOR = timedelta(minutes=5)
ERASURES = "erasures"
"""What a transaction touches that has an order to carry out."""
RECORDING, COLLECTION = "recording", "collection"


async def take_orders(tx: Transaction, events: Sequence[ErasureOrdered]) -> None:
    """Note orders, each as `take_order` does; those of whole recordings that follow each other in one go."""
    for whole, each in groupby(events, key=lambda event: event.kind == RECORDING and not event.spans_kept):
        orders = list(each)
        if not whole or len(orders) == 1:
            for order in orders:
                await take_order(tx, order)
            continue
        if await erasures.stop_recordings(tx, [order.holding for order in orders]):
            raise _unknown()
        await erasures.add_whole(tx, orders)
        tx.touched.add(ERASURES)


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
    # Where time becomes doubtful meanwhile, the rest is judged anew.
    frozen = means.database.clock.frozen
    by_tenant: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for each in due:
        by_tenant[each.tenant].append(each.id)
    for tenant, orders in by_tenant.items():
        done = await _carry_out_together(means, tenant, orders) if len(orders) > 1 else set()
        for order in orders:
            if means.database.clock.frozen != frozen:
                return True
            if order not in done:
                await _carry_out(means, Due(tenant, order))
    return len(due) == AT_ONCE


async def _stop_recording(tx: Transaction, event: ErasureOrdered) -> bool:
    """Let nobody hear what must go from now on; return whether a part of the recording stays."""
    try:
        found = await recordings.recording(tx, event.holding)
    except NotFound:
        raise _unknown() from None
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


def _unknown() -> PermanentError:
    return PermanentError("recording_unknown", "The recording to be erased is not known.")


async def _carry_out_together(means: Means, tenant: UUID, orders: Sequence[UUID]) -> set[UUID]:
    """Carry out orders of whole recordings at once; return those that are done. Others are to be taken up one by one.

    Where something cannot be cleared none is done: each is then tried by itself, so that only the one at fault waits.
    """
    async with means.database.transaction(tenant) as tx:
        taken = await erasures.take_whole(tx, orders, again_after=TAKEN_FOR)
        found = await erasures.lying_of(tx, [order.holding for order in taken])
    done = [(order, Lying(*found[order.holding])) for order in taken]
    if not done:
        return set()
    cleared = await destroy_all(means, tenant, [lying for _, lying in done])
    async with means.database.transaction(tenant) as tx:
        if cleared:
            await _answer_for_recordings(tx, done)
        else:
            await erasures.let_go(tx, [order.id for order in taken])
    return {order.id for order in taken} if cleared else set()


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
    if order.kind == RECORDING:
        await _answer_for_recordings(tx, [(order, lying)])
        return
    await endings.forget_part(tx, order.holding)
    await endings.finish_erasure(tx, order.id)
    await announce(tx, _erased(tx, order, lying))


async def _answer_for_recordings(tx: Transaction, done: Sequence[tuple[ErasureOrder, Lying]]) -> None:
    holdings = [order.holding for order, _ in done]
    await recordings.reduce_to_skeletons(tx, holdings)
    await beside.drop_all(tx, holdings)
    facts = [{"recording": str(order.holding), "order": str(order.id)} for order, _ in done]
    await record_all(tx, LOG, [Writing("recording.erased", each) for each in facts])
    await erasures.finish_all(tx, [order.id for order, _ in done])
    await announce_all(tx, [_erased(tx, order, lying) for order, lying in done])


def _erased(tx: Transaction, order: ErasureOrder, lying: Lying) -> HoldingErased:
    gone = [*lying.places, Place(kind="rows", id=str(order.holding))]
    proofs = tuple(Proof(place=place, method=METHODS[place.kind], absent_at=tx.now) for place in gone)
    return HoldingErased.model_validate(
        {"order": order.id, "holding": order.holding, "kind": order.kind, "proofs": proofs, "erased_at": tx.now}
    )

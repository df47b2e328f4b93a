"""Erasure on retention's order: calls become skeletons, identities and parts lose key and bytes; absence is proved.

It never gives up. A place that cannot be cleared is told (`holding.stuck`) and alarmed, and tried again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from recital_database import Transaction, alarm, announce, record, who_goes_on
from recital_errors import NotFound, PermanentError, RecitalError
from recital_events import ErasureOrdered, HoldingErased, HoldingStuck, Place, Proof

from recital_consent.actions.means import LOG, Means
from recital_consent.decisions.patience import wait_after
from recital_consent.model.holdings import Due, ErasureOrder, object_key
from recital_consent.store import asking, calls, marking, permits, rectifications, sampling, statements, subjects, work

ERASURES = "erasures"
"""What a transaction touches that has an order to carry out."""
AT_ONCE = 32
TAKEN_FOR = timedelta(minutes=5)
METHODS = {"key": "key_row_absent", "object": "no_version_no_upload", "rows": "rows_deleted"}


async def take_order(tx: Transaction, event: ErasureOrdered) -> None:
    """Note an order for a holding of ours; from this commit on nobody reads it or finds it.

    Of a recording only this is ours: its call gets no permit for these voices again. Raises PermanentError where a
    holding should be ours and is not known.
    """
    if event.kind == "recording":
        if not event.spans_kept:
            await permits.bury_recording(tx, event.holding)
        return
    if event.kind == "call":
        await _stop_call(tx, event.holding)
    elif event.kind == "identity":
        # Who calls from now on under the same number is somebody else to us.
        await subjects.forget_digests(tx, event.holding)
    elif event.kind == "collection" and await work.find_part(tx, event.holding) is not None:
        await work.begin_erasing_part(tx, event.holding)
    else:
        return
    await work.add_erasure(tx, event)
    tx.touched.add(ERASURES)


async def erase_due(means: Means) -> bool:
    """Carry out the orders that are due; true when there may be more. Waits while time is doubtful."""
    async with means.database.work() as tx:
        going = await who_goes_on(means.database, tx)
        due = await work.due_erasures(tx, AT_ONCE, only=going.only)
    for each in due:
        await _carry_out(means, each)
    return len(due) == AT_ONCE


@dataclass(frozen=True, slots=True)
class _Lying:
    """Where a holding lies beside its rows: keys and objects, destroyed before them."""

    keys: Sequence[UUID] = ()
    objects: Sequence[UUID] = ()

    def places(self, holding: UUID) -> list[Place]:
        """Return every place, the rows last."""
        return [
            *(Place(kind="key", id=str(each)) for each in self.keys),
            *(Place(kind="object", id=object_key(each)) for each in self.objects),
            Place(kind="rows", id=str(holding)),
        ]


async def _stop_call(tx: Transaction, call: UUID) -> None:
    try:
        found = await calls.read_call(tx, call, locked=True)
    except NotFound:
        raise PermanentError("call_unknown", "The call to be erased is not known.") from None
    if found.erasing_at is None:
        await calls.change_call(tx, call, erasing_at=tx.now)
        await permits.empty_permits(tx, call)


async def _carry_out(means: Means, due: Due) -> None:
    async with means.database.transaction(due.tenant) as tx:
        order = await work.take_erasure(tx, due.id, again_after=TAKEN_FOR)
        lying = await _lying(tx, order) if order else _Lying()
    if order is None:
        return
    stuck = await _destroy(means, due.tenant, lying)
    async with means.database.transaction(due.tenant) as tx:
        if stuck is None:
            await _answer(tx, order, lying)
        else:
            await _report(tx, order, *stuck)


async def _lying(tx: Transaction, order: ErasureOrder) -> _Lying:
    if order.kind == "identity":
        identity = (await subjects.sealed_identities(tx, [order.holding])).get(order.holding)
        return _Lying(keys=[identity.key] if identity else [])
    if order.kind == "collection":
        part = await work.find_part(tx, order.holding)
        keys = [part.key] if part and part.key else []
        return _Lying(keys=keys, objects=[part.object_id] if part and part.object_id else [])
    if order.kind == "call":
        return _Lying(keys=[each.key for each in await rectifications.rectifications_of(tx, [order.holding])])
    return _Lying()


async def _destroy(means: Means, tenant: UUID, lying: _Lying) -> tuple[Place, str] | None:
    """Destroy keys, then every version of every object, and look whether all is gone; return the place that is not."""
    place: Place | None = None
    try:
        for each in lying.keys:
            place = Place(kind="key", id=str(each))
            await means.vault.keys.destroy(tenant, [each])
            if not await means.vault.keys.absent(tenant, [each]):
                return place, "key_still_there"
        for each in lying.objects:
            place = Place(kind="object", id=object_key(each))
            await means.vault.objects.erase(place.id)
            if not await means.vault.objects.absent(place.id):
                return place, "object_still_there"
    except RecitalError as error:
        if place is None:
            raise
        return place, error.code
    return None


async def _answer(tx: Transaction, order: ErasureOrder, lying: _Lying) -> None:
    """Drop the rows, look that they are gone, and tell retention place by place that nothing is left."""
    if not await _drop_rows(tx, order):
        await _report(tx, order, Place(kind="rows", id=str(order.holding)), "rows_still_there")
        return
    await work.finish_erasure(tx, order.id)
    facts = {"holding": str(order.holding), "kind": order.kind, "order": str(order.id)}
    await record(tx, LOG, "holding.erased", facts=facts)
    proofs = [Proof(place=place, method=METHODS[place.kind], absent_at=tx.now) for place in lying.places(order.holding)]
    answer = {"order": order.id, "holding": order.holding, "kind": order.kind, "proofs": proofs, "erased_at": tx.now}
    await announce(tx, HoldingErased.model_validate(answer))


async def _drop_rows(tx: Transaction, order: ErasureOrder) -> bool:
    if order.kind == "call":
        await calls.reduce_to_skeleton(tx, order.holding, order=order.id, ground=order.ground)
        await permits.forget_voices(tx, order.holding)
        await asking.forget_asks(tx, order.holding)
        await rectifications.forget_rectifications(tx, order.holding)
        return await calls.is_skeleton(tx, order.holding)
    if order.kind == "identity":
        await subjects.forget_digests(tx, order.holding)
        await subjects.forget_notices(tx, order.holding)
        await statements.forget_statements(tx, order.holding)
        await sampling.forget_samples(tx, order.holding)
        await marking.forget_marks(tx, order.holding)
        await subjects.change_identity(tx, order.holding, key_id=None, sealed=None, erased_at=tx.now)
        # Last: whoever writes a correction holds the subject's row, and is waited for above.
        await rectifications.forget_rectifications(tx, order.holding)
        return await subjects.is_forgotten(tx, order.holding)
    await work.forget_part(tx, order.holding)
    return await work.find_part(tx, order.holding) is None


async def _report(tx: Transaction, order: ErasureOrder, place: Place, cause: str) -> None:
    """Say which place cannot be cleared, the first time, and try again later."""
    if not await work.postpone_erasure(tx, order, by=wait_after(order.tries)):
        return
    detail = f"A place of kind {place.kind} is not cleared: {cause}"
    await alarm(tx, "erasure_stuck", about=order.holding, detail=detail)
    stuck = {"order": order.id, "holding": order.holding, "kind": order.kind, "place": place}
    await announce(tx, HoldingStuck.model_validate({**stuck, "since": tx.now, "cause": cause}))

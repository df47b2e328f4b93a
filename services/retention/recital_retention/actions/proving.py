"""Proof: owners' answers are held against the register, and what is proved empty everywhere is certified (R14, R15)."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from recital_database import NotYet, Transaction, Writing, alarm, announce_all, new_ids, record_all
from recital_errors import PermanentError
from recital_events import ErasureCertified, HoldingErased, HoldingStuck
from recital_identity import TokenKind, sign

from recital_retention.actions.control import LOG
from recital_retention.actions.means import Means
from recital_retention.decisions.answers import judge_answer
from recital_retention.decisions.certificates import certificate_of
from recital_retention.model import Order, OrderState, PlaceProof
from recital_retention.store import holdings, orders, places, schedule, trims
from recital_retention.store.orders import Certified, Signed

BATCH = 100


async def take_answer(tx: Transaction, event: HoldingErased) -> NotYet | None:
    """Note an owner's proofs; when every place is proved the order is verified. Raises PermanentError."""
    return await take_proofs(tx, event.order, event.holding, _proofs(event))


async def take_answers(tx: Transaction, events: Sequence[HoldingErased]) -> None:
    """Note many owners' proofs at once. Raises PermanentError where one must be taken by itself (`take_answer`)."""
    await holdings.lock(tx, [each.holding for each in events])
    known = await orders.find_orders(tx, [each.order for each in events])
    proofs: dict[UUID, list[PlaceProof]] = {}
    for each in events:
        order = known.get(each.order)
        if order is None or order.state is OrderState.ORDERING or order.holding != each.holding or order.trims:
            raise PermanentError("not_together", "One of these answers is to be taken by itself.")
        if order.state is OrderState.SHREDDING:
            proofs.setdefault(each.holding, []).extend(_proofs(each))
    registered = await places.places_of(tx, list(proofs))
    answers = {
        holding: judge_answer(registered.get(holding, []), [(each.kind, each.id) for each in shown])
        for holding, shown in proofs.items()
    }
    complete = [holding for holding, answer in answers.items() if answer.complete]
    await places.add_all_places(tx, {holding: answer.unregistered for holding, answer in answers.items()})
    await places.prove_all(tx, proofs)
    await places.clear_way(tx, complete)
    await orders.verify(tx, [order.id for order in known.values() if order.holding in set(complete)])


def _proofs(event: HoldingErased) -> list[PlaceProof]:
    return [PlaceProof(each.place.kind, each.place.id, each.method, each.absent_at) for each in event.proofs]


async def take_proofs(tx: Transaction, order_id: UUID, holding: UUID, proofs: Sequence[PlaceProof]) -> NotYet | None:
    """Note proofs of absence. Raises PermanentError where the order is another holding's."""
    await holdings.lock(tx, [holding])
    order = await orders.find_order(tx, order_id)
    if order is None or order.state is OrderState.ORDERING:
        return NotYet(f"order:{order_id}")
    if order.holding != holding:
        raise PermanentError("order_of_another", "This order is not about this holding.")
    if order.state is not OrderState.SHREDDING:
        return None
    if order.trims:
        # Not one sample lay in what was to stay, so its owner destroyed the whole.
        await trims.take_whole(tx, order_id, holding)
        await schedule.remove(tx, [holding])
        await schedule.put_now(tx, await holdings.calls_of(tx, [holding]))
    registered = (await places.places_of(tx, [holding])).get(holding, [])
    answer = judge_answer(registered, [(each.kind, each.id) for each in proofs])
    await places.add_places(tx, holding, answer.unregistered)
    await places.prove_all(tx, {holding: proofs})
    if answer.complete:
        await places.clear_way(tx, [holding])
        await orders.verify(tx, [order_id])
    return None


async def take_trouble(tx: Transaction, event: HoldingStuck) -> NotYet | None:
    """Note a place that could not be destroyed yet, and raise an alarm; the owner goes on trying."""
    await holdings.lock(tx, [event.holding])
    order = await orders.find_order(tx, event.order)
    if order is None:
        return NotYet(f"order:{event.order}")
    if order.state in (OrderState.VERIFIED, OrderState.CERTIFIED):
        return None
    await places.add_places(tx, event.holding, [(event.place.kind, event.place.id)], registered=False)
    place = PlaceProof(event.place.kind, event.place.id, stuck_since=event.since, stuck_cause=event.cause)
    await places.mark_stuck(tx, event.holding, place)
    await alarm(
        tx, "erasure_stuck", about=event.holding, detail=f"A place of kind {event.place.kind} is stuck: {event.cause}."
    )
    return None


async def certify(means: Means, tenant: UUID) -> bool:
    """Certify a batch of what is proved; true when something was, since a container may have been waited for.

    Raises Unavailable where the certificate key is missing.
    """
    async with means.database.transaction(tenant) as tx:
        proved = await orders.take_verified(tx, BATCH)
        if not proved:
            return False
        empty = await places.places_of(tx, [each.holding for each in proved])
        signed = [
            _signed(means, order, _destroyed(order, empty[order.holding]), certificate, tx)
            for certificate, order in zip(await new_ids(tx, len(proved)), proved, strict=True)
        ]
        entries = await record_all(tx, LOG, [_writing(each) for each in signed])
        made = [Certified(each, entry.entry, entry.salt) for each, entry in zip(signed, entries, strict=True)]
        await orders.certify(tx, made)
        whole = [each for each in signed if not each.order.trims]
        spoken_of = await holdings.reduce_to_skeletons(tx, [each.order.holding for each in whole])
        # Their identities may be needed by nothing else.
        await schedule.put_now(tx, spoken_of)
        # A part that is gone was told of by its owner (`recording.trimmed`): here only the whole is.
        await announce_all(tx, [_certified(each, tx) for each in whole])
    means.metrics.erasures_certified.inc(len(whole))
    return True


async def alarm_frozen(means: Means, tenant: UUID) -> bool:
    """Raise an alarm where time jumped and this tenant's destruction waits for a person."""
    async with means.database.transaction(tenant) as tx:
        if await means.frozen(tx):
            waits = "Time jumped: nothing is destroyed until an officer or the operator has looked."
            await alarm(tx, "clock_frozen", about=tenant, detail=waits)
    return False


async def alarm_late(means: Means, tenant: UUID) -> None:
    """Raise an alarm for each erasure that began too long ago and is still open: never abandoned, never silent."""
    async with means.database.transaction(tenant) as tx:
        for order in await orders.late_orders(tx, tx.now - means.late_after):
            await alarm(
                tx,
                "erasure_late",
                about=order.holding,
                detail=f"An erasure that began at {order.ordered_at.isoformat()} is still {order.state.value}.",
            )


def _destroyed(order: Order, places_: Sequence[PlaceProof]) -> Sequence[PlaceProof]:
    """The places a certificate speaks of: all, or for a part that was cut out those that were emptied for it."""
    if not order.trims:
        return places_
    return [each for each in places_ if each.absent_at is not None and each.absent_at >= order.ordered_at]


def _signed(means: Means, order: Order, empty: Sequence[PlaceProof], certificate: UUID, tx: Transaction) -> Signed:
    claims = certificate_of(order, empty, certificate=certificate, tenant=tx.tenant, now=tx.now, residue=means.residue)
    return Signed(certificate, order, sign(TokenKind.CERTIFICATE, claims, means.certificate_key), claims)


def _writing(signed: Signed) -> Writing:
    facts = {
        "certificate": str(signed.certificate),
        "certificate_sha256": hashlib.sha256(signed.token.encode()).hexdigest(),
        "order": str(signed.order.id),
        "holding": str(signed.order.holding),
        "kind": signed.order.kind,
        "ground": signed.order.ground.value,
    }
    return Writing("erasure_certified", facts, signed.claims)


def _certified(made: Signed, tx: Transaction) -> ErasureCertified:
    return ErasureCertified(
        certificate=made.certificate,
        order=made.order.id,
        holding=made.order.holding,
        kind=made.order.kind,
        ground=made.order.ground.value,
        certified_at=tx.now,
    )

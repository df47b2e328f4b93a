"""Collecting: every service is ordered to hand in its part, and each part is checked against what its owner stated.

Nothing of a part is kept here but ids, labels and times: what it says is read from its owner again for the package.
"""

from collections.abc import AsyncIterator, Collection
from uuid import UUID

from recital_database import Transaction, alarm, announce, new_id, new_ids
from recital_errors import NotFound, PermanentError, Unavailable
from recital_events import CollectionOrdered, PartCollected
from recital_vault import Vault

from recital_dsar.actions.entries import Happening, enter
from recital_dsar.actions.means import Means, order_for
from recital_dsar.actions.moves import move
from recital_dsar.actions.objecting import raise_objection
from recital_dsar.actions.own_part import SERVICE, read_own_part, render_own_part
from recital_dsar.actions.part_reading import PartDocument, read_part
from recital_dsar.decisions.progress import is_complete, part_is_whole
from recital_dsar.model import SERVICES, Item, Move, Part, PartState, Request, State
from recital_dsar.store.items import add_items, link_items, remove_items
from recital_dsar.store.parts import add_part, empty_own_parts, judge_part, part, parts_of
from recital_dsar.store.requests import change_request, request
from recital_dsar.store.steps import add_step


async def order_collection(tx: Transaction, vault: Vault, found: Request) -> None:
    """Order every service to render its part of an identified request whose subjects are known."""
    order = await new_id(tx)
    subjects = found.subjects or ()
    await move(tx, found, Move.ORDER_COLLECTION)
    await change_request(tx, found.id, order_id=order)
    await enter(tx, vault, found, Happening("collection.ordered", facts={"order": str(order)}))
    await announce(tx, CollectionOrdered(order=order, request=found.id, subjects=subjects, ordered_at=tx.now))
    await raise_objection(tx, found)
    own, document = await render_own_part(tx, vault, found, order)
    await _take_items(tx, found, own, document)


async def collect_anew(tx: Transaction, vault: Vault, found: Request, subjects: Collection[UUID]) -> None:
    """Begin a collection again for other subjects: the person turned out to be more people, or fewer.

    What was collected and decided is dropped here; at its owners it ends with the request. Raises Conflict where the
    request is not being collected or reviewed.
    """
    await move(tx, found, Move.COLLECT_ANEW)
    await remove_items(tx, found.id)
    await empty_own_parts(tx, found.id)
    await change_request(tx, found.id, subjects=sorted(subjects))
    await enter(tx, vault, found, Happening("collection.dropped", facts={"order": str(found.order)}))
    await order_collection(tx, vault, await request(tx, found.id))


async def note_part(tx: Transaction, event: PartCollected) -> None:
    """Note that a service has rendered its part; one that nobody waits for is passed over."""
    if event.service not in SERVICES:
        raise PermanentError("part_of_nobody", "No such service hands in parts.")
    try:
        found = await request(tx, event.request, lock=True)
    except NotFound:
        return
    if found.order != event.order or found.state is not State.COLLECTING:
        return
    new = Part(
        event.part,
        event.request,
        event.order,
        event.service,
        PartState.ANNOUNCED,
        event.items,
        event.size,
        event.sha256,
    )
    if await add_part(tx, new, event.collected_at):
        await add_step(tx, "fetch", about=event.part, request=event.request)


async def fetch_part(means: Means, tenant: UUID, part_id: UUID) -> None:
    """Read a part from its owner and check it; the last whole part ends the collection (R15).

    Raises Unavailable where it cannot be read, or is not what was stated: it may be called again.
    """
    async with means.database.transaction(tenant) as tx:
        stated = await part(tx, part_id)
        found = await request(tx, stated.request)
    if stated.state is PartState.CHECKED or not _waits_for(found, stated):
        return
    document = await fetched(means, tenant, found, stated)
    async with means.database.transaction(tenant) as tx:
        found = await request(tx, stated.request, lock=True)
        if not _waits_for(found, stated) or (await part(tx, part_id)).state is PartState.CHECKED:
            return
        await _take(tx, means.vault, found, stated, document)


async def fetched(means: Means, tenant: UUID, found: Request, stated: Part) -> PartDocument:
    """Return a part as its owner gives it (this service's own too), checked against what it stated when collected.

    Raises Unavailable `part_mismatch` (alarmed) where bytes or count differ, or what the owner's silence raises.
    """
    if stated.service == SERVICE:
        async with means.database.transaction(tenant) as tx:
            return await read_own_part(tx, means.vault, found, stated.id)
    owner = means.ordered(stated.service, order_for(tenant, found.id, found.subjects or (), "collect"))
    async with owner.neighbour.stream(f"/v1/collections/{stated.order}/part", token=owner.token()) as answer:
        if not answer.is_success:
            raise Unavailable("part_not_given", "The owner of a part does not give it.")
        document = await read_part(_at_most(answer.aiter_bytes(), min(stated.size, means.limits.largest_part)))
    if not part_is_whole(stated, sha256=document.sha256, size=document.size, items=len(document.items)):
        async with means.database.transaction(tenant) as tx:
            await judge_part(tx, stated.id, PartState.MISMATCH)
            await alarm(tx, "part_mismatch", about=found.id, detail=f"The part of {stated.service} is not as stated.")
        raise Unavailable("part_mismatch", "A part is not what its owner stated.")
    return document


def _waits_for(found: Request, stated: Part) -> bool:
    return found.state is State.COLLECTING and found.order == stated.order


async def _take(tx: Transaction, vault: Vault, found: Request, stated: Part, document: PartDocument) -> None:
    await _take_items(tx, found, stated, document)
    await judge_part(tx, stated.id, PartState.CHECKED)
    await enter(
        tx,
        vault,
        found,
        Happening(
            "part.checked",
            facts={"part": str(stated.id), "service": stated.service, "items": stated.items, "sha256": stated.sha256},
        ),
    )
    if is_complete(await parts_of(tx, stated.order)):
        await link_items(tx, found.id)
        await move(tx, found, Move.COMPLETE_COLLECTION)


async def _take_items(tx: Transaction, found: Request, stated: Part, document: PartDocument) -> None:
    ids = await new_ids(tx, len(document.items)) if document.items else []
    items = [
        Item(
            id=id_,
            part=stated.id,
            service=stated.service,
            position=position,
            kind=each.kind,
            thing=each.thing,
            at=each.at,
            parties=each.parties,
            call=each.call,
            bases=each.bases,
            held=each.held,
        )
        for position, (id_, each) in enumerate(zip(ids, document.items, strict=True))
    ]
    await add_items(tx, found.id, items)


async def _at_most(chunks: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """Pass chunks on until more than `size` bytes came: what is longer than stated is not read to its end."""
    taken = 0
    async for chunk in chunks:
        taken += len(chunk)
        yield chunk
        if taken > size:
            return

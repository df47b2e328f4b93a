"""Retention's own part of a person's request: what it keeps of them, rendered once, sealed, handed out, destroyed.

The part (R12) is a holding of retention's own, with its key in the key store and its bytes in its row.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from recital_database import NotYet, Transaction, alarm, announce
from recital_errors import Gone, NotFound, RecitalError
from recital_events import CollectionOrdered, PartCollected, Place
from recital_ledger import canonical, instant

from recital_retention.actions.means import Means
from recital_retention.actions.proving import take_proofs
from recital_retention.model import PlaceProof
from recital_retention.store import holdings, keeping, parts, persons, schedule, tenants
from recital_retention.store.holdings import NewHolding
from recital_retention.store.parts import Part, Sealed
from recital_retention.store.places import mark_stuck

CONTEXT = b"parts.sealed"
BATCH = 20
LEASE = timedelta(hours=1)
"""How long a key may be without the row that names it."""


async def order_part(tx: Transaction, event: CollectionOrdered) -> NotYet | None:
    """Note that a part is to be collected; waits for the request, whose end will be the part's."""
    if await tenants.find_tenant(tx) is None:
        return NotYet(f"tenant:{tx.tenant}")
    if not await keeping.request_known(tx, event.request):
        return NotYet(f"request:{event.request}")
    await parts.add_part(tx, event)
    return None


async def collect(means: Means, tenant: UUID) -> bool:
    """Render, seal and register one part that waits; true when there was one. Raises Unavailable."""
    async with means.database.transaction(tenant) as tx:
        part = await parts.take_queued(tx)
        if part is None:
            return False
        facts = await tenants.find_tenant(tx)
        if facts is None or await keeping.is_lifted(tx, part.request):
            # Closed before it was collected: nothing is made of anyone any more.
            await parts.done(tx, part.id)
            await parts.remove_part(tx, part.id)
            return True
        whole = await persons.one_person(tx, part.subjects)
        items = [_item(row) for row in await parts.what_is_kept_of(tx, whole, part.request)]
        document = canonical({"service": "retention", "order": str(part.order), "items": items})
        # The key is committed before the row that names it; one that no row names is found by its owner.
        key = await means.vault.keys.new_key(tenant, part.id, facts.key)
        sealed = await means.vault.seal_small(tenant, key.id, document, CONTEXT)
        made = Sealed(key.id, sealed, len(items), len(document), hashlib.sha256(document).hexdigest())
        await parts.collected(tx, part.id, made)
        await _register(tx, part, made)
        return True


async def open_part(means: Means, tenant: UUID, order: UUID, request: UUID) -> bytes:
    """Return exactly the bytes that were sealed, for the request they were collected for.

    Raises NotFound where there is none (yet) for this request, Gone where it has been destroyed.
    """
    async with means.database.transaction(tenant) as tx:
        part = await parts.find_part(tx, order)
    if part is None or part.request != request:
        raise NotFound
    if part.key is None or part.sealed is None:
        raise NotFound("part_not_collected", "This part has not been collected yet.")
    try:
        return await means.vault.open_small(tenant, part.key, part.sealed, CONTEXT)
    except NotFound:
        raise Gone("part_erased", "This part has been destroyed.") from None


async def erase(means: Means, tenant: UUID) -> bool:
    """Destroy a batch of retention's own parts that are ordered, with proof; true when more may wait."""
    async with means.database.transaction(tenant) as tx:
        if await means.frozen(tx):
            return False
        ordered = await parts.parts_to_erase(tx, BATCH)
        keys = [part.key for part, _ in ordered if part.key is not None]
        try:
            # First the key, which cannot be taken back; asked again after a crash it is simply not there.
            await means.vault.keys.destroy(tenant, keys)
            gone = await means.vault.keys.absent(tenant, keys)
        except RecitalError as error:
            await _stuck(tx, [part for part, _ in ordered], error.code)
            return False
        for part, erasure in ordered:
            await parts.remove_part(tx, part.id)
            if gone:
                await take_proofs(tx, erasure, part.id, _proofs(part, tx))
    return len(ordered) == BATCH


async def collect_keys(means: Means, tenant: UUID) -> bool:
    """Destroy keys that were made for a part whose row was never committed; true when any was found, never if frozen.

    A key is committed before the row that names it, so one without a row after the lease is of nothing.
    """
    after: UUID | None = None
    found = False
    async with means.database.transaction(tenant) as tx:
        if await means.frozen(tx):
            return False
    while listed := await means.vault.keys.listed(tenant, older_than=LEASE, after=after):
        after = listed[-1].id
        async with means.database.transaction(tenant) as tx:
            named = await parts.keys_of_parts(tx, [each.id for each in listed])
        strays = [each.id for each in listed if each.id not in named]
        await means.vault.keys.destroy(tenant, strays)
        found |= bool(strays)
    return found


async def _stuck(tx: Transaction, ordered: Sequence[Part], cause: str) -> None:
    for part in ordered:
        if part.key is None:
            continue
        place = PlaceProof("key", str(part.key), stuck_since=tx.now, stuck_cause=cause)
        await mark_stuck(tx, part.id, place)
        await alarm(tx, "erasure_stuck", about=part.id, detail=f"A place of kind key is stuck: {cause}.")


async def _register(tx: Transaction, part: Part, made: Sealed) -> None:
    places = [Place(kind=kind, id=where) for kind, where in _places(part.id, made.key)]
    holding = NewHolding(part.id, "collection", tx.now, ends_with=part.request, subjects=part.subjects, places=places)
    await holdings.register(tx, holding)
    await schedule.remove(tx, [part.id])
    await announce(
        tx,
        PartCollected(
            part=part.id,
            order=part.order,
            request=part.request,
            service="retention",
            items=made.items,
            size=made.size,
            sha256=made.sha256,
            collected_at=tx.now,
        ),
    )


def _places(part: UUID, key: UUID) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("key", str(key)), ("rows", f"parts/{part}")


def _proofs(part: Part, tx: Transaction) -> list[PlaceProof]:
    found = [("rows", f"parts/{part.id}", "deleted")]
    if part.key is not None:
        found.append(("key", str(part.key), "key_absent"))
    return [PlaceProof(kind, where, method, tx.now) for kind, where, method in found]


def _item(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "holding",
        "id": str(row["id"]),
        "at": instant(row["registered_at"]),
        "holding_kind": row["kind"],
        "state": row["state"],
        "kept_until": None if row["due_at"] is None else instant(row["due_at"]),
        "kept_because": list(row["kept_by"]),
        "held": row["held"],
        "clocks": row["clocks"],
    }

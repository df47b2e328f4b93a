"""Orders to destroy and orders to collect: work that waits, found by the worker role, taken one at a time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_errors import NotFound
from recital_events import CollectionOrdered, ErasureOrdered
from sqlalchemy import Table, func, select, true, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from recital_ingest.model.ending import Collection, ErasureOrder
from recital_ingest.model.upload import Due
from recital_ingest.store.tables import CollectionRow, ErasureRow, Tabular, mine, table

ERASURES, COLLECTIONS = table(ErasureRow), table(CollectionRow)


async def add_erasure(tx: Transaction, event: ErasureOrdered, *, trims: bool = False) -> None:
    """Keep an order to destroy; keeping it again changes nothing."""
    row: dict[str, Any] = {
        "tenant_id": tx.tenant,
        "id": event.order,
        "holding_id": event.holding,
        "kind": event.kind,
        "control_sequence": event.control_sequence,
        "state": "ordered",
        "ordered_at": event.ordered_at,
        "tries": 0,
        "due_at": tx.now,
        "spans_kept": [[list(each.purposes), each.spans] for each in event.spans_kept] if trims else None,
        "new_objects": [],
        "new_keys": [],
        "multiparts": {},
    }
    await tx.execute(insert(ERASURES).values(row).on_conflict_do_nothing())


async def due_erasures(tx: Transaction, most: int, *, only: Sequence[UUID] | None = None) -> list[Due]:
    """Return orders to destroy that are due, taking turns over tenants (worker role): some where `only` names them."""
    return await _due(tx, ERASURES, most, only)


async def take_erasure(tx: Transaction, order: UUID, *, again_after: timedelta) -> ErasureOrder | None:
    """Take an order up, so that no other replica does for a while; None where it is done or taken."""
    row = await _take(tx, ErasureRow, order, again_after)
    if row is None:
        return None
    replaced = None if row.old_keys is None else (tuple(row.old_objects or ()), tuple(row.old_keys))
    return ErasureOrder(
        row.id,
        row.holding_id,
        row.kind,
        row.ordered_at,
        row.tries,
        row.stuck_since,
        trims=row.spans_kept is not None,
        new_objects=tuple(row.new_objects),
        new_keys=tuple(row.new_keys),
        multiparts=row.multiparts,
        replaced=replaced,
    )


async def renew_erasure(tx: Transaction, order: ErasureOrder, *, by: timedelta) -> bool:
    """Keep an order to ourselves for longer; false where another replica has it."""
    return await _change(tx, order, due_at=tx.now + by)


async def name_attempt(tx: Transaction, order: ErasureOrder, attempt: UUID, objects: list[UUID]) -> bool:
    """Name where an attempt is about to seal; false where another replica has the order."""
    return await _change(tx, order, attempt=attempt, new_objects=objects, new_keys=[], multiparts={})


async def name_attempts_keys(tx: Transaction, order: ErasureOrder, keys: list[UUID]) -> bool:
    """Name the keys of an attempt; false where another replica has the order."""
    return await _change(tx, order, new_keys=keys)


async def name_attempts_upload(tx: Transaction, order: ErasureOrder, object_id: UUID, upload_id: str) -> bool:
    """Name an upload in the store before its first part is sent; false where another replica has the order."""
    named = func.jsonb_build_object(str(object_id), upload_id, type_=JSONB)
    return await _change(tx, order, multiparts=ERASURES.c.multiparts.op("||")(named))


async def switch(
    tx: Transaction, order: ErasureOrder, *, objects: Sequence[UUID], keys: Sequence[UUID], salt: bytes
) -> bool:
    """Write what the trimmed tracks take the place of, and that they do; false where another replica has the order."""
    put = {"old_objects": list(objects), "old_keys": list(keys), "salt": salt}
    return await _change(tx, order, **put, new_objects=[], new_keys=[], multiparts={})


async def finish_trim(tx: Transaction, order: ErasureOrder) -> bool:
    """Write that an order was carried out; false where that was done."""
    return await _change(tx, order, state="done", stuck_since=None)


async def _change(tx: Transaction, order: ErasureOrder, **values: Any) -> bool:
    held = [ERASURES.c.id == order.id, ERASURES.c.state == "ordered", ERASURES.c.tries == order.tries]
    done = await tx.execute(update(ERASURES).where(mine(ErasureRow, tx), *held).values(**values))
    return done.rowcount == 1


async def finish_erasure(tx: Transaction, order: UUID) -> None:
    """Write that an order was carried out."""
    done = update(ERASURES).where(mine(ErasureRow, tx), ERASURES.c.id == order)
    await tx.execute(done.values(state="done", stuck_since=None))


async def postpone_erasure(tx: Transaction, order: UUID, *, by: timedelta) -> bool:
    """Try an order again later; true when it is stuck for the first time now."""
    row = (
        await tx.execute(
            update(ERASURES)
            .where(mine(ErasureRow, tx), ERASURES.c.id == order)
            .values(due_at=tx.now + by, stuck_since=func.coalesce(ERASURES.c.stuck_since, tx.now))
            .returning(ERASURES.c.stuck_since)
        )
    ).one()
    return bool(row.stuck_since == tx.now)


async def add_collection(tx: Transaction, event: CollectionOrdered, *, part: UUID) -> None:
    """Keep an order to collect; keeping it again changes nothing."""
    row = {
        "tenant_id": tx.tenant,
        "id": event.order,
        "request_id": event.request,
        "subjects": list(event.subjects),
        "state": "ordered",
        "part_id": part,
        "ordered_at": event.ordered_at,
        "due_at": tx.now,
        "tries": 0,
    }
    await tx.execute(insert(COLLECTIONS).values(row).on_conflict_do_nothing())


async def due_collections(tx: Transaction, most: int) -> list[Due]:
    """Return orders to collect that are due, taking turns over tenants (worker role)."""
    return await _due(tx, COLLECTIONS, most)


async def take_collection(tx: Transaction, order: UUID, *, again_after: timedelta) -> Collection | None:
    """Take an order up, so that no other replica does for a while; None where it is done or taken."""
    row = await _take(tx, CollectionRow, order, again_after)
    return _collection(row) if row is not None else None


async def name_part(tx: Transaction, order: UUID, *, object_id: UUID, key: UUID) -> None:
    """Name where a part is about to be sealed."""
    named = update(COLLECTIONS).where(mine(CollectionRow, tx), COLLECTIONS.c.id == order)
    await tx.execute(named.values(object_id=object_id, key_id=key))


async def finish_collection(tx: Transaction, order: UUID, *, object_id: UUID, size: int, items: int) -> bool:
    """Write that a part is sealed; false where another replica sealed it elsewhere meanwhile, or it is being erased."""
    done = await tx.execute(
        update(COLLECTIONS)
        .where(
            mine(CollectionRow, tx),
            COLLECTIONS.c.id == order,
            COLLECTIONS.c.state == "ordered",
            COLLECTIONS.c.object_id == object_id,
        )
        .values(state="collected", size=size, items=items)
    )
    return done.rowcount == 1


async def collected_part(tx: Transaction, order: UUID, *, request: UUID | None) -> Collection:
    """Return a part that can be fetched for a request. Raises NotFound."""
    row = (
        await tx.execute(
            select(COLLECTIONS).where(
                mine(CollectionRow, tx),
                COLLECTIONS.c.id == order,
                COLLECTIONS.c.request_id == request,
                COLLECTIONS.c.state == "collected",
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    return _collection(row)


async def part(tx: Transaction, part_id: UUID) -> Collection | None:
    """Return the collection a part belongs to, where the part is ours."""
    row = (
        await tx.execute(select(COLLECTIONS).where(mine(CollectionRow, tx), COLLECTIONS.c.part_id == part_id))
    ).one_or_none()
    return _collection(row) if row is not None else None


async def begin_erasing_part(tx: Transaction, part_id: UUID) -> None:
    """Stop a part from being fetched."""
    stopped = update(COLLECTIONS).where(mine(CollectionRow, tx), COLLECTIONS.c.part_id == part_id)
    await tx.execute(stopped.where(COLLECTIONS.c.state != "erased").values(state="erasing"))


async def forget_part(tx: Transaction, part_id: UUID) -> None:
    """Drop whom a part was about and where it lay."""
    gone = update(COLLECTIONS).where(mine(CollectionRow, tx), COLLECTIONS.c.part_id == part_id)
    await tx.execute(gone.values(state="erased", subjects=[], object_id=None, key_id=None, size=None, items=None))


async def parts_among(tx: Transaction, ids: list[UUID]) -> set[UUID]:
    """Return which of these ids are parts that are not erased."""
    rows = await tx.execute(
        select(COLLECTIONS.c.part_id).where(
            mine(CollectionRow, tx), COLLECTIONS.c.part_id.in_(ids), COLLECTIONS.c.state != "erased"
        )
    )
    return {row.part_id for row in rows}


async def attempts_among(tx: Transaction, ids: list[UUID]) -> set[UUID]:
    """Return which of these ids are attempts at sealing a recording anew: they own the keys of its tracks."""
    rows = await tx.execute(
        "select attempt from erasures where tenant_id = :tenant and attempt = any(cast(:ids as uuid[]))",
        {"tenant": tx.tenant, "ids": ids},
    )
    return {UUID(str(row.attempt)) for row in rows}


async def _due(tx: Transaction, work: Table, most: int, only: Sequence[UUID] | None = None) -> list[Due]:
    turn = func.row_number().over(partition_by=work.c.tenant_id, order_by=work.c.due_at).label("turn")
    theirs = true() if only is None else work.c.tenant_id.in_(only)
    waiting = (
        select(work.c.tenant_id, work.c.id, turn)
        .where(work.c.state == "ordered", work.c.due_at <= tx.now, theirs)
        .subquery()
    )
    rows = await tx.execute(select(waiting).order_by(waiting.c.turn, waiting.c.tenant_id).limit(most))
    return [Due(row.tenant_id, row.id) for row in rows]


async def _take(tx: Transaction, kind: type[Tabular], order: UUID, again_after: timedelta) -> Any:
    work = table(kind)
    return (
        await tx.execute(
            update(work)
            .where(mine(kind, tx), work.c.id == order, work.c.state == "ordered", work.c.due_at <= tx.now)
            .values(due_at=tx.now + again_after, tries=work.c.tries + 1)
            .returning(*work.c)
        )
    ).one_or_none()


def _collection(row: Any) -> Collection:
    return Collection(
        id=row.id,
        request=row.request_id,
        subjects=tuple(row.subjects),
        part=row.part_id,
        object=row.object_id,
        key=row.key_id,
        size=row.size,
        tries=row.tries,
    )

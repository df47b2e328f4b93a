"""Work that was ordered from outside and is done in the background: erasures, and parts of collections."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_errors import NotFound
from recital_events import CollectionOrdered, ErasureOrdered
from sqlalchemy import Row, delete, select, update

from recital_consent.model.holdings import Due, ErasureOrder, Part
from recital_consent.store.tables import ErasureRow, PartRow, Tabular, add_new

_ERASURES, _PARTS = ErasureRow.__table__, PartRow.__table__
# One due row per tenant in turn, however long another tenant's queue is.
_DUE = """
    select tenant_id, id from (
        select tenant_id, id, due_at, row_number() over (partition by tenant_id order by due_at, id) as turn
        from {table} where due_at <= recital_now() and {open}
            and (cast(:only as uuid[]) is null or tenant_id = any(:only))) due
    order by turn, due_at limit :most
"""


async def add_erasure(tx: Transaction, event: ErasureOrdered) -> None:
    """Note an order to destroy; noting twice is harmless."""
    values = {
        "id": event.order,
        "holding_id": event.holding,
        "kind": event.kind,
        "ground": event.ground,
        "due_at": tx.now,
    }
    await add_new(tx, ErasureRow, values)


async def due_erasures(tx: Transaction, most: int, *, only: Sequence[UUID] | None = None) -> list[Due]:
    """Return orders to carry out now (worker role), of some tenants only where `only` names them."""
    return await due_rows(tx, "erasures", "done_at is null", most, only=only)


async def take_erasure(tx: Transaction, order: UUID, *, again_after: timedelta) -> ErasureOrder | None:
    """Take an order for a while, None where another has it or it is done."""
    row = await _take(tx, ErasureRow, order, again_after)
    if row is None or row.done_at is not None:
        return None
    return ErasureOrder(id=row.id, holding=row.holding_id, kind=row.kind, ground=row.ground, tries=row.tries)


async def finish_erasure(tx: Transaction, order: UUID) -> None:
    """Note that an order is carried out."""
    await _change(tx, ErasureRow, order, done_at=tx.now)


async def postpone_erasure(tx: Transaction, order: ErasureOrder, *, by: timedelta) -> bool:
    """Try again later; true the first time, so that it is told once."""
    first = update(_ERASURES).where(
        _ERASURES.c.tenant_id == tx.tenant, _ERASURES.c.id == order.id, _ERASURES.c.stuck.is_(False)
    )
    is_first = (await tx.execute(first.values(stuck=True))).rowcount == 1
    await _change(tx, ErasureRow, order.id, due_at=tx.now + by, tries=order.tries + 1)
    return is_first


async def add_part(tx: Transaction, event: CollectionOrdered, *, part: UUID) -> None:
    """Note an order to collect; noting twice is harmless."""
    values = {
        "id": part,
        "order_id": event.order,
        "request_id": event.request,
        "subjects": list(event.subjects),
        "due_at": tx.now,
    }
    await add_new(tx, PartRow, values)


async def due_parts(tx: Transaction, most: int) -> list[Due]:
    """Return parts to render now (worker role)."""
    return await due_rows(tx, "parts", "true", most)


async def take_part(tx: Transaction, part: UUID, *, again_after: timedelta) -> Part | None:
    """Take a part for a while, None where another has it or it is rendered."""
    row = await _take(tx, PartRow, part, again_after)
    return _part(row) if row is not None else None


async def find_part(tx: Transaction, part: UUID) -> Part | None:
    """Return one of our parts; None where it is another service's."""
    statement = select(_PARTS).where(_PARTS.c.tenant_id == tx.tenant, _PARTS.c.id == part)
    row = (await tx.execute(statement)).one_or_none()
    return _part(row) if row else None


async def collected_part(tx: Transaction, order: UUID, *, request: UUID | None) -> Part:
    """Return the rendered part of an order of this request. Raises NotFound, also where it is being erased."""
    statement = select(_PARTS).where(
        _PARTS.c.tenant_id == tx.tenant,
        _PARTS.c.order_id == order,
        _PARTS.c.request_id == request,
        _PARTS.c.collected_at.is_not(None),
        _PARTS.c.erasing_at.is_(None),
    )
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return _part(row)


async def name_part(tx: Transaction, part: UUID, *, object_id: UUID, key: UUID) -> None:
    """Name object and key of a part before they hold anything."""
    await _change(tx, PartRow, part, object_id=object_id, key_id=key)


async def finish_part(tx: Transaction, part: UUID, *, object_id: UUID, size: int) -> bool:
    """Note that a part is rendered; false where another attempt has taken over or it is being erased."""
    statement = (
        update(_PARTS)
        .where(_PARTS.c.tenant_id == tx.tenant, _PARTS.c.id == part, _PARTS.c.object_id == object_id)
        .where(_PARTS.c.collected_at.is_(None), _PARTS.c.erasing_at.is_(None))
        .values(size=size, collected_at=tx.now, due_at=None)
    )
    return (await tx.execute(statement)).rowcount == 1


async def begin_erasing_part(tx: Transaction, part: UUID) -> None:
    """Give a part to nobody any more, and render it no more."""
    await _change(tx, PartRow, part, erasing_at=tx.now, due_at=None)


async def forget_part(tx: Transaction, part: UUID) -> None:
    """Remove a part."""
    await tx.execute(delete(_PARTS).where(_PARTS.c.tenant_id == tx.tenant, _PARTS.c.id == part))


async def due_rows(
    tx: Transaction, table: str, is_open: str, most: int, *, only: Sequence[UUID] | None = None
) -> list[Due]:
    """Return rows of a work table that are due, a tenant's in turn with those of others (worker role)."""
    these = None if only is None else list(only)
    rows = await tx.execute(_DUE.format(table=table, open=is_open), {"most": most, "only": these})
    return [Due(row.tenant_id, row.id) for row in rows]


async def _take(tx: Transaction, table: type[Tabular], id_: UUID, again_after: timedelta) -> Row[Any] | None:
    columns = table.__table__.c
    statement = (
        update(table.__table__)
        .where(columns.tenant_id == tx.tenant, columns.id == id_, columns.due_at <= tx.now)
        .values(due_at=tx.now + again_after)
        .returning(table.__table__)
    )
    return (await tx.execute(statement)).one_or_none()


async def _change(tx: Transaction, table: type[Tabular], id_: UUID, **changes: Any) -> None:
    columns = table.__table__.c
    await tx.execute(update(table.__table__).where(columns.tenant_id == tx.tenant, columns.id == id_).values(**changes))


def _part(row: Row[Any]) -> Part:
    return Part(
        id=row.id,
        order=row.order_id,
        request=row.request_id,
        subjects=tuple(row.subjects),
        object_id=row.object_id,
        key=row.key_id,
        size=row.size,
        collected_at=row.collected_at,
    )

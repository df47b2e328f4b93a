"""The parts that services hand in for a collection."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_errors import NotFound
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from recital_dsar.model import Part, PartState
from recital_dsar.store.tables import PartRow, mine, table

PARTS = table(PartRow)


async def add_part(tx: Transaction, new: Part, collected_at: datetime) -> bool:
    """Note a part as announced; false where this service's part of this order is known already."""
    added = await tx.execute(
        insert(PARTS)
        .values(
            tenant_id=tx.tenant,
            id=new.id,
            request_id=new.request,
            order_id=new.order,
            service=new.service,
            state=new.state.value,
            items=new.items,
            size=new.size,
            sha256=new.sha256,
            collected_at=collected_at,
        )
        .on_conflict_do_nothing()
        .returning(PARTS.c.id)
    )
    return added.first() is not None


async def add_own_part(tx: Transaction, new: Part, sealed: bytes) -> None:
    """Keep the part that this service rendered itself; what it says is sealed."""
    await add_part(tx, new, tx.now)
    await tx.execute(update(PARTS).where(mine(PartRow, tx), PARTS.c.id == new.id).values(sealed=sealed))


async def own_part(tx: Transaction, part_id: UUID) -> bytes | None:
    """Return what a part of this service says, sealed; None once its request is closed."""
    found: bytes | None = (
        await tx.execute(select(PARTS.c.sealed).where(mine(PartRow, tx), PARTS.c.id == part_id))
    ).scalar_one_or_none()
    return found


async def empty_own_parts(tx: Transaction, request: UUID) -> None:
    """Delete what this service's own parts of a request say."""
    await tx.execute(update(PARTS).where(mine(PartRow, tx), PARTS.c.request_id == request).values(sealed=None))


async def part(tx: Transaction, part_id: UUID) -> Part:
    """Return a part; raises NotFound."""
    row = (await tx.execute(select(PARTS).where(mine(PartRow, tx), PARTS.c.id == part_id))).one_or_none()
    if row is None:
        raise NotFound
    return _part(row)


async def parts_of(tx: Transaction, order: UUID | None) -> Sequence[Part]:
    """Return the parts of a collection by service."""
    rows = await tx.execute(select(PARTS).where(mine(PartRow, tx), PARTS.c.order_id == order).order_by(PARTS.c.service))
    return [_part(row) for row in rows]


async def parts_of_orders(tx: Transaction, orders: Collection[UUID]) -> dict[UUID, list[Part]]:
    """Return the parts of several collections, each by service."""
    rows = await tx.execute(
        select(PARTS).where(mine(PartRow, tx), PARTS.c.order_id.in_(list(orders))).order_by(PARTS.c.service)
    )
    found: dict[UUID, list[Part]] = {}
    for row in rows:
        found.setdefault(row.order_id, []).append(_part(row))
    return found


async def judge_part(tx: Transaction, part_id: UUID, state: PartState) -> None:
    """Write what the check of a part found."""
    await tx.execute(update(PARTS).where(mine(PartRow, tx), PARTS.c.id == part_id).values(state=state.value))


def _part(row: Any) -> Part:
    return Part(
        row.id, row.request_id, row.order_id, row.service, PartState(row.state), row.items, row.size, row.sha256
    )

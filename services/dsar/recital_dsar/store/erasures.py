"""Orders to destroy what this service holds, and the destruction of what lies in its own tables."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from recital_database import Transaction
from sqlalchemy import delete, func, select, union, update
from sqlalchemy.dialects.postgresql import insert

from recital_dsar.model import ErasureOrder
from recital_dsar.store.challenges import ChallengeRow
from recital_dsar.store.letters import LetterRow
from recital_dsar.store.measures import MeasureRow
from recital_dsar.store.recipients import RecipientRow
from recital_dsar.store.tables import (
    ErasureOrderRow,
    ItemRow,
    PackageRow,
    PartRow,
    RequestEntryRow,
    RequestRow,
    StepRow,
    mine,
    table,
)

ORDERS, REQUESTS = table(ErasureOrderRow), table(RequestRow)
# Everything in a request's file, and the column that names the request.
FILE = (
    (ItemRow, "request_id"),
    (PartRow, "request_id"),
    (RequestEntryRow, "request_id"),
    (LetterRow, "request_id"),
    (ChallengeRow, "id"),
    (MeasureRow, "request_id"),
    (RecipientRow, "request_id"),
)


async def add_order(tx: Transaction, order: ErasureOrder, control_sequence: int) -> None:
    """Note an order; noting it again changes nothing."""
    await tx.execute(
        insert(ORDERS)
        .values(
            tenant_id=tx.tenant,
            id=order.id,
            holding=order.holding,
            kind=order.kind,
            control_sequence=control_sequence,
            ordered_at=order.ordered_at,
        )
        .on_conflict_do_nothing()
    )


async def order(tx: Transaction, order_id: UUID) -> ErasureOrder:
    """Return an order that was noted, its row locked."""
    row = (
        await tx.execute(select(ORDERS).where(mine(ErasureOrderRow, tx), ORDERS.c.id == order_id).with_for_update())
    ).one()
    return ErasureOrder(row.id, row.holding, row.kind, row.ordered_at, row.stuck_at, row.erased_at)


async def settle_order(tx: Transaction, order_id: UUID, *, erased: bool) -> None:
    """Write that an order was carried out, or that it is stuck since now."""
    await tx.execute(
        update(ORDERS)
        .where(mine(ErasureOrderRow, tx), ORDERS.c.id == order_id)
        .values(**{"erased_at" if erased else "stuck_at": tx.now})
    )


async def erase_file(tx: Transaction, request: UUID) -> None:
    """Destroy a closed request's file: what is left is its kind, its dates and its outcome, and nobody in it."""
    for row, column in FILE:
        await tx.execute(delete(table(row)).where(mine(row, tx), table(row).c[column] == request))
    steps = table(StepRow)
    await tx.execute(delete(steps).where(mine(StepRow, tx), steps.c.request_id == request, steps.c.step != "erase"))
    await tx.execute(
        update(REQUESTS)
        .where(mine(RequestRow, tx), REQUESTS.c.id == request)
        .values(
            erased_at=tx.now,
            subjects=None,
            identifiers=None,
            identifiers_key=None,
            file_key=None,
            order_id=None,
            code_digest=None,
        )
    )


async def is_erased(tx: Transaction, request: UUID) -> bool:
    """Whether nothing of a request's file is left in any table."""
    left: Any = 0
    for row, column in FILE:
        left += (
            await tx.execute(
                select(func.count()).select_from(table(row)).where(mine(row, tx), table(row).c[column] == request)
            )
        ).scalar_one()
    skeleton = (
        await tx.execute(
            select(REQUESTS.c.id).where(
                mine(RequestRow, tx), REQUESTS.c.id == request, REQUESTS.c.erased_at.is_not(None)
            )
        )
    ).first()
    return bool(left == 0 and skeleton is not None)


async def named_keys(tx: Transaction, keys: Sequence[UUID]) -> set[UUID]:
    """Return which of these keys a row names: a request's two, and a package's."""
    packages = table(PackageRow)
    columns = (REQUESTS.c.file_key, REQUESTS.c.identifiers_key, packages.c.key_id)
    named = union(*(select(each).where(each.in_(keys), each.table.c.tenant_id == tx.tenant) for each in columns))
    return {row[0] for row in await tx.execute(named)}

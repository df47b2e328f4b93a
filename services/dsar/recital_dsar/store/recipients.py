"""Recipients (AVG art. 19): those to whom data was given; who they are lies sealed under the file's key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_database import Transaction
from recital_database.tables import instant
from recital_errors import NotFound
from sqlalchemy import func, insert, select, update
from sqlmodel import Field

from recital_dsar.store.tables import Tabular, mine, table


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient; `named` is sealed."""

    id: UUID
    named: bytes
    added_by: str
    added_at: datetime
    told_at: datetime | None
    told_by: str | None


class RecipientRow(Tabular, table=True):
    """A recipient."""

    __tablename__ = "recipients"
    id: UUID = Field(primary_key=True)
    request_id: UUID
    named: bytes
    added_by: str
    added_at: datetime = instant()
    told_at: datetime | None = instant(nullable=True)
    told_by: str | None


RECIPIENTS = table(RecipientRow)


async def add_recipient(tx: Transaction, request: UUID, new: Recipient) -> None:
    """Write a recipient."""
    await tx.execute(
        insert(RECIPIENTS).values(
            tenant_id=tx.tenant,
            id=new.id,
            request_id=request,
            named=new.named,
            added_by=new.added_by,
            added_at=tx.now,
        )
    )


async def recipients_of(tx: Transaction, request: UUID) -> Sequence[Recipient]:
    """Return a request's recipients in the order they were added."""
    rows = await tx.execute(
        select(RECIPIENTS).where(mine(RecipientRow, tx), RECIPIENTS.c.request_id == request).order_by(RECIPIENTS.c.id)
    )
    return [Recipient(row.id, row.named, row.added_by, row.added_at, row.told_at, row.told_by) for row in rows]


async def recipients_of_several(tx: Transaction, requests: Sequence[UUID]) -> dict[UUID, list[Recipient]]:
    """Return the recipients of several requests in the order they were added."""
    rows = await tx.execute(
        select(RECIPIENTS)
        .where(mine(RecipientRow, tx), RECIPIENTS.c.request_id.in_(requests))
        .order_by(RECIPIENTS.c.id)
    )
    found: dict[UUID, list[Recipient]] = {}
    for row in rows:
        told = Recipient(row.id, row.named, row.added_by, row.added_at, row.told_at, row.told_by)
        found.setdefault(row.request_id, []).append(told)
    return found


async def tick_off(tx: Transaction, request: UUID, recipient: UUID, by: str) -> None:
    """Write that a recipient was told, and by whom; telling again changes nothing. Raises NotFound."""
    told = await tx.execute(
        update(RECIPIENTS)
        .where(mine(RecipientRow, tx), RECIPIENTS.c.request_id == request, RECIPIENTS.c.id == recipient)
        .values(told_at=func.coalesce(RECIPIENTS.c.told_at, tx.now), told_by=func.coalesce(RECIPIENTS.c.told_by, by))
    )
    if told.rowcount != 1:
        raise NotFound


async def untold(tx: Transaction, requests: Sequence[UUID]) -> dict[UUID, int]:
    """Return how many recipients of each request have not been told."""
    rows = await tx.execute(
        select(RECIPIENTS.c.request_id, func.count().label("number"))
        .where(mine(RecipientRow, tx), RECIPIENTS.c.request_id.in_(requests), RECIPIENTS.c.told_at.is_(None))
        .group_by(RECIPIENTS.c.request_id)
    )
    return {row.request_id: row.number for row in rows}

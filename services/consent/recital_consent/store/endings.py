"""Endings that were reported, by a keyed digest of the reference."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_database import Transaction
from recital_database.tables import add_new, binary, instant
from sqlalchemy import select
from sqlmodel import Field

from recital_consent.store.tables import Tabular


class EndingRow(Tabular, table=True):
    """An ending."""

    __tablename__ = "endings"
    id: UUID = Field(primary_key=True)
    digest: bytes = binary()
    ended_at: datetime = instant()
    reported_at: datetime = instant()


_ENDINGS = EndingRow.__table__


@dataclass(frozen=True, slots=True)
class Known:
    """An ending as it is kept."""

    id: UUID
    reported_at: datetime
    is_new: bool


async def find_or_add(tx: Transaction, digest: bytes, at: datetime, *, new: UUID) -> Known:
    """Return the ending of a reference at a moment, kept under the new id where it was not known."""
    values = {"id": new, "digest": digest, "ended_at": at, "reported_at": tx.now}
    if await add_new(tx, EndingRow, values):
        return Known(new, tx.now, is_new=True)
    statement = select(_ENDINGS).where(
        _ENDINGS.c.tenant_id == tx.tenant, _ENDINGS.c.digest == digest, _ENDINGS.c.ended_at == at
    )
    row = (await tx.execute(statement)).one()
    return Known(row.id, row.reported_at, is_new=False)

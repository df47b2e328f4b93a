"""Identifiers: UUIDv7 from one function in the database, on Recital's time."""

from uuid import UUID

from recital_database.connection import Transaction


async def new_id(tx: Transaction) -> UUID:
    """Return a fresh id."""
    return (await new_ids(tx, 1))[0]


async def new_ids(tx: Transaction, number: int) -> list[UUID]:
    """Return fresh ids in ascending order, in one round trip."""
    rows = await tx.execute("select recital_id() as id from generate_series(1, :number)", {"number": number})
    return sorted(row.id for row in rows)

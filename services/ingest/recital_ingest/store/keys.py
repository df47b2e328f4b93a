"""Idempotency keys of uploads: bound to a permit when a recording is committed, so that a failed upload burns none."""

from uuid import UUID

from recital_database import Transaction, claim, remember

ROUTE = "POST /v1/recordings"


async def recording_of_key(tx: Transaction, key: str | None, permit: UUID) -> UUID | None:
    """Return the recording that a key gave for a permit before. Raises Conflict for another permit's key."""
    if key is None:
        return None
    looking = await tx.connection.begin_nested()
    try:
        return await claim(tx, key, route=ROUTE, fingerprint=permit.bytes)
    finally:
        await looking.rollback()


async def keep_key(tx: Transaction, key: str | None, permit: UUID, *, recording: UUID) -> None:
    """Bind a key to what it gave. Raises Conflict where another permit's upload had it first."""
    if await claim(tx, key, route=ROUTE, fingerprint=permit.bytes) is None:
        await remember(tx, key, result=recording)

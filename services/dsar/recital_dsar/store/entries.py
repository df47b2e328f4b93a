"""What happened to requests, beside the ledger: the salts of its entries and what was written, sealed."""

from dataclasses import dataclass
from uuid import UUID

from recital_database import Recorded, Transaction
from sqlalchemy import insert, select

from recital_dsar.store.tables import RequestEntryRow, mine, table

ENTRIES = table(RequestEntryRow)


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry beside the ledger's; `details` are sealed, `by` is the token's opaque subject or this service's name."""

    id: UUID
    request: UUID
    kind: str
    by: str
    recorded: Recorded
    details: bytes | None


async def add_entry(tx: Transaction, new: NewEntry) -> None:
    """Keep an entry's salt and sealed details."""
    await tx.execute(
        insert(ENTRIES).values(
            tenant_id=tx.tenant,
            id=new.id,
            request_id=new.request,
            entry_id=new.recorded.entry,
            kind=new.kind,
            at=tx.now,
            by=new.by,
            salt=new.recorded.salt,
            details=new.details,
        )
    )


async def sealed_details(tx: Transaction, ids: list[UUID]) -> dict[UUID, bytes]:
    """Return the sealed details of entries that have some."""
    rows = await tx.execute(
        select(ENTRIES.c.id, ENTRIES.c.details).where(
            mine(RequestEntryRow, tx), ENTRIES.c.id.in_(ids), ENTRIES.c.details.is_not(None)
        )
    )
    return {row.id: row.details for row in rows}

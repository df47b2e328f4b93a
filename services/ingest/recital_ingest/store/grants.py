"""Wishes to listen, allowed or refused, each beside its entry in the access ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_database import Recorded, Transaction
from sqlalchemy import insert, select, update

from recital_ingest.model.listening import Listening
from recital_ingest.store.tables import GrantRow, mine, table

GRANTS = table(GrantRow)


@dataclass(frozen=True, slots=True)
class Wished:
    """What was wished and why, and what came of it: an end, or the codes of the rules that forbid."""

    id: UUID
    recording: UUID
    purpose: str
    listener: str
    roles: Sequence[str]
    texts: bytes
    """Reason and ticket, sealed."""
    texts_key: UUID
    request: UUID | None
    expires_at: datetime | None
    refused: Sequence[str]


async def add_grant(tx: Transaction, wished: Wished, recorded: Recorded) -> None:
    """Keep a wish beside its ledger entry."""
    await tx.execute(
        insert(GRANTS).values(
            tenant_id=tx.tenant,
            id=wished.id,
            recording_id=wished.recording,
            purpose=wished.purpose,
            listener=wished.listener,
            roles=list(wished.roles),
            texts=wished.texts,
            texts_key=wished.texts_key,
            request_id=wished.request,
            refused=list(wished.refused),
            expires_at=wished.expires_at,
            asked_at=tx.now,
            ledger_entry=recorded.entry,
            salt=recorded.salt,
        )
    )


async def note_played(tx: Transaction, grant_id: UUID) -> None:
    """Write when a grant was first used."""
    await tx.execute(
        update(GRANTS)
        .where(mine(GrantRow, tx), GRANTS.c.id == grant_id, GRANTS.c.played_at.is_(None))
        .values(played_at=tx.now)
    )


async def listenings_of(tx: Transaction, recordings: Sequence[UUID]) -> dict[UUID, list[Listening]]:
    """Return who was allowed to listen to recordings: as what, for which purpose, and when it was first played."""
    rows = await tx.execute(
        select(GRANTS)
        .where(mine(GrantRow, tx), GRANTS.c.recording_id.in_(list(recordings)), GRANTS.c.expires_at.is_not(None))
        .order_by(GRANTS.c.id)
    )
    found: dict[UUID, list[Listening]] = {each: [] for each in recordings}
    for row in rows:
        found[row.recording_id].append(Listening(row.purpose, tuple(row.roles), row.asked_at, row.played_at))
    return found

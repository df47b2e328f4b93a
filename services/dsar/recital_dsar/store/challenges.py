"""Challenges: how a person proves who they are without papers; one row per request."""

from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_database.tables import instant
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field

from recital_dsar.decisions.proving import Challenge, Way
from recital_dsar.store.tables import Tabular, mine, table


class ChallengeRow(Tabular, table=True):
    """A challenge; its id is the request's."""

    __tablename__ = "challenges"
    id: UUID = Field(primary_key=True)
    way: str
    state: str
    sent: int
    tries: int
    digest: bytes | None
    expires_at: datetime | None = instant(nullable=True)


CHALLENGES = table(ChallengeRow)


async def challenge(tx: Transaction, request: UUID) -> Challenge | None:
    """Return a request's challenge, its row locked."""
    row = (
        await tx.execute(select(CHALLENGES).where(mine(ChallengeRow, tx), CHALLENGES.c.id == request).with_for_update())
    ).one_or_none()
    return None if row is None else Challenge(Way(row.way), row.sent, row.tries, row.digest, row.expires_at)


async def ask(tx: Transaction, request: UUID, way: Way) -> None:
    """Note that a code is to be sent; the one before opens nothing any more."""
    new = insert(CHALLENGES).values(
        tenant_id=tx.tenant, id=request, way=way.value, state="asked", sent=1, tries=0, digest=None
    )
    await tx.execute(
        new.on_conflict_do_update(
            index_elements=[CHALLENGES.c.tenant_id, CHALLENGES.c.id],
            set_={"way": way.value, "state": "asked", "sent": CHALLENGES.c.sent + 1, "digest": None},
        )
    )


async def change_challenge(tx: Transaction, request: UUID, **values: Any) -> None:
    """Write columns of a challenge."""
    await tx.execute(update(CHALLENGES).where(mine(ChallengeRow, tx), CHALLENGES.c.id == request).values(**values))


async def count_try(tx: Transaction, request: UUID) -> int:
    """Count a wrong answer, also where no code was ever sent, and return how many there were."""
    new = insert(CHALLENGES).values(
        tenant_id=tx.tenant, id=request, way=Way.EMAIL.value, state="none", sent=0, tries=1, digest=None
    )
    counted = await tx.execute(
        new.on_conflict_do_update(
            index_elements=[CHALLENGES.c.tenant_id, CHALLENGES.c.id], set_={"tries": CHALLENGES.c.tries + 1}
        ).returning(CHALLENGES.c.tries)
    )
    tries: int = counted.scalar_one()
    return tries


async def unsent(tx: Transaction, requests: list[UUID]) -> set[UUID]:
    """Return which of these requests asked for a code that could not be sent: the channel is not known."""
    rows = await tx.execute(
        select(CHALLENGES.c.id).where(
            mine(ChallengeRow, tx), CHALLENGES.c.id.in_(requests), CHALLENGES.c.state == "unknown"
        )
    )
    return {row.id for row in rows}

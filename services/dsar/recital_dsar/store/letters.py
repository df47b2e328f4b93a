"""Letters: to whom and what lies sealed; how each goes and how far it is does not."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_database.tables import instant
from recital_errors import NotFound
from sqlalchemy import insert, select, update
from sqlmodel import Field

from recital_dsar.decisions.letters import Channel, Letter, LetterKind, LetterState
from recital_dsar.store.tables import Tabular, mine, table


class LetterRow(Tabular, table=True):
    """A letter."""

    __tablename__ = "letters"
    id: UUID = Field(primary_key=True)
    request_id: UUID
    kind: str
    language: str
    channel: str
    state: str
    trouble: str | None
    written_at: datetime = instant()
    sent_at: datetime | None = instant(nullable=True)
    body: bytes


LETTERS = table(LetterRow)


async def add_letter(tx: Transaction, new: Letter, body: bytes) -> None:
    """Write a letter that is to go out; `body` is sealed."""
    await tx.execute(
        insert(LETTERS).values(
            tenant_id=tx.tenant,
            id=new.id,
            request_id=new.request,
            kind=new.kind.value,
            language=new.language,
            channel=new.channel.value,
            state=new.state.value,
            written_at=tx.now,
            body=body,
        )
    )


async def letter(tx: Transaction, letter_id: UUID, *, lock: bool = False) -> tuple[Letter, bytes]:
    """Return a letter and its sealed body; raises NotFound."""
    asked = select(LETTERS).where(mine(LetterRow, tx), LETTERS.c.id == letter_id)
    row = (await tx.execute(asked.with_for_update() if lock else asked)).one_or_none()
    if row is None:
        raise NotFound
    return _letter(row), row.body


async def letters_of(tx: Transaction, requests: Collection[UUID]) -> dict[UUID, list[Letter]]:
    """Return the letters of requests in the order they were written."""
    rows = await tx.execute(
        select(LETTERS).where(mine(LetterRow, tx), LETTERS.c.request_id.in_(list(requests))).order_by(LETTERS.c.id)
    )
    found: dict[UUID, list[Letter]] = {}
    for row in rows:
        found.setdefault(row.request_id, []).append(_letter(row))
    return found


async def last_body(tx: Transaction, request: UUID) -> bytes | None:
    """Return the sealed body of the letter that was last written for a request."""
    found: bytes | None = (
        await tx.execute(
            select(LETTERS.c.body)
            .where(mine(LetterRow, tx), LETTERS.c.request_id == request)
            .order_by(LETTERS.c.id.desc())
            .limit(1)
        )
    ).scalar_one_or_none()
    return found


async def change_letter(tx: Transaction, letter_id: UUID, state: LetterState, **values: Any) -> None:
    """Write how far a letter is."""
    await tx.execute(
        update(LETTERS).where(mine(LetterRow, tx), LETTERS.c.id == letter_id).values(state=state.value, **values)
    )


async def requests_with(tx: Transaction, requests: Sequence[UUID], kind: LetterKind) -> set[UUID]:
    """Return which of these requests have a letter of a kind."""
    rows = await tx.execute(
        select(LETTERS.c.request_id).where(
            mine(LetterRow, tx), LETTERS.c.request_id.in_(requests), LETTERS.c.kind == kind.value
        )
    )
    return {row.request_id for row in rows}


def _letter(row: Any) -> Letter:
    return Letter(
        id=row.id,
        request=row.request_id,
        kind=LetterKind(row.kind),
        language=row.language,
        channel=Channel(row.channel),
        state=LetterState(row.state),
        written_at=row.written_at,
        sent_at=row.sent_at,
        trouble=row.trouble,
    )

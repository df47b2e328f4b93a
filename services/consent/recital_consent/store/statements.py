"""What persons said outside any one call, and how far each statement has come through the calls it affects."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from recital_database import Recorded, Transaction
from recital_database.tables import column, instant
from recital_errors import NotFound
from sqlalchemy import Row, Text, delete, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlmodel import Field

from recital_consent.model.holdings import Due
from recital_consent.model.statements import Statement, StatementKind, StatementState
from recital_consent.store.tables import Tabular, add
from recital_consent.store.work import due_rows


class StatementRow(Tabular, table=True):
    """One statement."""

    __tablename__ = "statements"
    id: UUID = Field(primary_key=True)
    subject_id: UUID
    kind: str
    purposes: list[str] | None = column(ARRAY(Text), nullable=True)
    at: datetime = instant()
    received_at: datetime = instant()
    state: str
    text: str | None
    language: str | None
    request_id: UUID | None
    decided_at: datetime | None = instant(nullable=True)
    ledger_entry: UUID
    salt: bytes


class ReachRow(Tabular, table=True):
    """How far a statement has come: `after_id` is the last call it has reached."""

    __tablename__ = "reaches"
    id: UUID = Field(primary_key=True)
    due_at: datetime | None = instant(nullable=True)
    after_id: UUID | None


@dataclass(frozen=True, slots=True)
class Reach:
    """A statement on its way, and the call it came to last."""

    statement: Statement
    after: UUID | None


_STATEMENTS, _REACHES = StatementRow.__table__, ReachRow.__table__
# Of subjects that were merged each counts for all: what one said holds for the person.
_SAID = """
    select p.id as party_subject, st.* from unnest(cast(:subjects as uuid[])) as p (id)
    join subjects a on a.tenant_id = :tenant and a.id = p.id
    join subjects b on b.tenant_id = :tenant and (b.id = coalesce(a.merged_into, a.id) or b.id = a.id
        or b.merged_into = coalesce(a.merged_into, a.id))
    join statements st on st.tenant_id = :tenant and st.subject_id = b.id
    order by st.id
"""
_REACHED = """
    select distinct cp.id from subjects a
    join subjects b on b.tenant_id = :tenant and (b.id = coalesce(a.merged_into, a.id) or b.id = a.id
        or b.merged_into = coalesce(a.merged_into, a.id))
    join call_parties cp on cp.tenant_id = :tenant and cp.subject_id = b.id
    where a.tenant_id = :tenant and a.id = :subject and cp.id > :after
    order by cp.id limit :most
"""
_FIRST = UUID(int=0)


async def add_statement(tx: Transaction, statement: Statement, recorded: Recorded) -> None:
    """Keep a statement, with its place in the ledger."""
    values = {
        "id": statement.id,
        "subject_id": statement.subject,
        "kind": statement.kind.value,
        "purposes": None if statement.purposes is None else sorted(statement.purposes),
        "at": statement.at,
        "received_at": statement.received_at,
        "state": statement.state.value,
        "text": statement.text,
        "language": statement.language,
        "request_id": statement.request,
        "decided_at": statement.decided_at,
        "ledger_entry": recorded.entry,
        "salt": recorded.salt,
    }
    await add(tx, StatementRow, [values])


async def find_statement(tx: Transaction, statement: UUID) -> Statement:
    """Return a statement. Raises NotFound."""
    row = (await tx.execute(select(_STATEMENTS).where(_mine(tx), _STATEMENTS.c.id == statement))).one_or_none()
    if row is None:
        raise NotFound
    return _statement(row, row.subject_id)


async def statements_of(tx: Transaction, subjects: Collection[UUID]) -> list[Statement]:
    """Return what these subjects said, each under the subject that was asked for, also where it said so as another."""
    if not subjects:
        return []
    rows = await tx.execute(_SAID, {"tenant": tx.tenant, "subjects": sorted(subjects)})
    return [_statement(row, row.party_subject) for row in rows]


async def list_statements(tx: Transaction, subject: UUID, *, after: UUID | None, most: int) -> list[Statement]:
    """Return a page of what one subject said, in the order it was received."""
    statement = select(_STATEMENTS).where(_mine(tx), _STATEMENTS.c.subject_id == subject)
    if after is not None:
        statement = statement.where(_STATEMENTS.c.id > after)
    rows = await tx.execute(statement.order_by(_STATEMENTS.c.id).limit(most))
    return [_statement(row, row.subject_id) for row in rows]


async def objections_behind(tx: Transaction, objection: UUID, request: UUID) -> list[Statement]:
    """Return the objections that a decision is about: the one named, and those raised under its request; locked."""
    statement = select(_STATEMENTS).where(
        _mine(tx),
        _STATEMENTS.c.kind == StatementKind.OBJECTION.value,
        (_STATEMENTS.c.id == objection) | (_STATEMENTS.c.request_id == request),
    )
    rows = await tx.execute(statement.order_by(_STATEMENTS.c.id).with_for_update())
    return [_statement(row, row.subject_id) for row in rows]


async def change_statement(tx: Transaction, statement: Statement) -> None:
    """Keep what was decided of a statement."""
    await tx.execute(
        update(_STATEMENTS)
        .where(_mine(tx), _STATEMENTS.c.id == statement.id)
        .values(
            state=statement.state.value,
            purposes=None if statement.purposes is None else sorted(statement.purposes),
            decided_at=statement.decided_at,
        )
    )


async def forget_statements(tx: Transaction, subject: UUID) -> None:
    """Remove what an erased person said."""
    said = select(_STATEMENTS.c.id).where(_mine(tx), _STATEMENTS.c.subject_id == subject)
    await tx.execute(delete(_REACHES).where(_REACHES.c.tenant_id == tx.tenant, _REACHES.c.id.in_(said)))
    await tx.execute(delete(_STATEMENTS).where(_mine(tx), _STATEMENTS.c.subject_id == subject))


async def begin_reach(tx: Transaction, statements: Sequence[UUID]) -> None:
    """Let statements go through all the calls they affect, from the first on, also where they have before."""
    if not statements:
        return
    values = [{"tenant_id": tx.tenant, "id": each, "due_at": tx.now, "after_id": None} for each in statements]
    statement = insert(_REACHES).values(values)
    again = {"due_at": statement.excluded.due_at, "after_id": None}
    await tx.execute(statement.on_conflict_do_update(index_elements=["tenant_id", "id"], set_=again))


async def reach_again(tx: Transaction, subjects: Collection[UUID]) -> None:
    """Let all that these subjects said go through the calls of the one person they have become."""
    said = select(_STATEMENTS.c.id).where(
        _mine(tx),
        _STATEMENTS.c.subject_id.in_(list(subjects)),
        _STATEMENTS.c.kind != StatementKind.CONSENT.value,
        _STATEMENTS.c.state != StatementState.REJECTED.value,
    )
    await begin_reach(tx, [row.id for row in await tx.execute(said)])


async def due_reaches(tx: Transaction, most: int) -> list[Due]:
    """Return statements that have calls to come to (worker role)."""
    return await due_rows(tx, "reaches", "true", most)


async def take_reach(tx: Transaction, statement: UUID, *, again_after: timedelta) -> Reach | None:
    """Take a statement's next step for this transaction; None where another has it or it is through."""
    taken = (
        update(_REACHES)
        .where(_REACHES.c.tenant_id == tx.tenant, _REACHES.c.id == statement, _REACHES.c.due_at <= tx.now)
        .values(due_at=tx.now + again_after)
        .returning(_REACHES.c.after_id)
    )
    row = (await tx.execute(taken)).one_or_none()
    return None if row is None else Reach(await find_statement(tx, statement), row.after_id)


async def move_reach(tx: Transaction, statement: UUID, *, after: UUID | None, done: bool) -> None:
    """Keep how far a statement has come; `done` where no call is left."""
    await tx.execute(
        update(_REACHES)
        .where(_REACHES.c.tenant_id == tx.tenant, _REACHES.c.id == statement)
        .values(after_id=after, due_at=None if done else tx.now)
    )


async def calls_after(tx: Transaction, subject: UUID, *, after: UUID | None, most: int) -> list[UUID]:
    """Return the next calls that a person takes part in, under whichever of its subjects."""
    parameters: Mapping[str, Any] = {"tenant": tx.tenant, "subject": subject, "after": after or _FIRST, "most": most}
    return [row.id for row in await tx.execute(_REACHED, parameters)]


def _mine(tx: Transaction) -> Any:
    return _STATEMENTS.c.tenant_id == tx.tenant


def _statement(row: Row[Any], subject: UUID) -> Statement:
    return Statement(
        id=row.id,
        subject=subject,
        kind=StatementKind(row.kind),
        at=row.at,
        received_at=row.received_at,
        purposes=None if row.purposes is None else frozenset(row.purposes),
        state=StatementState(row.state),
        text=row.text,
        language=row.language,
        request=row.request_id,
        decided_at=row.decided_at,
        ledger_entry=row.ledger_entry,
    )

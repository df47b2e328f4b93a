"""Lines that are never recorded (R18), found by keyed digests, and the daily count that calls with them leave."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_database.tables import binary, instant
from recital_errors import NotFound
from sqlalchemy import Row, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field

from recital_consent.model.tenants import Line, LineKind
from recital_consent.store.tables import Tabular


class LineRow(Tabular, table=True):
    """A line that is never recorded."""

    __tablename__ = "unrecorded_lines"
    id: UUID = Field(primary_key=True)
    source_id: UUID
    kind: str
    digest: bytes = binary()
    label: str | None
    added_at: datetime = instant()


class DeniedRow(Tabular, table=True):
    """How many calls were denied on a day."""

    __tablename__ = "denied_calls"
    source_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    calls: int


_LINES, _DENIED = LineRow.__table__, DeniedRow.__table__


async def add_lines(tx: Transaction, source: UUID, lines: Mapping[bytes, Line]) -> None:
    """Keep lines of a source; one that is there already stays as it is."""
    values = [
        {
            "tenant_id": tx.tenant,
            "id": line.id,
            "source_id": source,
            "kind": line.kind.value,
            "digest": digest,
            "label": line.label,
            "added_at": tx.now,
        }
        for digest, line in lines.items()
    ]
    await tx.execute(insert(_LINES).values(values).on_conflict_do_nothing())


async def lines_of(tx: Transaction, source: UUID, *, after: UUID | None, most: int) -> Sequence[Line]:
    """Return a page of a source's lines."""
    statement = select(_LINES).where(_LINES.c.tenant_id == tx.tenant, _LINES.c.source_id == source)
    if after is not None:
        statement = statement.where(_LINES.c.id > after)
    return [_line(row) for row in await tx.execute(statement.order_by(_LINES.c.id).limit(most))]


async def lines_among(tx: Transaction, source: UUID, digests: Collection[bytes]) -> Sequence[Line]:
    """Return the lines of a source with these digests."""
    statement = select(_LINES).where(
        _LINES.c.tenant_id == tx.tenant, _LINES.c.source_id == source, _LINES.c.digest.in_(list(digests))
    )
    return [_line(row) for row in await tx.execute(statement.order_by(_LINES.c.id))]


async def remove_line(tx: Transaction, source: UUID, line: UUID) -> None:
    """Let a line be recorded again; raises NotFound."""
    gone = delete(_LINES).where(_LINES.c.tenant_id == tx.tenant, _LINES.c.source_id == source, _LINES.c.id == line)
    if (await tx.execute(gone)).rowcount == 0:
        raise NotFound


async def lines_by(tx: Transaction, digests: Collection[bytes]) -> Sequence[tuple[bytes, UUID, LineKind]]:
    """Return which of these digests are lines: digest, source and kind."""
    statement = select(_LINES).where(_LINES.c.tenant_id == tx.tenant, _LINES.c.digest.in_(list(digests)))
    rows = await tx.execute(statement.order_by(_LINES.c.id))
    return [(bytes(row.digest), row.source_id, LineKind(row.kind)) for row in rows]


async def count_denied(tx: Transaction, day: date, calls: Mapping[UUID, int]) -> None:
    """Count denied calls per source."""
    values = [
        {"tenant_id": tx.tenant, "source_id": source, "day": day, "calls": number}
        for source, number in sorted(calls.items())
    ]
    statement = insert(_DENIED).values(values)
    keys = [_DENIED.c.tenant_id, _DENIED.c.source_id, _DENIED.c.day]
    more = {"calls": _DENIED.c.calls + statement.excluded.calls}
    await tx.execute(statement.on_conflict_do_update(index_elements=keys, set_=more))


async def denied_days(tx: Transaction, source: UUID, *, since: date, until: date) -> Sequence[tuple[date, int]]:
    """Return the days on which calls of a source were denied, and how many."""
    statement = select(_DENIED.c.day, _DENIED.c.calls).where(
        _DENIED.c.tenant_id == tx.tenant, _DENIED.c.source_id == source, _DENIED.c.day.between(since, until)
    )
    return [(row.day, row.calls) for row in await tx.execute(statement.order_by(_DENIED.c.day))]


def _line(row: Row[Any]) -> Line:
    return Line(id=row.id, kind=LineKind(row.kind), label=row.label, added_at=row.added_at)

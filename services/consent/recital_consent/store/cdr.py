"""Imports of providers' lists, and their lines by call or keyed digest: never by number or name."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_database.tables import add, binary, column, instant
from recital_errors import NotFound
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from recital_consent.model.cdr import BadLine, CdrImport, LineState, ReportLine
from recital_consent.store.tables import Tabular


class ImportRow(Tabular, table=True):
    """An import; counts holds how many calls it ended."""

    __tablename__ = "cdr_imports"
    id: UUID = Field(primary_key=True)
    started_at: datetime = instant()
    finished_at: datetime | None = instant(nullable=True)
    failed_code: str | None
    lines: int
    counts: dict[str, Any] = column(JSONB)


class LineRow(Tabular, table=True):
    """A line of an import."""

    __tablename__ = "cdr_lines"
    id: UUID = Field(primary_key=True)
    line: int = Field(primary_key=True)
    digest: bytes | None = binary(nullable=True)
    call_id: UUID | None
    problem: str | None


_IMPORTS, _LINES = ImportRow.__table__, LineRow.__table__
# A line stands as its call stands now; one whose call came later is known from then on.
_STATES = """
    select l.line, l.problem, coalesce(l.call_id, x.call_id) as call_id,
        case when l.problem is not null then 'invalid' when c.id is null then 'unknown'
            when c.erasing_at is not null then 'erased' else c.outcome end as state
    from cdr_lines l
    left join external_ids x on x.tenant_id = l.tenant_id and x.digest = l.digest and l.call_id is null
    left join calls c on c.tenant_id = l.tenant_id and c.id = coalesce(l.call_id, x.call_id)
    where l.tenant_id = :tenant and l.id = :id
"""


async def begin_import(tx: Transaction, import_id: UUID) -> None:
    """Keep an import that begins."""
    values = {"id": import_id, "started_at": tx.now, "failed_code": None, "lines": 0, "counts": {"ended": 0}}
    await add(tx, ImportRow, [values])


async def add_lines(
    tx: Transaction, import_id: UUID, lines: Mapping[int, tuple[bytes, UUID | None]], bad: Sequence[BadLine], ended: int
) -> None:
    """Keep the lines of a batch, and how far the import has come."""
    sound = [
        {"id": import_id, "line": line, "digest": digest, "call_id": call, "problem": None}
        for line, (digest, call) in lines.items()
    ]
    broken = [
        {"id": import_id, "line": each.line, "digest": None, "call_id": None, "problem": each.problem} for each in bad
    ]
    await add(tx, LineRow, [*sound, *broken])
    await tx.execute(
        "update cdr_imports set lines = lines + :lines,"
        " counts = jsonb_build_object('ended', (counts ->> 'ended')::int + :ended)"
        " where tenant_id = :tenant and id = :id",
        {"tenant": tx.tenant, "id": import_id, "lines": len(sound) + len(broken), "ended": ended},
    )


async def finish_import(tx: Transaction, import_id: UUID, *, failed: str | None) -> None:
    """Note that an import is done, or why it broke off."""
    mine = (_IMPORTS.c.tenant_id == tx.tenant) & (_IMPORTS.c.id == import_id)
    await tx.execute(update(_IMPORTS).where(mine).values(finished_at=tx.now, failed_code=failed))


async def find_import(tx: Transaction, import_id: UUID) -> CdrImport:
    """Return an import with its lines counted as they stand now. Raises NotFound."""
    statement = select(_IMPORTS).where(_IMPORTS.c.tenant_id == tx.tenant, _IMPORTS.c.id == import_id)
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    counts = await tx.execute(
        f"select state, count(*) as lines from ({_STATES}) s group by state",  # noqa: S608 - our own constant
        {"tenant": tx.tenant, "id": import_id},
    )
    return CdrImport(
        id=row.id,
        started_at=row.started_at,
        finished_at=row.finished_at,
        failed_code=row.failed_code,
        lines=row.lines,
        counts={LineState(each.state): each.lines for each in counts},
        ended=row.counts["ended"],
    )


async def import_ids(tx: Transaction, *, after: UUID | None, most: int) -> list[UUID]:
    """Return a page of imports by their ids, in the order they began."""
    statement = select(_IMPORTS.c.id).where(_IMPORTS.c.tenant_id == tx.tenant)
    if after is not None:
        statement = statement.where(_IMPORTS.c.id > after)
    return [row.id for row in await tx.execute(statement.order_by(_IMPORTS.c.id).limit(most))]


async def report_lines(
    tx: Transaction, import_id: UUID, *, states: Sequence[LineState], after: int, most: int
) -> list[ReportLine]:
    """Return lines of an import as they stand now, after a line, only those of some states where any are named."""
    rows = await tx.execute(
        f"select * from ({_STATES}) s where line > :after"  # noqa: S608 - our own constant
        " and (cardinality(cast(:states as text[])) = 0 or state = any(cast(:states as text[])))"
        " order by line limit :most",
        {
            "tenant": tx.tenant,
            "id": import_id,
            "after": after,
            "states": [each.value for each in states],
            "most": most,
        },
    )
    return [
        ReportLine(line=row.line, state=LineState(row.state), call=row.call_id, problem=row.problem) for row in rows
    ]

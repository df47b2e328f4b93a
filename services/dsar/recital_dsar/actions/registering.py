"""The register of requests: figures over a time, and its rows as CSV for those who must account for them."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

from recital_database import Transaction

from recital_dsar.actions.means import Means
from recital_dsar.decisions.deadlines import end_of
from recital_dsar.decisions.register import Figures, Registered, figures, inert
from recital_dsar.store.register import COLUMNS, registered
from recital_dsar.store.tenants import tenant


async def figures_of(tx: Transaction, *, since: date, until: date) -> tuple[Figures, dict[str, Figures]]:
    """Return the figures of requests received in [since, until): of all, and of each kind."""
    facts = await tenant(tx)
    rows = [_row(each, facts.time_zone, tx) async for each in registered(tx, since=since, until=until)]
    kinds = sorted({each.kind for each in rows})
    return figures(rows), {kind: figures([each for each in rows if each.kind == kind]) for kind in kinds}


async def as_csv(means: Means, tenant_id: UUID, *, since: date, until: date) -> AsyncIterator[bytes]:
    """Give the register's rows as CSV (RFC 4180, UTF-8), every cell inert in a spreadsheet."""
    yield _line(COLUMNS)
    async with means.database.transaction(tenant_id) as tx:
        async for each in registered(tx, since=since, until=until):
            yield _line([getattr(each, name) for name in COLUMNS])


def _line(cells: Any) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow([inert(_written(each)) for each in cells])
    return out.getvalue().encode()


def _written(cell: object) -> object:
    return cell.isoformat() if hasattr(cell, "isoformat") else cell


def _row(row: Any, time_zone: str, tx: Transaction) -> Registered:
    over = tx.now >= end_of(row.answer_by, time_zone)
    return Registered(
        kind=row.kind,
        received_at=row.received_at,
        outcome=row.outcome,
        extended=row.extended_at is not None,
        answered_at=row.answered_at,
        answered_in_time=row.answered_in_time,
        overdue=over and row.answered_at is None and row.outcome is None,
    )

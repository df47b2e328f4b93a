"""The register of requests: every one that came in a time, also those whose file is erased by now."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

from recital_database import Transaction
from sqlalchemy import select

from recital_dsar.store.tables import RequestRow, mine, table

REQUESTS = table(RequestRow)
COLUMNS = (
    "id",
    "kind",
    "state",
    "received_on",
    "due_on",
    "extended_due_on",
    "extended_at",
    "answer_by",
    "answered_at",
    "answered_in_time",
    "outcome",
    "closed_at",
    "by_portal",
    "proved_by",
    "language",
)
PAGE = 1_000


async def registered(tx: Transaction, *, since: date, until: date) -> AsyncIterator[Any]:
    """Give a row per request received in [since, until), by id; nothing in it names a person."""
    after = None
    while True:
        asked = select(*(REQUESTS.c[name] for name in (*COLUMNS, "received_at"))).where(
            mine(RequestRow, tx), REQUESTS.c.received_on >= since, REQUESTS.c.received_on < until
        )
        if after is not None:
            asked = asked.where(REQUESTS.c.id > after)
        rows = list(await tx.execute(asked.order_by(REQUESTS.c.id).limit(PAGE)))
        for row in rows:
            yield row
        if len(rows) < PAGE:
            return
        after = rows[-1].id

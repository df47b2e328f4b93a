"""Work that waits: written with the state that needs it, taken fairly over tenants, gone when it is done."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from recital_database import Transaction
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from recital_dsar.model import Step
from recital_dsar.store.tables import StepRow, mine, table

STEPS = table(StepRow)
DESTRUCTIVE = frozenset({"erase", "forget", "sweep", "end"})
"""Steps that wait while time is doubtful: destroying early cannot be undone."""
_DUE = """
    select * from (
        select distinct on (tenant_id) * from steps
        where due_at <= recital_now() and step = any(cast(:kinds as text[]))
            and (cast(:only as uuid[]) is null or tenant_id = any(:only) or step <> all(cast(:destructive as text[])))
        order by tenant_id, due_at) first
    order by tenant_id <= :after, tenant_id limit :most
"""


async def add_step(tx: Transaction, step: str, *, about: UUID, request: UUID, delay: timedelta = timedelta()) -> None:
    """Let a step be taken once this transaction is committed and `delay` has passed; one that waits is due then."""
    due_at = tx.now + delay
    new = insert(STEPS).values(
        tenant_id=tx.tenant, step=step, about=about, request_id=request, due_at=due_at, attempts=0, since=tx.now
    )
    await tx.execute(
        new.on_conflict_do_update(
            index_elements=[STEPS.c.tenant_id, STEPS.c.step, STEPS.c.about], set_={"due_at": due_at, "attempts": 0}
        )
    )
    tx.touched.add("steps")


async def due_steps(
    tx: Transaction, kinds: Collection[str], *, after: UUID, most: int, only: Collection[UUID] | None = None
) -> Sequence[Step]:
    """Return what is due (worker role): the oldest step of each tenant, tenants after the last served one first.

    What destroys is due of some tenants only where `only` names them.
    """
    rows = await tx.execute(
        _DUE,
        {
            "kinds": list(kinds),
            "after": after,
            "most": most,
            "only": None if only is None else list(only),
            "destructive": sorted(DESTRUCTIVE),
        },
    )
    return [_step(row) for row in rows]


def lock_name(step: str, about: UUID) -> str:
    """Return the name of the session lock under which a step is taken."""
    return f"step:{step}:{about}"


async def finish_step(tx: Transaction, done: Step) -> None:
    """Take a step off, unless it was asked for again meanwhile."""
    await tx.execute(delete(STEPS).where(*_same(tx, done), STEPS.c.due_at == done.due_at))


async def postpone_step(tx: Transaction, failed: Step, *, due_at: datetime, cause: str) -> None:
    """Write that a step failed, why, and when it is tried again."""
    await tx.execute(
        update(STEPS)
        .where(*_same(tx, failed), STEPS.c.due_at == failed.due_at)
        .values(due_at=due_at, attempts=failed.attempts + 1, cause=cause)
    )


async def drop_steps(tx: Transaction, about: UUID, kinds: Collection[str]) -> None:
    """Take steps off that are no longer wanted."""
    await tx.execute(delete(STEPS).where(mine(StepRow, tx), STEPS.c.about == about, STEPS.c.step.in_(list(kinds))))


async def troubles_of(tx: Transaction, requests: Collection[UUID]) -> dict[UUID, list[str]]:
    """Return why steps of these requests failed last."""
    rows = await tx.execute(
        select(STEPS.c.request_id, STEPS.c.cause).where(
            mine(StepRow, tx), STEPS.c.request_id.in_(list(requests)), STEPS.c.cause.is_not(None)
        )
    )
    found: dict[UUID, list[str]] = {}
    for row in rows:
        found.setdefault(row.request_id, []).append(row.cause)
    return found


def _same(tx: Transaction, step: Step) -> list[ColumnElement[bool]]:
    return [mine(StepRow, tx), STEPS.c.step == step.step, STEPS.c.about == step.about]


def _step(row: Any) -> Step:
    return Step(row.tenant_id, row.step, row.about, row.request_id, row.due_at, row.attempts, row.since, row.cause)

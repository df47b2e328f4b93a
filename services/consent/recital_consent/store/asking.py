"""Private marks that staff ask for outside their window (R18), until a privacy officer decides."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_database.tables import instant
from recital_errors import NotFound
from sqlalchemy import Row, delete, func, select, update
from sqlmodel import Field

from recital_consent.model.asking import AskState, PrivateAsk
from recital_consent.store.tables import CallRow, Tabular, add


class PrivateAskRow(Tabular, table=True):
    """One ask; `reason` is the officer's."""

    __tablename__ = "private_asks"
    id: UUID = Field(primary_key=True)
    call_id: UUID
    asked_by: UUID
    asked_at: datetime = instant()
    started_at: datetime | None = instant(nullable=True)
    ended_at: datetime | None = instant(nullable=True)
    state: str
    decided_at: datetime | None = instant(nullable=True)
    reason: str | None


_ASKS, _CALLS = PrivateAskRow.__table__, CallRow.__table__


async def add_ask(tx: Transaction, ask: PrivateAsk) -> None:
    """Keep an ask."""
    values = {
        "id": ask.id,
        "call_id": ask.call,
        "asked_by": ask.asked_by,
        "asked_at": ask.asked_at,
        "started_at": ask.started_at,
        "ended_at": ask.ended_at,
        "state": ask.state.value,
        "decided_at": None,
        "reason": None,
    }
    await add(tx, PrivateAskRow, [values])
    await _note(tx, ask.call)


async def find_ask(tx: Transaction, ask: UUID, *, locked: bool = False) -> PrivateAsk:
    """Return an ask. Raises NotFound."""
    statement = select(_ASKS).where(_ASKS.c.tenant_id == tx.tenant, _ASKS.c.id == ask)
    row = (await tx.execute(statement.with_for_update() if locked else statement)).one_or_none()
    if row is None:
        raise NotFound
    return _ask(row)


async def decide_ask(tx: Transaction, ask: PrivateAsk) -> None:
    """Keep what was decided."""
    await tx.execute(
        update(_ASKS)
        .where(_ASKS.c.tenant_id == tx.tenant, _ASKS.c.id == ask.id)
        .values(state=ask.state.value, decided_at=ask.decided_at, reason=ask.reason)
    )
    await _note(tx, ask.call)


async def list_asks(tx: Transaction, *, state: AskState | None, after: UUID | None, most: int) -> list[PrivateAsk]:
    """Return a page of asks, in the order they came."""
    statement = select(_ASKS).where(_ASKS.c.tenant_id == tx.tenant)
    if state is not None:
        statement = statement.where(_ASKS.c.state == state.value)
    if after is not None:
        statement = statement.where(_ASKS.c.id > after)
    return [_ask(row) for row in await tx.execute(statement.order_by(_ASKS.c.id).limit(most))]


async def pending_asks(tx: Transaction, calls: Collection[UUID]) -> list[PrivateAsk]:
    """Return the asks of these calls that nobody has decided yet."""
    statement = select(_ASKS).where(
        _ASKS.c.tenant_id == tx.tenant, _ASKS.c.call_id.in_(list(calls)), _ASKS.c.state == AskState.PENDING.value
    )
    return [_ask(row) for row in await tx.execute(statement.order_by(_ASKS.c.id))]


async def asks_by(tx: Transaction, subjects: Collection[UUID]) -> list[PrivateAsk]:
    """Return what these members of staff asked for, in the order they asked."""
    statement = select(_ASKS).where(_ASKS.c.tenant_id == tx.tenant, _ASKS.c.asked_by.in_(list(subjects)))
    return [_ask(row) for row in await tx.execute(statement.order_by(_ASKS.c.id))]


async def forget_asks(tx: Transaction, call: UUID) -> None:
    """Remove the asks of an erased call."""
    await tx.execute(delete(_ASKS).where(_ASKS.c.tenant_id == tx.tenant, _ASKS.c.call_id == call))


async def _note(tx: Transaction, call: UUID) -> None:
    """Keep at the call whether one waits, so that calls without are read without looking."""
    waiting = (
        select(func.count() > 0)
        .where(_ASKS.c.tenant_id == tx.tenant, _ASKS.c.call_id == call, _ASKS.c.state == AskState.PENDING.value)
        .scalar_subquery()
    )
    await tx.execute(update(_CALLS).where(_CALLS.c.tenant_id == tx.tenant, _CALLS.c.id == call).values(asked=waiting))


def _ask(row: Row[Any]) -> PrivateAsk:
    return PrivateAsk(
        id=row.id,
        call=row.call_id,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        state=AskState(row.state),
        decided_at=row.decided_at,
        reason=row.reason,
    )

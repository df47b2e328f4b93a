"""Measures: what was decided about holdings, and how far each has come; recipients, who are told of them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_database.tables import column, instant
from recital_errors import NotFound
from sqlalchemy import Text, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from recital_dsar.decisions.measures import SETTLED, Measure, MeasureState, Taken
from recital_dsar.store.tables import Tabular, mine, table


class MeasureRow(Tabular, table=True):
    """A measure."""

    __tablename__ = "measures"
    id: UUID = Field(primary_key=True)
    request_id: UUID
    measure: str
    holding: UUID | None
    kind: str | None
    ground: str
    purposes: list[str] | None = column(ARRAY(Text), nullable=True)
    state: str
    restricted: bool
    certificate: UUID | None
    held_back_by: str | None
    look_again: bool
    wording: bytes | None
    decided_at: datetime = instant()
    settled_at: datetime | None = instant(nullable=True)


class RectificationRow(Tabular, table=True):
    """The id of a correction, for the worker role that looks whose it is."""

    __tablename__ = "rectifications"
    id: UUID = Field(primary_key=True)


MEASURES, RECTIFICATIONS = table(MeasureRow), table(RectificationRow)


async def add_measure(tx: Transaction, new: Taken, wording: bytes | None = None) -> None:
    """Write a measure; a correction's `wording` is sealed and may be fetched by its id."""
    await tx.execute(
        insert(MEASURES).values(
            tenant_id=tx.tenant,
            id=new.id,
            request_id=new.request,
            measure=new.measure.value,
            holding=new.holding,
            kind=new.kind,
            ground=new.ground,
            purposes=None if new.purposes is None else list(new.purposes),
            state=new.state.value,
            restricted=new.restricted,
            look_again=False,
            wording=wording,
            decided_at=tx.now,
            settled_at=new.settled_at,
        )
    )
    if new.measure is Measure.RECTIFY:
        await tx.execute(insert(RECTIFICATIONS).values(tenant_id=tx.tenant, id=new.id))


async def measures_of(tx: Transaction, request: UUID) -> Sequence[Taken]:
    """Return a request's measures in the order they were taken."""
    rows = await tx.execute(
        select(MEASURES).where(mine(MeasureRow, tx), MEASURES.c.request_id == request).order_by(MEASURES.c.id)
    )
    return [_taken(row) for row in rows]


async def measure(tx: Transaction, measure_id: UUID) -> tuple[Taken, bytes | None]:
    """Return a measure, its row locked, and its sealed wording; raises NotFound."""
    row = (
        await tx.execute(select(MEASURES).where(mine(MeasureRow, tx), MEASURES.c.id == measure_id).with_for_update())
    ).one_or_none()
    if row is None:
        raise NotFound
    return _taken(row), row.wording


async def measures_on(tx: Transaction, holding: UUID) -> Sequence[Taken]:
    """Return every measure on a holding that is not over, rows locked."""
    rows = await tx.execute(
        select(MEASURES)
        .where(mine(MeasureRow, tx), MEASURES.c.holding == holding, MEASURES.c.state != MeasureState.OVER.value)
        .order_by(MEASURES.c.id)
        .with_for_update()
    )
    return [_taken(row) for row in rows]


async def change_measure(tx: Transaction, measure_id: UUID, **values: Any) -> None:
    """Write columns of a measure."""
    await tx.execute(update(MEASURES).where(mine(MeasureRow, tx), MEASURES.c.id == measure_id).values(**values))


async def waiting(tx: Transaction, requests: Collection[UUID]) -> dict[UUID, int]:
    """Return how many measures of each request are still waited for."""
    settled = [each.value for each in SETTLED]
    rows = await tx.execute(
        select(MEASURES.c.request_id, func.count().label("number"))
        .where(mine(MeasureRow, tx), MEASURES.c.request_id.in_(list(requests)), MEASURES.c.state.not_in(settled))
        .group_by(MEASURES.c.request_id)
    )
    return {row.request_id: row.number for row in rows}


async def tenant_of_rectification(tx: Transaction, rectification: UUID) -> UUID | None:
    """Return whose correction this is (worker role), None where there is none."""
    found = await tx.execute(select(RECTIFICATIONS.c.tenant_id).where(RECTIFICATIONS.c.id == rectification))
    tenant: UUID | None = found.scalar_one_or_none()
    return tenant


def _taken(row: Any) -> Taken:
    return Taken(
        id=row.id,
        request=row.request_id,
        measure=Measure(row.measure),
        holding=row.holding,
        kind=row.kind,
        ground=row.ground,
        state=MeasureState(row.state),
        restricted=row.restricted,
        certificate=row.certificate,
        held_back_by=row.held_back_by,
        look_again=row.look_again,
        decided_at=row.decided_at,
        settled_at=row.settled_at,
        purposes=None if row.purposes is None else tuple(row.purposes),
    )


async def wordings_of(tx: Transaction, request: UUID) -> dict[UUID, bytes]:
    """Return the sealed words of a request's measures, of those that have some."""
    rows = await tx.execute(
        select(MEASURES.c.id, MEASURES.c.wording).where(
            mine(MeasureRow, tx), MEASURES.c.request_id == request, MEASURES.c.wording.is_not(None)
        )
    )
    return {row.id: row.wording for row in rows}

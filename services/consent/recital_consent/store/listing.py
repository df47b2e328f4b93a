"""Calls found: by their time, what is to be said of their recording, who took part, for what, under which reference."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from recital_database import Transaction
from sqlalchemy import Select, func, select

from recital_consent.model.completeness import Completeness, Outcome
from recital_consent.model.explained import Explained
from recital_consent.model.listing import Narrowed
from recital_consent.store.tables import CallPartyRow, CallPurposeRow, CallRow, PurposeRow, RecordingRow

_CALLS, _PARTIES, _CALL_PURPOSES = CallRow.__table__, CallPartyRow.__table__, CallPurposeRow.__table__
_PURPOSES, _RECORDINGS = PurposeRow.__table__, RecordingRow.__table__


def narrowed(tx: Transaction, statement: Select[Any], wanted: Narrowed, *, after: UUID | None) -> Select[Any]:
    """Return a query for calls that are not erased, narrowed to those that are wanted, in the order of their ids."""
    statement = statement.where(_CALLS.c.tenant_id == tx.tenant, _CALLS.c.erasing_at.is_(None))
    at = func.coalesce(_CALLS.c.started_at, _CALLS.c.registered_at)
    if after is not None:
        statement = statement.where(_CALLS.c.id > after)
    if wanted.reference is not None:
        statement = statement.where(_CALLS.c.reference == wanted.reference)
    if wanted.outcomes:
        statement = statement.where(_CALLS.c.outcome.in_([each.value for each in wanted.outcomes]))
    if wanted.since is not None:
        statement = statement.where(at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(at < wanted.until)
    if wanted.subjects is not None:
        theirs = select(_PARTIES.c.id).where(
            _PARTIES.c.tenant_id == tx.tenant, _PARTIES.c.subject_id.in_(list(wanted.subjects))
        )
        statement = statement.where(_CALLS.c.id.in_(theirs))
    if wanted.purpose is not None:
        joined = (_PURPOSES.c.tenant_id == _CALL_PURPOSES.c.tenant_id) & (_PURPOSES.c.id == _CALL_PURPOSES.c.purpose_id)
        meant = (
            select(_CALL_PURPOSES.c.id)
            .join(_PURPOSES, joined)
            .where(_CALL_PURPOSES.c.tenant_id == tx.tenant, _PURPOSES.c.key == wanted.purpose)
        )
        statement = statement.where(_CALLS.c.id.in_(meant))
    return statement.order_by(_CALLS.c.id)


async def explained(tx: Transaction, wanted: Narrowed, *, after: UUID | None, most: int) -> Sequence[Explained]:
    """Return a page of calls with what is to be said of their recordings."""
    rows = (await tx.execute(narrowed(tx, select(_CALLS), wanted, after=after).limit(most))).all()
    stored = select(_RECORDINGS.c.call_id, _RECORDINGS.c.id).where(
        _RECORDINGS.c.tenant_id == tx.tenant, _RECORDINGS.c.call_id.in_([row.id for row in rows])
    )
    recordings: dict[UUID, list[UUID]] = {}
    for each in await tx.execute(stored.order_by(_RECORDINGS.c.id)):
        recordings.setdefault(each.call_id, []).append(each.id)
    return [
        Explained(
            call=row.id,
            reference=row.reference,
            external_id=row.external_id,
            started_at=row.started_at,
            ended_at=row.ended_at,
            completeness=Completeness(
                outcome=Outcome(row.outcome),
                reasons=tuple(row.outcome_reasons),
                gaps=tuple((start, end) for start, end in row.gaps or ()),
            ),
            refused_code=row.refused_code,
            recordings=tuple(recordings.get(row.id, ())),
        )
        for row in rows
    ]


async def counted(tx: Transaction, wanted: Narrowed) -> dict[Outcome, int]:
    """Return how many calls there are of each outcome."""
    statement = narrowed(tx, select(_CALLS.c.outcome, _CALLS.c.id), wanted, after=None).order_by(None).subquery()
    counts = select(statement.c.outcome, func.count().label("calls")).group_by(statement.c.outcome)
    return {Outcome(row.outcome): row.calls for row in await tx.execute(counts)}

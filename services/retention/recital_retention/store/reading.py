"""The register as it is read: one holding whole, pages of them, and what counts before someone listens."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction

from recital_retention.model import Holding, HoldingState

_FIELDS = "id, kind, state, registered_at, due_at, kept_by, ends_with, ordered_at, erased_at, certificate_id"


@dataclass(frozen=True, slots=True)
class Listening:
    """What counts before a recording is listened to."""

    state: HoldingState
    restricted: bool
    held: bool


@dataclass(frozen=True, slots=True)
class HoldingFilter:
    """Which holdings are asked for; None asks for all."""

    kind: str | None = None
    state: str | None = None
    due_before: datetime | None = None


async def find_holding(tx: Transaction, holding: UUID) -> Holding | None:
    """Return one holding."""
    rows = await tx.execute(
        f"select {_FIELDS} from holdings where tenant_id = :tenant and id = :id",  # noqa: S608 - a constant
        {"tenant": tx.tenant, "id": holding},
    )
    row = rows.one_or_none()
    return None if row is None else _holding(row)


async def list_holdings(tx: Transaction, wanted: HoldingFilter, *, after: UUID | None, most: int) -> Sequence[Holding]:
    """Return holdings in order of id, after a cursor."""
    rows = await tx.execute(
        f"select {_FIELDS} from holdings where tenant_id = :tenant"  # noqa: S608 - a constant
        " and id > coalesce(cast(:after as uuid), '00000000-0000-0000-0000-000000000000')"
        " and (cast(:kind as text) is null or kind = :kind) and (cast(:state as text) is null or state = :state)"
        " and (cast(:due as timestamptz) is null or due_at < :due) order by id limit :most",
        {
            "tenant": tx.tenant,
            "after": after,
            "kind": wanted.kind,
            "state": wanted.state,
            "due": wanted.due_before,
            "most": most,
        },
    )
    return [_holding(row) for row in rows]


async def listening_to(tx: Transaction, recording: UUID) -> Listening | None:
    """Return what counts before a recording is listened to; None where retention does not know it."""
    rows = await tx.execute(
        "select state, trim is not null or ended_because is not null"
        " or exists (select from permits p where p.tenant_id = h.tenant_id and p.id = h.permit_id"
        " and p.suspended_at is not null) or exists (select from restrictions r where r.tenant_id = h.tenant_id"
        " and r.holding_id = h.id and r.set_at is not null and r.lifted_at is null) as restricted,"
        " exists (select from hold_recordings hr join holds on holds.tenant_id = hr.tenant_id and holds.id = hr.id"
        " where hr.tenant_id = h.tenant_id and hr.recording_id = h.id and holds.released_at is null) as held"
        " from holdings h where tenant_id = :tenant and id = :id and kind = 'recording'",
        {"tenant": tx.tenant, "id": recording},
    )
    row = rows.one_or_none()
    return None if row is None else Listening(HoldingState(row.state), row.restricted, row.held)


async def speaks_of(tx: Transaction, holding: UUID, subjects: Collection[UUID]) -> bool:
    """Return whether a holding speaks of any of these subjects."""
    rows = await tx.execute(
        "select exists (select from holding_subjects where tenant_id = :tenant and id = :id"
        " and subject_id = any(cast(:subjects as uuid[])))",
        {"tenant": tx.tenant, "id": holding, "subjects": list(subjects)},
    )
    return bool(rows.scalar_one())


def _holding(row: Any) -> Holding:
    return Holding(
        id=row.id,
        kind=row.kind,
        state=HoldingState(row.state),
        registered_at=row.registered_at,
        due_at=row.due_at,
        kept_by=tuple(row.kept_by),
        ends_with=row.ends_with,
        ordered_at=row.ordered_at,
        erased_at=row.erased_at,
        certificate=row.certificate_id,
    )

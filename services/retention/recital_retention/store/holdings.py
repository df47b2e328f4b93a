"""The register: holdings, who they speak of, and what they contain.

A holding's row is the one lock of everything about it: whoever changes what may keep or end it takes that lock first.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_events import HoldingKind, Place, PurposeSpans

from recital_retention.model import Ground, HoldingState
from recital_retention.store import places


@dataclass(frozen=True, slots=True)
class NewHolding:
    """A holding to be registered."""

    id: UUID
    kind: HoldingKind
    registered_at: datetime
    due_at: datetime | None = None
    ended_at: datetime | None = None
    call: UUID | None = None
    permit: UUID | None = None
    spans: Sequence[PurposeSpans] = ()
    ends_with: UUID | None = None
    stands_alone: bool = False
    subjects: Collection[UUID] = field(default_factory=tuple)
    contains: Collection[UUID] = field(default_factory=tuple)
    places: Collection[Place] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Locked:
    """A holding whose row this transaction holds."""

    id: UUID
    kind: HoldingKind
    state: HoldingState
    registered_at: datetime
    ended_at: datetime | None
    due_at: datetime | None
    ordered_at: datetime | None
    call: UUID | None
    spans: tuple[PurposeSpans, ...]
    order: UUID | None


async def register(tx: Transaction, holding: NewHolding) -> bool:
    """Register a holding with all that belongs to it; false where it was known (then only what is new is added)."""
    rows = await tx.execute(
        "insert into holdings (tenant_id, id, kind, registered_at, due_at, ended_at, call_id, permit_id, spans,"
        " ends_with, stands_alone) values (:tenant, :id, :kind, :registered, :due, :ended, :call, :permit,"
        " cast(:spans as jsonb), :ends_with, :stands_alone) on conflict do nothing returning id",
        {
            "tenant": tx.tenant,
            "id": holding.id,
            "kind": holding.kind,
            "registered": holding.registered_at,
            "due": holding.due_at,
            "ended": holding.ended_at,
            "call": holding.call,
            "permit": holding.permit,
            "spans": write_spans(holding.spans),
            "ends_with": holding.ends_with,
            "stands_alone": holding.stands_alone,
        },
    )
    fresh = rows.one_or_none() is not None
    await add_subjects(tx, holding.id, holding.kind, holding.subjects)
    await add_contents(tx, holding.id, holding.contains)
    await places.add_places(tx, holding.id, [(each.kind, each.id) for each in holding.places])
    return fresh


async def register_identities(tx: Transaction, subjects: Collection[UUID]) -> None:
    """Register the identities that a call brought with it; known ones stay as they are."""
    await tx.execute(
        "insert into holdings (tenant_id, id, kind, registered_at)"
        " select :tenant, s.id, 'identity', :now from unnest(cast(:ids as uuid[])) as s (id) on conflict do nothing",
        {"tenant": tx.tenant, "ids": sorted(set(subjects)), "now": tx.now},
    )


async def add_subjects(tx: Transaction, holding: UUID, kind: str, subjects: Collection[UUID]) -> None:
    """Note who a holding speaks of."""
    if subjects:
        await tx.execute(
            "insert into holding_subjects (tenant_id, id, subject_id, kind)"
            " select :tenant, :id, s.id, :kind from unnest(cast(:ids as uuid[])) as s (id) on conflict do nothing",
            {"tenant": tx.tenant, "id": holding, "kind": kind, "ids": list(set(subjects))},
        )


async def replace_subjects(tx: Transaction, holding: UUID, kind: str, subjects: Collection[UUID]) -> list[UUID]:
    """Set who a holding speaks of, and return who it no longer does."""
    rows = await tx.execute(
        "delete from holding_subjects where tenant_id = :tenant and id = :id"
        " and not subject_id = any(cast(:ids as uuid[])) returning subject_id",
        {"tenant": tx.tenant, "id": holding, "ids": list(subjects)},
    )
    gone = [row.subject_id for row in rows]
    await add_subjects(tx, holding, kind, subjects)
    return gone


async def add_contents(tx: Transaction, holding: UUID, contained: Collection[UUID]) -> None:
    """Note which holdings a holding has parts of."""
    if contained:
        await tx.execute(
            "insert into holding_contents (tenant_id, id, contained_id)"
            " select :tenant, :id, s.id from unnest(cast(:ids as uuid[])) as s (id) on conflict do nothing",
            {"tenant": tx.tenant, "id": holding, "ids": list(set(contained))},
        )


async def lock(tx: Transaction, holdings: Iterable[UUID]) -> list[Locked]:
    """Take the row locks of holdings, always in one order, and return those that exist."""
    rows = await tx.execute(
        "select * from holdings where tenant_id = :tenant and id = any(cast(:ids as uuid[]))"
        " order by id for no key update",
        {"tenant": tx.tenant, "ids": list(holdings)},
    )
    return [_locked(row) for row in rows]


async def lock_one(tx: Transaction, holding: UUID) -> Locked | None:
    """Take one holding's row lock; None where it is not known."""
    found = await lock(tx, [holding])
    return found[0] if found else None


async def recordings_of_permit(tx: Transaction, permit: UUID) -> list[UUID]:
    """Return the recordings stored under a permit."""
    return await _ids(tx, "select id from holdings where tenant_id = :tenant and permit_id = :id", permit)


async def was_recorded(tx: Transaction, call: UUID) -> bool:
    """Return whether any recording of a call was ever stored."""
    rows = await tx.execute(
        "select exists (select from holdings where tenant_id = :tenant and call_id = :id and kind = 'recording')",
        {"tenant": tx.tenant, "id": call},
    )
    return bool(rows.scalar_one())


async def ending_with(tx: Transaction, request: UUID) -> list[UUID]:
    """Return the holdings that end with a request."""
    return await _ids(tx, "select id from holdings where tenant_id = :tenant and ends_with = :id", request)


async def any_ordered(tx: Transaction, holdings: Collection[UUID]) -> bool:
    """Return whether destruction of any of these has begun."""
    rows = await tx.execute(
        "select exists (select from holdings where tenant_id = :tenant and id = any(cast(:ids as uuid[]))"
        " and state in ('ordering', 'shredding', 'erased'))",
        {"tenant": tx.tenant, "ids": list(holdings)},
    )
    return bool(rows.scalar_one())


async def containers_of(tx: Transaction, holdings: Sequence[UUID]) -> list[UUID]:
    """Return the holdings that have parts of any of these."""
    rows = await tx.execute(
        "select distinct id from holding_contents"
        " where tenant_id = :tenant and contained_id = any(cast(:ids as uuid[]))",
        {"tenant": tx.tenant, "ids": list(holdings)},
    )
    return [row.id for row in rows]


async def calls_of(tx: Transaction, recordings: Sequence[UUID]) -> list[UUID]:
    """Return the calls of recordings."""
    rows = await tx.execute(
        "select distinct call_id from holdings where tenant_id = :tenant and id = any(cast(:ids as uuid[]))"
        " and kind = 'recording' and call_id is not null",
        {"tenant": tx.tenant, "ids": list(recordings)},
    )
    return [row.call_id for row in rows]


async def let_stand_alone(tx: Transaction, identity: UUID, *, until: datetime | None) -> None:
    """Note until when (None: for good) an identity is needed for itself, whatever happens to the calls it took part in.

    That of a closed tenant is needed no more.
    """
    await tx.execute(
        "update holdings set stands_alone = true, due_at = :until where tenant_id = :tenant and id = :id"
        " and ended_because is null",
        {"tenant": tx.tenant, "id": identity, "until": until},
    )


async def set_end(tx: Transaction, holding: UUID, *, due_at: datetime | None, ended_at: datetime | None) -> None:
    """Set when a holding is due (None: it follows from others) and when that which it records ended."""
    await tx.execute(
        "update holdings set due_at = :due, ended_at = coalesce(:ended, ended_at)"
        " where tenant_id = :tenant and id = :id",
        {"tenant": tx.tenant, "id": holding, "due": due_at, "ended": ended_at},
    )


async def end_because(tx: Transaction, holdings: Collection[UUID], ground: Ground) -> None:
    """Note that something else than time ended holdings; the first ground stays."""
    await tx.execute(
        "update holdings set ended_because = coalesce(ended_because, :ground)"
        " where tenant_id = :tenant and id = any(cast(:ids as uuid[]))",
        {"tenant": tx.tenant, "ids": list(holdings), "ground": ground.value},
    )


async def note_trim(tx: Transaction, holding: UUID, kept: Sequence[PurposeSpans]) -> None:
    """Note which spans a revoked permit leaves of a recording: it is restricted to them."""
    await tx.execute(
        "update holdings set trim = cast(:spans as jsonb) where tenant_id = :tenant and id = :id",
        {"tenant": tx.tenant, "id": holding, "spans": write_spans(kept)},
    )


async def reduce_to_skeletons(tx: Transaction, holdings: Sequence[UUID]) -> list[UUID]:
    """Forget what erased holdings spoke of, held and covered, and return whom they spoke of.

    What stays is the skeleton: id, tenant, dates, ground and proof.
    """
    these = {"tenant": tx.tenant, "ids": list(holdings)}
    rows = await tx.execute(
        "delete from holding_subjects where tenant_id = :tenant and id = any(cast(:ids as uuid[]))"
        " returning subject_id",
        these,
    )
    subjects = sorted({row.subject_id for row in rows})
    for table in ("holding_contents", "clocks"):
        await tx.execute(f"delete from {table} where tenant_id = :tenant and id = any(cast(:ids as uuid[]))", these)  # noqa: S608 - a constant
    return subjects


def write_spans(spans: Iterable[PurposeSpans]) -> str:
    """Return spans as they are kept in a column."""
    return json.dumps([each.model_dump(mode="json") for each in spans])


def read_spans(kept: Any) -> tuple[PurposeSpans, ...]:
    """Return spans from a column."""
    found = json.loads(kept) if isinstance(kept, str) else kept
    return tuple(PurposeSpans.model_validate(each) for each in found or ())


async def _ids(tx: Transaction, query: str, about: UUID) -> list[UUID]:
    return [row.id for row in await tx.execute(query, {"tenant": tx.tenant, "id": about})]


def _locked(row: Any) -> Locked:
    return Locked(
        id=row.id,
        kind=row.kind,
        state=HoldingState(row.state),
        registered_at=row.registered_at,
        ended_at=row.ended_at,
        due_at=row.due_at,
        ordered_at=row.ordered_at,
        call=row.call_id,
        spans=read_spans(row.spans),
        order=row.order_id,
    )

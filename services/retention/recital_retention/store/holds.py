"""What holds are on: the recordings their scopes find, what is kept along with those, and recordings that come."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from recital_database import Transaction
from recital_events import HoldingKind

from recital_retention.model import HoldScope
from recital_retention.store.persons import one_person

Kept = tuple[UUID, HoldingKind]
"""A holding that a hold keeps, by id and kind."""


async def recordings_in(tx: Transaction, scope: HoldScope) -> list[UUID]:
    """Return the recordings that a scope finds now. Of erased ones those by call are found, those by subject are not:
    nobody knows any more of whom they spoke.
    """
    if scope.recordings:
        return list(scope.recordings)
    rows = await tx.execute(
        "select id from holdings where tenant_id = :tenant and kind = 'recording'"
        " and call_id = any(cast(:calls as uuid[])) union select h.id from holding_subjects hs"
        " join holdings h on h.tenant_id = hs.tenant_id and h.id = hs.id and h.kind = 'recording'"
        " where hs.tenant_id = :tenant and hs.kind = 'recording' and hs.subject_id = any(cast(:subjects as uuid[]))"
        " and (cast(:from as timestamptz) is null or h.ended_at >= :from)"
        " and (cast(:until as timestamptz) is null or h.ended_at < :until) order by id",
        _scope(tx, scope) | {"subjects": await one_person(tx, scope.subjects)},
    )
    return [row.id for row in rows]


async def around(tx: Transaction, recordings: Collection[UUID]) -> list[Kept]:
    """Return the call records of recordings and the identities of their parties, those that can still be kept."""
    rows = await tx.execute(
        "select id, kind from holdings where tenant_id = :tenant and state in ('retained', 'due') and id in"
        " (select call_id from holdings where tenant_id = :tenant and id = any(cast(:ids as uuid[]))"
        " union select subject_id from holding_subjects where tenant_id = :tenant and id = any(cast(:ids as uuid[])))"
        " order by id",
        {"tenant": tx.tenant, "ids": list(recordings)},
    )
    return [(row.id, row.kind) for row in rows]


async def same_hold(tx: Transaction, matter: str, recordings: Sequence[UUID], scope: HoldScope) -> UUID | None:
    """Return a hold in force for this matter that keeps all of these recordings, and those to come where asked."""
    rows = await tx.execute(
        "select h.id from holds h where h.tenant_id = :tenant and h.released_at is null and h.matter = :matter"
        " and (not :future or (h.future and h.calls = cast(:calls as uuid[]) and h.subjects = cast(:subjects as uuid[])"
        " and h.period_from is not distinct from :from and h.period_until is not distinct from :until))"
        " and not exists (select from unnest(cast(:ids as uuid[])) as asked (id) where not exists (select"
        " from hold_recordings r where r.tenant_id = h.tenant_id and r.id = h.id and r.recording_id = asked.id))"
        " order by h.id limit 1",
        _scope(tx, scope) | {"matter": matter, "ids": list(recordings), "future": scope.future},
    )
    row = rows.one_or_none()
    return None if row is None else UUID(str(row.id))


async def keep_along(tx: Transaction, hold: UUID, kept: Sequence[Kept]) -> None:
    """Note what a hold keeps beside its recordings."""
    await tx.execute(
        "insert into hold_along (tenant_id, id, holding_id, kind) select :tenant, :id, s.* from"
        " unnest(cast(:ids as uuid[]), cast(:kinds as text[])) as s on conflict do nothing",
        {"tenant": tx.tenant, "id": hold, "ids": [id_ for id_, _ in kept], "kinds": [kind for _, kind in kept]},
    )


async def kept_along(tx: Transaction, hold: UUID) -> list[Kept]:
    """Return what a hold keeps beside its recordings."""
    rows = await tx.execute(
        "select holding_id, kind from hold_along where tenant_id = :tenant and id = :id order by holding_id",
        {"tenant": tx.tenant, "id": hold},
    )
    return [(row.holding_id, row.kind) for row in rows]


async def holds_for_new(tx: Transaction, call: UUID, subjects: Collection[UUID], ended_at: datetime) -> list[UUID]:
    """Return the holds in force that take in a recording stored now, of this call and these subjects.

    Asked under the row locks of the call and of the subjects' identities, which whoever places such a hold takes too.
    """
    rows = await tx.execute(
        "select id from holds where tenant_id = :tenant and future and released_at is null"
        " and (:call = any(calls) or (subjects && cast(:subjects as uuid[])"
        " and (period_from is null or :ended >= period_from) and (period_until is null or :ended < period_until)))"
        " order by id for update",
        {"tenant": tx.tenant, "call": call, "subjects": await one_person(tx, subjects), "ended": ended_at},
    )
    return [row.id for row in rows]


async def holds_by_person(tx: Transaction, subjects: Collection[UUID]) -> list[UUID]:
    """Return the holds in force that were placed on any of these subjects."""
    rows = await tx.execute(
        "select id from holds where tenant_id = :tenant and released_at is null"
        " and subjects && cast(:subjects as uuid[]) order by id",
        {"tenant": tx.tenant, "subjects": list(subjects)},
    )
    return [row.id for row in rows]


async def take_in(tx: Transaction, hold: UUID, recording: UUID) -> None:
    """Put a hold on one more recording."""
    await tx.execute(
        "insert into hold_recordings (tenant_id, id, recording_id) values (:tenant, :id, :recording)"
        " on conflict do nothing",
        {"tenant": tx.tenant, "id": hold, "recording": recording},
    )


async def reviews_due(tx: Transaction) -> list[UUID]:
    """Return the holds in force whose review date has come."""
    rows = await tx.execute(
        "select id from holds where tenant_id = :tenant and released_at is null and review_on <= cast(:now as date)"
        " order by id limit 1000",
        {"tenant": tx.tenant, "now": tx.now},
    )
    return [row.id for row in rows]


def _scope(tx: Transaction, scope: HoldScope) -> dict[str, object]:
    return {
        "tenant": tx.tenant,
        "calls": sorted(scope.calls),
        "subjects": sorted(scope.subjects),
        "from": scope.period_from,
        "until": scope.period_until,
    }

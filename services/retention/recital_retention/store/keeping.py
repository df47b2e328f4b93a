"""What keeps a holding or ends it early: open requests, legal holds, and the latest state of revoked permits."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_events import PermitRevoked, PurposeSpans

from recital_retention.model import Hold, HoldScope
from recital_retention.store.holdings import read_spans, write_spans


@dataclass(frozen=True, slots=True)
class Withholding:
    """Since when an open request keeps what speaks of its subjects, and until when."""

    placed_at: datetime
    lifted_at: datetime | None


async def withhold(tx: Transaction, request: UUID, subjects: Collection[UUID]) -> Withholding:
    """Keep what speaks of these subjects while the request is open; one that was lifted stays lifted."""
    rows = await tx.execute(
        "insert into withholdings (tenant_id, id, placed_at) values (:tenant, :id, :at)"
        " on conflict (tenant_id, id) do update set placed_at = withholdings.placed_at returning placed_at, lifted_at",
        {"tenant": tx.tenant, "id": request, "at": tx.now},
    )
    row = rows.one()
    await tx.execute(
        "insert into withholding_subjects (tenant_id, id, subject_id)"
        " select :tenant, :id, s.id from unnest(cast(:ids as uuid[])) as s (id) on conflict do nothing",
        {"tenant": tx.tenant, "id": request, "ids": list(set(subjects))},
    )
    return Withholding(row.placed_at, row.lifted_at)


async def lift(tx: Transaction, request: UUID, at: datetime) -> None:
    """End what a request keeps. A request that was never heard of is noted as lifted, so that nothing keeps for it."""
    await tx.execute(
        "insert into withholdings (tenant_id, id, placed_at, lifted_at) values (:tenant, :id, :at, :at)"
        " on conflict (tenant_id, id) do update set lifted_at = coalesce(withholdings.lifted_at, excluded.lifted_at)",
        {"tenant": tx.tenant, "id": request, "at": at},
    )


async def request_known(tx: Transaction, request: UUID) -> bool:
    """Return whether a request's file is registered."""
    rows = await tx.execute(
        "select exists (select from holdings where tenant_id = :tenant and id = :id and kind = 'request')",
        {"tenant": tx.tenant, "id": request},
    )
    return bool(rows.scalar_one())


async def is_lifted(tx: Transaction, request: UUID) -> bool:
    """Return whether a request was closed."""
    rows = await tx.execute(
        "select exists (select from withholdings where tenant_id = :tenant and id = :id and lifted_at is not null)",
        {"tenant": tx.tenant, "id": request},
    )
    return bool(rows.scalar_one())


async def holdings_of_subjects(tx: Transaction, request: UUID) -> list[UUID]:
    """Return the living holdings of the subjects of a request, their identities included."""
    rows = await tx.execute(
        "select distinct hs.id from withholding_subjects ws join holding_subjects hs"
        " on hs.tenant_id = ws.tenant_id and hs.subject_id = ws.subject_id"
        " where ws.tenant_id = :tenant and ws.id = :id"
        " union select subject_id from withholding_subjects where tenant_id = :tenant and id = :id",
        {"tenant": tx.tenant, "id": request},
    )
    return [row.id for row in rows]


async def kept_of_subjects(tx: Transaction, request: UUID) -> list[UUID]:
    """Return what a request may have kept beyond its time, and the identities of its subjects."""
    rows = await tx.execute(
        "select h.id from withholding_subjects ws"
        " join holding_subjects hs on hs.tenant_id = ws.tenant_id and hs.subject_id = ws.subject_id"
        " join holdings h on h.tenant_id = hs.tenant_id and h.id = hs.id and (h.state = 'due' or h.trim_deferred)"
        " where ws.tenant_id = :tenant and ws.id = :id"
        " union select subject_id from withholding_subjects where tenant_id = :tenant and id = :id",
        {"tenant": tx.tenant, "id": request},
    )
    return [row.id for row in rows]


async def keep_permit(tx: Transaction, event: PermitRevoked) -> None:
    """Keep the latest state of a permit, whether or not anything was stored under it."""
    await tx.execute(
        "insert into permits (tenant_id, id, call_id, spans, revoked_at, reason)"
        " values (:tenant, :id, :call, cast(:spans as jsonb), :at, :reason) on conflict (tenant_id, id)"
        " do update set spans = excluded.spans, revoked_at = excluded.revoked_at, reason = excluded.reason,"
        " suspended_at = null",
        {
            "tenant": tx.tenant,
            "id": event.permit,
            "call": event.call,
            "spans": write_spans(event.recording_spans),
            "at": event.revoked_at,
            "reason": event.reason,
        },
    )


async def lock_permit(tx: Transaction, permit: UUID) -> None:
    """Let what happens to a permit and what is stored under it take turns, also while neither has a row yet."""
    await tx.execute(
        "select pg_advisory_xact_lock(hashtextextended(:name, 2))", {"name": f"permit:{tx.tenant}:{permit}"}
    )


async def suspend_permit(tx: Transaction, permit: UUID, call: UUID, at: datetime | None) -> None:
    """Note since when a permit is suspended, or (None) that it stands again; one that was revoked stays revoked."""
    await tx.execute(
        "insert into permits (tenant_id, id, call_id, suspended_at) values (:tenant, :id, :call, :at)"
        " on conflict (tenant_id, id) do update set suspended_at = excluded.suspended_at"
        " where permits.revoked_at is null",
        {"tenant": tx.tenant, "id": permit, "call": call, "at": at},
    )


async def permit_leaves(tx: Transaction, permit: UUID) -> tuple[PurposeSpans, ...] | None:
    """Return what a revoked permit still allows; None where it stands."""
    rows = await tx.execute(
        "select spans from permits where tenant_id = :tenant and id = :id and revoked_at is not null",
        {"tenant": tx.tenant, "id": permit},
    )
    row = rows.one_or_none()
    return None if row is None else read_spans(row.spans)


async def add_hold(tx: Transaction, hold: Hold, salt: bytes) -> None:
    """Place a hold on its recordings."""
    await tx.execute(
        "insert into holds (tenant_id, id, reason, matter, placed_by, review_on, placed_at, placed_salt,"
        " calls, subjects, period_from, period_until, future, too_late)"
        " values (:tenant, :id, :reason, :matter, :by, :review, :at, :salt,"
        " :calls, :subjects, :from, :until, :future, cast(:too_late as jsonb))",
        {
            "tenant": tx.tenant,
            "id": hold.id,
            "reason": hold.reason,
            "matter": hold.matter,
            "by": hold.placed_by,
            "review": hold.review_on,
            "at": hold.placed_at,
            "salt": salt,
            "too_late": json.dumps({str(id_): at.isoformat() for id_, at in hold.too_late.items()}),
            **_scope(hold.scope),
        },
    )
    await _hold_recordings(tx, hold.id, hold.recordings)


async def restore_hold(tx: Transaction, hold: Hold) -> bool:
    """Place a hold again that only the control ledger remembers, which holds no texts; false where it is known."""
    rows = await tx.execute(
        "insert into holds (tenant_id, id, placed_by, review_on, placed_at, calls, subjects, period_from, period_until,"
        " future) values (:tenant, :id, :by, :review, :at, :calls, :subjects, :from, :until, :future)"
        " on conflict do nothing returning id",
        {
            "tenant": tx.tenant,
            "id": hold.id,
            "by": hold.placed_by,
            "review": hold.review_on,
            "at": hold.placed_at,
            **_scope(hold.scope),
        },
    )
    if rows.one_or_none() is None:
        return False
    await _hold_recordings(tx, hold.id, hold.recordings)
    return True


async def release_hold(tx: Transaction, hold: UUID, *, by: str, because: str | None, salt: bytes | None) -> None:
    """End a hold."""
    await tx.execute(
        "update holds set released_at = :now, released_by = :by, release_reason = :because, released_salt = :salt"
        " where tenant_id = :tenant and id = :id",
        {"tenant": tx.tenant, "id": hold, "now": tx.now, "by": by, "because": because, "salt": salt},
    )


async def find_hold(tx: Transaction, hold: UUID, *, locked: bool = False) -> Hold | None:
    """Return a hold with its recordings; `locked` takes its row's lock."""
    query = "select * from holds where tenant_id = :tenant and id = :id"
    rows = await tx.execute(f"{query} for update" if locked else query, {"tenant": tx.tenant, "id": hold})
    row = rows.one_or_none()
    return None if row is None else (await _with_recordings(tx, [row]))[0]


async def list_holds(tx: Transaction, *, after: UUID | None, most: int, released: bool) -> list[Hold]:
    """Return the holds in force (or all), in the order they were placed."""
    rows = await tx.execute(
        "select * from holds where tenant_id = :tenant and (:released or released_at is null)"
        " and id > coalesce(cast(:after as uuid), '00000000-0000-0000-0000-000000000000') order by id limit :most",
        {"tenant": tx.tenant, "after": after, "most": most, "released": released},
    )
    return await _with_recordings(tx, rows.all())


async def _hold_recordings(tx: Transaction, hold: UUID, recordings: Sequence[UUID]) -> None:
    await tx.execute(
        "insert into hold_recordings (tenant_id, id, recording_id)"
        " select :tenant, :id, s.id from unnest(cast(:ids as uuid[])) as s (id)",
        {"tenant": tx.tenant, "id": hold, "ids": list(recordings)},
    )


async def _with_recordings(tx: Transaction, rows: Sequence[Any]) -> list[Hold]:
    held = await tx.execute(
        "select id, recording_id from hold_recordings where tenant_id = :tenant and id = any(cast(:ids as uuid[]))"
        " order by recording_id",
        {"tenant": tx.tenant, "ids": [row.id for row in rows]},
    )
    recordings: dict[UUID, list[UUID]] = {}
    for each in held:
        recordings.setdefault(each.id, []).append(each.recording_id)
    return [_hold(row, recordings.get(row.id, [])) for row in rows]


def _scope(scope: HoldScope) -> dict[str, Any]:
    return {
        "calls": sorted(scope.calls),
        "subjects": sorted(scope.subjects),
        "from": scope.period_from,
        "until": scope.period_until,
        "future": scope.future,
    }


def _hold(row: Any, recordings: list[UUID]) -> Hold:
    too_late = json.loads(row.too_late) if isinstance(row.too_late, str) else row.too_late
    return Hold(
        id=row.id,
        reason=row.reason,
        matter=row.matter,
        placed_by=row.placed_by,
        review_on=row.review_on,
        placed_at=row.placed_at,
        recordings=recordings,
        scope=HoldScope(
            calls=tuple(row.calls),
            subjects=tuple(row.subjects),
            period_from=row.period_from,
            period_until=row.period_until,
            future=row.future,
        ),
        too_late={UUID(id_): datetime.fromisoformat(at) for id_, at in too_late.items()},
        released_at=row.released_at,
        released_by=row.released_by,
        release_reason=row.release_reason,
    )

"""Accounts of listening: who may, who did, and who listened to somebody (R10, R20)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_database import Transaction


@dataclass(frozen=True, slots=True)
class Entitled:
    """That some roles may listen for a version of a purpose, from an instant on."""

    purpose: str
    version: int
    roles: tuple[str, ...]
    in_force_from: datetime


@dataclass(frozen=True, slots=True)
class Did:
    """What one listener did for one purpose in a span of time."""

    listener: str
    roles: tuple[str, ...]
    purpose: str
    granted: int
    refused: int
    played: int
    recordings: int


@dataclass(frozen=True, slots=True)
class HeardBy:
    """That somebody was allowed to hear a recording."""

    grant: UUID
    recording: UUID
    call: UUID
    purpose: str
    roles: tuple[str, ...]
    granted_at: datetime
    played_at: datetime | None


async def entitled(tx: Transaction, *, before: datetime) -> Sequence[Entitled]:
    """Return every version of every purpose in force before an instant, and who may listen for it."""
    rows = await tx.execute(
        "select key, version, roles, in_force_from from purposes"
        " where tenant_id = :tenant and in_force_from < :before order by key, version",
        {"tenant": tx.tenant, "before": before},
    )
    return [Entitled(row.key, row.version, tuple(row.roles), row.in_force_from) for row in rows]


async def did(tx: Transaction, *, since: datetime, before: datetime) -> Sequence[Did]:
    """Return who asked and listened in [since, before), per listener and purpose."""
    rows = await tx.execute(
        "select listener, roles, purpose, count(*) filter (where expires_at is not null) as granted,"
        " count(*) filter (where expires_at is null) as refused, count(played_at) as played,"
        " count(distinct recording_id) as recordings from grants"
        " where tenant_id = :tenant and asked_at >= :since and asked_at < :before"
        " group by listener, roles, purpose order by listener, purpose, roles",
        {"tenant": tx.tenant, "since": since, "before": before},
    )
    return [
        Did(row.listener, tuple(row.roles), row.purpose, row.granted, row.refused, row.played, row.recordings)
        for row in rows
    ]


async def heard(tx: Transaction, subjects: Sequence[UUID], *, after: UUID | None, most: int) -> Sequence[HeardBy]:
    """Return by whom (as what) recordings that carry one of the subjects were allowed to be heard, by grant."""
    rows = await tx.execute(
        "select g.id, g.recording_id, r.call_id, g.purpose, g.roles, g.asked_at, g.played_at from grants g"
        " join recordings r on r.tenant_id = g.tenant_id and r.id = g.recording_id"
        " where g.tenant_id = :tenant and g.expires_at is not null"
        " and g.id > coalesce(cast(:after as uuid), '00000000-0000-0000-0000-000000000000')"
        " and g.recording_id in (select recording_id from recording_subjects where tenant_id = :tenant"
        " and subject_id = any(cast(:subjects as uuid[]))) order by g.id limit :most",
        {"tenant": tx.tenant, "subjects": list(subjects), "after": after, "most": most},
    )
    return [
        HeardBy(
            UUID(str(row.id)),
            UUID(str(row.recording_id)),
            UUID(str(row.call_id)),
            row.purpose,
            tuple(row.roles),
            row.asked_at,
            row.played_at,
        )
        for row in rows
    ]

"""What was told of recordings and persons after the audio was stored: restrictions, holds, subjects that are one."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from recital_database import Transaction
from recital_events import HoldPlaced, HoldReleased, RestrictionLifted, RestrictionSet, SubjectMerged, SubjectSplit


@dataclass(frozen=True, slots=True)
class Bounds:
    """Whether a recording is restricted, and whether it is held."""

    restricted: bool
    held: bool


async def restrict(tx: Transaction, event: RestrictionSet) -> None:
    """Keep that a recording is restricted."""
    await tx.execute(
        "insert into restrictions (tenant_id, id, recording_id, set_at) values (:tenant, :id, :recording, :at)"
        " on conflict (tenant_id, id, recording_id) do nothing",
        {"tenant": tx.tenant, "id": event.restriction, "recording": event.holding, "at": event.set_at},
    )


async def lift(tx: Transaction, event: RestrictionLifted) -> None:
    """End one restriction of a recording."""
    await tx.execute(
        "update restrictions set lifted_at = :at where tenant_id = :tenant and id = :id and recording_id = :recording",
        {"tenant": tx.tenant, "id": event.restriction, "recording": event.holding, "at": event.lifted_at},
    )


async def hold(tx: Transaction, event: HoldPlaced) -> None:
    """Keep that a recording is held."""
    await tx.execute(
        "insert into holds (tenant_id, id, recording_id, placed_at) values (:tenant, :id, :recording, :at)"
        " on conflict (tenant_id, id, recording_id) do update set placed_at = excluded.placed_at, released_at = null",
        {"tenant": tx.tenant, "id": event.hold, "recording": event.holding, "at": event.placed_at},
    )


async def release(tx: Transaction, event: HoldReleased) -> None:
    """End one hold on a recording."""
    await tx.execute(
        "update holds set released_at = :at where tenant_id = :tenant and id = :id and recording_id = :recording",
        {"tenant": tx.tenant, "id": event.hold, "recording": event.holding, "at": event.released_at},
    )


async def bounds_of(tx: Transaction, recording: UUID) -> Bounds:
    """Return what binds a recording now."""
    row = (
        await tx.execute(
            "select exists (select from restrictions where tenant_id = :tenant and recording_id = :id"
            " and lifted_at is null) as restricted, exists (select from holds where tenant_id = :tenant"
            " and recording_id = :id and released_at is null) as held",
            {"tenant": tx.tenant, "id": recording},
        )
    ).one()
    return Bounds(row.restricted, row.held)


async def merge(tx: Transaction, event: SubjectMerged) -> None:
    """Keep that a subject turned out to be another."""
    await tx.execute(
        "insert into merges (tenant_id, merged_id, subject_id) values (:tenant, :merged, :subject)"
        " on conflict (tenant_id, merged_id) do update set subject_id = excluded.subject_id",
        {"tenant": tx.tenant, "merged": event.merged, "subject": event.subject},
    )


async def split(tx: Transaction, event: SubjectSplit) -> None:
    """Undo that."""
    await tx.execute(
        "delete from merges where tenant_id = :tenant and merged_id = :split",
        {"tenant": tx.tenant, "split": event.split},
    )


async def all_of(tx: Transaction, subjects: Iterable[UUID]) -> frozenset[UUID]:
    """Return these subjects and every one that is the same person, by whatever chain of merges."""
    rows = await tx.execute(
        "with recursive same as (select unnest(cast(:subjects as uuid[])) as id union"
        " select case when m.merged_id = same.id then m.subject_id else m.merged_id end from same"
        " join merges m on m.tenant_id = :tenant and same.id in (m.merged_id, m.subject_id)) select id from same",
        {"tenant": tx.tenant, "subjects": list(subjects)},
    )
    return frozenset(UUID(str(row.id)) for row in rows)

"""Texts beside recordings, sealed, and the corrections whose texts are still to be fetched."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from recital_database import Recorded, Transaction
from recital_events import RectificationDecided

from recital_ingest.model.upload import Due


@dataclass(frozen=True, slots=True)
class Annotation:
    """One text beside a recording, sealed under a key of its own."""

    id: UUID
    recording: UUID
    kind: str
    author: str
    key: UUID
    sealed: bytes
    made_at: datetime
    rectification: UUID | None = None


async def add_annotation(tx: Transaction, made: Annotation, recorded: Recorded) -> bool:
    """Keep an annotation beside its ledger entry; false where this correction stands there already."""
    done = await tx.execute(
        "insert into annotations (tenant_id, id, recording_id, kind, author, rectification_id, key_id, sealed, made_at,"
        " ledger_entry, salt) values (:tenant, :id, :recording, :kind, :author, :rectification, :key, :sealed, :at,"
        " :entry, :salt) on conflict (tenant_id, rectification_id) do nothing",
        {
            "tenant": tx.tenant,
            "id": made.id,
            "recording": made.recording,
            "kind": made.kind,
            "author": made.author,
            "rectification": made.rectification,
            "key": made.key,
            "sealed": made.sealed,
            "at": made.made_at,
            "entry": recorded.entry,
            "salt": recorded.salt,
        },
    )
    return done.rowcount == 1


async def annotations_of(tx: Transaction, recordings: Sequence[UUID]) -> Sequence[Annotation]:
    """Return what stands beside recordings, in the order it was written."""
    rows = await tx.execute(
        "select * from annotations where tenant_id = :tenant and recording_id = any(cast(:ids as uuid[])) order by id",
        {"tenant": tx.tenant, "ids": list(recordings)},
    )
    return [
        Annotation(
            id=UUID(str(row.id)),
            recording=UUID(str(row.recording_id)),
            kind=row.kind,
            author=row.author,
            key=UUID(str(row.key_id)),
            sealed=row.sealed,
            made_at=row.made_at,
            rectification=UUID(str(row.rectification_id)) if row.rectification_id else None,
        )
        for row in rows
    ]


async def add_rectification(tx: Transaction, event: RectificationDecided) -> None:
    """Note a correction whose text is to be fetched; noting it again changes nothing."""
    await tx.execute(
        "insert into rectifications (tenant_id, id, recording_id, due_at) values (:tenant, :id, :recording, :now)"
        " on conflict (tenant_id, id) do nothing",
        {"tenant": tx.tenant, "id": event.rectification, "recording": event.holding, "now": tx.now},
    )


async def due_rectifications(tx: Transaction, most: int) -> list[Due]:
    """Return corrections whose text is to be fetched now, taking turns over tenants (worker role)."""
    rows = await tx.execute(
        "select tenant_id, id from (select tenant_id, id,"
        " row_number() over (partition by tenant_id order by due_at) as turn from rectifications"
        " where state = 'ordered' and due_at <= :now) due order by turn, tenant_id limit :most",
        {"now": tx.now, "most": most},
    )
    return [Due(UUID(str(row.tenant_id)), UUID(str(row.id))) for row in rows]


async def take_rectification(tx: Transaction, rectification: UUID, *, again_after: timedelta) -> UUID | None:
    """Take one up, so that no other replica does for a while; return its recording, None where it is done or taken."""
    row = (
        await tx.execute(
            "update rectifications set due_at = cast(:now as timestamptz) + cast(:after as interval), tries = tries + 1"
            " where tenant_id = :tenant and id = :id and state = 'ordered' and due_at <= :now returning recording_id",
            {"tenant": tx.tenant, "id": rectification, "now": tx.now, "after": again_after},
        )
    ).one_or_none()
    return UUID(str(row.recording_id)) if row else None


async def finish_rectification(tx: Transaction, rectification: UUID) -> None:
    """Write that a correction stands beside its recording, or has none to stand beside."""
    await tx.execute(
        "update rectifications set state = 'done' where tenant_id = :tenant and id = :id",
        {"tenant": tx.tenant, "id": rectification},
    )

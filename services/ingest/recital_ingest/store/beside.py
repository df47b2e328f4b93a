"""What lies beside a recording and ends with it: its waveform, its annotations, when it is read back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from recital_database import Gathered, Transaction
from recital_events import Place

from recital_ingest.model.upload import object_key

_BESIDE = ("waveforms", "annotations", "read_backs", "restrictions", "holds", "rectifications")
_SOON = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Waveform:
    """Where a recording's peaks lie; the size in bytes is None while they are being computed."""

    object: UUID
    key: UUID
    size: int | None


async def waveform_of(tx: Transaction, recording: UUID) -> Waveform | None:
    """Return where a recording's peaks lie or are about to."""
    rows = await tx.execute(
        "select object_id, key_id, size from waveforms where tenant_id = :tenant and recording_id = :id",
        {"tenant": tx.tenant, "id": recording},
    )
    row = rows.one_or_none()
    return Waveform(UUID(str(row.object_id)), UUID(str(row.key_id)), row.size) if row else None


async def begin_waveform(
    tx: Transaction, recording: UUID, place: Waveform, *, replacing: Waveform | None, lease: timedelta
) -> bool:
    """Name where peaks are about to lie; false where another process is at it. `replacing` was given up by its own."""
    named = {
        "tenant": tx.tenant,
        "id": recording,
        "object": place.object,
        "key": place.key,
        "until": tx.now + lease,
        "now": tx.now,
        "old": replacing.object if replacing else None,
    }
    done = await tx.execute(
        "insert into waveforms (tenant_id, recording_id, object_id, key_id, lease_until)"
        " values (:tenant, :id, :object, :key, :until) on conflict (tenant_id, recording_id) do update"
        " set object_id = excluded.object_id, key_id = excluded.key_id, lease_until = excluded.lease_until"
        " where waveforms.size is null and waveforms.lease_until < :now and waveforms.object_id = cast(:old as uuid)",
        named,
    )
    return done.rowcount == 1


async def finish_waveform(tx: Transaction, recording: UUID, place: Waveform, *, size: int) -> bool:
    """Write that peaks lie there, sealed; false where another process took over or the recording was erased."""
    done = await tx.execute(
        "update waveforms set size = :size where tenant_id = :tenant and recording_id = :id and object_id = :object",
        {"tenant": tx.tenant, "id": recording, "object": place.object, "size": size},
    )
    return done.rowcount == 1


async def forget_waveform(tx: Transaction, recording: UUID, place: Waveform) -> None:
    """Drop the row of peaks that were not made."""
    await tx.execute(
        "delete from waveforms where tenant_id = :tenant and recording_id = :id and object_id = :object",
        {"tenant": tx.tenant, "id": recording, "object": place.object},
    )


async def drop_waveform(tx: Transaction, recording: UUID) -> Sequence[Waveform]:
    """Forget a recording's peaks; return where they lay, for them to be destroyed."""
    rows = await tx.execute(
        "delete from waveforms where tenant_id = :tenant and recording_id = :id returning object_id, key_id, size",
        {"tenant": tx.tenant, "id": recording},
    )
    return [Waveform(UUID(str(row.object_id)), UUID(str(row.key_id)), row.size) for row in rows]


async def annotation_keys(tx: Transaction, recording: UUID) -> list[UUID]:
    """Return the keys of a recording's annotations."""
    rows = await tx.execute(
        "select key_id from annotations where tenant_id = :tenant and recording_id = :id order by id",
        {"tenant": tx.tenant, "id": recording},
    )
    return [UUID(str(row.key_id)) for row in rows]


async def places_of(tx: Transaction, recording: UUID) -> list[Place]:
    """Return the places of what lies beside a recording."""
    waveform = await waveform_of(tx, recording)
    keys = await annotation_keys(tx, recording)
    found = [Place(kind="key", id=str(each)) for each in keys]
    if waveform:
        found = [
            Place(kind="object", id=object_key(waveform.object)),
            Place(kind="key", id=str(waveform.key)),
            *found,
        ]
    return found


async def drop_all(tx: Transaction, recordings: Sequence[UUID]) -> None:
    """Drop every row beside erased recordings, and the salts of what was said of their tracks."""
    theirs = {"tenant": tx.tenant, "ids": list(recordings)}
    for name in _BESIDE:
        await tx.execute(
            f"delete from {name} where tenant_id = :tenant and recording_id = any(cast(:ids as uuid[]))",  # noqa: S608 - our own names
            theirs,
        )
    await tx.execute(
        "update erasures set salt = null where tenant_id = :tenant and holding_id = any(cast(:ids as uuid[]))"
        " and salt is not null",
        theirs,
    )


def read_back_first(tx: Transaction, writes: Gathered, recording: UUID) -> None:
    """Have a recording that is new read back a minute from now."""
    writes.insert("read_backs", [{"recording_id": recording, "due_at": tx.now + _SOON}])


async def read_back_soon(tx: Transaction, recording: UUID) -> None:
    """Have a recording read back a minute from now: what it lies in is new."""
    await tx.execute(
        "insert into read_backs (tenant_id, recording_id, due_at)"
        " values (:tenant, :id, :due)"
        " on conflict (tenant_id, recording_id) do update set due_at = excluded.due_at, tries = 0",
        {"tenant": tx.tenant, "id": recording, "due": tx.now + _SOON},
    )

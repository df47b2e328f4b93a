"""Permits as ingest has met them: what each was used for, what a revocation left, and which calls were erased."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_database import Transaction
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from recital_ingest.decisions.admission import Digests, Used
from recital_ingest.model.spans import PurposeSpans, apart, together
from recital_ingest.store.tables import PermitRow, RecordingRow, TombstoneRow, mine, table

PERMITS, TOMBSTONES, RECORDINGS = table(PermitRow), table(TombstoneRow), table(RecordingRow)


@dataclass(frozen=True, slots=True)
class PermitState:
    """What is known of a permit here."""

    used: Used | None
    revoked: bool
    remaining: PurposeSpans | None
    suspended: bool = False


UNKNOWN = PermitState(used=None, revoked=False, remaining=None)


async def note_permit(tx: Transaction, permit: UUID, call: UUID) -> None:
    """Make the row of a permit, from the start of its first upload."""
    await tx.execute(insert(PERMITS).values(tenant_id=tx.tenant, id=permit, call_id=call).on_conflict_do_nothing())


async def refuse_once(tx: Transaction, permit: UUID, call: UUID, code: str) -> bool:
    """Keep that audio under a permit was refused for a reason; false where that was kept before."""
    await note_permit(tx, permit, call)
    noted = (
        update(PERMITS)
        .where(mine(PermitRow, tx), PERMITS.c.id == permit, PERMITS.c.refused.contains([code]).is_(False))
        .values(refused=func.array_append(PERMITS.c.refused, code))
    )
    return (await tx.execute(noted)).rowcount == 1


async def permit_state(tx: Transaction, permit: UUID, *, lock: bool = False) -> PermitState:
    """Return what is known of a permit; `lock` keeps a revocation and another commit out until this one is done."""
    wanted = select(PERMITS).where(mine(PermitRow, tx), PERMITS.c.id == permit)
    row = (await tx.execute(wanted.with_for_update() if lock else wanted)).one_or_none()
    if row is None:
        return UNKNOWN
    used = None if row.recording_id is None else await _used(tx, row.recording_id)
    remaining = None if row.remaining is None else together((names, spans) for names, spans in row.remaining)
    return PermitState(used, row.revoked_at is not None, remaining, suspended=row.suspended_at is not None)


async def use_permit(tx: Transaction, permit: UUID, recording: UUID) -> None:
    """Write what a permit was used for."""
    await tx.execute(update(PERMITS).where(mine(PermitRow, tx), PERMITS.c.id == permit).values(recording_id=recording))


async def revoke_permit(
    tx: Transaction, permit: UUID, *, call: UUID, remaining: PurposeSpans, revoked_at: datetime
) -> None:
    """Write that a permit was revoked and what it leaves; a later revocation replaces what an earlier one left."""
    left = {"revoked_at": revoked_at, "remaining": apart(remaining), "suspended_at": None}
    await tx.execute(
        insert(PERMITS)
        .values(tenant_id=tx.tenant, id=permit, call_id=call, **left)
        .on_conflict_do_update(index_elements=["tenant_id", "id"], set_=left)
    )


async def suspend_permit(tx: Transaction, permit: UUID, *, call: UUID, suspended_at: datetime | None) -> None:
    """Write that a permit is being decided on (None: no more), whether or not it was used."""
    changed = {"suspended_at": suspended_at}
    await tx.execute(
        insert(PERMITS)
        .values(tenant_id=tx.tenant, id=permit, call_id=call, **changed)
        .on_conflict_do_update(index_elements=["tenant_id", "id"], set_=changed)
    )


async def tombstones_of(tx: Transaction, call: UUID) -> list[frozenset[bytes]]:
    """Return, of each erased recording of a call, the marks of the parties it carried."""
    rows = await tx.execute(select(TOMBSTONES.c.parties).where(mine(TombstoneRow, tx), TOMBSTONES.c.call_id == call))
    return [frozenset(row.parties) for row in rows]


async def put_tombstone(tx: Transaction, recording: UUID, call: UUID, parties: Collection[bytes]) -> None:
    """Keep a call's audio from being taken in again."""
    row = {"tenant_id": tx.tenant, "call_id": call, "recording_id": recording, "parties": list(parties)}
    await tx.execute(insert(TOMBSTONES).values(**row, made_at=tx.now).on_conflict_do_nothing())


async def _used(tx: Transaction, recording: UUID) -> Used:
    row = (
        await tx.execute(
            select(RECORDINGS.c.received_sha256, RECORDINGS.c.received_sha512, RECORDINGS.c.damaged_at).where(
                mine(RecordingRow, tx), RECORDINGS.c.id == recording
            )
        )
    ).one()
    return Used(recording, Digests(row.received_sha256, row.received_sha512), damaged=row.damaged_at is not None)

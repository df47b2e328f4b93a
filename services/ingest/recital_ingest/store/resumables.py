"""Uploads in several requests: begun beside their intent row, gone on with in turns, and ended with that row."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from recital_database import Transaction
from sqlalchemy import func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB

from recital_ingest.decisions.resuming import kept_until
from recital_ingest.model.resumable import Part, Piece, Resumable, Silencing
from recital_ingest.model.upload import Intent
from recital_ingest.store.tables import ResumableRow, UploadRow, mine, table
from recital_ingest.store.uploads import UPLOADS, leave_behind

RESUMABLES = table(ResumableRow)
# Those that are not being cleared away.
_OPEN = (
    select(RESUMABLES, UPLOADS.c.call_id, UPLOADS.c.lease_until)
    .join(UPLOADS, (UPLOADS.c.tenant_id == RESUMABLES.c.tenant_id) & (UPLOADS.c.id == RESUMABLES.c.id))
    .where(UPLOADS.c.state == "open")
)


async def open_resumable(tx: Transaction, begun: Resumable) -> bool:
    """Write an upload that was begun; false where its intent row, which lives as long from now on, was taken over."""
    await tx.execute(
        insert(RESUMABLES).values(
            tenant_id=tx.tenant,
            id=begun.id,
            permit_id=begun.permit,
            length=begun.length,
            media=begun.media,
            permit=begun.sealed_permit,
            key_id=begun.key,
            opened_at=begun.opened_at,
        )
    )
    return await _extend(tx, begun.id, until=begun.kept_until, busy_until=tx.now)


async def resumable(tx: Transaction, upload: UUID) -> Resumable | None:
    """Return an upload that is not being cleared away."""
    row = (await tx.execute(_OPEN.where(mine(ResumableRow, tx), RESUMABLES.c.id == upload))).one_or_none()
    return _resumable(row) if row else None


async def take_turn(tx: Transaction, upload: Resumable, *, busy: timedelta) -> int | None:
    """Begin to go on with an upload; None where another request was faster."""
    turn: int | None = (
        await tx.execute(
            update(RESUMABLES)
            .where(*_at(tx, upload.id, upload.received, upload.turn))
            .values(turn=RESUMABLES.c.turn + 1)
            .returning(RESUMABLES.c.turn)
        )
    ).scalar_one_or_none()
    if turn is None or not await _extend(tx, upload.id, until=upload.kept_until, busy_until=tx.now + busy):
        return None
    return turn


async def name_piece(tx: Transaction, upload: Resumable, piece: UUID) -> bool:
    """Name the object of a piece before it is sealed; false where the upload is being cleared away."""
    named = update(UPLOADS).where(mine(UploadRow, tx), UPLOADS.c.id == upload.id, UPLOADS.c.state == "open")
    done = await tx.execute(named.values(objects=func.array_append(UPLOADS.c.objects, piece)))
    return done.rowcount == 1


async def add_piece(tx: Transaction, upload: Resumable, piece: Piece, *, busy: timedelta) -> bool:
    """Acknowledge a piece that is sealed, and keep the upload longer; false where another turn goes on with it."""
    written = [str(piece.object), piece.part.size, piece.part.sha256.hex(), piece.part.sha512.hex(), piece.silenced]
    silencing = upload.silencing
    added = await tx.execute(
        update(RESUMABLES)
        .where(*_at(tx, upload.id, upload.received, upload.turn))
        .values(
            received=RESUMABLES.c.received + piece.part.size,
            pieces=RESUMABLES.c.pieces.op("||")(literal([written], JSONB)),
            silencing=[list(silencing.gaps), silencing.code] if silencing else None,
        )
    )
    return added.rowcount == 1 and await _extend(tx, upload.id, until=upload.kept_until, busy_until=tx.now + busy)


async def rest(tx: Transaction, upload: Resumable) -> None:
    """Say that nobody goes on with an upload for now: it counts no more among those under way."""
    await tx.execute(
        update(UPLOADS)
        .where(
            mine(UploadRow, tx),
            UPLOADS.c.id == upload.id,
            select(RESUMABLES.c.id)
            .where(mine(ResumableRow, tx), RESUMABLES.c.id == upload.id, RESUMABLES.c.turn == upload.turn)
            .exists(),
        )
        .values(busy_until=tx.now)
    )


async def become(tx: Transaction, row: UUID, upload: UUID, recording: UUID) -> None:
    """Write what an upload became, and leave its pieces and their key to the collector in a row of their own."""
    done = (
        await tx.execute(
            update(RESUMABLES)
            .where(mine(ResumableRow, tx), RESUMABLES.c.id == upload, RESUMABLES.c.recording_id.is_(None))
            .values(recording_id=recording, received=RESUMABLES.c.length)
            .returning(RESUMABLES.c.opened_at)
        )
    ).one_or_none()
    places = (
        await tx.execute(select(UPLOADS).where(mine(UploadRow, tx), UPLOADS.c.id == upload, UPLOADS.c.state == "open"))
    ).one_or_none()
    if done is None or places is None:
        return
    intent = Intent(upload, tx.tenant, places.permit_id, places.call_id, places.epoch, ())
    await leave_behind(tx, row, intent, objects=places.objects, keys=places.keys)
    await tx.execute(
        update(UPLOADS)
        .where(mine(UploadRow, tx), UPLOADS.c.id == upload)
        .values(objects=[], keys=[], busy_until=tx.now, lease_until=kept_until(tx.now, tx.now))
    )


async def under_permit(tx: Transaction, permit: UUID) -> Sequence[Resumable]:
    """Return the unfinished uploads under a permit."""
    unfinished = (RESUMABLES.c.permit_id == permit, RESUMABLES.c.recording_id.is_(None))
    rows = await tx.execute(_OPEN.where(mine(ResumableRow, tx), *unfinished))
    return [_resumable(row) for row in rows]


async def _extend(tx: Transaction, upload: UUID, *, until: datetime, busy_until: datetime) -> bool:
    held = update(UPLOADS).where(mine(UploadRow, tx), UPLOADS.c.id == upload, UPLOADS.c.state == "open")
    done = await tx.execute(held.values(lease_until=until, busy_until=busy_until))
    return done.rowcount == 1


def _at(tx: Transaction, upload: UUID, received: int, turn: int) -> list[Any]:
    return [
        mine(ResumableRow, tx),
        RESUMABLES.c.id == upload,
        RESUMABLES.c.received == received,
        RESUMABLES.c.turn == turn,
        RESUMABLES.c.recording_id.is_(None),
    ]


def _resumable(row: Any) -> Resumable:
    silencing = None
    if row.silencing is not None:
        spans, code = row.silencing
        silencing = Silencing(tuple((start, stop) for start, stop in spans), code)
    return Resumable(
        id=row.id,
        permit=row.permit_id,
        call=row.call_id,
        length=row.length,
        received=row.received,
        media=row.media,
        sealed_permit=row.permit,
        key=row.key_id,
        turn=row.turn,
        pieces=tuple(
            Piece(UUID(each), Part(size, bytes.fromhex(sha256), bytes.fromhex(sha512)), silenced=silenced)
            for each, size, sha256, sha512, silenced in row.pieces
        ),
        silencing=silencing,
        opened_at=row.opened_at,
        kept_until=row.lease_until,
        recording=row.recording_id,
    )

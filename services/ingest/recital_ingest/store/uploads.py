"""Intent rows: begun with a lease, renewed while bytes come, closed by the commit, or taken over by the collector.

The epoch is a fence: whoever takes an upload over raises it, and nobody with an older one can commit or destroy.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from recital_database import Transaction
from sqlalchemy import ColumnElement, delete, func, insert, select, true, update
from sqlalchemy.dialects.postgresql import JSONB

from recital_ingest.model.upload import Due, Intent
from recital_ingest.store.tables import UploadRow, mine, table

UPLOADS = table(UploadRow)


async def open_upload(tx: Transaction, intent: Intent, *, lease: timedelta) -> None:
    """Write the intent of an upload."""
    await tx.execute(
        insert(UPLOADS).values(
            tenant_id=tx.tenant,
            id=intent.id,
            permit_id=intent.permit,
            call_id=intent.call,
            state="open",
            epoch=intent.epoch,
            lease_until=tx.now + lease,
            objects=list(intent.objects),
            keys=[],
            multiparts={},
            opened_at=tx.now,
        )
    )


async def uploads_open(tx: Transaction, *, beside: UUID | None = None) -> int:
    """Return how many uploads of the tenant, `beside` one, are under way; one between two of its requests is not."""
    counted: int = (
        await tx.execute(
            select(func.count())
            .select_from(UPLOADS)
            .where(
                mine(UploadRow, tx),
                UPLOADS.c.state == "open",
                func.coalesce(UPLOADS.c.busy_until, UPLOADS.c.lease_until) > tx.now,
                *([UPLOADS.c.id != beside] if beside else []),
            )
        )
    ).scalar_one()
    return counted


async def name_keys(tx: Transaction, intent: Intent, keys: list[UUID]) -> bool:
    """Name the keys that were made for an upload; false where it was taken over."""
    return await _change(tx, intent, keys=keys)


async def name_multipart(tx: Transaction, intent: Intent, object_id: UUID, upload_id: str) -> bool:
    """Name an upload in the store before its first part is sent; false where ours was taken over."""
    named = func.jsonb_build_object(str(object_id), upload_id, type_=JSONB)
    return await _change(tx, intent, multiparts=UPLOADS.c.multiparts.op("||")(named))


async def renew_lease(tx: Transaction, intent: Intent, *, lease: timedelta) -> bool:
    """Keep an upload alive; false where it was taken over."""
    return await _change(tx, intent, lease_until=tx.now + lease)


async def close_upload(tx: Transaction, intent: Intent) -> bool:
    """End an upload because it is being committed in this transaction; false where it was taken over."""
    done = await tx.execute(delete(UPLOADS).where(*_held(tx, intent)))
    return done.rowcount == 1


async def take_over(tx: Transaction, upload: UUID, *, epoch: int | None, lease: timedelta) -> Intent | None:
    """Take an upload over to clear it away: its own process names its epoch, the collector takes what is overdue.

    Returns None where somebody else has it, or where it was committed.
    """
    free = UPLOADS.c.lease_until < tx.now if epoch is None else UPLOADS.c.epoch == epoch
    row = (
        await tx.execute(
            update(UPLOADS)
            .where(mine(UploadRow, tx), UPLOADS.c.id == upload, free)
            .values(state="collecting", epoch=UPLOADS.c.epoch + 1, lease_until=tx.now + lease)
            .returning(*UPLOADS.c)
        )
    ).one_or_none()
    return _intent(row) if row else None


async def leave_behind(
    tx: Transaction, row: UUID, intent: Intent, *, objects: Sequence[UUID], keys: Sequence[UUID]
) -> None:
    """Leave objects and keys that nothing names any more to the collector, in a row of their own."""
    await tx.execute(
        insert(UPLOADS).values(
            tenant_id=tx.tenant,
            id=row,
            permit_id=intent.permit,
            call_id=intent.call,
            state="collecting",
            epoch=1,
            lease_until=tx.now - timedelta(seconds=1),
            objects=list(objects),
            keys=list(keys),
            multiparts={},
            opened_at=tx.now,
        )
    )


async def forget_upload(tx: Transaction, intent: Intent) -> None:
    """Drop an intent when nothing of its upload is left."""
    await tx.execute(
        delete(UPLOADS).where(mine(UploadRow, tx), UPLOADS.c.id == intent.id, UPLOADS.c.epoch == intent.epoch)
    )


async def overdue_uploads(tx: Transaction, most: int, *, only: Sequence[UUID] | None = None) -> list[Due]:
    """Return uploads whose lease ran out, taking turns over tenants (worker role): some where `only` names them."""
    turn = func.row_number().over(partition_by=UPLOADS.c.tenant_id, order_by=UPLOADS.c.lease_until).label("turn")
    theirs = true() if only is None else UPLOADS.c.tenant_id.in_(only)
    due = select(UPLOADS.c.tenant_id, UPLOADS.c.id, turn).where(UPLOADS.c.lease_until < tx.now, theirs).subquery()
    rows = await tx.execute(select(due).order_by(due.c.turn, due.c.tenant_id).limit(most))
    return [Due(row.tenant_id, row.id) for row in rows]


async def uploads_among(tx: Transaction, ids: list[UUID]) -> set[UUID]:
    """Return which of these ids are uploads that have not been cleared away."""
    rows = await tx.execute(select(UPLOADS.c.id).where(mine(UploadRow, tx), UPLOADS.c.id.in_(ids)))
    return {row.id for row in rows}


async def _change(tx: Transaction, intent: Intent, **values: Any) -> bool:
    done = await tx.execute(update(UPLOADS).where(*_held(tx, intent)).values(**values))
    return done.rowcount == 1


def _held(tx: Transaction, intent: Intent) -> list[ColumnElement[bool]]:
    return [
        mine(UploadRow, tx),
        UPLOADS.c.id == intent.id,
        UPLOADS.c.epoch == intent.epoch,
        UPLOADS.c.state == "open",
    ]


def _intent(row: Any) -> Intent:
    return Intent(
        id=row.id,
        tenant=row.tenant_id,
        permit=row.permit_id,
        call=row.call_id,
        epoch=row.epoch,
        objects=tuple(row.objects),
        keys=tuple(row.keys),
        multiparts=row.multiparts,
    )

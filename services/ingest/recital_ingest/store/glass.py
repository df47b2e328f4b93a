"""Broken glass: listening without a purpose of the recording's own, listed until somebody else has looked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_errors import NotFound


@dataclass(frozen=True, slots=True)
class BrokenGlass:
    """One such listening. `texts` are the grant's sealed reason and ticket."""

    grant: UUID
    recording: UUID
    listener: str
    asked_at: datetime
    reviewed_at: datetime | None
    reviewed_by: str | None
    texts: bytes | None
    texts_key: UUID | None


async def break_glass(tx: Transaction, grant: UUID, recording: UUID, listener: str) -> None:
    """List it."""
    await tx.execute(
        "insert into broken_glass (tenant_id, grant_id, recording_id, listener, asked_at)"
        " values (:tenant, :grant, :recording, :listener, :now)",
        {"tenant": tx.tenant, "grant": grant, "recording": recording, "listener": listener, "now": tx.now},
    )


async def broken(tx: Transaction, *, all_of_them: bool, after: UUID | None, most: int) -> Sequence[BrokenGlass]:
    """Return those that wait for their review, or all, in the order they were asked."""
    rows = await tx.execute(
        "select b.*, g.texts, g.texts_key from broken_glass b"
        " left join grants g on g.tenant_id = b.tenant_id and g.id = b.grant_id"
        " where b.tenant_id = :tenant and (:all_of_them or b.reviewed_at is null)"
        " and b.grant_id > coalesce(cast(:after as uuid), '00000000-0000-0000-0000-000000000000')"
        " order by b.grant_id limit :most",
        {"tenant": tx.tenant, "all_of_them": all_of_them, "after": after, "most": most},
    )
    return [_glass(row) for row in rows]


async def one(tx: Transaction, grant: UUID) -> BrokenGlass:
    """Return one, locked. Raises NotFound."""
    row = (
        await tx.execute(
            "select b.*, null as texts, null as texts_key from broken_glass b"
            " where tenant_id = :tenant and grant_id = :grant for update",
            {"tenant": tx.tenant, "grant": grant},
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    return _glass(row)


async def review(tx: Transaction, grant: UUID, *, by: str, finding: bytes) -> None:
    """Take it off the list, with what was found (sealed)."""
    await tx.execute(
        "update broken_glass set reviewed_at = :now, reviewed_by = :by, finding = :finding"
        " where tenant_id = :tenant and grant_id = :grant",
        {"tenant": tx.tenant, "grant": grant, "now": tx.now, "by": by, "finding": finding},
    )


def _glass(row: Any) -> BrokenGlass:
    return BrokenGlass(
        grant=UUID(str(row.grant_id)),
        recording=UUID(str(row.recording_id)),
        listener=row.listener,
        asked_at=row.asked_at,
        reviewed_at=row.reviewed_at,
        reviewed_by=row.reviewed_by,
        texts=row.texts,
        texts_key=UUID(str(row.texts_key)) if row.texts_key else None,
    )

"""Corrections beside calls and identities, sealed, and those whose texts are still to be fetched."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from recital_database import Recorded, Transaction
from recital_events import RectificationDecided

from recital_consent.model.holdings import Due, Rectification, RectificationDue
from recital_consent.store.work import due_rows


async def note_rectification(tx: Transaction, event: RectificationDecided) -> None:
    """Note a correction whose text is to be fetched; noting it again changes nothing."""
    await tx.execute(
        "insert into rectifications_due (tenant_id, id, holding_id, kind, due_at)"
        " values (:tenant, :id, :holding, :kind, :now) on conflict (tenant_id, id) do nothing",
        {
            "tenant": tx.tenant,
            "id": event.rectification,
            "holding": event.holding,
            "kind": event.kind,
            "now": tx.now,
        },
    )


async def due_rectifications(tx: Transaction, most: int) -> list[Due]:
    """Return corrections whose text is to be fetched now, a tenant's in turn with those of others (worker role)."""
    return await due_rows(tx, "rectifications_due", "true", most)


async def take_rectification(
    tx: Transaction, rectification: UUID, *, again_after: timedelta
) -> RectificationDue | None:
    """Take one up, so that no other replica does for a while; None where another has it or it is done."""
    row = (
        await tx.execute(
            "update rectifications_due set due_at = cast(:now as timestamptz) + cast(:after as interval)"
            " where tenant_id = :tenant and id = :id and due_at <= :now returning holding_id, kind",
            {"tenant": tx.tenant, "id": rectification, "now": tx.now, "after": again_after},
        )
    ).one_or_none()
    return RectificationDue(rectification, UUID(str(row.holding_id)), row.kind) if row else None


async def finish_rectification(tx: Transaction, rectification: UUID) -> None:
    """Fetch the text of a correction no more."""
    await tx.execute(
        "delete from rectifications_due where tenant_id = :tenant and id = :id",
        {"tenant": tx.tenant, "id": rectification},
    )


async def is_rectified(tx: Transaction, rectification: UUID) -> bool:
    """Whether a correction stands already."""
    rows = await tx.execute(
        "select 1 from rectifications where tenant_id = :tenant and id = :id",
        {"tenant": tx.tenant, "id": rectification},
    )
    return rows.first() is not None


async def add_rectification(tx: Transaction, made: Rectification, recorded: Recorded) -> None:
    """Keep a correction beside its ledger entry."""
    await tx.execute(
        "insert into rectifications (tenant_id, id, holding_id, key_id, sealed, made_at, ledger_entry, salt)"
        " values (:tenant, :id, :holding, :key, :sealed, :at, :entry, :salt)",
        {
            "tenant": tx.tenant,
            "id": made.id,
            "holding": made.holding,
            "key": made.key,
            "sealed": made.sealed,
            "at": made.made_at,
            "entry": recorded.entry,
            "salt": recorded.salt,
        },
    )


async def rectifications_of(tx: Transaction, holdings: Sequence[UUID]) -> list[Rectification]:
    """Return what stands beside calls or identities, in the order of their decisions."""
    rows = await tx.execute(
        "select * from rectifications where tenant_id = :tenant and holding_id = any(cast(:ids as uuid[])) order by id",
        {"tenant": tx.tenant, "ids": list(holdings)},
    )
    return [
        Rectification(
            id=UUID(str(row.id)),
            holding=UUID(str(row.holding_id)),
            key=UUID(str(row.key_id)),
            sealed=bytes(row.sealed),
            made_at=row.made_at,
        )
        for row in rows
    ]


async def forget_rectifications(tx: Transaction, holding: UUID) -> None:
    """Remove what stands beside a holding, and what was to stand there."""
    for table in ("rectifications", "rectifications_due"):
        await tx.execute(
            f"delete from {table} where tenant_id = :tenant and holding_id = :holding",  # noqa: S608 - a name from above
            {"tenant": tx.tenant, "holding": holding},
        )

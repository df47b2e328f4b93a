"""Alarms: what a person must look at, as rows, made in the transaction that found it and shown until acknowledged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_errors import NotFound

from recital_database.connection import Transaction


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm; `about` is the id of what it concerns, `kind` a stable word, `detail` free of personal data."""

    id: UUID
    kind: str
    about: UUID
    detail: str
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_because: str | None


async def alarm(tx: Transaction, kind: str, *, about: UUID, detail: str) -> None:
    """Raise an alarm, once: while one of the same kind about the same thing is open, nothing is added."""
    await tx.execute(
        "insert into alarms (tenant_id, kind, about, detail) values (:tenant, :kind, :about, :detail)"
        " on conflict (tenant_id, kind, about) where acknowledged_at is null do nothing",
        {"tenant": tx.tenant, "kind": kind, "about": about, "detail": detail},
    )


async def acknowledge(tx: Transaction, id: UUID, because: str) -> Alarm:  # noqa: A002 - the word every table uses
    """Take an alarm off the list, with the reason; acknowledging again keeps the first. Raises NotFound."""
    await tx.execute(
        "update alarms set acknowledged_at = recital_now(), acknowledged_because = :because"
        " where tenant_id = :tenant and id = :id and acknowledged_at is null",
        {"tenant": tx.tenant, "id": id, "because": because},
    )
    row = (
        await tx.execute("select * from alarms where tenant_id = :tenant and id = :id", {"tenant": tx.tenant, "id": id})
    ).one_or_none()
    if row is None:
        raise NotFound
    return _alarm(row)


async def alarms(tx: Transaction, *, after: UUID | None, most: int, all_of_them: bool = False) -> Sequence[Alarm]:
    """Return the tenant's open alarms (or all) in the order they were raised, after a cursor."""
    rows = await tx.execute(
        "select * from alarms where tenant_id = :tenant and (:all_of_them or acknowledged_at is null)"
        " and id > coalesce(cast(:after as uuid), '00000000-0000-0000-0000-000000000000') order by id limit :most",
        {"tenant": tx.tenant, "after": after, "most": most, "all_of_them": all_of_them},
    )
    return [_alarm(row) for row in rows]


async def open_alarm_counts(tx: Transaction) -> dict[str, int]:
    """Return how many alarms are open per kind, over all tenants (worker role)."""
    rows = await tx.execute("select kind, count(*) as alarms from alarms where acknowledged_at is null group by kind")
    return {row.kind: row.alarms for row in rows}


def _alarm(row: Any) -> Alarm:
    return Alarm(row.id, row.kind, row.about, row.detail, row.raised_at, row.acknowledged_at, row.acknowledged_because)

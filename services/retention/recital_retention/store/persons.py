"""Who is the same person: subjects that were merged count as one, until they are split."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from recital_database import Transaction

_PERSON = """
    with recursive person (id) as (
        select s.id from unnest(cast(:ids as uuid[])) as s (id)
        union
        select case when m.merged_id = person.id then m.subject_id else m.merged_id end
        from person join merges m on m.tenant_id = :tenant and person.id in (m.merged_id, m.subject_id))
    select id from person order by id
"""


async def one_person(tx: Transaction, subjects: Collection[UUID]) -> list[UUID]:
    """Return these subjects with every other that is the same person as one of them."""
    return [row.id for row in await tx.execute(_PERSON, {"tenant": tx.tenant, "ids": sorted(set(subjects))})]


async def merge(tx: Transaction, subject: UUID, merged: UUID, at: datetime) -> None:
    """Let two subjects be one person."""
    await tx.execute(
        "insert into merges (tenant_id, merged_id, subject_id, merged_at) values (:tenant, :merged, :subject, :at)"
        " on conflict (tenant_id, merged_id) do update set subject_id = excluded.subject_id, merged_at = :at",
        {"tenant": tx.tenant, "merged": merged, "subject": subject, "at": at},
    )


async def split(tx: Transaction, subject: UUID, merged: UUID) -> None:
    """Undo a merge of two subjects, whichever of them was merged into the other."""
    await tx.execute(
        "delete from merges where tenant_id = :tenant and ((merged_id = :merged and subject_id = :subject)"
        " or (merged_id = :subject and subject_id = :merged))",
        {"tenant": tx.tenant, "merged": merged, "subject": subject},
    )


async def withholdings_about(tx: Transaction, subjects: Collection[UUID]) -> list[UUID]:
    """Return the requests in force that withhold what speaks of any of these subjects."""
    rows = await tx.execute(
        "select distinct ws.id from withholding_subjects ws join withholdings w on w.tenant_id = ws.tenant_id"
        " and w.id = ws.id and w.lifted_at is null where ws.tenant_id = :tenant"
        " and ws.subject_id = any(cast(:ids as uuid[])) order by 1",
        {"tenant": tx.tenant, "ids": list(subjects)},
    )
    return [row.id for row in rows]


async def withhold_for_person(tx: Transaction, request: UUID) -> None:
    """Let what a request keeps be what speaks of the whole person of each of its own subjects, and of nobody else."""
    rows = await tx.execute(
        "select subject_id from withholding_subjects where tenant_id = :tenant and id = :id and not by_merge",
        {"tenant": tx.tenant, "id": request},
    )
    whole = await one_person(tx, [row.subject_id for row in rows])
    await tx.execute(
        "delete from withholding_subjects where tenant_id = :tenant and id = :id and by_merge"
        " and not subject_id = any(cast(:whole as uuid[]))",
        {"tenant": tx.tenant, "id": request, "whole": whole},
    )
    await tx.execute(
        "insert into withholding_subjects (tenant_id, id, subject_id, by_merge) select :tenant, :id, s.id, true"
        " from unnest(cast(:whole as uuid[])) as s (id) on conflict do nothing",
        {"tenant": tx.tenant, "id": request, "whole": whole},
    )


async def holdings_about(tx: Transaction, subjects: Collection[UUID]) -> list[UUID]:
    """Return the holdings that speak of any of these subjects, their identities included."""
    rows = await tx.execute(
        "select distinct id from holding_subjects where tenant_id = :tenant"
        " and subject_id = any(cast(:ids as uuid[])) union select id from holdings where tenant_id = :tenant"
        " and id = any(cast(:ids as uuid[])) and kind = 'identity' order by 1",
        {"tenant": tx.tenant, "ids": list(subjects)},
    )
    return [row.id for row in rows]

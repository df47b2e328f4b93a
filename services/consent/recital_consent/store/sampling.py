"""How many calls were drawn for each sampled purpose, member of staff and month (R19)."""

from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from recital_database import Transaction

# In one order for all, so that two registrations wait for each other and never both.
_COUNT = """
    insert into samples (tenant_id, purpose_id, subject_id, month, drawn)
    select cast(:tenant as uuid), p, s, cast(:month as date), 0
    from unnest(cast(:purposes as uuid[]), cast(:subjects as uuid[])) as w (p, s) order by p, s
    on conflict (tenant_id, purpose_id, subject_id, month) do update set drawn = samples.drawn
    returning purpose_id, subject_id, drawn
"""
_ADD = """
    update samples set drawn = samples.drawn + w.more
    from unnest(cast(:purposes as uuid[]), cast(:subjects as uuid[]), cast(:more as int[])) as w (p, s, more)
    where samples.tenant_id = :tenant and samples.purpose_id = w.p and samples.subject_id = w.s
        and samples.month = :month
"""


async def drawn_so_far(
    tx: Transaction, month: date, pairs: Collection[tuple[UUID, UUID]]
) -> Mapping[tuple[UUID, UUID], int]:
    """Return how many calls were drawn this month per (purpose, member of staff); locked until the transaction ends."""
    ordered = sorted(pairs)
    rows = await tx.execute(
        _COUNT,
        {
            "tenant": tx.tenant,
            "month": month,
            "purposes": [purpose for purpose, _ in ordered],
            "subjects": [subject for _, subject in ordered],
        },
    )
    return {(row.purpose_id, row.subject_id): row.drawn for row in rows}


async def count_drawn(tx: Transaction, month: date, more: Mapping[tuple[UUID, UUID], int]) -> None:
    """Count more calls as drawn."""
    await tx.execute(
        _ADD,
        {
            "tenant": tx.tenant,
            "month": month,
            "purposes": [purpose for purpose, _ in more],
            "subjects": [subject for _, subject in more],
            "more": list(more.values()),
        },
    )


async def forget_samples(tx: Transaction, subject: UUID) -> None:
    """Remove what was counted of an erased member of staff."""
    await tx.execute(
        "delete from samples where tenant_id = :tenant and subject_id = :subject",
        {"tenant": tx.tenant, "subject": subject},
    )

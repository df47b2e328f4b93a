"""How many calls each member of staff marked private in a month (R18)."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from recital_database import Transaction

# In one order for all, so that two who count wait for each other and never both.
_COUNT = """
    insert into private_marks (tenant_id, subject_id, month, marks)
    select cast(:tenant as uuid), s, cast(:month as date), m
    from unnest(cast(:subjects as uuid[]), cast(:marks as int[])) as w (s, m) order by s
    on conflict (tenant_id, month, subject_id) do update set marks = private_marks.marks + excluded.marks
"""


async def count_marks(tx: Transaction, month: date, marks: Mapping[UUID, int]) -> None:
    """Count private marks of members of staff; nothing is asked where there are none."""
    if marks:
        values = {"tenant": tx.tenant, "month": month, "subjects": list(marks), "marks": list(marks.values())}
        await tx.execute(_COUNT, values)


async def marks_in(tx: Transaction, month: date, *, after: UUID | None, most: int) -> Sequence[tuple[UUID, int]]:
    """Return a page of who marked calls private in a month, and how often."""
    rows = await tx.execute(
        "select subject_id, marks from private_marks where tenant_id = :tenant and month = :month"
        " and subject_id > coalesce(cast(:after as uuid), '00000000-0000-0000-0000-000000000000')"
        " order by subject_id limit :most",
        {"tenant": tx.tenant, "month": month, "after": after, "most": most},
    )
    return [(row.subject_id, row.marks) for row in rows]


async def forget_marks(tx: Transaction, subject: UUID) -> None:
    """Remove what was counted of an erased member of staff."""
    await tx.execute(
        "delete from private_marks where tenant_id = :tenant and subject_id = :subject",
        {"tenant": tx.tenant, "subject": subject},
    )

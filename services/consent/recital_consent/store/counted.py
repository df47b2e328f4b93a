"""What was counted of persons as members of staff, month by month: for themselves, when they ask (R12)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from recital_database import Transaction

_COUNTED = """
    select month, null as key, sum(marks) as number from private_marks
    where tenant_id = :tenant and subject_id = any(cast(:subjects as uuid[])) group by month
    union all
    select s.month, p.key, sum(s.drawn) from samples s
    join purposes p on p.tenant_id = s.tenant_id and p.id = s.purpose_id
    where s.tenant_id = :tenant and s.subject_id = any(cast(:subjects as uuid[])) and s.drawn > 0
    group by s.month, p.key order by month, key
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """A month of a member of staff: private marks (R18), and calls drawn for a sample per purpose key (R19)."""

    month: date
    private_marks: int = 0
    sampled: dict[str, int] = field(default_factory=dict)


async def counted_of(tx: Transaction, subjects: Collection[UUID]) -> Sequence[Counted]:
    """Return what was counted of persons, in the order of the months."""
    found: dict[date, Counted] = {}
    for row in await tx.execute(_COUNTED, {"tenant": tx.tenant, "subjects": list(subjects)}):
        so_far = found.get(row.month, Counted(row.month))
        sampled = so_far.sampled if row.key is None else so_far.sampled | {row.key: int(row.number)}
        found[row.month] = Counted(row.month, int(row.number) if row.key is None else so_far.private_marks, sampled)
    return list(found.values())

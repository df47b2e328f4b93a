"""Counting the living holdings of a kind by the month of their ids, so that two services can compare what they know.

Ids are UUIDv7: the month in which an id was made is in the id itself, the same wherever it is counted.
"""

from collections.abc import Mapping
from datetime import datetime

from recital_database.connection import Transaction

Counts = dict[str, dict[str, int]]
"""How many, by kind and then by month (`2026-11`, in UTC; `other` where an id tells no time)."""


async def count_by_month(tx: Transaction, living: Mapping[str, str], until: datetime) -> Counts:
    """Count the tenant's living holdings whose ids were made before `until`.

    `living` names for each kind where its holdings are and which live, as `recordings where erased_at is null`.
    """
    made = "(uuid_extract_timestamp(id) at time zone 'UTC')"
    found: Counts = {kind: {} for kind in living}
    for kind, rows_of in living.items():
        table, _, condition = rows_of.partition(" where ")
        rows = await tx.execute(
            f"select coalesce(to_char({made}, 'YYYY-MM'), 'other') as month, count(*) as holdings from {table}"  # noqa: S608 - constants
            f" where tenant_id = :tenant and ({condition or 'true'})"
            " and coalesce(uuid_extract_timestamp(id) < :until, true) group by 1 order by 1",
            {"tenant": tx.tenant, "until": until},
        )
        found[kind] = {row.month: row.holdings for row in rows}
    return found

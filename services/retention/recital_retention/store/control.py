"""What is still to be written to the control ledger, in one sequence over all tenants.

A number is taken under a row lock that lasts to the commit, so numbers appear in order and without a gap. Take it last
in a transaction: everyone else who needs one waits.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from recital_database import Transaction


@dataclass(frozen=True, slots=True)
class ControlEntry:
    """One entry: its number, its kind (`erasures`, `hold_placed`, `hold_released`), what it is about, and its text.

    Erasures are about their first order.
    """

    tenant: UUID
    sequence: int
    kind: str
    about: UUID
    entry: Mapping[str, Any]


async def take_number(tx: Transaction) -> int:
    """Take the next number."""
    rows = await tx.execute("update control_position set sequence = sequence + 1 returning sequence")
    return int(rows.scalar_one())


async def enqueue(tx: Transaction, entries: Sequence[ControlEntry], *, in_ledger: bool = False) -> None:
    """Put entries in the queue, in the transaction that took their numbers; `in_ledger` ones were read from there."""
    await tx.execute(
        "insert into control_queue (tenant_id, sequence, kind, about, entry, written_at)"
        " select :tenant, s.sequence, s.kind, s.about, cast(s.entry as jsonb), :written"
        " from unnest(cast(:sequences as bigint[]), cast(:kinds as text[]), cast(:abouts as uuid[]),"
        " cast(:entries as text[])) as s (sequence, kind, about, entry) on conflict do nothing",
        {
            "tenant": tx.tenant,
            "sequences": [each.sequence for each in entries],
            "kinds": [each.kind for each in entries],
            "abouts": [each.about for each in entries],
            "entries": [json.dumps(each.entry) for each in entries],
            "written": tx.now if in_ledger else None,
        },
    )
    tx.touched.add("control")


async def unwritten(tx: Transaction, most: int) -> list[ControlEntry]:
    """Return what is to be written, in order (worker role)."""
    rows = await tx.execute(
        "select * from control_queue where written_at is null order by sequence limit :most", {"most": most}
    )
    return [_entry(row) for row in rows]


async def written(tx: Transaction, sequences: Sequence[int]) -> None:
    """Note that entries are in the ledger (worker role)."""
    await tx.execute(
        "update control_queue set written_at = recital_now() where sequence = any(cast(:these as bigint[]))",
        {"these": list(sequences)},
    )


async def to_carry_through(tx: Transaction, most: int, *, only: Sequence[UUID] | None = None) -> list[ControlEntry]:
    """Return what is in the ledger and has not been acted on, in order (worker role): of some where `only` says so."""
    rows = await tx.execute(
        "select * from control_queue where written_at is not null"
        " and (cast(:only as uuid[]) is null or tenant_id = any(:only)) order by sequence limit :most",
        {"most": most, "only": None if only is None else list(only)},
    )
    return [_entry(row) for row in rows]


async def is_written(tx: Transaction, about: UUID) -> bool:
    """Return whether everything about a thing is in the ledger."""
    rows = await tx.execute(
        "select exists (select from control_queue where tenant_id = :tenant and about = :about and written_at is null)",
        {"tenant": tx.tenant, "about": about},
    )
    return not rows.scalar_one()


async def carried_through(tx: Transaction, sequences: Sequence[int]) -> None:
    """Take entries off the queue."""
    await tx.execute(
        "delete from control_queue where tenant_id = :tenant and sequence = any(cast(:these as bigint[]))",
        {"tenant": tx.tenant, "these": list(sequences)},
    )


def _entry(row: Any) -> ControlEntry:
    entry = json.loads(row.entry) if isinstance(row.entry, str) else row.entry
    return ControlEntry(row.tenant_id, row.sequence, row.kind, row.about, entry)

"""Which calls must be looked at, and when: they have not ended, or their recording has not come."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from recital_database import Gathered, Transaction

from recital_consent.model.holdings import Due

# Taken for a while in the same statement: another replica takes others, and a call that fails holds nobody up.
_TAKE = """
    with due as (
        select tenant_id, id from (
            select tenant_id, id, due_at, row_number() over (partition by tenant_id order by due_at, id) as turn
            from call_watch where due_at <= recital_now()
                and (cast(:only as uuid[]) is null or tenant_id = any(:only))) due
        order by turn, due_at limit :most),
    taken as (
        select w.tenant_id, w.id from call_watch w join due using (tenant_id, id) for update of w skip locked)
    update call_watch w set due_at = recital_now() + interval '5 minutes'
    from taken where w.tenant_id = taken.tenant_id and w.id = taken.id returning w.tenant_id, w.id
"""


async def put(tx: Transaction, due: Mapping[UUID, datetime]) -> None:
    """Look at calls at these moments, instead of when they were to be looked at before."""
    if due:
        await tx.execute(
            "insert into call_watch (tenant_id, id, due_at)"
            " select :tenant, s.id, s.due_at from unnest(cast(:ids as uuid[]), cast(:due as timestamptz[]))"
            " as s (id, due_at) order by s.id on conflict (tenant_id, id) do update set due_at = excluded.due_at",
            {"tenant": tx.tenant, "ids": list(due), "due": list(due.values())},
        )


def put_new(writes: Gathered, due: Mapping[UUID, datetime]) -> None:
    """Look at calls that nobody looks at yet at these moments."""
    writes.insert("call_watch", [{"id": call, "due_at": at} for call, at in due.items()])


async def drop(tx: Transaction, *calls: UUID) -> None:
    """Look at calls no more."""
    await tx.execute(
        "delete from call_watch where tenant_id = :tenant and id = any(cast(:ids as uuid[]))",
        {"tenant": tx.tenant, "ids": list(calls)},
    )


async def take_due(tx: Transaction, most: int, *, only: Sequence[UUID] | None = None) -> list[Due]:
    """Take the calls to look at now, in turn over tenants (worker role); if they stay, they are due again later.

    Of some tenants only where `only` names them.
    """
    these = None if only is None else list(only)
    return [Due(row.tenant_id, row.id) for row in await tx.execute(_TAKE, {"most": most, "only": these})]

"""What is due when: one small row per holding that is to be looked at, gone once it has been.

The worker role finds tenants with work by one index probe each; the effect runs in the tenant's own transaction. The
row lock taken is the holding's, and others' are passed over, so several workers share the work.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from recital_database import Transaction


async def put(tx: Transaction, due: Mapping[UUID, datetime]) -> None:
    """Look at each holding at its moment, whatever was planned before."""
    if due:
        await tx.execute(
            "insert into schedule (tenant_id, id, due_at) select :tenant, s.* from"
            " unnest(cast(:ids as uuid[]), cast(:dues as timestamptz[])) as s order by 2"
            " on conflict (tenant_id, id) do update set due_at = excluded.due_at",
            {"tenant": tx.tenant, "ids": list(due), "dues": list(due.values())},
        )
        tx.touched.add("schedule")


async def put_now(tx: Transaction, holdings: Collection[UUID]) -> None:
    """Look at holdings as soon as possible; those that are not known or beyond return are passed over."""
    if holdings:
        await tx.execute(
            "insert into schedule (tenant_id, id, due_at) select :tenant, id, :now from holdings"
            " where tenant_id = :tenant and id = any(cast(:ids as uuid[])) and state in ('retained', 'due') order by id"
            " on conflict (tenant_id, id) do update set due_at = excluded.due_at",
            {"tenant": tx.tenant, "ids": list(holdings), "now": tx.now},
        )
        tx.touched.add("schedule")


async def remove(tx: Transaction, holdings: Collection[UUID]) -> None:
    """Look at holdings no more, until something happens to them. Waits for whoever is asking for another look."""
    await tx.execute(
        "delete from schedule s using (select id from schedule where tenant_id = :tenant"
        " and id = any(cast(:ids as uuid[])) order by id for update) taken"
        " where s.tenant_id = :tenant and s.id = taken.id",
        {"tenant": tx.tenant, "ids": list(holdings)},
    )


async def take_due(tx: Transaction, most: int) -> list[UUID]:
    """Return holdings that are due, their rows locked; those another worker has are passed over."""
    rows = await tx.execute(
        "select h.id from schedule s join holdings h on h.tenant_id = s.tenant_id and h.id = s.id"
        " where s.tenant_id = :tenant and s.due_at <= :now order by s.due_at limit :most"
        " for no key update of h skip locked",
        {"tenant": tx.tenant, "now": tx.now, "most": most},
    )
    return [row.id for row in rows]


async def all_tenants(tx: Transaction) -> list[UUID]:
    """Return every tenant (worker role)."""
    return await _tenants(tx, "select id from tenants")


async def tenants_with_due(tx: Transaction) -> list[UUID]:
    """Return the tenants that have something due (worker role)."""
    return await _tenants(
        tx,
        "select id from tenants t where exists"
        " (select from schedule s where s.tenant_id = t.id and s.due_at <= recital_now())",
    )


async def tenants_with_orders(tx: Transaction, *states: str) -> list[UUID]:
    """Return the tenants that have orders in one of these states (worker role)."""
    return await _tenants(
        tx,
        "select id from tenants t where exists (select from orders o where o.tenant_id = t.id"
        " and o.state = any(cast(:states as text[])) and o.state <> 'certified')",
        states=list(states),
    )


async def tenants_with_parts(tx: Transaction) -> list[UUID]:
    """Return the tenants for whom a part is to be collected (worker role)."""
    return await _tenants(tx, "select distinct tenant_id as id from part_queue")


async def _tenants(tx: Transaction, query: str, **parameters: list[str]) -> list[UUID]:
    return [row.id for row in await tx.execute(query, parameters)]

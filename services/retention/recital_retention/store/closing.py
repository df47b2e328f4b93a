"""Tenants that close: holds refused meanwhile, what is left of their register, and that nothing is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_database import Transaction


@dataclass(frozen=True, slots=True)
class Left:
    """A holding of a closed tenant that has not been ended yet."""

    id: UUID
    kind: str


async def holds_in_force(tx: Transaction) -> int:
    """Return how many holds are in force."""
    rows = await tx.execute(
        "select count(*) from holds where tenant_id = :tenant and released_at is null", {"tenant": tx.tenant}
    )
    return int(rows.scalar_one())


async def lock_closing(tx: Transaction, *, shared: bool = False) -> None:
    """Let closing a tenant and placing a hold take turns; holds among themselves (`shared`) do not wait."""
    lock = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    await tx.execute(f"select {lock}(hashtextextended(:name, 3))", {"name": f"closing:{tx.tenant}"})


async def refuses_holds(tx: Transaction) -> bool:
    """Return whether the tenant is closing or closed."""
    rows = await tx.execute(
        "select closed_at is not null or coalesce(closing_until > :now, false) as refuses from tenants"
        " where tenant_id = :tenant",
        {"tenant": tx.tenant, "now": tx.now},
    )
    return bool(rows.scalar_one_or_none())


async def begin_closing(tx: Transaction, until: datetime) -> None:
    """Refuse holds until this moment, by which the tenant is closed or stays open."""
    await tx.execute(
        "update tenants set closing_until = :until where tenant_id = :tenant", {"tenant": tx.tenant, "until": until}
    )


async def close(tx: Transaction, closed_at: datetime, export_until: datetime) -> bool:
    """Note that a tenant is closed; false where it is not known."""
    rows = await tx.execute(
        "update tenants set closed_at = :at, export_until = :until where tenant_id = :tenant returning id",
        {"tenant": tx.tenant, "at": closed_at, "until": export_until},
    )
    return rows.one_or_none() is not None


async def tenants_to_empty(tx: Transaction) -> list[UUID]:
    """Return the closed tenants whose data may no longer be exported and is not gone (worker role)."""
    rows = await tx.execute(
        "select id from tenants where export_until <= recital_now() and key_destroyed_at is null order by id"
    )
    return [row.id for row in rows]


async def what_is_left(tx: Transaction, most: int) -> Sequence[Left]:
    """Return the next holdings to be ended, locked, and move on; starts again after the last."""
    rows = await tx.execute(
        "select h.id, h.kind from tenants t join holdings h on h.tenant_id = t.tenant_id"
        " and h.id > coalesce(t.closing_seen, '00000000-0000-0000-0000-000000000000')"
        " and h.state in ('retained', 'due') where t.tenant_id = :tenant order by h.id limit :most"
        " for no key update of h",
        {"tenant": tx.tenant, "most": most},
    )
    found = [Left(row.id, row.kind) for row in rows]
    await tx.execute(
        "update tenants set closing_seen = :seen where tenant_id = :tenant",
        {"tenant": tx.tenant, "seen": found[-1].id if len(found) == most else None},
    )
    return found


async def stand_no_more_alone(tx: Transaction, identities: Sequence[UUID]) -> None:
    """Note that identities are needed for themselves no more."""
    await tx.execute(
        "update holdings set stands_alone = false where tenant_id = :tenant and id = any(cast(:ids as uuid[]))",
        {"tenant": tx.tenant, "ids": list(identities)},
    )


async def register_is_empty(tx: Transaction) -> bool:
    """Return whether nothing of the tenant is left."""
    rows = await tx.execute(
        "select not exists (select from holdings where tenant_id = :tenant and state <> 'erased')",
        {"tenant": tx.tenant},
    )
    return bool(rows.scalar_one())


async def mark_erased(tx: Transaction) -> bool:
    """Note that nothing is left, and return whether that is news."""
    rows = await tx.execute(
        "update tenants set erased_at = :now where tenant_id = :tenant and erased_at is null returning id",
        {"tenant": tx.tenant, "now": tx.now},
    )
    return rows.one_or_none() is not None


async def key_destroyed(tx: Transaction) -> None:
    """Note that the tenant's key is gone."""
    await tx.execute(
        "update tenants set key_destroyed_at = :now where tenant_id = :tenant", {"tenant": tx.tenant, "now": tx.now}
    )

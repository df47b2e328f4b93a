"""Which keys a row names: every table with a key of its own is listed here, else its keys would be swept away."""

from collections.abc import Collection
from uuid import UUID

from recital_database import Transaction

_NAMED = """
    select key_id as id from subjects where tenant_id = :tenant and key_id = any(cast(:keys as uuid[]))
    union select key_id from parts where tenant_id = :tenant and key_id = any(cast(:keys as uuid[]))
    union select key_id from rectifications where tenant_id = :tenant and key_id = any(cast(:keys as uuid[]))
    union select index_key from tenants where tenant_id = :tenant and index_key = any(cast(:keys as uuid[]))
"""


async def named(tx: Transaction, keys: Collection[UUID]) -> set[UUID]:
    """Return which of these keys some row names."""
    return {row.id for row in await tx.execute(_NAMED, {"tenant": tx.tenant, "keys": list(keys)})}


async def tenants_to_sweep(tx: Transaction) -> list[tuple[UUID, UUID | None]]:
    """Return the tenants that have keys, each with the last key that was looked at (worker role)."""
    rows = await tx.execute("select tenant_id, keys_swept_to from tenants where state <> 'erased' order by tenant_id")
    return [(row.tenant_id, row.keys_swept_to) for row in rows]


async def swept(tx: Transaction, to: UUID) -> None:
    """Note how far keys were looked at."""
    await tx.execute(
        "update tenants set keys_swept_to = :to where tenant_id = :tenant", {"tenant": tx.tenant, "to": to}
    )

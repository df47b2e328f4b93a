"""The keys that texts about listening are sealed under, one per month."""

from uuid import UUID

from recital_database import Transaction

MONTH = "date_trunc('month', cast(:now as timestamptz) at time zone 'UTC')::date"


async def key_of_month(tx: Transaction) -> UUID | None:
    """Return this month's key, None before it is made."""
    found = await tx.execute(
        f"select key_id from text_keys where tenant_id = :tenant and month = {MONTH}",  # noqa: S608 - a constant
        {"tenant": tx.tenant, "now": tx.now},
    )
    row = found.one_or_none()
    return UUID(str(row.key_id)) if row else None


async def name_key(tx: Transaction, key: UUID) -> None:
    """Name the key of this month, unless another was named."""
    await tx.execute(
        "insert into text_keys (tenant_id, month, key_id)"  # noqa: S608 - a constant
        f" values (:tenant, {MONTH}, :key) on conflict do nothing",
        {"tenant": tx.tenant, "now": tx.now, "key": key},
    )


async def keys_among(tx: Transaction, keys: list[UUID]) -> set[UUID]:
    """Return which of these keys are named."""
    rows = await tx.execute(
        "select key_id from text_keys where tenant_id = :tenant and key_id = any(cast(:keys as uuid[]))",
        {"tenant": tx.tenant, "keys": keys},
    )
    return {UUID(str(row.key_id)) for row in rows}


async def keys_of_ended_months(tx: Transaction) -> list[UUID]:
    """Return the keys of months that ended two years ago or more."""
    rows = await tx.execute(
        "select key_id from text_keys where tenant_id = :tenant"
        " and month + interval '2 years 1 month' <= cast(:now as timestamptz) at time zone 'UTC'",
        {"tenant": tx.tenant, "now": tx.now},
    )
    return [UUID(str(row.key_id)) for row in rows]


async def forget_rows(tx: Transaction, keys: list[UUID]) -> None:
    """Drop wishes to listen that are two years old, and the names of keys that are gone."""
    old = {"tenant": tx.tenant, "now": tx.now}
    for table in ("grants", "broken_glass"):
        await tx.execute(
            f"delete from {table} where tenant_id = :tenant"  # noqa: S608 - our own names
            " and asked_at <= cast(:now as timestamptz) - interval '2 years'",
            old,
        )
    await tx.execute(
        "delete from text_keys where tenant_id = :tenant and key_id = any(cast(:keys as uuid[]))",
        {"tenant": tx.tenant, "keys": keys},
    )

"""Tenants as consent told of them."""

from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_errors import Gone, Unavailable
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from recital_dsar.decisions.intake import is_closing
from recital_dsar.model import TenantFacts
from recital_dsar.store.tables import TenantRow, mine, table


async def add_tenant(tx: Transaction, facts: TenantFacts) -> None:
    """Remember a tenant; one that is known stays as it is."""
    await tx.execute(
        insert(table(TenantRow))
        .values(
            tenant_id=tx.tenant,
            country=facts.country,
            time_zone=facts.time_zone,
            languages=list(facts.languages),
            key_id=facts.key,
            opened_at=tx.now,
            staff_voices_muted=facts.staff_voices_muted,
        )
        .on_conflict_do_nothing()
    )


async def find_tenant(tx: Transaction, *, lock: str | None = None) -> TenantFacts | None:
    """Return what is known of the transaction's tenant; None for one that is not known. Raises Gone when erased.

    `lock` is "share" for what must not happen while the tenant is being closed, "own" for the closing.
    """
    asked = select(table(TenantRow)).where(mine(TenantRow, tx))
    if lock is not None:
        asked = asked.with_for_update(read=lock == "share")
    row = (await tx.execute(asked)).one_or_none()
    if row is None:
        return None
    if row.erased_at is not None:
        raise Gone("tenant_erased", "Nothing of this tenant is left.")
    return TenantFacts(
        country=row.country,
        time_zone=row.time_zone,
        languages=tuple(row.languages),
        key=row.key_id,
        holiday_region=row.holiday_region,
        staff_voices_muted=row.staff_voices_muted,
        package_retention=row.package_retention,
        closing=is_closing(asked_at=row.closing_at, closed_at=row.closed_at, now=tx.now),
    )


async def tenant(tx: Transaction, *, lock: str | None = None) -> TenantFacts:
    """Return what is known of the transaction's tenant; Unavailable while consent's word has not come."""
    found = await find_tenant(tx, lock=lock)
    if found is None:
        raise Unavailable("tenant_not_ready", "This tenant has just been opened; try again.", retry_after=1)
    return found


async def tenant_key(tx: Transaction) -> UUID | None:
    """Return the key of the transaction's tenant; None for one that is not known. Raises Gone when erased."""
    found = await find_tenant(tx)
    return None if found is None else found.key


async def change_tenant(tx: Transaction, **values: Any) -> None:
    """Write columns of the transaction's tenant."""
    await tx.execute(update(table(TenantRow)).where(mine(TenantRow, tx)).values(**values))


async def letterhead(tx: Transaction) -> dict[str, str]:
    """Return what stands at the head of the tenant's letters; empty where nothing was stated."""
    found = (await tx.execute(select(table(TenantRow).c.letterhead).where(mine(TenantRow, tx)))).scalar_one_or_none()
    return dict(found or {})

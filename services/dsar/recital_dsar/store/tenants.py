"""Tenants as consent told of them."""

from recital_database import Transaction
from recital_errors import Unavailable
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

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
        )
        .on_conflict_do_nothing()
    )


async def find_tenant(tx: Transaction) -> TenantFacts | None:
    """Return what is known of the transaction's tenant."""
    row = (await tx.execute(select(table(TenantRow)).where(mine(TenantRow, tx)))).one_or_none()
    if row is None:
        return None
    return TenantFacts(row.country, row.time_zone, tuple(row.languages), row.key_id)


async def tenant(tx: Transaction) -> TenantFacts:
    """Return what is known of the transaction's tenant; Unavailable while consent's word has not come."""
    found = await find_tenant(tx)
    if found is None:
        raise Unavailable("tenant_not_ready", "This tenant has just been opened; try again.", retry_after=1)
    return found

"""Forgetting who listened, two years after: rows, and the keys of the texts in them. The ledger's hashes stay."""

from uuid import UUID

from recital_database import who_goes_on

from recital_ingest.actions.means import Means
from recital_ingest.store import reference, texts


async def forget_listening(means: Means) -> bool:
    """Drop what is two years old in every tenant; never has more to do at once. Waits while time is doubtful."""
    async with means.database.work() as tx:
        going = await who_goes_on(means.database, tx)
        tenants = await reference.tenants(tx)
    for tenant in tenants:
        if tenant in going:
            await _forget(means, tenant)
    return False


async def _forget(means: Means, tenant: UUID) -> None:
    async with means.database.transaction(tenant) as tx:
        keys = await texts.keys_of_ended_months(tx)
    if keys:
        await means.vault.keys.destroy(tenant, keys)
    async with means.database.transaction(tenant) as tx:
        await texts.forget_rows(tx, keys)

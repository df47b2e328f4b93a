"""Keys that no row names, of registrations that were rolled back or broke off: destroyed once they have settled."""

from datetime import timedelta
from uuid import UUID

from recital_database import Transaction, record, who_goes_on

from recital_consent.actions.means import LOG, Means
from recital_consent.store import keys

SETTLED = timedelta(hours=1)
"""Longer than any transaction lasts: a key of that age is named by a row, or will never be."""
AT_ONCE = 500


async def sweep_keys(means: Means) -> bool:
    """Look at the keys that have settled since the last look, tenant by tenant; true when there may be more.

    Whatever makes keys names them in a row that `store/keys.py` knows. Waits while time is doubtful.
    """
    async with means.database.work() as tx:
        going = await who_goes_on(means.database, tx)
        tenants = await keys.tenants_to_sweep(tx)
    more = False
    for tenant, swept_to in tenants:
        if tenant in going:
            more |= await _sweep(means, tenant, swept_to)
    return more


async def _sweep(means: Means, tenant: UUID, swept_to: UUID | None) -> bool:
    listed = await means.vault.keys.listed(tenant, older_than=SETTLED, after=swept_to, limit=AT_ONCE)
    if not listed:
        return False
    async with means.database.transaction(tenant) as tx:
        named = await keys.named(tx, [each.id for each in listed])
    orphans = [each.id for each in listed if each.id not in named]
    if orphans:
        await means.vault.keys.destroy(tenant, orphans)
    async with means.database.transaction(tenant) as tx:
        await _note(tx, len(orphans), listed[-1].id)
    return len(listed) == AT_ONCE


async def _note(tx: Transaction, orphans: int, swept_to: UUID) -> None:
    await keys.swept(tx, swept_to)
    if orphans:
        await record(tx, LOG, "keys.swept", facts={"keys": orphans})

"""Sweeping keys: one that was made for a row which was then never committed seals nothing, and is destroyed.

Only what no row names goes, an hour after it was made. What a row names is retention's to order.
"""

from datetime import timedelta
from uuid import UUID

from recital_dsar.actions.means import Means
from recital_dsar.store.erasures import named_keys
from recital_dsar.store.steps import add_step

EVERY = timedelta(hours=1)
OLDER_THAN = timedelta(hours=1)
PAGE = 1_000
SWEEP = "sweep"


async def sweep_keys(means: Means, tenant_id: UUID, _about: UUID) -> None:
    """Destroy the tenant's keys that no row names, and plan the next sweep."""
    after: UUID | None = None
    while True:
        listed = await means.vault.keys.listed(tenant_id, older_than=OLDER_THAN, after=after, limit=PAGE)
        async with means.database.transaction(tenant_id) as tx:
            named = await named_keys(tx, [each.id for each in listed])
        await means.vault.keys.destroy(tenant_id, [each.id for each in listed if each.id not in named])
        if len(listed) < PAGE:
            break
        after = listed[-1].id
    async with means.database.transaction(tenant_id) as tx:
        await add_step(tx, SWEEP, about=tenant_id, request=tenant_id, delay=EVERY)

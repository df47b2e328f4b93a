"""A tenant is opened: its key is made here once, and its country and zone are known from then on."""

from recital_database import Transaction
from recital_events import TenantOpened
from recital_vault import Vault

from recital_dsar.actions.sweeping import EVERY, SWEEP
from recital_dsar.model import TenantFacts
from recital_dsar.store.steps import add_step
from recital_dsar.store.tenants import add_tenant, find_tenant


async def open_tenant(tx: Transaction, vault: Vault, event: TenantOpened) -> None:
    """Make this service's key for a tenant and remember the tenant; a tenant that is known keeps its key."""
    if await find_tenant(tx) is None:
        key = await vault.keys.create_tenant_key(tx.tenant)
        await add_step(tx, SWEEP, about=tx.tenant, request=tx.tenant, delay=EVERY)
        await add_tenant(tx, TenantFacts(event.country, event.time_zone, event.languages, key))

"""A tenant is opened, changed, closed and erased: its facts are followed, its key is made once and destroyed last."""

from collections.abc import Mapping
from uuid import UUID

from recital_database import Transaction
from recital_events import TenantChanged, TenantOpened
from recital_vault import Vault

from recital_dsar.actions.means import Means
from recital_dsar.actions.sweeping import EVERY, SWEEP
from recital_dsar.model import TenantFacts
from recital_dsar.store.requests import open_by_kind
from recital_dsar.store.steps import add_step, drop_steps
from recital_dsar.store.tenants import add_tenant, change_tenant, find_tenant, letterhead, tenant

END = "end"


async def open_tenant(tx: Transaction, vault: Vault, event: TenantOpened) -> None:
    """Make this service's key for a tenant and remember the tenant; a tenant that is known keeps its key."""
    if await find_tenant(tx) is None:
        key = await vault.keys.create_tenant_key(tx.tenant)
        await add_step(tx, SWEEP, about=tx.tenant, request=tx.tenant, delay=EVERY)
        await add_tenant(tx, TenantFacts(event.country, event.time_zone, event.languages, key))


async def change_facts(tx: Transaction, event: TenantChanged) -> None:
    """Follow a tenant's facts. Dates that were told to persons stay as they were told."""
    await change_tenant(
        tx,
        country=event.country,
        time_zone=event.time_zone,
        languages=list(event.languages),
        holiday_region=event.holiday_region,
        staff_voices_muted=event.staff_voices_muted,
        package_retention=event.package_retention,
    )


async def begin_closing(tx: Transaction) -> Mapping[str, int]:
    """Refuse new requests by staff for an hour if nothing is open; return what is open, by kind of request.

    Where something is open, or the hour passes without `tenant.closed`, staff takes requests in again: the tenant goes
    on. A tenant that is not known has nothing open.
    """
    if await find_tenant(tx, lock="own") is None:
        return {}
    still = await open_by_kind(tx)
    await change_tenant(tx, closing_at=None if still else tx.now)
    return still


async def close_tenant(tx: Transaction) -> None:
    """A tenant is closed: its staff hands nothing in any more; persons still may, until nothing is left."""
    await change_tenant(tx, closed_at=tx.now)


async def end_tenant(tx: Transaction) -> None:
    """Nothing of a tenant is left in the register: its key here dies too, by a step, after this is committed."""
    if await find_tenant(tx) is not None:
        await change_tenant(tx, erased_at=tx.now, letterhead=None)
        await drop_steps(tx, tx.tenant, [SWEEP])
        await add_step(tx, END, about=tx.tenant, request=tx.tenant)


async def destroy_tenant_key(means: Means, tenant_id: UUID, _about: UUID) -> None:
    """Destroy an erased tenant's key; may be repeated."""
    await means.vault.keys.destroy_tenant_key(tenant_id)


async def set_letterhead(tx: Transaction, head: Mapping[str, str]) -> None:
    """State what stands at the head of letters from now on."""
    await tenant(tx)
    await change_tenant(tx, letterhead=dict(head))


async def head_of_letters(tx: Transaction) -> Mapping[str, str]:
    """Return what stands at the head of letters; empty where nothing was stated."""
    return await letterhead(tx)

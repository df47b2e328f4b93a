"""What arrives as events and is only kept: tenants, purposes, requests, ended clocks."""

from collections.abc import Sequence

from recital_database import Transaction
from recital_errors import NotFound, PermanentError
from recital_events import (
    ClockExpired,
    PurposePublished,
    RequestClosed,
    RequestReceived,
    TenantChanged,
    TenantClosed,
    TenantErased,
    TenantOpened,
)

from recital_ingest.actions.means import Means
from recital_ingest.store import reference


async def open_tenant(means: Means, tx: Transaction, event: TenantOpened) -> None:
    """Make the tenant's key, once, and record it: the key is committed before the row that names it.

    A recorded key is never made again, also where it is missing. Raises PermanentError for an erased tenant.
    """
    if await reference.tenant_key(tx) is not None:
        return
    try:
        key = await means.vault.keys.create_tenant_key(event.tenant)
    except NotFound:
        raise PermanentError("tenant_erased", "This tenant was erased; its key is not made again.") from None
    await reference.open_tenant(tx, key=key)


async def change_tenant(tx: Transaction, event: TenantChanged) -> None:
    """Keep how often this tenant's audio is read back, and how many uploads it may have open."""
    await reference.change_tenant(
        tx, read_back_every=event.read_back_every, concurrent_uploads=event.concurrent_uploads
    )


async def close_tenant(tx: Transaction, event: TenantClosed) -> None:
    """Take nothing more in of this tenant; what there is may still be heard and exported."""
    await reference.close_tenant(tx, at=event.closed_at)


async def erase_tenant(means: Means, tx: Transaction, event: TenantErased) -> None:
    """Destroy the tenant's key, and with it every key it wraps: the register says that nothing of it is left."""
    await means.vault.keys.destroy_tenant_key(event.tenant)
    await reference.erase_tenant(tx, at=event.erased_at)


async def publish_purpose(tx: Transaction, event: PurposePublished) -> None:
    """Keep who may listen for a version of a purpose."""
    await reference.publish_purpose(tx, event)


async def receive_request(tx: Transaction, event: RequestReceived) -> None:
    """Keep that a person's request is open, so that a privacy officer can hear its items (R12)."""
    await reference.receive_request(tx, event)


async def close_request(tx: Transaction, event: RequestClosed) -> None:
    """End that."""
    await reference.close_request(tx, event)


async def expire_clocks(tx: Transaction, events: Sequence[ClockExpired]) -> None:
    """End all listening to recordings under a purpose, although their bytes may live on for another (R11)."""
    await reference.expire_clocks(tx, events)

"""The key that a tenant's row records: without it that tenant is refused, and nobody else; it is never made again."""

from uuid import UUID

from recital_database import alarm
from recital_errors import Gone, RecitalError, Unavailable

from recital_ingest.actions.means import Means
from recital_ingest.store import reference


async def require_tenant_key(means: Means, tenant: UUID, tenant_key: UUID) -> None:
    """Raise Unavailable, alarmed, where the tenant's key is not there: asked before a byte of its audio is read."""
    if await means.vault.keys.tenant_key_there(tenant, tenant_key):
        return
    async with means.database.transaction(tenant) as tx:
        await alarm(tx, "tenant_key_missing", about=tenant_key, detail="The key the tenant's row names is missing.")
    raise Unavailable("tenant_key_missing", "This tenant's key is missing.")


async def why_unreadable(means: Means, tenant: UUID) -> RecitalError:
    """Return why a key of this tenant is gone: its recording was erased, or (alarmed) the tenant's own is missing."""
    async with means.database.transaction(tenant) as tx:
        tenant_key = await reference.tenant_key(tx)
    if tenant_key is not None:
        try:
            await require_tenant_key(means, tenant, tenant_key)
        except Unavailable as missing:
            return missing
    return Gone("recording_erased", "The recording was erased.")

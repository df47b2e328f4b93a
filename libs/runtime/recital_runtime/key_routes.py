"""The operator's care of a tenant's key in a service: changed, and wrapped by the newest root key; no seal is touched.

Every service has a key per tenant of its own, so a root key is out of use once each of the four was asked.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Request
from recital_database import Transaction, record
from recital_errors import NotFound
from recital_identity import Permission

from recital_runtime.access import Operator, Router, operates, runtime_of
from recital_runtime.shapes import Model

FindKey = Callable[[Transaction], Awaitable[UUID | None]]


class ChangedView(Model):
    """How many keys were wrapped anew under the tenant's new secret, and whether the root key is a newer one now."""

    keys: int
    newer_root_key: bool


def key_routes(log: str, tenant_key: FindKey) -> Router:
    """Return the operator's route. `tenant_key` finds the key that the service's own row of the tenant records.

    The change is entered in the ledger `log`.
    """
    router = Router(prefix="/v1", tags=["keys"])

    @router.post("/tenants/{tenant}/key/change")
    async def change(
        request: Request, tenant: UUID, operator: Annotated[Operator, operates(Permission.OPEN_TENANTS)]
    ) -> ChangedView:
        """Give this service's key of a tenant a new secret; one that was interrupted is carried on."""
        tx = await operator.enter(tenant)
        key = await tenant_key(tx)
        if key is None:
            raise NotFound
        rotation = runtime_of(request).vault.keys.rotation
        newer = await rotation.wrap_by_newest_root_key(tenant)
        keys = await rotation.change_tenant_key(tenant, key)
        await record(tx, log, "tenant_key.changed", facts={"key": str(key), "keys": keys})
        return ChangedView(keys=keys, newer_root_key=newer)

    return router

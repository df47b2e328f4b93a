"""The operator's care of keys: a tenant's key is changed, or wrapped by the newest root key; no audio is touched."""

from typing import Annotated
from uuid import UUID

from recital_identity import Permission
from recital_runtime import Model, Operator, Router, operates

from recital_ingest.actions.means import Means
from recital_ingest.actions.tenant_keys import change_key

OPERATES = Annotated[Operator, operates(Permission.OPEN_TENANTS)]


class ChangedView(Model):
    """How many keys were wrapped anew under the tenant's new secret, and whether the root key is a newer one now."""

    keys: int
    newer_root_key: bool


def key_routes(means: Means) -> Router:
    """Return the operator's routes of keys."""
    router = Router(prefix="/v1", tags=["keys"])

    @router.post("/tenants/{tenant}/key/change")
    async def change(tenant: UUID, operator: OPERATES) -> ChangedView:
        """Give this service's key of a tenant a new secret; one that was interrupted is carried on."""
        keys, newer = await change_key(means, await operator.enter(tenant))
        return ChangedView(keys=keys, newer_root_key=newer)

    return router

"""Many calls in one request: registered in batches, each in a transaction of its own, each call with its own result."""

from collections.abc import Mapping
from uuid import UUID

from recital_errors import RecitalError

from recital_consent.actions.means import Means
from recital_consent.actions.registering import Registered, register_calls
from recital_consent.model.drafts import CallDraft

BATCH = 250


async def register_in_batches(
    means: Means, tenant: UUID, drafts: Mapping[int, CallDraft]
) -> Mapping[int, Registered | RecitalError]:
    """Register calls under the places they were sent at. A batch is kept whole or not at all; sent again, each call is
    the one it was, so a request that broke off is sent again as it is.

    Raises Forbidden `tenant_closed`, Unavailable.
    """
    outcomes: dict[int, Registered | RecitalError] = {}
    places = list(drafts)
    for start in range(0, len(places), BATCH):
        batch = places[start : start + BATCH]
        async with means.database.transaction(tenant) as tx:
            made = await register_calls(means, tx, [drafts[place] for place in batch])
        outcomes |= dict(zip(batch, made, strict=True))
    return outcomes

"""Forgetting what people wrote about holds and about what waited, a month after it was over (R11)."""

from uuid import UUID

from recital_retention.actions.means import Means
from recital_retention.decisions.ends import TEXTS
from recital_retention.store import tenants, texts


async def forget_texts(means: Means, tenant: UUID) -> bool:
    """Forget the texts of a tenant whose time is over; never has more to do at once. Nothing while time is frozen."""
    async with means.database.transaction(tenant) as tx:
        facts = await tenants.find_tenant(tx)
        if facts is not None and not await means.frozen(tx):
            await texts.forget_holds(tx, TEXTS, facts.zone)
            await texts.forget_waiting(tx, TEXTS, facts.zone)
    return False

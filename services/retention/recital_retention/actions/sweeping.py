"""The sweep: what owners have is held against the register, so that a holding nobody announced is found (R15)."""

from datetime import timedelta
from uuid import UUID

from recital_database import alarm
from recital_database.counting import Counts, count_by_month
from recital_errors import Unavailable

from recital_retention.actions.means import Means
from recital_retention.decisions.sweeping import unannounced
from recital_retention.store.living import OWN, REGISTERED

OWNERS = ("consent", "ingest", "dsar")
SETTLED_AFTER = timedelta(minutes=10)
"""What is younger may still be on its way here."""


async def sweep(means: Means, tenant: UUID) -> bool:
    """Compare every owner's counts with the register's, and raise an alarm for what was never announced.

    The register is counted first: what goes meanwhile goes at its owner first. Raises Unavailable where an owner does
    not answer.
    """
    async with means.database.transaction(tenant) as tx:
        until = tx.now - SETTLED_AFTER
        registered = await count_by_month(tx, REGISTERED, until)
        own = await count_by_month(tx, OWN, until)
    owned = [own, *[await _counts(means, owner, tenant, until.isoformat()) for owner in OWNERS]]
    missing = unannounced(owned, registered)
    if missing:
        said = ", ".join(f"{each.holdings} of kind {each.kind} from {each.month}" for each in missing)
        async with means.database.transaction(tenant) as tx:
            detail = f"Owners have holdings that were never announced: {said}."
            await alarm(tx, "holding_unannounced", about=tenant, detail=detail)
    return False


async def _counts(means: Means, owner: str, tenant: UUID, until: str) -> Counts:
    neighbours = means.neighbours
    answer = await neighbours[owner].get(
        "/internal/v1/holdings",
        token=neighbours.service_token(owner),
        within=30.0,
        tenant=str(tenant),
        until=until,
    )
    if not answer.is_success:
        raise Unavailable(f"{owner}_refuses", f"The {owner} service does not tell its counts.")
    kinds: Counts = answer.json()["kinds"]
    return kinds

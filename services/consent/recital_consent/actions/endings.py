"""What a reference of the tenant's own names has ended (a contract, a case): retention that waits begins (R11)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_database import Transaction, announce, claim, new_id, record, remember
from recital_events import EndingReported

from recital_consent.actions.means import LOG, Means, digest, refuse
from recital_consent.decisions.entering import FURTHEST_AHEAD
from recital_consent.model.problems import Problem
from recital_consent.store import endings, tenants


@dataclass(frozen=True, slots=True)
class Ending:
    """An ending as it was reported."""

    id: UUID
    reference: str
    ended_at: datetime
    reported_at: datetime


async def report_ending(means: Means, tx: Transaction, reference: str, at: datetime, key: str | None) -> Ending:
    """Report that what a reference names ended at a moment; the same again is the same ending. Raises Malformed.

    Only a keyed digest of the reference is kept here.
    """
    content = f"{at.isoformat()}\0{reference}".encode()
    again = await claim(tx, key, route="POST /v1/endings", fingerprint=content)
    tenant, _ = await tenants.own_tenant(tx)
    if at > tx.now + FURTHEST_AHEAD:
        refuse([Problem("at", "entry_in_future", "more than 5 seconds ahead of Recital's time", "R11")])
    found = await digest(means.vault, tenant, "reference", reference)
    known = await endings.find_or_add(tx, found, at, new=again or await new_id(tx))
    ending = Ending(known.id, reference, at, known.reported_at)
    if known.is_new:
        await record(tx, LOG, "ending.reported", facts={"ending": str(ending.id)}, details={"reference": reference})
        await announce(
            tx,
            EndingReported(ending=ending.id, reference=reference, ended_at=at, reported_at=ending.reported_at),
        )
    await remember(tx, key, result=ending.id)
    return ending

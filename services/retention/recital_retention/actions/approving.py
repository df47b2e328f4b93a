"""Letting go what waits for a second person: one officer proposes, another approves; both are in the ledger (R14)."""

from collections.abc import Sequence
from uuid import UUID

from recital_database import Transaction, record
from recital_errors import Conflict, Forbidden, NotFound, Reason

from recital_retention.actions.control import LOG
from recital_retention.actions.means import Means
from recital_retention.decisions.approving import may_approve, may_propose
from recital_retention.store import pace
from recital_retention.store.pace import WaitingPart

_SAID = {
    "nothing_waits": "Nothing waits in this part any more.",
    "proposed_before": "This part was proposed before; it is another person's to approve.",
    "not_proposed": "Nobody has proposed this part yet.",
    "second_person_needed": "Whoever proposed this part cannot approve it.",
}


async def propose(tx: Transaction, part: UUID, *, by: str, because: str) -> WaitingPart:
    """Propose to let a waiting part go. Raises NotFound, Conflict `nothing_waits`, `proposed_before`."""
    found = await _locked(tx, part)
    _refuse(may_propose(closed=found.closed_at is not None, proposed=found.proposed_at is not None))
    facts = {"part": str(part), "waiting": str(found.waiting)}
    recorded = await record(tx, LOG, "erasures_proposed", facts=facts, details={"reason": because, "by": by})
    await pace.propose(tx, part, by=by, because=because, salt=recorded.salt)
    return await read_part(tx, part)


async def approve(tx: Transaction, part: UUID, *, by: str, because: str) -> WaitingPart:
    """Let a part go that another proposed: exactly what waits in it is looked at at once.

    Raises NotFound, Conflict `nothing_waits`, `not_proposed`, Forbidden `second_person_needed`.
    """
    found = await _locked(tx, part)
    _refuse(may_approve(found.proposed_by, by, closed=found.closed_at is not None))
    facts = {"part": str(part), "approved": str(found.waiting)}
    recorded = await record(tx, LOG, "erasures_approved", facts=facts, details={"reason": because, "by": by})
    await pace.approve(tx, part, by=by, because=because, salt=recorded.salt)
    return await read_part(tx, part)


async def read_part(tx: Transaction, part: UUID) -> WaitingPart:
    """Return one waiting part; raises NotFound."""
    found = await pace.find_part(tx, part)
    if found is None:
        raise NotFound
    return found


async def list_parts(tx: Transaction, *, after: UUID | None, most: int, closed: bool) -> Sequence[WaitingPart]:
    """Return a page of what waits, or of all that ever did."""
    return await pace.list_parts(tx, after=after, most=most, closed=closed)


async def waiting_in(tx: Transaction, part: UUID, *, after: UUID | None, most: int) -> Sequence[tuple[UUID, str]]:
    """Return a page of what waits in a part, by id and kind; raises NotFound."""
    await read_part(tx, part)
    return await pace.waiting_in(tx, part, after=after, most=most)


async def close_empty(means: Means, tenant: UUID) -> bool:
    """Close the parts in which nothing waits any more."""
    async with means.database.transaction(tenant) as tx:
        await pace.close_empty_parts(tx)
    return False


async def _locked(tx: Transaction, part: UUID) -> WaitingPart:
    found = await pace.find_part(tx, part, locked=True)
    if found is None:
        raise NotFound
    return found


def _refuse(reason: Reason | None) -> None:
    if reason is None:
        return
    refusal = Forbidden if reason.code == "second_person_needed" else Conflict
    raise refusal(reason.code, _SAID[reason.code])

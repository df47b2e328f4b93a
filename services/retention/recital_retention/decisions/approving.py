"""Who lets go what waits for a second person: one proposes, another of the same role approves (R11, R14)."""

from recital_errors import Reason


def may_propose(*, closed: bool, proposed: bool) -> Reason | None:
    """Return why a waiting part may not be proposed."""
    if closed:
        return Reason("nothing_waits")
    return Reason("proposed_before") if proposed else None


def may_approve(proposer: str | None, approver: str, *, closed: bool) -> Reason | None:
    """Return why a waiting part may not be approved: nothing is proposed, or the same person proposed it."""
    if closed:
        return Reason("nothing_waits")
    if proposer is None:
        return Reason("not_proposed")
    return Reason("second_person_needed") if proposer == approver else None

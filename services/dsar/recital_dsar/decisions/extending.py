"""When a request may be extended, and from when it is: the second limit counts three months from receipt (R16).

The person must have been told, with the reason, before the first date is over; the letter counts when it was sent.
"""

from datetime import datetime

from recital_errors import Reason

from recital_dsar.decisions.deadlines import in_time
from recital_dsar.model import Request, State

GROUNDS = ("complex", "numerous")
"""AVG art. 12(3): the only reasons for which a request may take longer."""


def may_extend(request: Request, *, now: datetime, time_zone: str) -> Reason | None:
    """Return why a request cannot be extended now, or None."""
    if request.state in (State.DELIVERED, State.REFUSED, State.CLOSED) or request.answered_at is not None:
        return Reason("answered_already", "R16")
    if request.extended_at is not None or request.extension_asked_at is not None:
        return Reason("extended_already", "R16")
    if not in_time(now, request.deadlines.due_on, time_zone):
        return Reason("first_date_passed", "R16")
    return None


def takes_effect(request: Request, *, sent_at: datetime, time_zone: str) -> bool:
    """Whether the letter went out while the first date was not over: only then the second one counts."""
    return in_time(sent_at, request.deadlines.due_on, time_zone)

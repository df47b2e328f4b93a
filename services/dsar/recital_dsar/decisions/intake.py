"""Which requests are taken in, and on which day they count as received."""

from datetime import date, timedelta

from recital_errors import Reason

from recital_dsar.model import RequestKind

ACCEPTED = frozenset({RequestKind.ACCESS})
OLDEST_LETTER = timedelta(days=366)


def may_receive(kind: RequestKind, *, received_on: date | None, today: date, by_officer: bool) -> Reason | None:
    """Return why a request cannot be taken in as stated, or None.

    Only an officer may say that it came on an earlier day (a letter), never on a later one and at most a year ago.
    """
    if kind not in ACCEPTED:
        return Reason("kind_not_accepted")
    if received_on is None:
        return None
    if not by_officer:
        return Reason("received_on_not_yours", "R16")
    if received_on > today:
        return Reason("received_on_in_future", "R16")
    if received_on < today - OLDEST_LETTER:
        return Reason("received_on_too_old", "R16")
    return None

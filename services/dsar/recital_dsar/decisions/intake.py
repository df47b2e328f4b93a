"""Which requests are taken in, on which day they count as received, and which one repeats another."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from recital_errors import Reason

OLDEST_LETTER = timedelta(days=366)
REFUSED_FOR = timedelta(hours=1)
"""How long a tenant counts as closing that was to be closed and was not: a letter on paper must find a door."""


def may_receive(
    *, received_on: date | None, today: date, by_officer: bool, tenant_closing: bool = False
) -> Reason | None:
    """Return why a request cannot be taken in as stated, or None.

    Only an officer may say that it came on an earlier day (a letter), never on a later one and at most a year ago. A
    tenant that is closing takes no request in by its staff; a person still may ask, until nothing is left.
    """
    if tenant_closing and by_officer:
        return Reason("tenant_closing")
    if received_on is None:
        return None
    if not by_officer:
        return Reason("received_on_not_yours", "R16")
    if received_on > today:
        return Reason("received_on_in_future", "R16")
    if received_on < today - OLDEST_LETTER:
        return Reason("received_on_too_old", "R16")
    return None


def is_closing(*, asked_at: datetime | None, closed_at: datetime | None, now: datetime) -> bool:
    """Whether a tenant's staff takes nothing in: it is closed, or was found clear to close less than an hour ago."""
    return closed_at is not None or (asked_at is not None and now < asked_at + REFUSED_FOR)


def repeated(subjects: Collection[UUID], open_before: Sequence[tuple[UUID, Collection[UUID]]]) -> UUID | None:
    """Return the first open request of the same kind that concerns one of the same persons, None for nobody.

    `open_before` are id and subjects of those that came earlier. The second one stands and has its own dates; it is
    only shown what it repeats, since a refusal at intake would tell a stranger that the first one exists.
    """
    return next((id_ for id_, theirs in open_before if not set(subjects).isdisjoint(theirs)), None)

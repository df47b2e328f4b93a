"""How long work in the background waits after it failed, and from when on a person is told."""

from datetime import datetime, timedelta

SHORTEST = timedelta(seconds=0.5)
LONGEST = timedelta(minutes=1)
ALARM_AFTER = timedelta(minutes=10)
STUCK_AFTER = 4


def pause(attempts: int) -> timedelta:
    """Return the wait after so many failed attempts: doubled each time, a minute at most, and it never gives up."""
    return min(SHORTEST * (1 << min(attempts, 16)), LONGEST)


def is_alarming(since: datetime, now: datetime) -> bool:
    """Whether work has been failing for so long that a person must know."""
    return now - since >= ALARM_AFTER


def is_stuck(attempts: int) -> bool:
    """Whether a holding's owner reports that it could not destroy it yet."""
    return attempts >= STUCK_AFTER

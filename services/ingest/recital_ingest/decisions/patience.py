"""How long to wait before something that failed is tried again: for ever, less and less often, at least hourly."""

from datetime import timedelta

FIRST = timedelta(seconds=2)
LONGEST = timedelta(hours=1)
_DOUBLINGS = 11


def wait_after(tries: int) -> timedelta:
    """Return the wait after so many failures (1 or more)."""
    doubled: int = 1 << min(tries - 1, _DOUBLINGS)
    return min(FIRST * doubled, LONGEST)

"""How long to wait before an erasure that did not come through is tried again: longer each time, never for ever."""

from datetime import timedelta

_FIRST = timedelta(seconds=1)
_LONGEST = timedelta(minutes=5)


def wait_after(tries: int) -> timedelta:
    """Return the wait after so many tries that failed before this one."""
    return min(_FIRST * (1 << min(tries, 20)), _LONGEST)

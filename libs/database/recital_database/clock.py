"""Recital's time between two looks at the database: no I/O here, and the judgement whether time jumped.

A jump that was not announced (`ahead` did not change by as much) freezes destructive work until a person looks:
erasing early cannot be undone, erasing late can.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from recital_errors import Unavailable

# More than this without an announcement is a jump.
TOLERANCE = timedelta(minutes=5)


class Clock:
    """The one clock of a service: the database's time as last read, carried on by the monotonic clock."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Not set yet: `now` fails until the database's time was read once."""
        self._monotonic = monotonic
        self._now: datetime | None = None
        self._read_at = 0.0
        self.ahead = timedelta()
        """How far a local test has moved time."""
        self.frozen: str | None = None
        """Why destructive work must wait, or None."""

    @property
    def was_read(self) -> bool:
        """Whether the database's time has been read at least once."""
        return self._now is not None

    def now(self) -> datetime:
        """Return Recital's time, aware, in UTC; raises Unavailable before the first reading."""
        if self._now is None:
            raise Unavailable("clock_unread", "The database's time has not been read yet.")
        return self._now + timedelta(seconds=self._monotonic() - self._read_at)

    def set(self, *, now: datetime, ahead: timedelta, high_water: datetime) -> None:
        """Take the database's time; an unannounced jump of more than five minutes, or any step back, freezes."""
        now = now.astimezone(UTC)
        jump = timedelta()
        if self._now is not None:
            jump = now - self.now() - (ahead - self.ahead)
        if jump > TOLERANCE:
            self.frozen = "time jumped ahead without an announcement"
        elif jump < -TOLERANCE or now < high_water - timedelta(seconds=1):
            self.frozen = "time stepped back"
        self._now, self.ahead, self._read_at = now, ahead, self._monotonic()

    def resume(self) -> None:
        """Allow destructive work again: a person has looked."""
        self.frozen = None

"""Recital's time between two looks at the database: no I/O here, and the judgement whether time jumped.

A jump that was not announced (`ahead` did not change by as much) freezes destructive work until a person looks:
erasing early cannot be undone, erasing late can. A jump while no process of the service ran looks like the time it was
away, and is not told apart.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from recital_errors import Unavailable

# More than this without an announcement is a jump.
TOLERANCE = timedelta(minutes=5)
# Less than this is two transactions that began in one order and ended in the other, or time being nudged right.
NUDGE = timedelta(seconds=1)
JUMPED = "time jumped ahead without an announcement"
STEPPED_BACK = "time stepped back"


class Clock:
    """The one clock of a service: the database's time as last read, carried on by the monotonic clock."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Not set yet: `now` fails until the database's time was read once."""
        self.monotonic = monotonic
        self._now: datetime | None = None
        self._asked_at = self._read_at = 0.0
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
        return self._now + timedelta(seconds=self.monotonic() - self._read_at)

    def judge(
        self, *, now: datetime, ahead: timedelta, high_water: datetime | None, asked_at: float | None = None
    ) -> str | None:
        """Return why this reading of the database's time is not to be trusted, or None. Nothing is changed.

        More than five minutes ahead of what has passed here is a jump; behind it, or below the high-water mark (None:
        a person has looked at that), a step back. `asked_at` is the monotonic time before the database was asked.
        """
        if high_water is not None and now < high_water - NUDGE:
            return STEPPED_BACK
        if self._now is None:
            return None
        before = self.monotonic() if asked_at is None else asked_at
        went_on = now - self._now - (ahead - self.ahead)
        # The database read its time somewhere between the question and the answer, now as the last time.
        if went_on > timedelta(seconds=self.monotonic() - self._asked_at) + TOLERANCE:
            return JUMPED
        return STEPPED_BACK if went_on < timedelta(seconds=before - self._read_at) - NUDGE else None

    def set(self, *, now: datetime, ahead: timedelta, high_water: datetime, asked_at: float | None = None) -> None:
        """Take the database's time; an unannounced jump of more than five minutes, or any step back, freezes."""
        now = now.astimezone(UTC)
        self.frozen = self.judge(now=now, ahead=ahead, high_water=high_water, asked_at=asked_at) or self.frozen
        self._read_at = self.monotonic()
        self._asked_at = self._read_at if asked_at is None else asked_at
        self._now, self.ahead = now, ahead

    def resume(self) -> None:
        """Allow destructive work again: a person has looked."""
        self.frozen = None

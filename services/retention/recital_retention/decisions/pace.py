"""When and how much may be destroyed at once: the tenant's window, and the limit on what moved lately (R11).

What simply came to its end goes in the window. What was made to end by something that could be a mistake (a policy, a
correction, a withdrawal, a policy hardly in force) is counted for a while; too much of it in one run waits for a second
person, and the rest goes.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from recital_retention.model import Ground

MOVED_FOR = timedelta(days=7)
"""How long a holding counts as moved."""
POLICY_YOUNG_FOR = timedelta(hours=72)
"""How long what is due under a new version of a purpose is counted."""
AT_LEAST = 1_000
_DAY = timedelta(days=1)
# What only time ended; the rest (a revoked permit, a private mark, a request) is destroyed at any hour.
_BY_TIME = frozenset({Ground.RETENTION_ENDED, Ground.NO_LONGER_NEEDED})


@dataclass(frozen=True, slots=True)
class Window:
    """Local weekdays (1 Monday to 7; none named: every day) on which it opens, and local times; past midnight when it
    ends first, the whole day when both are the same.
    """

    weekdays: frozenset[int]
    starts_at: time
    ends_at: time

    @property
    def past_midnight(self) -> bool:
        """Whether it ends on the day after it began."""
        return self.ends_at <= self.starts_at


def waits_for_window(ground: Ground) -> bool:
    """Return whether what is destroyed on this ground waits for the tenant's window."""
    return ground in _BY_TIME


def is_open(window: Window | None, now: datetime, zone: ZoneInfo) -> bool:
    """Return whether the window is open, by the clock on the tenant's wall; without one it always is.

    In the hour that exists twice it is open twice; one that lies in the hour that does not exist is not open that day.
    """
    if window is None:
        return True
    wall = now.astimezone(zone)
    at = wall.time()
    if not window.past_midnight:
        return window.starts_at <= at < window.ends_at and _opens_on(window, wall.date())
    late = at >= window.starts_at and _opens_on(window, wall.date())
    return late or (at < window.ends_at and _opens_on(window, wall.date() - _DAY))


def opening(window: Window | None, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant from now on at which the window is open (UTC): now, where it is."""
    if window is None or is_open(window, now, zone):
        return now
    today = now.astimezone(zone).date()
    # Two weeks hold every weekday twice, were one opening to lie in an hour that does not exist.
    found = (_instant(today + ahead * _DAY, window.starts_at, zone) for ahead in range(15))
    return next((each for each in found if each >= now and is_open(window, each, zone)), now)


def last_opening(window: Window, before: datetime, zone: ZoneInfo) -> datetime:
    """Return when the window opened last, at `before` or earlier (UTC); what ended by then should be gone."""
    today = before.astimezone(zone).date()
    found = (_instant(today - back * _DAY, window.starts_at, zone) for back in range(16))
    return next((each for each in found if each <= before and is_open(window, each, zone)), before)


def run_ends(window: Window | None, now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the run that goes on or comes next is over (UTC): its window's end, else the local day's."""
    day = run_of(window, opening(window, now, zone), zone)
    if window is None:
        return day_starts(day + _DAY, zone)
    return _instant(day + _DAY if window.past_midnight else day, window.ends_at, zone)


def run_of(window: Window | None, now: datetime, zone: ZoneInfo) -> date:
    """Return which run this moment belongs to: the local day on which it began."""
    wall = now.astimezone(zone)
    after = window is not None and window.past_midnight and wall.time() < window.ends_at
    return wall.date() - _DAY if after else wall.date()


def day_starts(day: date, zone: ZoneInfo) -> datetime:
    """Return when a local day begins (UTC)."""
    return _instant(day, time(), zone)


def most_moved(living: int) -> int:
    """Return how many moved holdings a run may destroy without a second person: 1 % of the tenant's, at least 1,000."""
    return max(living // 100, AT_LEAST)


def may_go(*, gone: int, due: int, most: int) -> bool:
    """Return whether the moved holdings that are due may go: with those gone in this run they are not too many."""
    return gone + due <= most


def _opens_on(window: Window, day: date) -> bool:
    return not window.weekdays or day.isoweekday() in window.weekdays


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    there = datetime.combine(day, at)
    # A local time that does not exist becomes the later instant, one that exists twice the earlier.
    before, after = (there.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return max(before, after) if before > after else before


def expected_end(left: int, per_second: float, now: datetime) -> datetime | None:
    """Return when what is left will be done at this rate; None where nothing was done lately."""
    if not left:
        return now
    return None if per_second <= 0 else now + timedelta(seconds=left / per_second)

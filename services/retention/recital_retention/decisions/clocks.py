"""When a recording's time under a purpose is over (R11): calendar arithmetic in the tenant's time zone.

The clock starts at the call's end, never at the upload. What is recorded keeps the retention its notice named, or a
shorter one published later; a longer one never reaches it.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from recital_errors import Malformed

from recital_retention.model import CalendarDuration, Clock, Retention

# Not isodate: its durations no longer know whether 24 hours were meant as a calendar day.
_DURATION = re.compile(
    r"P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII
)
LONGEST_DAYS = 36_600
"""A hundred years: what is longer was not meant."""


def read_duration(text: str) -> CalendarDuration:
    """Read an ISO 8601 duration of whole numbers, as `P6M` or `P1Y2DT12H`.

    Raises Malformed `duration_malformed` for another text, `duration_absurd` where it is nothing or over a century.
    """
    found = _DURATION.fullmatch(text)
    if found is None or len(text) > 32:
        raise Malformed("duration_malformed", "This is not an ISO 8601 duration of whole numbers.")
    years, months, weeks, days, hours, minutes, seconds = (int(each or 0) for each in found.groups())
    duration = CalendarDuration(years * 12 + months, weeks * 7 + days, hours * 3600 + minutes * 60 + seconds)
    longest = duration.months * 31 + duration.days + duration.seconds / 86_400
    if not 0 < longest <= LONGEST_DAYS:
        raise Malformed("duration_absurd", "A retention is longer than nothing and at most a century.")
    return duration


def due_at(started_at: datetime, duration: CalendarDuration, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) at which a duration from `started_at` is over.

    The local start moment plus the calendar part, the day clipped to its month's end, then made an instant, then the
    elapsed part. A local time that exists twice or not at all counts as the later instant: erasing early cannot be
    undone.
    """
    local = started_at.astimezone(zone).replace(tzinfo=None, fold=0)
    there = local + relativedelta(months=duration.months, days=duration.days)
    instants = (there.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return max(instants) + timedelta(seconds=duration.seconds)


def clock_due_at(
    started_at: datetime,
    told: Retention,
    published: Iterable[Retention],
    zone: ZoneInfo,
    *,
    reference_ended_at: datetime | None = None,
) -> datetime:
    """Return when a clock ends: by the version told in the notice, or by a later version that ends sooner (R11).

    `reference_ended_at` is when what the call's references name ended; None while any of it goes on.
    """
    counted = [told, *(each for each in published if each.version > told.version)]
    return min(_due(started_at, each, reference_ended_at, zone) for each in counted)


def reference_end(ended: Iterable[datetime | None]) -> datetime | None:
    """Return when all that a call's references name had ended; None while one goes on, or where there is none."""
    known = list(ended)
    ends = [each for each in known if each is not None]
    return max(ends) if ends and len(ends) == len(known) else None


def _due(started_at: datetime, retention: Retention, ended_at: datetime | None, zone: ZoneInfo) -> datetime:
    if not retention.from_reference:
        return due_at(started_at, retention.duration, zone)
    latest = due_at(started_at, retention.at_most or retention.duration, zone)
    # What ended before the call did keeps it for the whole duration after the call.
    return latest if ended_at is None else min(latest, due_at(max(started_at, ended_at), retention.duration, zone))


def running(clocks: Iterable[Clock]) -> list[Clock]:
    """Return the clocks that have not ended, the first to end first."""
    return sorted((each for each in clocks if each.expired_at is None), key=lambda each: each.due_at)


def ending(clocks: Iterable[Clock], now: datetime) -> list[Clock]:
    """Return the clocks whose time is over and has not been told yet. Due at an instant means over at that instant."""
    return [each for each in running(clocks) if each.due_at <= now]

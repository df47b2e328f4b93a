"""When a request must be answered: AVG art. 12(3) counted by Regulation (EEC, Euratom) 1182/71 art. 3 (R16).

Dates are the tenant's local days; a period ends at 24:00 of its last day, exclusive: what happens at 24:00 is late.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from recital_dsar.decisions.holidays import agreed_holidays, legal_holidays
from recital_dsar.model import Deadlines, Request, State, TenantFacts

INTERNAL_TARGET_DAYS = 10
"""`Zonder onnodige vertraging`: the month is the limit, not the aim."""


def local_day(instant: datetime, time_zone: str) -> date:
    """Return the tenant's calendar day of an instant: that of receipt counts at any hour and on any day."""
    return instant.astimezone(ZoneInfo(time_zone)).date()


def end_of(day: date, time_zone: str) -> datetime:
    """Return the instant (UTC) at which a day is over in the tenant's zone: an answer at that instant is late."""
    return datetime.combine(day + timedelta(1), time(), ZoneInfo(time_zone)).astimezone(UTC)


def in_time(answered_at: datetime, day: date, time_zone: str) -> bool:
    """Whether an answer came before its last day was over."""
    return answered_at < end_of(day, time_zone)


def paused_days(asked_at: datetime, settled_at: datetime, time_zone: str) -> int:
    """Return the whole local days between the question who someone is and its answer: only they stop the period."""
    return max(0, (local_day(settled_at, time_zone) - local_day(asked_at, time_zone)).days)


def rolled(day: date, is_holiday: Callable[[date], bool]) -> date:
    """Return the day itself or the next working day: art. 3(4)."""
    while day.weekday() >= 5 or is_holiday(day):
        day += timedelta(1)
    return day


def deadlines(
    received_on: date,
    *,
    country: str,
    region: str | None = None,
    paused: int = 0,
    internal_target_days: int = INTERNAL_TARGET_DAYS,
) -> Deadlines:
    """Return all dates of a request; `paused` are the whole days its period stood still.

    The day of receipt is not counted (art. 3(1)); a month ends on the day of the same number, or on the month's last
    day where there is none (art. 3(2)(c)). The extension counts from receipt, not from the first date; its alarm takes
    the stricter reading too.
    """

    def legal(day: date) -> bool:
        return day in legal_holidays(country, region, day.year)

    def agreed(day: date) -> bool:
        return day in agreed_holidays(country, day.year)

    pause = timedelta(paused)
    month = received_on + relativedelta(months=1) + pause
    three_months = received_on + relativedelta(months=3) + pause
    alarm_on = rolled(month, agreed)
    return Deadlines(
        received_on=received_on,
        due_on=rolled(month, legal),
        alarm_on=alarm_on,
        extended_due_on=rolled(three_months, legal),
        extension_alarm_on=min(three_months, month + relativedelta(months=2)),
        internal_target_on=min(received_on + timedelta(internal_target_days) + pause, alarm_on),
    )


def days_left(due_on: date, now: datetime, time_zone: str) -> int:
    """Return how many days after today the last day is: 0 on that day, negative when it is over."""
    return (due_on - local_day(now, time_zone)).days


def as_of(
    found: Request, facts: TenantFacts, now: datetime, internal_target_days: int = INTERNAL_TARGET_DAYS
) -> Deadlines:
    """Return a request's dates as they would be if the doubt about identity ended now: it stops the period (R16)."""
    if found.state is not State.IDENTITY_ASKED or found.identity_asked_at is None:
        return found.deadlines
    return deadlines(
        found.deadlines.received_on,
        country=facts.country,
        region=facts.holiday_region,
        paused=paused_days(found.identity_asked_at, now, facts.time_zone),
        internal_target_days=internal_target_days,
    )


def last_day(dates: Deadlines, *, extended: bool) -> date:
    """Return the last day for the answer: the first date, or the second once an extension is in force."""
    return dates.extended_due_on if extended else dates.due_on

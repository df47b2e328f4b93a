"""When each kind of holding ends (R11, R15). A recording ends with its last clock; an identity when nothing needs it.

Days and months are calendar ones in the tenant's time zone, as for clocks.
"""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from recital_retention.decisions.clocks import due_at
from recital_retention.model import CalendarDuration, Clock

NEVER_RECORDED = CalendarDuration(months=1, days=0, seconds=0)
REQUEST_FILE = CalendarDuration(months=24, days=0, seconds=0)
PACKAGE = CalendarDuration(months=0, days=30, seconds=0)
TEXTS = CalendarDuration(months=1, days=0, seconds=0)
"""How long what people wrote about a hold, or about what waited, is kept after that was over."""


def end_of_recording(clocks: Iterable[Clock]) -> datetime | None:
    """Return when the last of a recording's clocks ends; None where it has none, so that nothing allows it to exist."""
    return max((each.due_at for each in clocks), default=None)


def end_of_unrecorded_call(
    registered_at: datetime, ended_at: datetime | None, zone: ZoneInfo, kept: CalendarDuration | None = None
) -> datetime:
    """Return when the record of a call without a recording ends: a month after its registration or its end, or as
    long as the tenant set.
    """
    return due_at(max(registered_at, ended_at or registered_at), kept or NEVER_RECORDED, zone)


def end_of_request_file(closed_at: datetime, zone: ZoneInfo, kept: CalendarDuration | None = None) -> datetime:
    """Return when the file of a closed request ends: two years later, while its handling may still be judged."""
    return due_at(closed_at, kept or REQUEST_FILE, zone)


def end_of_package(
    registered_at: datetime, ends_at: datetime | None, zone: ZoneInfo, kept: CalendarDuration | None = None
) -> datetime:
    """Return when a package ends: as its owner said, at the latest thirty days after it was registered."""
    latest = due_at(registered_at, kept or PACKAGE, zone)
    return latest if ends_at is None else min(ends_at, latest)

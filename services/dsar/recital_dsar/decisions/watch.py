"""When an open request needs a person's attention, and when to look again: nothing passes a limit in silence (R16)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from recital_dsar.decisions.deadlines import end_of
from recital_dsar.model import Deadlines

SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Watch:
    """The alarms that fell due since the last look, and the instant of the next one, None when none is left."""

    alarms: tuple[str, ...]
    look_again_at: datetime | None


def watch(dates: Deadlines, *, time_zone: str, seen_until: datetime, now: datetime) -> Watch:
    """Judge an open request; each alarm falls due once: later than `seen_until`, and not later than `now`."""
    due = sorted(
        [
            (end_of(dates.internal_target_on, time_zone), "request_target_passed"),
            (end_of(dates.alarm_on, time_zone) - SOON, "request_due_soon"),
            (end_of(dates.alarm_on, time_zone) - timedelta(days=1), "request_due"),
            (end_of(dates.due_on, time_zone), "request_overdue"),
        ]
    )
    return Watch(
        alarms=tuple(kind for at, kind in due if seen_until < at <= now),
        look_again_at=next((at for at, _ in due if at > now), None),
    )

"""When an open request needs a person's attention, and when to look again: nothing passes a limit in silence (R16)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from recital_dsar.decisions.deadlines import end_of
from recital_dsar.model import Deadlines

SOON = timedelta(days=7)
LETTER_BEFORE = timedelta(days=3)
"""The last moment at which a person who has no answer is written to: the letter counts when it was sent."""
LETTER_DUE = "request_letter_due"


@dataclass(frozen=True, slots=True)
class Watch:
    """The alarms that fell due since the last look, and the instant of the next one, None when none is left.

    `letter_due`: the person must be written to now, since no answer is in sight before the limit.
    """

    alarms: tuple[str, ...]
    look_again_at: datetime | None
    letter_due: bool = False


def watch(dates: Deadlines, *, time_zone: str, seen_until: datetime, now: datetime, extended: bool = False) -> Watch:
    """Judge an open request that has no answer yet; each alarm falls due once, in the time after `seen_until`.

    Once it is extended its second limit counts, and what the first one would alarm is past.
    """
    alarm_on, due_on = dates.alarm_on, dates.due_on
    if extended:
        alarm_on, due_on = dates.extension_alarm_on, dates.extended_due_on
    target = [] if extended else [(end_of(dates.internal_target_on, time_zone), "request_target_passed")]
    due = sorted(
        [
            *target,
            (end_of(alarm_on, time_zone) - SOON, "request_due_soon"),
            (end_of(alarm_on, time_zone) - LETTER_BEFORE, LETTER_DUE),
            (end_of(alarm_on, time_zone) - timedelta(days=1), "request_due"),
            (end_of(due_on, time_zone), "request_overdue"),
        ]
    )
    fell = [kind for at, kind in due if seen_until < at <= now]
    return Watch(
        alarms=tuple(kind for kind in fell if kind != LETTER_DUE),
        look_again_at=next((at for at, _ in due if at > now), None),
        letter_due=LETTER_DUE in fell,
    )


def standings(limits: Sequence[datetime], now: datetime) -> dict[str, int]:
    """Count open requests by how their limits stand (`limits`: when each one's last day is over): for the gauge."""
    counts = {"in_time": 0, "near": 0, "past": 0}
    for limit in limits:
        counts["past" if now >= limit else "near" if now >= limit - SOON else "in_time"] += 1
    return counts

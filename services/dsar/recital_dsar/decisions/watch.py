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
REMINDED_AFTER = timedelta(days=14)
"""After how long who was asked for proof and says nothing is reminded, and an officer told; and again each time."""


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


@dataclass(frozen=True, slots=True)
class Silence:
    """What the silence of a person who was asked who they are calls for: a reminder, an alarm, and the next look."""

    remind: bool
    is_alarming: bool
    look_again_at: datetime


def silence(asked_at: datetime, *, seen_until: datetime, now: datetime) -> Silence:
    """Judge how long somebody has not answered who they are: the period stands still, the request may not (R16).

    After two weeks the person is reminded once; then, and every two weeks after, an officer is alarmed, who may ask
    again or refuse for want of proof.
    """
    passed, seen = (now - asked_at) // REMINDED_AFTER, (seen_until - asked_at) // REMINDED_AFTER
    new = passed >= 1 and passed > seen
    return Silence(
        remind=new and seen < 1,
        is_alarming=new,
        look_again_at=asked_at + REMINDED_AFTER * (passed + 1),
    )


def is_silent(asked_at: datetime | None, now: datetime) -> bool:
    """Whether somebody was asked who they are so long ago that an officer should look at it."""
    return asked_at is not None and now >= asked_at + REMINDED_AFTER


def standings(limits: Sequence[datetime], now: datetime) -> dict[str, int]:
    """Count open requests by how their limits stand (`limits`: when each one's last day is over): for the gauge."""
    counts = {"in_time": 0, "near": 0, "past": 0}
    for limit in limits:
        counts["past" if now >= limit else "near" if now >= limit - SOON else "in_time"] += 1
    return counts

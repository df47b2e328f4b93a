"""What may be kept of a call, per purpose: the one place where all questions meet."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from recital_consent.decisions.ground import without_ground
from recital_consent.decisions.guard import guarded
from recital_consent.decisions.notice import Told, told_since, untold
from recital_consent.decisions.presence import Presence, among_staff, attended, ends_at, presence, starts_at
from recital_consent.decisions.silence import Holds, held_at_all, holds, is_private, paused, private_parts
from recital_consent.decisions.staff import staff_only_allowed, unannounced
from recital_consent.model.calls import Call, PurposeTerms
from recital_consent.model.spans import NEVER, Spans


@dataclass(frozen=True)
class Reading:
    """A call's timeline read once: what all purposes share."""

    call: Call

    @cached_property
    def start(self) -> int | None:
        """The answer."""
        return starts_at(self.call)

    @cached_property
    def end(self) -> int:
        """The end, FOREVER while there is none."""
        return ends_at(self.call)

    @cached_property
    def present(self) -> Presence:
        """Who was there when."""
        return presence(self.call)

    @cached_property
    def on_hold(self) -> Holds:
        """Who was on hold when."""
        return holds(self.call)

    @cached_property
    def attended(self) -> Spans:
        """When one of the staff and one other were there."""
        return attended(self.call, self.present)

    @cached_property
    def among_staff(self) -> Spans:
        """When two of the staff were there."""
        return among_staff(self.call, self.present)

    @cached_property
    def silenced(self) -> Spans:
        """When nothing is recorded for any purpose: paused, private."""
        return paused(self.call) | private_parts(self.call)

    def told(self, purpose: PurposeTerms) -> Told:
        """Since when each party knew of a purpose."""
        return told_since(self.call, purpose, self.present, self.on_hold)


def keepable(reading: Reading) -> Mapping[str, Spans]:
    """Return the spans that may be kept, per purpose key, as the timeline stands."""
    return {purpose.key: _keepable(reading, purpose) for purpose in reading.call.purposes}


def _keepable(reading: Reading, purpose: PurposeTerms) -> Spans:
    call, start = reading.call, reading.start
    if start is None or not call.has_source or is_private(call):
        return NEVER
    if not purpose.drawn or unannounced(call, purpose, start):
        return NEVER
    told = reading.told(purpose)
    there = reading.attended
    if staff_only_allowed(purpose, start):
        there |= reading.among_staff
    silenced = (
        there.inverse()
        | reading.silenced
        | untold(reading.present, told)
        | without_ground(call, purpose, told, reading.present, start)
        | (held_at_all(reading.on_hold) if purpose.hold_suppressed else NEVER)
    )
    return guarded(silenced, start, reading.end, call.guard_ms)

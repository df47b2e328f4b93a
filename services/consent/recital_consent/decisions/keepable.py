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
    def is_private(self) -> bool:
        """Whether the call as a whole is, or is asked to be, private."""
        return is_private(self.call)

    @cached_property
    def paused(self) -> Spans:
        """When recording was paused."""
        return paused(self.call)

    @cached_property
    def private(self) -> Spans:
        """The parts marked private."""
        return private_parts(self.call)

    @cached_property
    def held_at_all(self) -> Spans:
        """When anybody was on hold."""
        return held_at_all(self.on_hold)

    @cached_property
    def all_told(self) -> Mapping[str, Told]:
        """Per purpose key, since when each party knew of it."""
        return {each.key: told_since(self.call, each, self.present, self.on_hold) for each in self.call.purposes}

    def told(self, purpose: PurposeTerms) -> Told:
        """Since when each party knew of a purpose."""
        return self.all_told[purpose.key]


def keepable(reading: Reading) -> Mapping[str, Spans]:
    """Return the spans that may be kept, per purpose key, as the timeline stands."""
    return {purpose.key: _keepable(reading, purpose) for purpose in reading.call.purposes}


def _keepable(reading: Reading, purpose: PurposeTerms) -> Spans:
    call, start = reading.call, reading.start
    if start is None or not call.has_source or reading.is_private:
        return NEVER
    if not purpose.drawn or unannounced(call, purpose, start):
        return NEVER
    told = reading.told(purpose)
    there = reading.attended
    if staff_only_allowed(purpose, start):
        there |= reading.among_staff
    silences = (
        there.inverse(),
        reading.paused,
        reading.private,
        untold(reading.present, told),
        without_ground(call, purpose, told, reading.present, start),
        reading.held_at_all if purpose.hold_suppressed else NEVER,
    )
    # One union of all, rather than one after another.
    silenced = Spans.of(piece for each in silences for piece in each.pieces)
    return guarded(silenced, start, reading.end, call.guard_ms)
